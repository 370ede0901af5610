/** The pace is looked at anew this often. The beat begins with five calls or so, and ends with two. */
const WINDOW_MS = 50;
const BEAT_BEGINS_AT = 25;
const BEAT_ENDS_BELOW = 10;

/** Whether datagrams come so often that they are best taken on a beat: a wake-up for each would cost more than they do. */
export class DatagramPace {
  isFast = false;
  private sinceMs = Number.NEGATIVE_INFINITY;
  private came = 0;

  /** So many have come, or none. */
  note(count: number, nowMs: number): void {
    this.came += count;
    if (nowMs - this.sinceMs < WINDOW_MS) return;
    this.isFast = this.came >= (this.isFast ? BEAT_ENDS_BELOW : BEAT_BEGINS_AT);
    this.sinceMs = nowMs;
    this.came = 0;
  }
}
