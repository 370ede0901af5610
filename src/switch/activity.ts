import type { Cause } from '../base/causes.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { ActionResult } from '../dialplan/action.ts';
import type { DialClass } from '../dialplan/numbering-plan.ts';
import type { Dial } from './dial.ts';
import type { Leg, LegEvent } from './leg.ts';
import type { Park } from './parking.ts';
import type { Patchbay } from './patchbay.ts';

/**
 * What a call is doing for the dialplan: one application that takes time. The call hands it every event of its legs but
 * the caller's hangup, and looks at `result` after each input.
 */
export interface Activity {
  /** Set once, when the dialplan is to go on. */
  readonly result: ActivityResult | undefined;
  /** The Dial that it is, or that it is doing at the moment. */
  readonly dial?: Dial | undefined;
  /** The slot that it is, as long as nobody has retrieved who waits there. */
  readonly parking?: Park | undefined;
  start(nowMs: number): void;
  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void;
  handleTimeout(nowMs: number): void;
  nextDeadline(): number | undefined;
  /** The caller is gone, or somebody ended the call: let go of every other leg. */
  abort(cause: Cause, nowMs: number): void;
}

export interface ActivityResult extends ActionResult {
  /** The call is over and the caller must go, too. */
  readonly hangup?: Cause;
}

/** The caller of a call, as activities see it. */
export interface CallerSide {
  readonly leg: Leg;
  /** What it may dial at the moment; undefined: everything. */
  readonly dialClass: DialClass | undefined;
  /** Who handed it on here, if anybody has, by a blind transfer. */
  readonly sentBy: Leg | undefined;
  readonly patchbay: Patchbay;
  /** Tells or plays how the call gets on, whichever the caller's leg needs. */
  indicate(progress: 'proceeding' | 'ringing' | 'progress' | 'busy' | 'congestion', nowMs: number): void;
  answer(nowMs: number): void;
  /** What the activity has to do next has changed by what another call did. */
  touch(): void;
}

/** The country's tones, for callers that cannot make their own. */
export interface ProgressTones {
  readonly dial: TonePattern;
  readonly information: TonePattern;
  readonly ringback: TonePattern;
  readonly busy: TonePattern;
  readonly congestion: TonePattern;
}
