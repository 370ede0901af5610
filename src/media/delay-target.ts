import { timestampDistance } from '../iax2/voice.ts';

export const MIN_TARGET_MS = 20;
export const MAX_TARGET_MS = 200;
/** Until enough packets were seen to know better. */
export const FIRST_TARGET_MS = 40;

/** The jitter is judged by so many packets, ten seconds of talk, and anew after each few. */
const WINDOW = 512;
const REVIEW = 16;

/** So many late packets in a row mean that the path is another one: what was seen before says nothing of it. */
const LATE_IN_A_ROW = 3;

/**
 * Packets among a hundred whose jitter counts; the rest is outliers that are concealed. A lost one in a hundred is heard more
 * than 40 ms of delay. [G.107]
 */
const COUNTED = 0.99;
const MARGIN_MS = 20;

/** The largest of a full window, from the least of them on, down to the one that counts: of so few a search costs less than to sort all. */
const largest = new Int32Array(WINDOW - Math.floor(WINDOW * COUNTED));

/**
 * How long packets should wait, by how much later than the fastest of them others have come. A transit is a reading of
 * our clock minus the packet's timestamp: what it is in itself nobody knows, but differences mean something.
 */
export class DelayTarget {
  targetMs: number;
  /** Enough packets were seen; before, their transits say nothing yet. */
  isKnown = false;
  /** The transit of the fastest packet of late. */
  fastestMs = 0;
  private readonly transits = new Int32Array(WINDOW);
  private seen = 0;
  private lateInARow = 0;
  /** Transits are kept relative to the first, since they wrap. */
  private baseMs = 0;

  /** With `fixedMs` they wait for so long, whatever is seen. */
  constructor(private readonly fixedMs?: number) {
    this.targetMs = fixedMs ?? FIRST_TARGET_MS;
  }

  reset(): void {
    this.seen = 0;
    this.lateInARow = 0;
    this.isKnown = false;
    this.targetMs = this.fixedMs ?? FIRST_TARGET_MS;
  }

  /** `isLate`: it could not be heard, so waiting for a review would lose more. */
  note(transitMs: number, isLate: boolean): void {
    this.lateInARow = isLate ? this.lateInARow + 1 : 0;
    if (this.lateInARow === LATE_IN_A_ROW) this.seen = 0;
    if (this.seen === 0) {
      this.baseMs = transitMs;
      this.fastestMs = transitMs;
    }
    this.transits[this.seen++ % WINDOW] = timestampDistance(transitMs, this.baseMs);
    if (timestampDistance(transitMs, this.fastestMs) < 0) this.fastestMs = transitMs;
    if (isLate || this.seen % REVIEW === 0) this.review();
  }

  private review(): void {
    this.isKnown = true;
    const count = Math.min(this.seen, WINDOW);
    const outliers = count - 1 - Math.min(count - 1, Math.floor(count * COUNTED));
    const fastest = this.search(count, outliers);
    const counted = largest[0]!;
    this.fastestMs = (this.baseMs + fastest) | 0;
    const target = counted - fastest + MARGIN_MS;
    this.targetMs = this.fixedMs ?? Math.max(MIN_TARGET_MS, Math.min(MAX_TARGET_MS, target));
  }

  /** Gives the least transit, and leaves in `largest` the one above which there are so many outliers, and then these. */
  private search(count: number, outliers: number): number {
    const { transits } = this;
    let least = transits[0]!;
    for (let i = 0; i <= outliers; i++) largest[i] = -0x80000000;
    for (let i = 0; i < count; i++) {
      const transit = transits[i]!;
      if (transit < least) least = transit;
      if (transit <= largest[0]!) continue;
      let at = 0;
      for (; at < outliers && largest[at + 1]! < transit; at++) largest[at] = largest[at + 1]!;
      largest[at] = transit;
    }
    return least;
  }
}
