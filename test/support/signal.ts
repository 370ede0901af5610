import { decodeSample, encodeSample, type Law, PEAK_AT_0_DBM0 } from 'node-pcm-codecs';
import { SeededRandom } from '../../src/base/random.ts';

/** Test signals at 8 kHz as 16-bit units in floating point: sum what sounds together, then turn it into codes. */
export type Signal = Float64Array;

const RATE_HZ = 8000;

export function samplesIn(ms: number): number {
  return Math.round((ms * RATE_HZ) / 1000);
}

export function silence(ms: number): Signal {
  return new Float64Array(samplesIn(ms));
}

export function sine(hz: number, dbm0: number, ms: number): Signal {
  const peak = PEAK_AT_0_DBM0.ulaw * 10 ** (dbm0 / 20);
  return silence(ms).map((_, i) => peak * Math.sin((2 * Math.PI * hz * i) / RATE_HZ));
}

/** White noise with a normal distribution; `dbm0` is its power over 0…4 kHz. */
export function noise(dbm0: number, ms: number, seed: number): Signal {
  const random = new SeededRandom(seed);
  const rms = (PEAK_AT_0_DBM0.ulaw / Math.SQRT2) * 10 ** (dbm0 / 20);
  return silence(ms).map(
    () => rms * Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
  );
}

/** Sum, as long as the longest. */
export function mix(...signals: Signal[]): Signal {
  const sum = new Float64Array(Math.max(...signals.map((signal) => signal.length)));
  for (const signal of signals) for (let i = 0; i < signal.length; i++) sum[i]! += signal[i]!;
  return sum;
}

export function join(...signals: Signal[]): Signal {
  const joined = new Float64Array(signals.reduce((length, signal) => length + signal.length, 0));
  let at = 0;
  for (const signal of signals) {
    joined.set(signal, at);
    at += signal.length;
  }
  return joined;
}

export function toCodes(law: Law, signal: Signal): Uint8Array {
  return Uint8Array.from(signal, (sample) =>
    encodeSample(law, Math.max(-32_768, Math.min(32_767, Math.round(sample)))),
  );
}

/** Level of one frequency in a piece of audio, dBm0, by a discrete Fourier transform with a Hann window. */
export function toneDbm0(law: Law, codes: Uint8Array, hz: number): number {
  let real = 0;
  let imaginary = 0;
  let sum = 0;
  for (let i = 0; i < codes.length; i++) {
    const weight = 1 - Math.cos((2 * Math.PI * (i + 0.5)) / codes.length);
    const angle = (2 * Math.PI * hz * i) / RATE_HZ;
    real += weight * decodeSample(law, codes[i]!) * Math.cos(angle);
    imaginary += weight * decodeSample(law, codes[i]!) * Math.sin(angle);
    sum += weight;
  }
  return 20 * Math.log10((2 * Math.hypot(real, imaginary)) / sum / PEAK_AT_0_DBM0[law]);
}

/** Cuts audio into blocks of `length` codes; what is left over at the end is dropped. */
export function blocksOf(codes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.floor(codes.length / length) }, (_, i) => codes.slice(i * length, (i + 1) * length));
}
