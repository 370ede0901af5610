import { timestampDistance } from '../iax2/voice.ts';

/** Stamps that differ by less are taken for the same. */
const TOLERANCE_MS = 10;

/** Farther off, or after such a pause, the trunk may count from another beginning. */
const MAX_OFF_MS = 1000;

/** A block that comes so much later than the one before it comes after a pause. */
const PAUSE_MS = 60;

/** How fast what we know of the arrival times follows a path whose delay changes: a share of each error. */
const FOLLOW = 1 / 32;

/**
 * Timestamps for the blocks of one call that come in trunk frames without timestamps. The trunk's own count cannot be
 * trusted alone: Asterisk puts two blocks of a call in one frame, and steps its count by a whole beat for each frame that
 * became full before its time. So a block follows the one before it, unless the count and the time of arrival
 * both say that something between them is missing. [RFC5456 §8.1.3.2]
 */
export class SuperminiClock {
  private begun = false;
  /** Whether the trunk's count is known to mean anything. */
  private anchored = false;
  /** What the next block has if nothing is missing. */
  private expected = 0;
  /** From the trunk's count, and from the time of arrival, to the call's timestamps. */
  private fromTrunk = 0;
  private fromArrival = 0;

  /** A full voice frame tells a timestamp itself; one that was sent again and comes late tells nothing new. */
  noteVoice(timestamp: number, durationMs: number, nowMs: number): void {
    const next = (timestamp + durationMs) >>> 0;
    const aheadMs = timestampDistance(next, this.expected);
    if (this.begun && aheadMs <= 0 && aheadMs > -MAX_OFF_MS) return;
    this.begun = true;
    this.anchored = false;
    this.expected = next;
    this.fromArrival = timestamp - nowMs;
  }

  /** The timestamp of a block of `durationMs` in a trunk frame with this timestamp. */
  stamp(trunkTimestamp: number, durationMs: number, nowMs: number): number {
    const told = (trunkTimestamp + this.fromTrunk) >>> 0;
    const offMs = timestampDistance(told, this.expected);
    const lateMs = nowMs + this.fromArrival - this.expected;
    if (!this.anchored || Math.abs(offMs) > MAX_OFF_MS || lateMs > MAX_OFF_MS) {
      if (lateMs > PAUSE_MS) this.expected = (this.expected + Math.round(lateMs)) >>> 0;
      this.fromTrunk = (this.expected - trunkTimestamp) | 0;
      this.fromArrival = this.expected - nowMs;
      this.anchored = true;
    } else if (offMs >= TOLERANCE_MS && lateMs >= offMs - TOLERANCE_MS) this.expected = told;
    else this.fromArrival -= lateMs * FOLLOW;
    const timestamp = this.expected;
    this.expected = (timestamp + durationMs) >>> 0;
    return timestamp;
  }
}
