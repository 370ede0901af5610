import { closest } from '../base/closest.ts';
import { parseTonePattern } from '../base/tone-pattern.ts';
import { readCause, secondsToMs } from './application-arguments.ts';
import { separateArguments } from './argument.ts';
import { parseDialTarget, TECHNOLOGY_NAMES } from './dial-target.ts';
import { DIAL_OPTIONS, parseOptions } from './option-letters.ts';
import type { Problem } from './problem.ts';
import { nextOpening } from './variables.ts';

export type Found = Pick<Problem, 'severity' | 'message' | 'allowed'>;

/** Whether a text is known at a call only. */
export function isDynamic(text: string): boolean {
  return nextOpening(text, 0) >= 0;
}

/** What is wrong with the arguments of an application, as far as they are written out. `name` is as Asterisk spells it. */
export function argumentFaults(name: string, data: string): Found[] {
  const faultsOf = FAULTS[name];
  return faultsOf === undefined ? [] : faultsOf(data);
}

type Faults = (data: string) => Found[];

/** When `CallForward` has calls go elsewhere. */
const FORWARD_WORDS = ['always', 'busy', 'noanswer'];
const NOT_DTMF = /[^0-9A-Da-d*#wWfF\s]/;

const FAULTS: Readonly<Record<string, Faults>> = {
  Answer: (data) => check(separateArguments(data)[0], isCount, 'no time to Answer', 'milliseconds'),
  Busy: (data) => checkTime(data, 'Busy'),
  CallForward: checkCallForward,
  ConfBridge: (data) => (/^\s*(?:,|$)/.test(data) ? [error('ConfBridge has no room', 'ConfBridge(room)')] : []),
  Congestion: (data) => checkTime(data, 'Congestion'),
  Dial: checkDial,
  DoNotDisturb: (data) =>
    check(
      data,
      (word) => /^(?:on|off)?$/i.test(word),
      'no state of DoNotDisturb',
      'on, off, or nothing for the other way round',
    ),
  Hangup: (data) =>
    check(data, (word) => readCause(word) !== undefined, 'no cause', 'a number, or NORMAL_CLEARING, USER_BUSY, …'),
  ParkedCall: (data) => check(separateArguments(data).at(-1), isCount, 'no space', 'the number of a space'),
  PlayTones: checkTones,
  Read: checkRead,
  SendDTMF: checkSendDtmf,
  Set: (data) => (data.includes('=') ? [] : [error("Set has no '='", 'Set(name=value)')]),
  Wait: (data) => checkTime(data, 'Wait'),
  WaitExten: (data) => checkTime(separateArguments(data)[0], 'WaitExten'),
};

function error(message: string, allowed: string): Found {
  return { severity: 'error', message, allowed };
}

/** One argument, which may be left out. */
function check(text: string | undefined, isRight: (word: string) => boolean, wrong: string, allowed: string): Found[] {
  const word = text?.trim() ?? '';
  return word === '' || isDynamic(word) || isRight(word) ? [] : [error(`'${word}' is ${wrong}`, allowed)];
}

function isCount(word: string): boolean {
  return /^\d+$/.test(word);
}

function checkTime(text: string | undefined, application: string): Found[] {
  return check(text, (word) => secondsToMs(word) !== undefined, `no time to ${application}`, 'seconds');
}

function checkRead(data: string): Found[] {
  const [variable = '', , digits, , attempts, timeout] = separateArguments(data);
  if (variable.trim() === '') return [error('Read has no variable', 'Read(variable,…)')];
  return [
    ...check(digits, isCount, 'no number of digits', 'a number'),
    ...check(attempts, isCount, 'no number of attempts', 'a number'),
    ...checkTime(timeout, 'Read'),
  ];
}

function checkSendDtmf(data: string): Found[] {
  const [digits = '', gap, duration] = separateArguments(data);
  const wrong = isDynamic(digits) ? undefined : NOT_DTMF.exec(digits)?.[0];
  return [
    ...check(wrong, () => false, 'no digit', '0-9, A-D, *, #, w and W to wait, f for a flash'),
    ...check(gap, isCount, 'no gap', 'milliseconds'),
    ...check(duration, isCount, 'no length of a digit', 'milliseconds'),
  ];
}

function checkCallForward(data: string): Found[] {
  const when = (separateArguments(data)[0] ?? '').trim().toLowerCase();
  if (isDynamic(when) || when === '' || FORWARD_WORDS.includes(when)) return [];
  const meant = closest(when, FORWARD_WORDS);
  const message = `'${when}' is no case of CallForward${meant === undefined ? '' : `, did you mean '${meant}'?`}`;
  return [error(message, FORWARD_WORDS.join(', '))];
}

function checkTones(data: string): Found[] {
  const text = data.trim().replace(/^"(.*)"$/, '$1');
  if (isDynamic(data) || parseTonePattern(text) !== undefined || /^[a-z][a-z-]*$/i.test(text)) return [];
  return [error(`'${text}' is no tone`, 'dial, busy, …, or 440+480/2000,0/4000')];
}

function checkDial(data: string): Found[] {
  const found: Found[] = [];
  const [targets = '', timeout = '', options = ''] = separateArguments(data, ',', { limit: 4 });
  if (!isDynamic(targets)) {
    for (const target of targets.split('&').filter((it) => it.trim() !== '')) {
      const parsed = parseDialTarget(target.trim());
      if ('error' in parsed)
        found.push({ severity: 'error', message: parsed.error, allowed: TECHNOLOGY_NAMES.join(', ') });
    }
  } else {
    const technology = /^\s*([A-Za-z0-9]+)\//.exec(targets)?.[1];
    const parsed = technology === undefined ? undefined : parseDialTarget(`${technology}/1@x`);
    if (parsed !== undefined && 'error' in parsed && parsed.error.startsWith('there is no technology'))
      found.push({ severity: 'error', message: parsed.error, allowed: TECHNOLOGY_NAMES.join(', ') });
  }
  if (!isDynamic(timeout) && timeout.trim() !== '' && !/^\d+(\.\d+)?$/.test(timeout.trim()))
    found.push({ severity: 'error', message: `'${timeout.trim()}' is no timeout of Dial`, allowed: 'seconds' });
  if (!isDynamic(options)) {
    const { options: letters, problem } = parseOptions(options);
    if (problem !== undefined) found.push({ severity: 'error', message: `Dial: ${problem}`, allowed: ')' });
    for (const letter of letters.keys()) {
      if (!DIAL_OPTIONS.includes(letter))
        found.push({ severity: 'warning', message: `Dial has no option '${letter}'` });
    }
  }
  return found;
}
