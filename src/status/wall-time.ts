/** A step of the wall clock that is taken over; less than this is the drift and slewing of a clock that is being kept. */
const STEP_MS = 2_000;

/**
 * Turns the monotonic times that machines keep into RFC 3339 text. The offset between the two clocks is held, so that
 * one instant always gives one text; a step of the wall clock (a board without a battery learns the time after start)
 * is taken over.
 */
export class WallTime {
  private offsetMs: number | undefined;

  /** `nowMs` and `wallMs` are the two clocks at one instant; `atMs` is the monotonic time to format. */
  format(atMs: number, nowMs: number, wallMs: number): string {
    const offsetMs = wallMs - nowMs;
    if (this.offsetMs === undefined || Math.abs(offsetMs - this.offsetMs) > STEP_MS) this.offsetMs = offsetMs;
    return formatTime(atMs + this.offsetMs);
  }
}

/** RFC 3339 in UTC with milliseconds. [RFC3339 §5.6] */
export function formatTime(epochMs: number): string {
  return new Date(Math.round(epochMs)).toISOString();
}
