/** Samples in a millisecond: everything here runs at 8 kHz. */
export const SAMPLES_PER_MS = 8;

const SAMPLE_RATE_HZ = 1000 * SAMPLES_PER_MS;

/**
 * A sine by the recurrence y[n] = 2·cos(ω)·y[n−1] − y[n−2]: one multiplication per sample. In double precision its
 * amplitude stays true for longer than any call lasts.
 */
export class Oscillator {
  private factor = 0;
  private last = 0;
  private beforeLast = 0;

  /** Starts anew at phase 0. */
  start(hz: number, peak: number): void {
    const step = (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
    this.factor = 2 * Math.cos(step);
    this.last = -peak * Math.sin(step);
    this.beforeLast = -peak * Math.sin(2 * step);
  }

  next(): number {
    const sample = this.factor * this.last - this.beforeLast;
    this.beforeLast = this.last;
    this.last = sample;
    return sample;
  }
}
