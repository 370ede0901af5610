/** How late the media clock was served: the last readings, in a ring that allocates nothing. */
export class Lateness {
  private readonly readings: Float64Array;
  private count = 0;
  private longest = 0;

  constructor(capacity = 4096) {
    this.readings = new Float64Array(capacity);
  }

  add(ms: number): void {
    this.readings[this.count++ % this.readings.length] = ms;
    if (ms > this.longest) this.longest = ms;
  }

  /** Median and 99th percentile of the last readings, and the longest since the start; ms. */
  summary(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const sorted = this.readings.slice(0, Math.min(this.count, this.readings.length)).sort();
    const at = (share: number) => tenth(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return { p50: at(0.5), p99: at(0.99), max: tenth(this.longest) };
  }
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}
