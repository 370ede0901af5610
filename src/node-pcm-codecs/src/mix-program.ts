import {
  encodeModule,
  FunctionBody,
  f32x4,
  type I32,
  i8x16,
  i16x8,
  i32,
  i32x4,
  ifElse,
  type Local,
  repeatWhile,
  type Statement,
  type V128,
  v128,
} from './wasm-emitter.ts';

/*
 * G.711 by the layout of floating-point numbers. A single-precision float is sign, exponent, mantissa; a G.711 code is
 * sign, segment, step: the same thing with fewer bits. For µ-law, |sample| + 132 as a float has the segment in its
 * exponent (134 for segment 0) and the step in the upper 4 bits of its mantissa, so bits >> 19 is the code but for a
 * constant. Decoding goes the other way and sets the next lower bit, the middle of the step. No tables: 4 samples at once.
 *
 * A-law differs in segment 0, which is as coarse as segment 1. There the float is stretched: |sample| / 2 + 128.
 *
 * Decoded samples are multiples of 4. A sum of 512 of them stays below 2^24, so it is exact in single precision; it begins
 * at +2 instead of 0, which no encoder can tell from the value of a positive sum, and which takes a negative sum to where
 * its ones' complement is: the rounding of ITU-T G.191 without a further instruction.
 */
const MANTISSA_SHIFT = 19;
const SEGMENT_0_EXPONENT = 134;
const CODE_OFFSET = SEGMENT_0_EXPONENT << 4;
const MIDDLE_OF_STEP = 1 << 18;
const ULAW_BIAS = 132;
const ULAW_GREATEST = 32_635;
const ALAW_GREATEST = 32_766;
const ALAW_SEGMENT_1 = 256;
const ONES_COMPLEMENT = 2;

/** 16 codes are worked on at once, as four vectors of four samples. */
const COLUMN = 16;

interface LawProgram {
  /** Toggled in every code so that its bit 7 says negative, and the others segment and step. */
  readonly toggle: number;
  /** |sample| from the float that segment and step make. */
  readonly magnitude: (float: V128) => V128;
  /** The float that has segment and step in it, from |sample|. */
  readonly float: (magnitude: V128) => V128;
}

const ULAW: LawProgram = {
  toggle: 0xff,
  magnitude: (float) => f32x4.subtract(float, f32x4.splat(ULAW_BIAS)),
  float: (magnitude) => f32x4.add(f32x4.least(magnitude, f32x4.splat(ULAW_GREATEST)), f32x4.splat(ULAW_BIAS)),
};

/** The program in which local variables hold what is used more than once. */
class Program {
  readonly body = new FunctionBody(6);
  readonly count = this.body.parameter(0);
  readonly samples = this.body.parameter(1);
  readonly laws = this.body.parameter(2);
  readonly inputs = this.body.parameter(3);
  readonly outputs = this.body.parameter(4);
  readonly everyone = this.body.parameter(5);

  private readonly column = this.body.local('i32');
  private readonly member = this.body.local('i32');
  private readonly from = this.body.local('i32');
  private readonly to = this.body.local('i32');
  private readonly codes = this.body.local('v128');
  private readonly half = this.body.local('v128');
  private readonly float = this.body.local('v128');
  private readonly sums = this.vectors();
  private readonly parts = this.vectors();

  private readonly alaw: LawProgram = {
    toggle: 0x55 ^ 0x80,
    magnitude: (float) => {
      // F + min(F − 256, 0): doubles the distance of segment 0 from 256, leaves the others.
      const below = f32x4.subtract(this.float, f32x4.splat(ALAW_SEGMENT_1));
      return this.keeping(float, f32x4.add(this.float, f32x4.least(below, f32x4.splat(0))));
    },
    float: (magnitude) => {
      const stretched = f32x4.add(f32x4.multiply(this.float, f32x4.splat(0.5)), f32x4.splat(ALAW_SEGMENT_1 / 2));
      const limited = f32x4.least(magnitude, f32x4.splat(ALAW_GREATEST));
      return this.keeping(limited, f32x4.greatest(this.float, stretched));
    },
  };

  constructor() {
    this.body.does(
      this.column.set(i32.const(0)),
      repeatWhile(
        i32.lessUnsigned(this.column, this.samples),
        ...this.sums.map((sum) => sum.set(f32x4.splat(ONES_COMPLEMENT))),
        this.eachMember((law) => [
          ...this.decode(law, v128.load(this.from)),
          ...this.sums.map((sum, i) => sum.set(f32x4.add(sum, this.parts[i]!))),
        ]),
        this.eachMember((law) => [
          ...this.decode(law, v128.load(this.from)),
          ...this.parts.map((part, i) => part.set(f32x4.subtract(this.sums[i]!, part))),
          this.encode(law, this.parts, this.to),
        ]),
        this.encode(ULAW, this.sums, i32.add(this.everyone, this.column)),
        this.encode(this.alaw, this.sums, i32.add(i32.add(this.everyone, this.samples), this.column)),
        this.column.set(i32.add(this.column, i32.const(COLUMN))),
      ),
    );
  }

  /** For each member: `from` and `to` are where its codes of this column lie. */
  private eachMember(work: (law: LawProgram) => Statement[]): Statement {
    const next = (address: Local<'i32'>) => address.set(i32.add(address, this.samples));
    const loop = repeatWhile(
      i32.lessUnsigned(this.member, this.count),
      ifElse(i32.loadByte(i32.add(this.laws, this.member)), work(this.alaw), work(ULAW)),
      next(this.from),
      next(this.to),
      this.member.set(i32.add(this.member, i32.const(1))),
    );
    return {
      code: [
        this.member.set(i32.const(0)),
        this.from.set(i32.add(this.inputs, this.column)),
        this.to.set(i32.add(this.outputs, this.column)),
        loop,
      ].flatMap(({ code }) => code),
    };
  }

  /** 16 codes into the four parts. */
  private decode(law: LawProgram, codes: V128): Statement[] {
    const lanes = (i: number) => (i % 2 === 0 ? i32x4.extendLow(this.half) : i32x4.extendHigh(this.half));
    const halves = [i16x8.extendLow(this.codes), i16x8.extendHigh(this.codes)];
    return [
      this.codes.set(v128.xor(codes, i8x16.splat(law.toggle))),
      ...this.parts.flatMap((part, i) => [
        ...(i % 2 === 0 ? [this.half.set(halves[i / 2]!)] : []),
        part.set(lanes(i)),
        part.set(v128.or(law.magnitude(segmentAndStep(part)), v128.and(part, i32x4.splat(0x8000_0000 | 0)))),
      ]),
    ];
  }

  /** Four vectors of samples into 16 codes in memory. */
  private encode(law: LawProgram, samples: readonly V128[], to: I32): Statement {
    const bits = samples.map((sample) => i32x4.shiftRight(law.float(f32x4.abs(sample)), MANTISSA_SHIFT));
    const pair = (i: number) => i16x8.subtract(i16x8.narrow(bits[i]!, bits[i + 1]!), i16x8.splat(CODE_OFFSET));
    // Narrowing saturates, so the sign of a float, read as an integer, outlives it.
    const signs = i8x16.narrowSigned(i16x8.narrow(samples[0]!, samples[1]!), i16x8.narrow(samples[2]!, samples[3]!));
    const codes = v128.or(i8x16.narrowUnsigned(pair(0), pair(2)), v128.and(signs, i8x16.splat(0x80)));
    return v128.store(to, v128.xor(codes, i8x16.splat(law.toggle)));
  }

  private vectors(): Local<'v128'>[] {
    return Array.from({ length: 4 }, () => this.body.local('v128'));
  }

  /** Evaluates `value` into `this.float`, then `result`, which uses it. */
  private keeping(value: V128, result: V128): V128 {
    return { type: 'v128', code: [...this.float.set(value).code, ...result.code] };
  }
}

/** The float of a code whose bits 0…6 are segment and step; the other bits do not matter. */
function segmentAndStep(codes: V128): V128 {
  const field = i32x4.shiftLeft(v128.and(codes, i32x4.splat(0x7f)), MANTISSA_SHIFT);
  return i32x4.add(field, i32x4.splat((SEGMENT_0_EXPONENT << 23) | MIDDLE_OF_STEP));
}

/**
 * A module whose `run(count, samples, laws, inputs, outputs, everyone)` mixes `count` members, at least one. All but the
 * first two are addresses: of a byte per member (`LAW_CODE`); of the members' blocks, one behind the other; of as many
 * for what they hear; of two blocks for what a mere listener hears, µ-law and A-law.
 */
export function encodeMixModule(): Uint8Array {
  return encodeModule(new Program().body);
}
