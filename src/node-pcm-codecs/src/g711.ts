import { type Law, PEAK_AT_0_DBM0 } from './law.ts';
import { DECODE, ENCODE, ENCODE_SHIFT, TRANSCODE } from './tables.ts';

/*
 * Blocks of any length, from one array into another that the caller owns; nothing is allocated. The output must hold as
 * many elements as the input, else a RangeError is thrown and nothing is written; what it holds beyond them stays. `encode` and
 * `decode` are exact to ITU-T G.191 for every input.
 */

function checkRoom(input: ArrayLike<number>, output: ArrayLike<number>): void {
  if (output.length < input.length) throw new RangeError(`${input.length} do not fit into ${output.length}`);
}

/** The code of one 16-bit sample. */
export function encodeSample(law: Law, sample: number): number {
  // Tables that are named are constants to a compiler; one that is looked up by a key would be searched for each sample.
  if (law === 'ulaw') return ENCODE.ulaw[(sample + 0x8000) >> ENCODE_SHIFT.ulaw]!;
  if (law === 'alaw') return ENCODE.alaw[(sample + 0x8000) >> ENCODE_SHIFT.alaw]!;
  throw new TypeError(`no such law: ${String(law)}`);
}

/** The 16-bit sample of one code. */
export function decodeSample(law: Law, code: number): number {
  if (law === 'ulaw') return DECODE.ulaw[code]!;
  if (law === 'alaw') return DECODE.alaw[code]!;
  throw new TypeError(`no such law: ${String(law)}`);
}

export function encode(law: Law, samples: Int16Array, codes: Uint8Array): void {
  checkRoom(samples, codes);
  const table = ENCODE[law];
  const shift = ENCODE_SHIFT[law];
  for (let i = 0; i < samples.length; i++) codes[i] = table[(samples[i]! + 0x8000) >> shift]!;
}

export function decode(law: Law, codes: Uint8Array, samples: Int16Array): void {
  checkRoom(codes, samples);
  const table = DECODE[law];
  for (let i = 0; i < codes.length; i++) samples[i] = table[codes[i]!]!;
}

/** Codes of the law `from` into codes of the other law; `codes` and `out` may be the same array. */
export function transcode(from: Law, codes: Uint8Array, out: Uint8Array): void {
  checkRoom(codes, out);
  const table = TRANSCODE[from];
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]!]!;
}

/** Amplifies samples in place by a factor, saturating at 16 bits. */
export function amplify(samples: Int16Array, factor: number): void {
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.max(-0x8000, Math.min(0x7fff, Math.round(samples[i]! * factor)));
  }
}

/** A table that amplifies codes of a law by `gainDb`, for `applyTable`: made once, used for every block. */
export function gainTable(law: Law, gainDb: number): Uint8Array {
  const samples = Int16Array.from(DECODE[law]);
  const codes = new Uint8Array(256);
  amplify(samples, 10 ** (gainDb / 20));
  encode(law, samples, codes);
  if (gainDb === 0) for (let code = 0; code < 256; code++) codes[code] = code;
  return codes;
}

/** Replaces each code by its entry in a table of 256. `codes` and `out` may be the same array. */
export function applyTable(table: Uint8Array, codes: Uint8Array, out: Uint8Array): void {
  checkRoom(codes, out);
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]!]!;
}

/** Level of a block in dBm0; −Infinity for one of zeros or of no length. */
export function levelDbm0(law: Law, codes: Uint8Array): number {
  const table = DECODE[law];
  let energy = 0;
  for (let i = 0; i < codes.length; i++) energy += table[codes[i]!]! ** 2;
  return 10 * Math.log10((2 * energy) / Math.max(codes.length, 1) / PEAK_AT_0_DBM0[law] ** 2);
}
