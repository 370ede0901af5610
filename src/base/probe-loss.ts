import { round } from './round.ts';

/** Probes that are remembered: at one in two seconds, those of the last minute. */
const WINDOW = 32;

/** The share of the last probes of a far end that had no answer. Allocates nothing. */
export class ProbeLoss {
  /** A bit for each probe, the last in the lowest place: 1 had no answer. */
  private lost = 0;
  private count = 0;

  note(isAnswered: boolean): void {
    this.lost = ((this.lost << 1) | (isAnswered ? 0 : 1)) >>> 0;
    this.count = Math.min(this.count + 1, WINDOW);
  }

  /** Per cent, with one decimal; null before the first probe. */
  get pct(): number | null {
    if (this.count === 0) return null;
    let lost = 0;
    for (let bits = this.lost; bits !== 0; bits >>>= 1) lost += bits & 1;
    return round((100 * lost) / this.count, 1);
  }
}
