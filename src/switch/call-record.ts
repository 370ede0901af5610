import type { Cause } from '../base/causes.ts';
import type { StreamId } from '../base/media-port.ts';
import type { Leg, LegEvent, LegId, Technology } from './leg.ts';

/** What a call was, once it is over; times are monotonic ms. */
export interface CallRecord {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly startedMs: number;
  /** When the caller was answered; null if never. */
  readonly answeredMs: number | null;
  readonly endedMs: number;
  readonly cause: Cause;
  /** An emergency call, or the way back to who made one. */
  readonly emergency: boolean;
  /** The extension that had sent it on to `to`; null: none had. */
  readonly forwardedBy: string | null;
  /** Every leg it ever had, the caller's first, then in the order in which they were dialled. */
  readonly legs: readonly LegRecord[];
}

export interface LegRecord {
  readonly technology: Technology;
  readonly channel: string;
  readonly stream: StreamId;
  /** `in`: it called us; `out`: we called it. */
  readonly direction: 'in' | 'out';
  readonly startedMs: number;
  readonly answeredMs: number | null;
  readonly endedMs: number;
  readonly cause: Cause;
}

interface Noted {
  readonly leg: Leg;
  readonly direction: LegRecord['direction'];
  readonly startedMs: number;
  answeredMs: number | null;
  ended: { readonly atMs: number; readonly cause: Cause } | undefined;
}

/** Writes down what becomes of each leg of one call. */
export class LegHistory {
  private readonly legs = new Map<LegId, Noted>();

  begin(leg: Leg, direction: LegRecord['direction'], nowMs: number): void {
    this.legs.set(leg.id, { leg, direction, startedMs: nowMs, answeredMs: null, ended: undefined });
  }

  /** A caller of ours was answered; the first time counts. */
  noteAnswer(leg: Leg, nowMs: number): void {
    const noted = this.legs.get(leg.id);
    if (noted !== undefined) noted.answeredMs ??= nowMs;
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    const noted = this.legs.get(leg.id);
    if (noted === undefined) return;
    if (event.type === 'answered') noted.answeredMs ??= nowMs;
    else if (event.type === 'hangup') noted.ended ??= { atMs: nowMs, cause: event.cause };
  }

  /** Every leg; one that never said its end ended with the call. */
  records(endedMs: number, cause: Cause): LegRecord[] {
    return [...this.legs.values()].map(({ leg, direction, startedMs, answeredMs, ended }) => ({
      technology: leg.technology,
      channel: leg.channel,
      stream: leg.stream,
      direction,
      startedMs,
      answeredMs,
      endedMs: ended?.atMs ?? endedMs,
      cause: ended?.cause ?? cause,
    }));
  }
}
