import type { Cause } from '../base/causes.ts';
import type { Log } from '../base/log.ts';
import { NOTHING, type StreamIds } from '../base/media-port.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { Action, DialOptions } from '../dialplan/action.ts';
import type { DialTarget, DialTechnology } from '../dialplan/dial-target.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import type { Conferences } from './conference.ts';
import { Conferring } from './conferring.ts';
import { Dial, type DialOrder } from './dial.ts';
import { orderDoNotDisturb, orderForward } from './feature-codes.ts';
import type { Forwarding } from './forwarding.ts';
import type { Leg, LegDialler, Party, Place, Target, Technology } from './leg.ts';
import { beginPark } from './parking.ts';
import { AskingElsewhere, type RemoteDialplans } from './remote-lookup.ts';
import type { StandingOrders } from './telephone-orders.ts';
import { Collecting, Echoing, Refusing, SendingDigits, Sounding, Waiting } from './waiting.ts';

export interface PerformParts {
  readonly streams: StreamIds;
  readonly diallers: ReadonlyMap<Technology, LegDialler>;
  /** Who calls, as the dialplan has left it. */
  readonly party: Party;
  /** Whether the class of the caller lets it call there. */
  readonly mayDial: (target: Target) => boolean;
  /** Whether a call may be forwarded there. */
  readonly mayForward: (to: Place) => boolean;
  /** A new leg belongs to the call: its events are to come to it. */
  readonly adopt: (leg: Leg, nowMs: number) => void;
  /** A country's tone by the name that indications give it: `dial`, `busy`, `ring`, `congestion`. */
  readonly namedTone: (name: string) => TonePattern | undefined;
  /** Whether more digits could still make an extension of the call's context. */
  readonly wantsMore: (digits: string) => boolean;
  readonly others: RemoteDialplans;
  /** The caller answers a call that rings at one of those extensions, or, for none, at any telephone of its context. */
  readonly pickUp: (extensions: readonly string[], nowMs: number) => ActivityResult;
  /** The caller goes on with who is parked in that slot, or, for none, with who has been parked for the longest. */
  readonly retrieve: (slot: number | undefined, nowMs: number) => ActivityResult;
  readonly freeSlot: () => number | undefined;
  readonly orders: StandingOrders;
  readonly forwarding: Forwarding;
  /** Why that telephone may not send its calls to that number; undefined: it may. */
  readonly forwardRefusal: (telephone: string, number: string) => Cause | undefined;
  readonly conferences: Conferences;
  readonly log: Log;
}

const TECHNOLOGIES: Readonly<Record<DialTechnology, Technology>> = {
  IAX2: 'iax2',
  SIP: 'sip',
  LINE: 'line',
  LOCAL: 'local',
};

/** What Asterisk's Milliwatt plays: 1004 Hz at 0 dBm0, so that it does not fall on a submultiple of the sample rate. */
const MILLIWATT: TonePattern = { steps: [{ hz: [1004], ms: 0 }] };
const MILLIWATT_DBM0 = 0;
const READ_TIMEOUT_MS = 10_000;
const READ_INTER_DIGIT_MS = 5_000;

/** Begins one application of the dialplan: gives what it is from now on, or its result when it takes no time. */
export function beginAction(
  action: Action,
  caller: CallerSide,
  parts: PerformParts,
  nowMs: number,
): Activity | ActivityResult {
  const { leg, patchbay } = caller;
  switch (action.type) {
    case 'dial':
      return new Dial(dialOrder(action.targets, action.timeoutMs, action.options), { ...parts, caller });
    case 'answer':
      caller.answer(nowMs);
      return action.delayMs === undefined ? {} : new Waiting(action.delayMs);
    case 'hangup':
      return { hangup: action.cause ?? 'normal-clearing' };
    case 'echo':
      return new Echoing(caller);
    case 'milliwatt':
      return new Sounding(caller, MILLIWATT, MILLIWATT_DBM0);
    case 'playtones': {
      const pattern = typeof action.tone === 'string' ? parts.namedTone(action.tone) : action.tone;
      if (pattern === undefined) return {};
      caller.indicate('progress', nowMs);
      patchbay.hear(leg.stream, { kind: 'tone', pattern }, nowMs);
      return {};
    }
    case 'stop-playtones':
      patchbay.hear(leg.stream, NOTHING, nowMs);
      return {};
    case 'busy':
    case 'congestion':
      return new Refusing(caller, action.type, action.timeoutMs);
    case 'ringing':
    case 'progress':
    case 'proceeding':
      caller.indicate(action.type, nowMs);
      return {};
    case 'wait':
      return new Waiting(action.ms);
    case 'music-on-hold':
      return new Waiting(action.ms);
    case 'collect':
      return new Collecting({
        prefix: action.prefix,
        firstDigitMs: action.firstMs,
        nextDigitMs: action.interDigitMs,
        maximum: Number.POSITIVE_INFINITY,
        wantsMore: parts.wantsMore,
      });
    case 'read':
      return new Collecting({
        prefix: '',
        firstDigitMs: action.timeoutMs ?? READ_TIMEOUT_MS,
        nextDigitMs: action.timeoutMs ?? READ_INTER_DIGIT_MS,
        maximum: action.maxDigits === 0 ? Number.POSITIVE_INFINITY : action.maxDigits,
      });
    case 'send-dtmf':
      return new SendingDigits(caller, action.digits, action.durationMs, action.gapMs);
    case 'conference':
      return new Conferring(caller, parts.conferences, action);
    case 'pickup':
      return parts.pickUp(
        action.targets.map((target) => target.split('@')[0] ?? ''),
        nowMs,
      );
    case 'park':
      return beginPark(caller, parts);
    case 'parked-call':
      return parts.retrieve(action.space === '' ? undefined : Number(action.space), nowMs);
    case 'do-not-disturb':
      return orderDoNotDisturb(caller, parts.orders, action.on, nowMs);
    case 'call-forward':
      return orderForward(caller, parts, action, nowMs);
    case 'remote-lookup':
      return new AskingElsewhere(parts.others, action.peer, action.number);
    case 'send-text':
      leg.sendText(action.text, nowMs);
      return {};
    default:
      // `check` warns of each of these at load; at call time the dialplan goes on with the next priority.
      parts.log(
        'warn',
        'switch',
        `The application ${action.type} is not available in this version and was passed over.`,
      );
      return {};
  }
}

function dialOrder(targets: readonly DialTarget[], timeoutMs: number | undefined, options: DialOptions): DialOrder {
  const talkLimitS = Number(options.get('S'));
  const digits = options.get('D');
  return {
    targets: targets.map(({ technology, resource }) => ({ technology: TECHNOLOGIES[technology], resource })),
    timeoutMs,
    ringAtOnce: options.has('r'),
    goOn: options.has('g'),
    ...(talkLimitS > 0 ? { talkLimitMs: talkLimitS * 1000 } : {}),
    ...(digits === undefined ? {} : { digitsWhenAnswered: digits.split(':')[0] ?? '' }),
  };
}
