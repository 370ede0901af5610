/** Samples of the HAT a ms. */
const SAMPLES_PER_MS = 8;
/** Blocks come late and never early: of so many, the least late one tells the time. */
const WINDOW_MS = 10_000;
/** Less than this apart, what the host is late by is more than what the clocks differ in. */
const LEAST_SPAN_MS = 60_000;
/** More than any crystal is off by: the clock of the HAT began anew. */
const JUMP_MS = 1_000;

/** How fast the sample clock of the HAT runs against the monotonic clock of the host; nothing is allocated per block. */
export class ClockDrift {
  private lastTs = 0;
  /** Samples since the first, beyond the 32 bits of the HAT's count. */
  private samples = 0;
  private windowEndMs = Number.NaN;
  /** By how much the host is ahead of the HAT, ms; the least of a window. */
  private leastMs = 0;
  private leastAtMs = 0;
  private firstMs = Number.NaN;
  private firstAtMs = 0;
  private lastMs = Number.NaN;
  private lastAtMs = 0;

  /** A block or an event of the HAT came, of that time of its sample clock. */
  note(mediaTs: number, nowMs: number): void {
    if (Number.isNaN(this.windowEndMs)) this.begin(mediaTs, nowMs);
    const elapsed = (mediaTs - this.lastTs) | 0;
    this.lastTs = mediaTs;
    this.samples += elapsed;
    const aheadMs = nowMs - this.samples / SAMPLES_PER_MS;
    if (Math.abs(aheadMs - this.leastMs) > JUMP_MS) {
      this.begin(mediaTs, nowMs);
      return;
    }
    if (nowMs >= this.windowEndMs) this.closeWindow(aheadMs, nowMs);
    if (aheadMs >= this.leastMs) return;
    this.leastMs = aheadMs;
    this.leastAtMs = nowMs;
  }

  /** The HAT has started anew, and with it its clock. */
  reset(): void {
    this.windowEndMs = Number.NaN;
  }

  /** Parts per million by which the HAT runs fast, to one place; null until it was heard for a minute. */
  get ppm(): number | null {
    const spanMs = this.lastAtMs - this.firstAtMs;
    if (Number.isNaN(this.windowEndMs) || Number.isNaN(this.lastMs) || spanMs < LEAST_SPAN_MS) return null;
    return Math.round(((this.firstMs - this.lastMs) / spanMs) * 1e7) / 10;
  }

  private begin(mediaTs: number, nowMs: number): void {
    this.lastTs = mediaTs;
    this.samples = 0;
    this.leastMs = nowMs;
    this.leastAtMs = nowMs;
    this.firstMs = Number.NaN;
    this.lastMs = Number.NaN;
    this.lastAtMs = 0;
    this.firstAtMs = 0;
    this.windowEndMs = nowMs + WINDOW_MS;
  }

  private closeWindow(aheadMs: number, nowMs: number): void {
    if (Number.isNaN(this.firstMs)) {
      this.firstMs = this.leastMs;
      this.firstAtMs = this.leastAtMs;
    }
    this.lastMs = this.leastMs;
    this.lastAtMs = this.leastAtMs;
    this.leastMs = aheadMs;
    this.leastAtMs = nowMs;
    this.windowEndMs = nowMs + WINDOW_MS;
  }
}
