import { formatHop, type Hop, overTcp } from './hop.ts';
import type { Response } from './message.ts';
import { retryAfterS } from './retry-after.ts';

/** How long a target that failed is not the first to be tried: doubled with each failure that follows. */
const FIRST_PAUSE_MS = 32_000;
const LONGEST_PAUSE_MS = 300_000;

interface Trip {
  readonly failures: number;
  readonly untilMs: number;
}

/**
 * A circuit breaker for the addresses of one trunk: those that were silent, out of reach or answered 503 are tried after all
 * others until they are known to be back. None is left out, or a trunk whose addresses all failed could not be tried at
 * all. [RFC3263 §4.3]
 */
export class TargetHealth {
  private readonly trips = new Map<string, Trip>();

  /**
   * The targets in the order to try them. With `probeAtMs` those whose pause is over by then stand in their old place: for a
   * request that finds out whether they are back, and for which nobody waits.
   */
  inOrder(targets: readonly Hop[], probeAtMs = Number.NEGATIVE_INFINITY): readonly Hop[] {
    const isOut = (hop: Hop) => this.isOut(hop, probeAtMs);
    return [...targets.filter((hop) => !isOut(hop)), ...targets.filter(isOut)];
  }

  /** It failed, and its pause is not over. */
  isOut(target: Hop, nowMs: number): boolean {
    return (this.trips.get(formatHop(target))?.untilMs ?? nowMs) > nowMs;
  }

  /** Whether that is news: it had not failed before. `response`: a 503, whose Retry-After counts. [RFC3261 §21.5.4] */
  noteFailure(target: Hop, nowMs: number, response?: Response): boolean {
    const key = formatHop(target);
    const failures = this.trips.get(key)?.failures ?? 0;
    const asked = response === undefined ? undefined : retryAfterS(response.headers);
    const pauseMs = asked === undefined ? FIRST_PAUSE_MS * 2 ** Math.min(failures, 8) : asked * 1_000;
    this.trips.set(key, { failures: failures + 1, untilMs: nowMs + Math.min(pauseMs, LONGEST_PAUSE_MS) });
    return failures === 0;
  }

  /** It answered something other than 503. */
  noteAnswer(target: Hop): void {
    this.trips.delete(formatHop(target));
  }

  /** The targets are others now: what is known of those that are gone is forgotten. */
  keepOnly(targets: readonly Hop[]): void {
    const known = new Set(targets.flatMap((hop) => [formatHop(hop), formatHop(overTcp(hop))]));
    for (const key of this.trips.keys()) if (!known.has(key)) this.trips.delete(key);
  }
}
