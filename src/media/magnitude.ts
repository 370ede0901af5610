import { decodeSample, type Law } from 'node-pcm-codecs';

/** The magnitude of the sample that each code stands for, 0…32,124. */
export const MAGNITUDES: Readonly<Record<Law, Uint16Array>> = {
  ulaw: magnitudesOf('ulaw'),
  alaw: magnitudesOf('alaw'),
};

/** Mean of the magnitudes. */
export function meanMagnitude(codes: Uint8Array, law: Law): number {
  const magnitudes = MAGNITUDES[law];
  let sum = 0;
  for (let i = 0; i < codes.length; i++) sum += magnitudes[codes[i]!]!;
  return sum / codes.length;
}

function magnitudesOf(law: Law): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, code) => Math.abs(decodeSample(law, code)));
}
