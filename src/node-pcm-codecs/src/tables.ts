import type { Law } from './law.ts';

/*
 * G.711 as tables. A µ-law code depends on the upper 14 bits of a sample and an A-law code on the upper 12, so that is all
 * the encoders look at. Negative samples are taken as ones' complement (−1 has the magnitude 0), as the reference
 * software of ITU-T G.191 does; sign-and-magnitude encoders differ from it at the edges of the intervals.
 */

function ulawCode(sample14: number): number {
  const magnitude = Math.min((sample14 < 0 ? ~sample14 : sample14) + 33, 0x1fff);
  const segment = 26 - Math.clz32(magnitude);
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);
  return (sample14 < 0 ? code | 0x80 : code) ^ 0xff;
}

function ulawSample(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = (((((bits & 0x0f) << 1) + 33) << ((bits >> 4) & 7)) - 33) << 2;
  return bits & 0x80 ? -magnitude : magnitude;
}

function alawCode(sample12: number): number {
  const magnitude = sample12 < 0 ? ~sample12 : sample12;
  const segment = Math.max(28 - Math.clz32(magnitude), 1);
  const code = magnitude < 32 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
  return (sample12 < 0 ? code : code | 0x80) ^ 0x55;
}

function alawSample(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const magnitude = ((((bits & 0x0f) << 4) + (segment > 0 ? 0x108 : 8)) << Math.max(segment - 1, 0)) | 0;
  return bits & 0x80 ? magnitude : -magnitude;
}

/** How many low bits of a sample the law's encoder drops before it looks into its table. */
export const ENCODE_SHIFT: Readonly<Record<Law, number>> = { ulaw: 2, alaw: 4 };

function encodeTable(law: Law): Uint8Array {
  const shift = ENCODE_SHIFT[law];
  const half = 0x8000 >> shift;
  const code = law === 'ulaw' ? ulawCode : alawCode;
  return Uint8Array.from({ length: 2 * half }, (_, i) => code(i - half));
}

function decodeTable(law: Law): Int16Array {
  const sample = law === 'ulaw' ? ulawSample : alawSample;
  return Int16Array.from({ length: 256 }, (_, code) => sample(code));
}

/** Code of the sample `(i << shift) − 32768`. */
export const ENCODE: Readonly<Record<Law, Uint8Array>> = { ulaw: encodeTable('ulaw'), alaw: encodeTable('alaw') };

/** Sample of a code, 16-bit. */
export const DECODE: Readonly<Record<Law, Int16Array>> = { ulaw: decodeTable('ulaw'), alaw: decodeTable('alaw') };

function transcodeTable(from: Law, to: Law): Uint8Array {
  return Uint8Array.from(DECODE[from], (sample) => ENCODE[to][(sample + 0x8000) >> ENCODE_SHIFT[to]]!);
}

/** Code of the other law for a code, by way of the sample between them. */
export const TRANSCODE: Readonly<Record<Law, Uint8Array>> = {
  ulaw: transcodeTable('ulaw', 'alaw'),
  alaw: transcodeTable('alaw', 'ulaw'),
};
