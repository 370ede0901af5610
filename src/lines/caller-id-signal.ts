import type { CallerId } from '../base/line-port.ts';
import type { DataStep, Modem, SignalStep } from '../base/line-signal.ts';
import { type CallTime, encodeCallerId, encodeMessagesWaiting, numberOf } from './caller-id-message.ts';
import type { CallerIdKind, DigitFrame } from './country-table.ts';
import type { MessageData } from './message-lamp.ts';
import { encodeNumberDisplay } from './number-display.ts';

/** How a telephone is told who calls. */
export interface CallerIdDelivery {
  /**
   * `pause`: in the first long pause of the ringing; `before`: before it rings at all; `answered`: before it rings, once its
   * display has closed the loop by itself.
   */
  readonly when: 'pause' | 'before' | 'answered';
  /** The loop is reversed first, to wake the display. */
  readonly reversal: boolean;
  readonly steps: readonly SignalStep[];
}

/** −13.5 dBm at the telephone. [GR-30-CORE §2.1] */
const DATA_DBM0 = -13.5;
/** Dual tone alerting signal, and CAS during a call. */
const ALERT_HZ = [2130, 2750] as const;
const ALERT_DBM0 = -15;
/** Of a tone that is laid over a talk. */
export const OVERLAY_DBM0 = -16;
const SEIZURE_BITS = 300;
const MARK_BITS = 180;
/** A receiver that has just answered waits for the marks: no seizure, and fewer of them. [GR-30-CORE §2.4] */
const OFF_HOOK_MARK_BITS = 80;
const REVERSAL_SETTLES_MS = 150;
/** The relay of a display that has just closed the loop is still, and its receiver is open. */
const ANSWER_SETTLES_MS = 200;
const DIGIT = { onMs: 70, offMs: 70 } as const;

const ALERT: readonly SignalStep[] = [
  { kind: 'tone', hz: ALERT_HZ, ms: 100, dbm0: ALERT_DBM0 },
  // The display draws its wetting pulse and applies its load meanwhile. [SIN 227 §5.2]
  { kind: 'silence', ms: 100 },
];
const ALERT_AFTER_REVERSAL: readonly SignalStep[] = [{ kind: 'silence', ms: REVERSAL_SETTLES_MS }, ...ALERT];

/** What a country's exchange sends for a call that rings; undefined where nothing can be sent. */
export function callerIdDelivery(
  kind: CallerIdKind | undefined,
  frame: DigitFrame,
  caller: CallerId,
  time: CallTime | undefined,
): CallerIdDelivery | undefined {
  switch (kind) {
    case 'bellcore':
    case 'sdmf':
    case 'etsi':
      return { when: 'pause', reversal: false, steps: [dataOf(kind, caller, time, SEIZURE_BITS, MARK_BITS)] };
    case 'bt':
      return {
        when: 'before',
        reversal: true,
        steps: [
          ...ALERT_AFTER_REVERSAL,
          dataOf(kind, caller, time, SEIZURE_BITS, MARK_BITS),
          { kind: 'silence', ms: 300 },
        ],
      };
    case 'dtmf':
      return {
        when: 'before',
        reversal: true,
        steps: [
          { kind: 'silence', ms: REVERSAL_SETTLES_MS },
          { kind: 'digits', digits: digitsOf(frame, caller), ...DIGIT },
          { kind: 'silence', ms: 200 },
        ],
      };
    case 'ntt':
      return {
        when: 'answered',
        reversal: true,
        steps: [
          { kind: 'silence', ms: ANSWER_SETTLES_MS },
          dataStep(kind, encodeNumberDisplay(caller), 0, OFF_HOOK_MARK_BITS),
        ],
      };
    default:
      return undefined;
  }
}

/** The alert of a call that waits: who has a display answers it with D or A. [GR-30-CORE §2.3] */
export const CAS: readonly SignalStep[] = [{ kind: 'tone', hz: ALERT_HZ, ms: 82, dbm0: ALERT_DBM0 }];

/** Who waits, for a display that has answered the alert; undefined where the country has no such thing. */
export function waitingCallerId(
  kind: CallerIdKind | undefined,
  caller: CallerId,
  time: CallTime | undefined,
): readonly SignalStep[] | undefined {
  if (kind !== 'bellcore' && kind !== 'sdmf' && kind !== 'etsi' && kind !== 'bt') return undefined;
  // A display opens its receiver 50 ms or more after its answer. [GR-30-CORE §2.4]
  return [
    { kind: 'silence', ms: 60 },
    dataOf(kind === 'sdmf' ? 'bellcore' : kind, caller, time, 0, OFF_HOOK_MARK_BITS),
  ];
}

/**
 * What tells an idle telephone that messages wait, or that none do. Bell's displays take it without a ring, the others are
 * alerted by tones; a telephone that is shown callers otherwise, or not at all, is taken for ETSI's. [GR-30-CORE] [EN 300 659-2]
 */
export function messageData(callerId: CallerIdKind | undefined, waiting: boolean): MessageData {
  const kind = callerId === 'bellcore' || callerId === 'sdmf' || callerId === 'bt' ? callerId : 'etsi';
  const bytes = encodeMessagesWaiting(kind === 'sdmf' ? 'sdmf' : 'mdmf', waiting);
  const alert = { bellcore: [], sdmf: [], etsi: ALERT, bt: ALERT_AFTER_REVERSAL }[kind];
  const data = dataStep(kind, bytes, SEIZURE_BITS, MARK_BITS);
  return { reversal: kind === 'bt', steps: [...alert, data, { kind: 'silence', ms: 100 }] };
}

function dataOf(
  kind: CallerIdKind,
  caller: CallerId,
  time: CallTime | undefined,
  seizureBits: number,
  markBits: number,
): DataStep {
  const bytes = encodeCallerId(kind === 'sdmf' ? 'sdmf' : 'mdmf', caller, time);
  return dataStep(kind, bytes, seizureBits, markBits);
}

function dataStep(kind: CallerIdKind, bytes: Uint8Array, seizureBits: number, markBits: number): DataStep {
  const modem: Modem = kind === 'bellcore' || kind === 'sdmf' ? 'bell202' : 'v23';
  return { kind: 'data', modem, dbm0: DATA_DBM0, seizureBits, markBits, bytes };
}

/** [EN 300 659-3 annex D] */
function digitsOf({ begin, end, absent, withheld }: DigitFrame, caller: CallerId): string {
  const number = numberOf(caller).replace(/[*#]/g, '');
  if (number !== '') return `${begin}${number}${end}`;
  return caller.isWithheld === true ? withheld : absent;
}
