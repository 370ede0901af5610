import type { Counters } from '../base/counters.ts';

/** After a pause of the clock this long what waits is not worth hearing any more: it would leave as a burst. */
const STALLED_MS = 300;
/** An event loop gives what waited in several turns, between others. */
export const LOOP_BACKLOG_MS = 60;

/** Notices that a clock which ticks stood still, and for how long what comes then is what waited meanwhile. */
export class Standstill {
  /** Until when, inclusive. */
  private backlogUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    /** Undefined: nothing is ever backlog. */
    private readonly backlogMs: number | undefined,
    private readonly counters: Counters,
  ) {}

  /** Whether what comes now had waited, where the next tick was due at `dueMs`. */
  isBacklog(dueMs: number, nowMs: number): boolean {
    const { backlogMs } = this;
    if (backlogMs === undefined) return false;
    if (nowMs - dueMs > STALLED_MS) {
      if (nowMs > this.backlogUntilMs) this.counters.increment('media.stalled');
      this.backlogUntilMs = nowMs + backlogMs;
    }
    return nowMs <= this.backlogUntilMs;
  }
}
