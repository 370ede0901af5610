import { type Cause, causeOfQ850 } from '../base/causes.ts';
import { parseTonePattern } from '../base/tone-pattern.ts';
import type { Action } from './action.ts';
import { separateArguments } from './argument.ts';
import { type DialTarget, parseDialTarget } from './dial-target.ts';
import { parseOptions } from './option-letters.ts';

/** Makes an action of an application's arguments, which are expanded already. Never fails: what cannot be read is left out. */
export type ArgumentReader = (data: string, timeouts: Timeouts) => Action;

/** What WaitExten and its like wait when they say nothing else. */
export interface Timeouts {
  readonly digitTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

/** Times in the dialplan are seconds, fractions allowed. */
export function secondsToMs(text: string | undefined): number | undefined {
  const seconds = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(Math.round(seconds * 1000), MAX_MS) : undefined;
}

const MAX_MS = 7 * 86_400_000;

function withTimeout(text: string | undefined): { timeoutMs?: number } {
  const timeoutMs = secondsToMs(text);
  return timeoutMs === undefined || timeoutMs === 0 ? {} : { timeoutMs };
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split('&')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function readDial(data: string): Extract<Action, { type: 'dial' }> {
  const [destinations = '', timeout, options = '', url = ''] = separateArguments(data, ',', { limit: 4 });
  const targets: DialTarget[] = [];
  const refused: string[] = [];
  for (const text of list(destinations)) {
    const target = parseDialTarget(text);
    if ('error' in target) refused.push(target.error);
    else targets.push(target);
  }
  return {
    type: 'dial',
    targets,
    refused,
    ...withTimeout(timeout),
    options: parseOptions(options).options,
    ...(url.trim() === '' ? {} : { url: url.trim() }),
  };
}

/** Names of causes that Hangup takes besides numbers. */
const CAUSE_NAMES: Readonly<Record<string, number>> = {
  UNALLOCATED: 1,
  NO_ROUTE_TRANSIT_NET: 2,
  NO_ROUTE_DESTINATION: 3,
  MISDIALLED_TRUNK_PREFIX: 5,
  CHANNEL_UNACCEPTABLE: 6,
  CALL_AWARDED_DELIVERED: 7,
  PRE_EMPTED: 8,
  NUMBER_PORTED_NOT_HERE: 14,
  NORMAL_CLEARING: 16,
  NORMAL: 16,
  USER_BUSY: 17,
  BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  NOANSWER: 19,
  SUBSCRIBER_ABSENT: 20,
  UNREGISTERED: 20,
  CALL_REJECTED: 21,
  NUMBER_CHANGED: 22,
  REDIRECTED_TO_NEW_DESTINATION: 23,
  ANSWERED_ELSEWHERE: 26,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  FACILITY_REJECTED: 29,
  RESPONSE_TO_STATUS_ENQUIRY: 30,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_CIRCUIT_CONGESTION: 34,
  CONGESTION: 34,
  NETWORK_OUT_OF_ORDER: 38,
  FAILURE: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  ACCESS_INFO_DISCARDED: 43,
  REQUESTED_CHAN_UNAVAIL: 44,
  FACILITY_NOT_SUBSCRIBED: 50,
  OUTGOING_CALL_BARRED: 52,
  INCOMING_CALL_BARRED: 54,
  BEARERCAPABILITY_NOTAUTH: 57,
  BEARERCAPABILITY_NOTAVAIL: 58,
  BEARERCAPABILITY_NOTIMPL: 65,
  CHAN_NOT_IMPLEMENTED: 66,
  FACILITY_NOT_IMPLEMENTED: 69,
  INVALID_CALL_REFERENCE: 81,
  INCOMPATIBLE_DESTINATION: 88,
  INVALID_MSG_UNSPECIFIED: 95,
  MANDATORY_IE_MISSING: 96,
  MESSAGE_TYPE_NONEXIST: 97,
  WRONG_MESSAGE: 98,
  IE_NONEXIST: 99,
  INVALID_IE_CONTENTS: 100,
  WRONG_CALL_STATE: 101,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  MANDATORY_IE_LENGTH_ERROR: 103,
  PROTOCOL_ERROR: 111,
  INTERWORKING: 127,
};

/** The cause that a number of Q.850 or one of its names stands for. */
export function readCause(text: string): Cause | undefined {
  const word = text.trim().toUpperCase();
  const value = /^\d{1,3}$/.test(word) ? Number(word) : CAUSE_NAMES[word.replace(/^AST_CAUSE_/, '')];
  return value === undefined || value > 127 ? undefined : causeOfQ850(value);
}

function readRead(data: string): Action {
  const [variable = '', prompts, maxDigits = '', options = '', attempts = '', timeout] = separateArguments(data);
  return {
    type: 'read',
    variable: variable.trim(),
    prompts: list(prompts),
    maxDigits: /^\d{1,3}$/.test(maxDigits.trim()) ? Number(maxDigits) : 0,
    options: options.trim(),
    attempts: /^\d{1,2}$/.test(attempts.trim()) ? Math.max(1, Number(attempts)) : 1,
    ...withTimeout(timeout),
  };
}

function readSendDtmf(data: string): Action {
  const [digits = '', gap = '', duration = ''] = separateArguments(data);
  const milliseconds = (text: string, otherwise: number): number =>
    /^\d{1,5}$/.test(text.trim()) && Number(text) > 0 ? Number(text) : otherwise;
  return {
    type: 'send-dtmf',
    digits: digits.replace(/[^0-9A-Da-d*#wWfF]/g, ''),
    gapMs: milliseconds(gap, 250),
    durationMs: milliseconds(duration, 100),
  };
}

function readTone(data: string): Action {
  const text = data.trim().replace(/^"(.*)"$/, '$1');
  return { type: 'playtones', tone: parseTonePattern(text) ?? text };
}

function readWaitExten(data: string, timeouts: Timeouts): Action {
  const [seconds] = separateArguments(data);
  return {
    type: 'collect',
    prefix: '',
    firstMs: secondsToMs(seconds) ?? timeouts.responseTimeoutMs,
    interDigitMs: timeouts.digitTimeoutMs,
  };
}

function readBackground(data: string): Action {
  const [files, options = '', , context = ''] = separateArguments(data);
  return { type: 'background', files: list(files), options, ...(context === '' ? {} : { context }) };
}

function readConference(data: string): Action {
  const [room = '', ...profiles] = separateArguments(data).map((arg) => arg.trim());
  return { type: 'conference', room, profiles, options: '' };
}

function readMeetMe(data: string): Action {
  const [room = '', options = '', pin = ''] = separateArguments(data).map((arg) => arg.trim());
  return { type: 'conference', room, profiles: [], options, ...(pin === '' ? {} : { pin }) };
}

/** The applications that the switch performs, by name in lower case. */
export const ARGUMENT_READERS: ReadonlyMap<string, ArgumentReader> = new Map<string, ArgumentReader>([
  ['dial', readDial],
  [
    'answer',
    (data) => {
      // Answer counts in milliseconds where every other application counts in seconds.
      const delayMs = Number(separateArguments(data)[0] ?? '');
      return { type: 'answer', ...(delayMs > 0 && delayMs <= MAX_MS ? { delayMs } : {}) };
    },
  ],
  [
    'hangup',
    (data) => {
      const cause = readCause(data);
      return { type: 'hangup', ...(cause === undefined ? {} : { cause }) };
    },
  ],
  ['echo', () => ({ type: 'echo' })],
  ['milliwatt', () => ({ type: 'milliwatt' })],
  ['playtones', readTone],
  ['stopplaytones', () => ({ type: 'stop-playtones' })],
  ['busy', (data) => ({ type: 'busy', ...withTimeout(data) })],
  ['congestion', (data) => ({ type: 'congestion', ...withTimeout(data) })],
  ['ringing', () => ({ type: 'ringing' })],
  ['progress', () => ({ type: 'progress' })],
  ['proceeding', () => ({ type: 'proceeding' })],
  ['wait', (data) => ({ type: 'wait', ms: secondsToMs(data) ?? 0 })],
  ['waitexten', readWaitExten],
  ['read', readRead],
  ['senddtmf', readSendDtmf],
  ['sendtext', (data) => ({ type: 'send-text', text: data })],
  [
    'playback',
    (data) => {
      const [files, options = ''] = separateArguments(data);
      return { type: 'playback', files: list(files), options };
    },
  ],
  ['background', readBackground],
  [
    'musiconhold',
    (data) => {
      const [className = '', seconds] = separateArguments(data);
      const ms = secondsToMs(seconds);
      return { type: 'music-on-hold', className, ...(ms === undefined ? {} : { ms }) };
    },
  ],
  ['confbridge', readConference],
  ['meetme', readMeetMe],
  ['pickup', (data) => ({ type: 'pickup', targets: list(data) })],
  [
    'park',
    (data) => {
      const [lot = '', options = ''] = separateArguments(data);
      return { type: 'park', lot, options };
    },
  ],
  ['parkedcall', (data) => ({ type: 'parked-call', space: separateArguments(data).at(-1)?.trim() ?? '' })],
  [
    'callforward',
    (data) => {
      const [word = '', number = ''] = separateArguments(data).map((part) => part.trim());
      const when = { busy: 'busy', noanswer: 'noAnswer' } as const;
      return {
        type: 'call-forward',
        when: when[word.toLowerCase() as keyof typeof when] ?? 'always',
        // Who is used to it ends a number with #, which patterns with a dot take for a digit of it.
        number: number === '' ? null : number.replace(/#$/, ''),
      };
    },
  ],
  [
    'donotdisturb',
    (data) => {
      const word = data.trim().toLowerCase();
      return { type: 'do-not-disturb', ...(word === 'on' || word === 'off' ? { on: word === 'on' } : {}) };
    },
  ],
  [
    'voicemail',
    (data) => {
      const [mailboxes, options = ''] = separateArguments(data);
      return { type: 'voicemail', mailboxes: list(mailboxes), options };
    },
  ],
  ['transfer', (data) => ({ type: 'transfer', destination: data.trim() })],
]);
