import { FULL_SCALE_DBM0, SAMPLE_RATE_HZ, tenth } from './sound.ts';

export interface MeasuredTone {
  readonly hz: number;
  readonly dbm0: number;
}

/** Four times the usual stretch of 200 ms and more: the peaks lie dense enough to be interpolated. */
const FFT_SIZE = 8192;
const QUIETEST_DBM0 = -45;
/** A tone that begins or ends within the stretch spreads; what is this much below the strongest may be only that. */
const BELOW_STRONGEST_DB = 12;
const MOST_TONES = 8;
const LOWEST_HZ = 40;

/**
 * The tones in a stretch of at most 1 s, by rising frequency: peaks of the spectrum under a Hann window. 200 ms tell tones
 * apart that differ by 20 Hz.
 */
export function measureTones(samples: Int16Array): MeasuredTone[] {
  const power = spectrum(samples);
  // A sine of peak P under a Hann window of n samples has its bin at P · n / 4.
  const scale = 10 * Math.log10((4 / Math.max(samples.length, 1) / 32_768) ** 2) + FULL_SCALE_DBM0;
  const peaks: MeasuredTone[] = [];
  for (let bin = Math.ceil((LOWEST_HZ * FFT_SIZE) / SAMPLE_RATE_HZ); bin < FFT_SIZE / 2 - 1; bin++) {
    const at = power[bin]!;
    if (at <= power[bin - 1]! || at < power[bin + 1]! || at === 0) continue;
    const [below, here, above] = [power[bin - 1]!, at, power[bin + 1]!].map((one) => 10 * Math.log10(one + 1e-9));
    const curve = below! - 2 * here! + above!;
    const shift = curve === 0 ? 0 : (below! - above!) / (2 * curve);
    const dbm0 = here! - ((below! - above!) * shift) / 4 + scale;
    if (dbm0 >= QUIETEST_DBM0) peaks.push({ hz: ((bin + shift) * SAMPLE_RATE_HZ) / FFT_SIZE, dbm0 });
  }
  peaks.sort((a, b) => b.dbm0 - a.dbm0);
  const strongest = peaks[0]?.dbm0 ?? 0;
  return peaks
    .filter((peak) => peak.dbm0 >= strongest - BELOW_STRONGEST_DB)
    .slice(0, MOST_TONES)
    .sort((a, b) => a.hz - b.hz)
    .map((peak) => ({ hz: tenth(peak.hz), dbm0: tenth(peak.dbm0) }));
}

/** Squared magnitudes of the first half of the transform of the samples under a Hann window. */
function spectrum(samples: Int16Array): Float64Array {
  const re = new Float64Array(FFT_SIZE);
  const im = new Float64Array(FFT_SIZE);
  const length = Math.min(samples.length, FFT_SIZE);
  for (let i = 0; i < length; i++) {
    re[i] = samples[i]! * 0.5 * (1 - Math.cos((2 * Math.PI * (i + 0.5)) / length));
  }
  transform(re, im);
  return Float64Array.from({ length: FFT_SIZE / 2 }, (_, i) => re[i]! ** 2 + im[i]! ** 2);
}

/** The radix-2 fast Fourier transform, in place. */
function transform(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  for (let span = 2; span <= size; span *= 2) {
    const half = span / 2;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos((-2 * Math.PI * k) / span);
      const sin = Math.sin((-2 * Math.PI * k) / span);
      for (let i = k; i < size; i += span) {
        const j = i + half;
        const r = re[j]! * cos - im[j]! * sin;
        const s = re[j]! * sin + im[j]! * cos;
        re[j] = re[i]! - r;
        im[j] = im[i]! - s;
        re[i] = re[i]! + r;
        im[i] = im[i]! + s;
      }
    }
  }
}
