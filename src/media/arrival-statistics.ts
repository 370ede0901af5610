import { timestampDistance } from '../iax2/voice.ts';

/** A longer gap is a pause of the far end (nothing to say, hold) rather than loss. */
const PAUSE_MS = 1000;

const REMEMBERED = 32;

/** What can be told of a stream by the timestamps and arrival times of its packets. */
export class ArrivalStatistics {
  received = 0;
  lost = 0;
  outOfOrder = 0;
  jitterMs = 0;
  private readonly recent = new Uint32Array(REMEMBERED);
  private started = false;
  /** Timestamp that the next packet should have. */
  private expected = 0;
  private lastTransitMs = 0;

  /** Takes note of a packet. False if one with this timestamp was there already: it is not to be heard twice. */
  note(timestamp: number, durationMs: number, nowMs: number): boolean {
    if (this.started && this.recent.includes(timestamp)) return false;
    this.recent[this.received % REMEMBERED] = timestamp;
    this.received++;

    const transitMs = nowMs - timestamp;
    if (!this.started) {
      this.started = true;
      this.recent.fill(timestamp);
      this.expected = timestamp;
      this.lastTransitMs = transitMs;
    }
    const aheadMs = timestampDistance(timestamp, this.expected);
    if (aheadMs < 0) {
      this.outOfOrder++;
      if (this.lost > 0) this.lost--;
    } else {
      if (aheadMs <= PAUSE_MS) this.lost += Math.round(aheadMs / durationMs);
      this.expected = (timestamp + durationMs) >>> 0;
    }
    if (Math.abs(aheadMs) <= PAUSE_MS) {
      const differenceMs = Math.abs(transitMs - this.lastTransitMs);
      this.jitterMs += (differenceMs - this.jitterMs) / 16; // [RFC3550 §6.4.1]
    }
    this.lastTransitMs = transitMs;
    return true;
  }
}
