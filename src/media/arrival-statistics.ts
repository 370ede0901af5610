import { timestampDistance } from '../iax2/voice.ts';

/** A longer gap is a pause of the far end (nothing to say, hold) rather than loss. */
const PAUSE_MS = 1000;

const REMEMBERED = 32;

/** Nobody plays voice that is so much older than what came before it: a full frame that was sent again and again. */
const STALE_MS = 500;
/** But so many in a row mean that the far end counts from the beginning again. */
const STALE_LIMIT = 5;

/** What a packet is by its timestamp; only a fresh one is to be heard. */
export type Arrival = 'fresh' | 'duplicate' | 'stale';

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
  private staleInARow = 0;

  note(timestamp: number, durationMs: number, nowMs: number): Arrival {
    const behindMs = this.started ? -timestampDistance(timestamp, this.expected) : 0;
    // What is remembered is older than what is expected: most packets need no search.
    if (behindMs > 0 && this.recent.includes(timestamp)) return 'duplicate';
    const stale = behindMs > STALE_MS;
    if (stale && ++this.staleInARow < STALE_LIMIT) return 'stale';
    if (stale) this.started = false;
    this.staleInARow = 0;
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
      this.expected = (timestamp + Math.max(1, durationMs)) >>> 0;
    }
    if (Math.abs(aheadMs) <= PAUSE_MS) {
      const differenceMs = Math.abs(transitMs - this.lastTransitMs);
      this.jitterMs += (differenceMs - this.jitterMs) / 16; // [RFC3550 §6.4.1]
    }
    this.lastTransitMs = transitMs;
    return 'fresh';
  }
}
