const SAMPLE_RATE_HZ = 8000;

/** What `goertzelPower` needs to know of a frequency, computed once. */
export function goertzelCoefficient(hz: number): number {
  return 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
}

/**
 * Squared magnitudes of the discrete Fourier transform of `samples` at some frequencies, into `powers`: a number that a function
 * returns may take memory, one in an array takes none. A sine of peak P in the middle of a window w gives (P · Σw / 2)².
 */
export function goertzelPowers(samples: Float64Array, coefficients: Float64Array, powers: Float64Array): void {
  for (let at = 0; at < coefficients.length; at++) {
    const coefficient = coefficients[at]!;
    let last = 0;
    let beforeLast = 0;
    for (let i = 0; i < samples.length; i++) {
      const next = samples[i]! + coefficient * last - beforeLast;
      beforeLast = last;
      last = next;
    }
    powers[at] = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  }
}
