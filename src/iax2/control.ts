import { utf8Decode } from '../base/bytes.ts';
import type { CallEvent } from './call.ts';
import { CONTROL_SUBCLASS } from './subclass.ts';

/** What a control frame means to a leg. */
export type ControlMeaning =
  | CallEvent
  /** The far end has answered our call. */
  | 'answer'
  /** The far end has hung up, in an old way. */
  | 'hangup'
  /** Nothing here: it concerns the inside of a switch, or comes from the wrong side. */
  | 'nothing';

/** Mean something only inside one switch; Asterisk blocks them, too. */
const LOCAL: ReadonlySet<number> = new Set([
  CONTROL_SUBCLASS.T38,
  CONTROL_SUBCLASS.SRCUPDATE,
  CONTROL_SUBCLASS.TRANSFER,
  CONTROL_SUBCLASS.CC,
  CONTROL_SUBCLASS.SRCCHANGE,
  CONTROL_SUBCLASS.READ_ACTION,
  CONTROL_SUBCLASS.END_OF_Q,
]);

/** How a call gets on: only the called side says so. */
const PROGRESS: ReadonlyMap<number, CallEvent> = new Map([
  [CONTROL_SUBCLASS.RINGING, { type: 'ringing' }],
  [CONTROL_SUBCLASS.BUSY, { type: 'busy' }],
  [CONTROL_SUBCLASS.CONGESTION, { type: 'congestion' }],
  [CONTROL_SUBCLASS.PROGRESS, { type: 'progress' }],
  [CONTROL_SUBCLASS.PROCEEDING, { type: 'proceeding' }],
]);

/** `isOutgoing`: we placed the call. [RFC5456 §8.3] */
export function meaningOfControl(subclass: number, payload: Uint8Array, isOutgoing: boolean): ControlMeaning {
  if (subclass > CONTROL_SUBCLASS.MCID || LOCAL.has(subclass)) return 'nothing';
  const progress = PROGRESS.get(subclass);
  if (progress !== undefined) return isOutgoing ? progress : 'nothing';
  switch (subclass) {
    case CONTROL_SUBCLASS.ANSWER:
      return isOutgoing ? 'answer' : 'nothing';
    case CONTROL_SUBCLASS.HANGUP:
      return 'hangup';
    case CONTROL_SUBCLASS.HOLD:
      return { type: 'hold', musicClass: utf8Decode(payload).replace(/\0+$/, '') };
    case CONTROL_SUBCLASS.UNHOLD:
      return { type: 'unhold' };
    case CONTROL_SUBCLASS.FLASH:
      return { type: 'flash' };
    default:
      return { type: 'control', subclass, payload: payload.slice() };
  }
}
