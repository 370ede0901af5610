import type { CallerId } from '../base/line-port.ts';

/** When a call came, on the clock of the office. */
export interface CallTime {
  /** 1…12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

export type DataFormat = 'sdmf' | 'mdmf';

const SDMF = 0x04;
const MDMF = 0x80;
const SDMF_MESSAGES = 0x06;
const MDMF_MESSAGES = 0x82;
const PARAMETERS = { time: 0x01, number: 0x02, noNumber: 0x04, name: 0x07, noName: 0x08, lamp: 0x0b } as const;
/** Of what is shown, digits. */
export const LONGEST_NUMBER = 20;
/** More does not fit on displays, and would not fit between two rings. */
const LONGEST_NAME = 15;

/** A caller ID as its bytes, checksum included; without `time`, no clock is set by it. [GR-31-CORE] [EN 300 659-3 §5] */
export function encodeCallerId(format: DataFormat, caller: CallerId, time: CallTime | undefined): Uint8Array {
  const number = numberOf(caller).slice(0, LONGEST_NUMBER);
  const name = plain(caller.name).slice(0, LONGEST_NAME);
  const absent = caller.isWithheld === true ? 'P' : 'O';
  const { month = 1, day = 1, hour = 0, minute = 0 } = time ?? {};
  const when = [month, day, hour, minute].map((it) => String(it).padStart(2, '0')).join('');
  if (format === 'sdmf') return message(SDMF, bytesOf(when + (number === '' ? absent : number)));
  return message(MDMF, [
    ...(time === undefined ? [] : parameter('time', when)),
    ...(number === '' ? parameter('noNumber', absent) : parameter('number', number)),
    ...(name === '' ? parameter('noName', absent) : parameter('name', name)),
  ]);
}

/** That messages wait, or none do, as its bytes, checksum included. [GR-1401-CORE] [EN 300 659-3 §5.2.3] */
export function encodeMessagesWaiting(format: DataFormat, waiting: boolean): Uint8Array {
  if (format === 'sdmf') return message(SDMF_MESSAGES, bytesOf(waiting ? 'BBB' : 'ooo'));
  return message(MDMF_MESSAGES, [PARAMETERS.lamp, 1, waiting ? 0xff : 0x00]);
}

/** Digits that a display and a call-back key can use; empty if there is none. */
export function numberOf({ number, isWithheld }: CallerId): string {
  return isWithheld === true ? '' : number.replace(/^\+/, '00').replace(/[^0-9*#]/g, '');
}

function message(type: number, body: readonly number[]): Uint8Array {
  const sum = body.reduce((total, byte) => total + byte, type + body.length);
  return Uint8Array.from([type, body.length, ...body, -sum & 0xff]);
}

function parameter(name: keyof typeof PARAMETERS, text: string): number[] {
  return [PARAMETERS[name], text.length, ...bytesOf(text)];
}

/** A text in ASCII. */
export function bytesOf(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

/** Displays know ASCII: é becomes e, and what has no likeness a question mark. */
function plain(text: string): string {
  return text
    .replace(/ß/g, 'ss')
    .replace(/[æÆ]/g, 'ae')
    .replace(/[øØ]/g, 'o')
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();
}
