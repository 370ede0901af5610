/** Who calls, as an analog line says it: an empty text is withheld or not known. */
export interface CallerIdMessage {
  readonly number: string;
  readonly name: string;
}

const SDMF = 0x04;
const MDMF = 0x80;
const NUMBER = 0x02;
const NAME = 0x07;
/** Month, day, hour and minute stand before the number of a single-data message. */
const DATE_LENGTH = 8;

/** Length of a whole message, type, length and checksum included, from its first two bytes. */
export function messageLength(type: number, length: number): number | undefined {
  return type === SDMF || type === MDMF ? length + 3 : undefined;
}

/** Reads a whole message; undefined for one that is damaged or says nothing of a caller. [GR-30-CORE] [EN 300 659-3] */
export function decodeCallerId(bytes: Uint8Array): CallerIdMessage | undefined {
  const [type = 0, length = 0] = bytes;
  if (bytes.length !== messageLength(type, length) || bytes.reduce((sum, byte) => sum + byte, 0) % 256 !== 0)
    return undefined;
  const body = bytes.subarray(2, -1);
  if (type === SDMF) return { number: digitsOf(body.subarray(DATE_LENGTH)), name: '' };
  let number = '';
  let name = '';
  for (let at = 0; at + 2 <= body.length; ) {
    const [parameter = 0, size = 0] = body.subarray(at, at + 2);
    const value = body.subarray(at + 2, at + 2 + size);
    if (value.length < size) return undefined;
    if (parameter === NUMBER) number = digitsOf(value);
    else if (parameter === NAME) name = textOf(value).trim();
    at += 2 + size;
  }
  return { number, name };
}

/** `O` and `P` stand for a number that is out of area or private. */
function digitsOf(bytes: Uint8Array): string {
  const text = textOf(bytes).trim();
  return /^\+?[0-9*#]+$/.test(text) ? text : '';
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/[^\x20-\x7e\xa0-\xff]/g, '');
}

/**
 * Caller ID that comes as DTMF digits before the first ring: `A…#`, `D…C`, or the bare number behind a `D`; undefined
 * while it is not whole. [EN 300 659-3 annex D]
 */
export function decodeDtmfCallerId(digits: string): CallerIdMessage | undefined {
  if (/B[0-9]{0,2}C|DC|D[0-9]#/.test(digits)) return { number: '', name: '' };
  const [, number] = /[AD]([0-9]{1,24})[A-D#]/.exec(digits) ?? [];
  return number === undefined ? undefined : { number, name: '' };
}
