import type { Law } from './law.ts';
import { DECODE, ENCODE, ENCODE_SHIFT } from './tables.ts';

/**
 * Mixes blocks of G.711 so that each member hears all others and not itself. The sum is exact before it is clipped to 16
 * bits, so a member who is taken out of a clipped sum leaves no trace.
 *
 * Fill `input(m)` of the members 0 … count − 1, call `mix(count)`, take `output(m)`. The arrays are the mixer's own memory
 * and stay the same ones; members may have different laws.
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
  /** Mixes the first `count` members, at least one. */
  mix(count: number): void;
}

export interface MixerSize {
  /** At most 512. */
  readonly members: number;
  /** Codes in a block, a multiple of 16: 160 are 20 ms. */
  readonly samples: number;
}

export const MAX_MEMBERS = 512;

export function checkMixerSize({ members, samples }: MixerSize): void {
  if (!Number.isInteger(members) || members < 1 || members > MAX_MEMBERS) throw new RangeError('members must be 1…512');
  if (!Number.isInteger(samples) || samples < 16 || samples % 16 !== 0) {
    throw new RangeError('samples must be a positive multiple of 16');
  }
}

export function checkCount(count: number, members: number): void {
  if (!(count >= 1 && count <= members)) throw new RangeError(`cannot mix ${count} of ${members} members`);
}

/** The mixer in plain TypeScript: the oracle of the SIMD one, and what runs where WebAssembly does not. */
export class PlainMixer implements Mixer {
  readonly implementation = 'plain';
  readonly members: number;
  readonly samples: number;
  private readonly laws: Law[];
  private readonly inputs: Uint8Array[];
  private readonly outputs: Uint8Array[];
  private readonly all: Record<Law, Uint8Array>;
  private readonly sum: Int32Array;

  constructor(size: MixerSize) {
    checkMixerSize(size);
    this.members = size.members;
    this.samples = size.samples;
    this.laws = Array.from({ length: size.members }, () => 'ulaw');
    this.inputs = this.laws.map(() => new Uint8Array(size.samples));
    this.outputs = this.laws.map(() => new Uint8Array(size.samples));
    this.all = { ulaw: new Uint8Array(size.samples), alaw: new Uint8Array(size.samples) };
    this.sum = new Int32Array(size.samples);
  }

  setLaw(member: number, law: Law): void {
    this.laws[member] = law;
  }

  input(member: number): Uint8Array {
    return this.inputs[member]!;
  }

  output(member: number): Uint8Array {
    return this.outputs[member]!;
  }

  everyone(law: Law): Uint8Array {
    return this.all[law];
  }

  mix(count: number): void {
    checkCount(count, this.members);
    const sum = this.sum.fill(0);
    for (let member = 0; member < count; member++) add(DECODE[this.laws[member]!], this.inputs[member]!, sum);
    for (let member = 0; member < count; member++) {
      const law = this.laws[member]!;
      encodeWithout(law, sum, this.inputs[member]!, this.outputs[member]!);
    }
    encodeSum('ulaw', sum, this.all.ulaw);
    encodeSum('alaw', sum, this.all.alaw);
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
