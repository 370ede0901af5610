import { LAW_CODE, type Law } from './law.ts';
import { DECODE, ENCODE, ENCODE_SHIFT } from './tables.ts';

/**
 * Mixes blocks of G.711 so that each member hears all others and not itself. The sum is exact before it is clipped to 16
 * bits, so a member who is taken out of a clipped sum leaves no trace.
 *
 * Fill `input(m)` of the members 0 … count − 1, call `mix(count)`, take `output(m)`. The arrays are the mixer's own memory
 * and stay the same ones; members may have different laws. A member or a count that the mixer has not is a RangeError.
 */
export interface Mixer {
  readonly implementation: 'simd' | 'plain';
  readonly members: number;
  /** Codes in a block. */
  readonly samples: number;
  setLaw(member: number, law: Law): void;
  input(member: number): Uint8Array;
  /** What the member hears, in its own law. */
  output(member: number): Uint8Array;
  /** What someone hears who only listens: all members. */
  everyone(law: Law): Uint8Array;
  /** Mixes the first `count` members, at least one. Throws a TypeError where the memory was transferred to another thread. */
  mix(count: number): void;
}

export interface MixerSize {
  /** At most 512. */
  readonly members: number;
  /** Codes in a block, a multiple of 16: 160 are 20 ms. */
  readonly samples: number;
}

const MAX_MEMBERS = 512;

/** How much memory a mixer of this size needs. Throws for a size that no mixer can have. */
export function mixerBytes({ members, samples }: MixerSize): number {
  if (!Number.isInteger(members) || members < 1 || members > MAX_MEMBERS) throw new RangeError('members must be 1…512');
  if (!Number.isInteger(samples) || samples < 16 || samples % 16 !== 0) {
    throw new RangeError('samples must be a positive multiple of 16');
  }
  return 2 * (members + 1) * samples + members;
}

/**
 * Where a mixer's blocks lie: what the members say, what they hear, what everyone says in µ-law and in A-law, one behind
 * the other, then a byte for the law of each member.
 */
export abstract class BlockMixer implements Mixer {
  abstract readonly implementation: 'simd' | 'plain';
  readonly members: number;
  readonly samples: number;
  protected readonly laws: Uint8Array;
  protected readonly inputs: readonly Uint8Array[];
  protected readonly outputs: readonly Uint8Array[];
  protected readonly all: Readonly<Record<Law, Uint8Array>>;

  constructor({ members, samples }: MixerSize, memory: ArrayBuffer) {
    const block = (i: number) => new Uint8Array(memory, i * samples, samples);
    this.members = members;
    this.samples = samples;
    this.inputs = Array.from({ length: members }, (_, i) => block(i));
    this.outputs = Array.from({ length: members }, (_, i) => block(members + i));
    this.all = { ulaw: block(2 * members), alaw: block(2 * members + 1) };
    this.laws = new Uint8Array(memory, 2 * (members + 1) * samples, members);
  }

  setLaw(member: number, law: Law): void {
    this.checkMember(member);
    if (LAW_CODE[law] === undefined) throw new RangeError(`there is no law ${String(law)}`);
    this.laws[member] = LAW_CODE[law];
  }

  input(member: number): Uint8Array {
    this.checkMember(member);
    return this.inputs[member]!;
  }

  output(member: number): Uint8Array {
    this.checkMember(member);
    return this.outputs[member]!;
  }

  everyone(law: Law): Uint8Array {
    return this.all[law];
  }

  mix(count: number): void {
    const isPossible = Number.isInteger(count) && count >= 1 && count <= this.members;
    if (!isPossible) throw new RangeError(`cannot mix ${count} of ${this.members} members`);
    if (this.laws.length === 0) throw new TypeError("the mixer's memory was transferred");
    this.mixFirst(count);
  }

  private checkMember(member: number): void {
    if (this.inputs[member] === undefined) throw new RangeError(`there is no member ${member} of ${this.members}`);
  }

  protected abstract mixFirst(count: number): void;
}

/** The mixer in plain TypeScript: the oracle of the SIMD one, and what runs where WebAssembly does not. */
export class PlainMixer extends BlockMixer {
  readonly implementation = 'plain';
  private readonly sum: Int32Array;

  constructor(size: MixerSize) {
    super(size, new ArrayBuffer(mixerBytes(size)));
    this.sum = new Int32Array(size.samples);
  }

  protected mixFirst(count: number): void {
    const sum = this.sum.fill(0);
    for (let member = 0; member < count; member++) add(DECODE[this.lawOf(member)], this.inputs[member]!, sum);
    for (let member = 0; member < count; member++) {
      encodeWithout(this.lawOf(member), sum, this.inputs[member]!, this.outputs[member]!);
    }
    encodeSum('ulaw', sum, this.all.ulaw);
    encodeSum('alaw', sum, this.all.alaw);
  }

  private lawOf(member: number): Law {
    return this.laws[member] === LAW_CODE.alaw ? 'alaw' : 'ulaw';
  }
}

function add(decode: Int16Array, codes: Uint8Array, sum: Int32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + decode[codes[i]!]!;
}

function encodeWithout(law: Law, sum: Int32Array, own: Uint8Array, out: Uint8Array): void {
  const encode = ENCODE[law];
  const decode = DECODE[law];
  const shift = ENCODE_SHIFT[law];
  for (let i = 0; i < sum.length; i++) {
    const sample = sum[i]! - decode[own[i]!]!;
    out[i] = encode[((sample > 0x7fff ? 0x7fff : sample < -0x8000 ? -0x8000 : sample) + 0x8000) >> shift]!;
  }
}

function encodeSum(law: Law, sum: Int32Array, out: Uint8Array): void {
  const encode = ENCODE[law];
  const shift = ENCODE_SHIFT[law];
  for (let i = 0; i < sum.length; i++) {
    const sample = sum[i]!;
    out[i] = encode[((sample > 0x7fff ? 0x7fff : sample < -0x8000 ? -0x8000 : sample) + 0x8000) >> shift]!;
  }
}
