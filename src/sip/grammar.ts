import { type Malformed, malformed } from './malformed.ts';

/** The small words of SIP's grammar: tokens, quoted strings, lists, parameters. Every function is linear in its input. */

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
/** What may stand as a parameter's value without quotes: tokens and hosts, IPv6 with and without brackets. */
const PLAIN_VALUE = /^[^\s",;<>]*$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Cuts at `separator` where it stands outside quoted strings and angle brackets; pieces are trimmed. A quote that is
 * never closed runs to the end.
 */
export function splitOutside(text: string, separator: ',' | ';'): string[] {
  if (!text.includes(separator)) return [text.trim()];
  const pieces: string[] = [];
  let [start, quoted, angled] = [0, false, false];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted) {
      if (character === '\\') i++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '<') angled = true;
    else if (character === '>') angled = false;
    else if (character === separator && !angled) {
      pieces.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  pieces.push(text.slice(start).trim());
  return pieces;
}

/** The content of a quoted string that begins `text`, and where it ends; undefined if it is never closed. */
export function readQuoted(text: string): { readonly content: string; readonly end: number } | undefined {
  if (text[0] !== '"') return undefined;
  let content = '';
  for (let i = 1; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') return { content, end: i + 1 };
    if (character === '\\' && i + 1 < text.length) content += text[++i]!;
    else content += character;
  }
  return undefined;
}

export function quote(content: string): string {
  return `"${content.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Parameters by name in lower case, in their order; a flag such as `lr` has the value null. Values are without quotes.
 * [RFC3261 §25.1 generic-param]
 */
export type Parameters = ReadonlyMap<string, string | null>;

export const NO_PARAMETERS: Parameters = new Map();

/** Parses `;a=b;c`; a parameter that is empty or whose value is not one is malformed. The first of two equals counts. */
export function parseParameters(text: string): Parameters | Malformed {
  const trimmed = text.trim();
  if (trimmed === '') return NO_PARAMETERS;
  if (trimmed[0] !== ';') return malformed('parameter');
  const parameters = new Map<string, string | null>();
  for (const piece of splitOutside(trimmed.slice(1), ';')) {
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim().toLowerCase();
    if (!isToken(name)) return malformed('parameter');
    const value = equals < 0 ? null : parseValue(piece.slice(equals + 1).trim());
    if (value === undefined) return malformed('parameter');
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

function parseValue(text: string): string | undefined {
  if (text[0] !== '"') return PLAIN_VALUE.test(text) ? text : undefined;
  const quoted = readQuoted(text);
  return quoted?.end === text.length ? quoted.content : undefined;
}

export function formatParameters(parameters: Parameters): string {
  let text = '';
  for (const [name, value] of parameters)
    text += value === null ? `;${name}` : `;${name}=${value !== '' && PLAIN_VALUE.test(value) ? value : quote(value)}`;
  return text;
}

/** A decimal number of at most `max`; undefined for anything else, however long. */
export function parseDecimal(text: string, max: number): number | undefined {
  const digits = text.trim();
  if (!/^\d+$/.test(digits)) return undefined;
  const value = Number(digits);
  return value <= max ? value : undefined;
}
