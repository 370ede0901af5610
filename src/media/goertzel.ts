const SAMPLE_RATE_HZ = 8000;

/** What `goertzelPower` needs to know of a frequency, computed once. */
export function goertzelCoefficient(hz: number): number {
  return 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
}

/**
 * Squared magnitude of the discrete Fourier transform of `samples` at one frequency. A sine of peak P in the middle of a
 * window w gives (P · Σw / 2)².
 */
export function goertzelPower(samples: Float64Array, coefficient: number): number {
  let last = 0;
  let beforeLast = 0;
  for (let i = 0; i < samples.length; i++) {
    const next = samples[i]! + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  return last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
}
