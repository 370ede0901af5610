import { type Address, sameAddress } from '../base/machine.ts';

/** The shortest time in which a far end that is not answered sends a frame again. */
const AGAIN_MS = 80;
/** A frame that is not sent again after so long was not one of a far end that waits for an answer. */
const FORGET_MS = 15_000;

interface Candidate {
  readonly at: Address;
  readonly sinceMs: number;
  /** What had been heard of the far end where it was. */
  readonly heardMs: number;
  readonly blocks: number;
}

/**
 * Watches for a far end whose NAT gives it another port in the middle of a call. It has moved when frames that continue
 * the call come from another port of the same IP address, and again after a while in which nothing came from the old one.
 * Whoever only guesses the numbers of a call while its far end still talks gets nothing by that.
 */
export class MovedFarEnd {
  private candidate: Candidate | undefined;

  /** A frame that continues the call came from elsewhere. True: the far end is there now. */
  judge(from: Address, heardMs: number, blocks: number, nowMs: number): boolean {
    const { candidate } = this;
    const isSame =
      candidate !== undefined &&
      sameAddress(candidate.at, from) &&
      candidate.heardMs === heardMs &&
      candidate.blocks === blocks &&
      nowMs - candidate.sinceMs < FORGET_MS;
    if (!isSame) {
      this.candidate = { at: from, sinceMs: nowMs, heardMs, blocks };
      return false;
    }
    if (nowMs - candidate.sinceMs < AGAIN_MS) return false;
    this.candidate = undefined;
    return true;
  }
}
