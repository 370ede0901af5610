import { round } from '../base/round.ts';

/** Readings that are kept, behind their count and the longest of all. */
const FIRST_READING = 2;
const READINGS = 4096;

/**
 * How late the media clock was served: the last readings, in a ring that allocates nothing. In shared memory one thread
 * adds and another one reads.
 */
export class Lateness {
  private readonly fields: Float64Array;
  private readonly capacity: number;

  constructor(memory: ArrayBufferLike = new ArrayBuffer(Lateness.bytes())) {
    this.fields = new Float64Array(memory);
    this.capacity = this.fields.length - FIRST_READING;
  }

  /** How much memory so many readings take. */
  static bytes(readings = READINGS): number {
    return (FIRST_READING + readings) * Float64Array.BYTES_PER_ELEMENT;
  }

  add(ms: number): void {
    const count = this.fields[0]!;
    this.fields[FIRST_READING + (count % this.capacity)] = ms;
    this.fields[0] = count + 1;
    if (ms > this.fields[1]!) this.fields[1] = ms;
  }

  /** Median and 99th percentile of the last readings, and the longest since the start; ms. */
  summary(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const count = Math.min(this.fields[0]!, this.capacity);
    const sorted = this.fields.slice(FIRST_READING, FIRST_READING + count).sort();
    const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0, 2);
    return { p50: at(0.5), p99: at(0.99), max: round(this.fields[1]!, 2) };
  }
}
