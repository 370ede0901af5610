/** Zero crossings of the sinc to each side: more is steeper, 16 keeps aliases 60 dB down beyond the transition. */
const LOBES = 16;

/** Resamples a whole sound with a windowed sinc whose cut-off is half the lower of the two rates. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return samples;
  const common = gcd(fromHz, toHz);
  const phases = toHz / common;
  const cutoff = Math.min(1, toHz / fromHz) * 0.95;
  const reach = Math.ceil(LOBES / cutoff);
  const kernels: (Float64Array | undefined)[] = new Array(phases);
  const out = new Int16Array(Math.floor((samples.length * toHz) / fromHz));
  for (let i = 0; i < out.length; i++) {
    const numerator = i * (fromHz / common);
    const centre = Math.floor(numerator / phases);
    const phase = numerator % phases;
    const kernel = (kernels[phase] ??= kernelOf(phase / phases, cutoff, reach));
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) {
      const sample = samples[centre + k - reach + 1];
      if (sample !== undefined) sum += sample * kernel[k]!;
    }
    out[i] = Math.max(-0x8000, Math.min(0x7fff, Math.round(sum)));
  }
  return out;
}

function kernelOf(fraction: number, cutoff: number, reach: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * reach }, (_, k) => {
    const x = k - reach + 1 - fraction;
    const window = 0.5 * (1 + Math.cos((Math.PI * x) / reach));
    return Math.abs(x) >= reach ? 0 : cutoff * sinc(cutoff * x) * window;
  });
  const sum = kernel.reduce((total, one) => total + one, 0);
  return kernel.map((one) => one / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
