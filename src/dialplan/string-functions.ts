import { base64Decode, base64Encode } from '../base/base64.ts';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { separateArguments } from './argument.ts';
import { RegularExpression } from './regular-expression.ts';
import type { DialplanFunction, Scope } from './scope.ts';

const KEYPAD = ['', '', 'abc', 'def', 'ghi', 'jkl', 'mno', 'pqrs', 'tuv', 'wxyz'];

/** Functions that work on text alone. */
export const STRING_FUNCTIONS: Readonly<Record<string, DialplanFunction>> = {
  LEN: { read: (args) => args.length.toString() },
  TOUPPER: { read: (args) => args.toUpperCase() },
  TOLOWER: { read: (args) => args.toLowerCase() },
  TRIM: { read: (args) => args.trim() },
  LTRIM: { read: (args) => args.trimStart() },
  RTRIM: { read: (args) => args.trimEnd() },
  PASSTHRU: { read: (args) => args },
  EVAL: { read: (args, scope) => scope.expand(args) },
  QUOTE: { read: (args) => `"${args.replace(/["\\]/g, '\\$&')}"` },
  CSV_QUOTE: { read: (args) => `"${args.replaceAll('"', '""')}"` },
  FILTER: { read: filter },
  REGEX: { read: regex },
  REPLACE: { read: replaceCharacters },
  STRREPLACE: { read: replaceText },
  SPRINTF: { read: sprintf },
  KEYPADHASH: {
    read: (args) =>
      [...args.toLowerCase()]
        .map((c) => (/\d/.test(c) ? c : c >= 'a' && c <= 'z' ? KEYPAD.findIndex((keys) => keys.includes(c)) : ''))
        .join(''),
  },
  URIENCODE: { read: (args) => encodeUri(args) },
  URIDECODE: { read: (args) => decodeUri(args) },
  BASE64_ENCODE: { read: (args) => base64Encode(utf8Encode(args)) },
  BASE64_DECODE: { read: (args) => utf8Decode(base64Decode(args) ?? new Uint8Array()) },
};

/** A character that may be written as `\n`, `\t`, `\x41` or `\123`, and how long that is. */
function encodedCharacter(text: string, at: number): { c: string; length: number } {
  if (text[at] !== '\\' || at + 1 >= text.length) return { c: text[at] ?? '', length: 1 };
  const [coded, hex, octal] = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/.exec(text.slice(at, at + 4)) ?? [];
  if (coded !== undefined) {
    const code = hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16);
    return { c: String.fromCharCode(code & 0xff), length: coded.length };
  }
  const next = text[at + 1]!;
  const c = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', a: '\x07', v: '\v' }[next] ?? next;
  return { c, length: 2 };
}

/** The first character of a delimiter argument. */
export function delimiterOf(text: string | undefined, otherwise: string): string {
  return text === undefined || text === '' ? otherwise : encodedCharacter(text, 0).c;
}

/** `FILTER(0-9a,text)`: keeps what is allowed. */
function filter(args: string): string {
  const [allowed = '', text = ''] = separateArguments(args, ',', { raw: true, limit: 2 });
  const codes = new Set<number>();
  for (let i = 0; i < allowed.length; ) {
    const first = encodedCharacter(allowed, i);
    i += first.length;
    if (allowed[i] === '-' && i + 1 < allowed.length) {
      const last = encodedCharacter(allowed, i + 1);
      i += 1 + last.length;
      for (let code = first.c.charCodeAt(0); code <= last.c.charCodeAt(0); code++) codes.add(code);
    } else codes.add(first.c.charCodeAt(0));
  }
  return [...text].filter((c) => codes.has(c.charCodeAt(0))).join('');
}

/** `REGEX("expression" text)`. */
function regex(args: string, scope: Scope): string {
  const [, pattern, text = ''] = /^\s*"((?:[^"\\]|\\.)*)" ?(.*)$/s.exec(args) ?? [];
  if (pattern === undefined) {
    scope.warn('REGEX takes "expression" text');
    return '';
  }
  const expression = RegularExpression.parse(pattern);
  if ('error' in expression) {
    scope.warn(`regular expression '${pattern}': ${expression.error}`);
    return '';
  }
  return expression.search(text) === undefined ? '0' : '1';
}

/** `REPLACE(variable,characters[,replacement])`: each of the characters becomes the replacement, or goes. */
function replaceCharacters(args: string, scope: Scope): string {
  const [name = '', find = '', replacement] = separateArguments(args);
  const by = delimiterOf(replacement, '');
  return [...(scope.variable(name) ?? '')].map((c) => (find.includes(c) ? by : c)).join('');
}

/** `STRREPLACE(variable,text[,replacement[,most]])`. */
function replaceText(args: string, scope: Scope): string {
  const [name = '', find = '', replacement = '', most = ''] = separateArguments(args);
  const value = scope.variable(name) ?? '';
  if (find === '') return value;
  const pieces = value.split(find);
  const count = /^\d+$/.test(most) ? Number(most) : pieces.length;
  const head = pieces.slice(0, count + 1).join(replacement);
  return [head, ...pieces.slice(count + 1)].join(find);
}

const MAX_WIDTH = 1000;

/** `SPRINTF(format,value,…)` with the conversions of C for whole numbers, fractions and text. */
function sprintf(args: string): string {
  const [format = '', ...values] = separateArguments(args);
  return format.replace(
    /%([-+ 0]*)(\d*)(?:\.(\d*))?([diouxXcsfeEgG%])/g,
    (_, flags: string, width: string, precision: string | undefined, type: string) => {
      if (type === '%') return '%';
      const value = values.shift() ?? '';
      const digits = precision === undefined ? undefined : Math.min(Number(precision), 60);
      const text = convert(type, value, digits);
      const signed = flags.includes('+') && 'difeEgG'.includes(type) && !text.startsWith('-') ? `+${text}` : text;
      const to = Math.min(Number(width), MAX_WIDTH);
      if (flags.includes('-')) return signed.padEnd(to, ' ');
      if (!flags.includes('0') || type === 's' || type === 'c') return signed.padStart(to, ' ');
      const sign = /^[-+]/.exec(signed)?.[0] ?? '';
      return sign + signed.slice(sign.length).padStart(to - sign.length, '0');
    },
  );
}

function convert(type: string, value: string, digits: number | undefined): string {
  const number = Number.parseFloat(value) || 0;
  switch (type) {
    case 's':
      return digits === undefined ? value : value.slice(0, digits);
    case 'c':
      return '';
    case 'f':
      return number.toFixed(digits ?? 6);
    case 'e':
    case 'E': {
      const text = number.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
      return type === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G':
      return shortest(number, digits === undefined ? 6 : Math.max(1, digits));
    case 'x':
      return (Math.trunc(number) >>> 0).toString(16);
    case 'X':
      return (Math.trunc(number) >>> 0).toString(16).toUpperCase();
    case 'o':
      return (Math.trunc(number) >>> 0).toString(8);
    default:
      return Math.trunc(number).toString();
  }
}

/** `%g`: fixed or with an exponent, whichever is shorter, without zeros at the end. */
function shortest(value: number, digits: number): string {
  const [mantissa = '0', exponent = '0'] = value.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < digits) return withoutZeros(value.toFixed(digits - 1 - power));
  const size = Math.abs(power).toString().padStart(2, '0');
  return `${withoutZeros(mantissa)}e${power < 0 ? '-' : '+'}${size}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function encodeUri(text: string): string {
  let out = '';
  for (const byte of utf8Encode(text)) {
    const c = String.fromCharCode(byte);
    out += /[A-Za-z0-9\-_.!~*'()]/.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function decodeUri(text: string): string {
  const bytes: number[] = [];
  const source = utf8Encode(text);
  for (let i = 0; i < source.length; i++) {
    const hex = source[i] === 0x25 ? String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(source[i]!);
  }
  return utf8Decode(Uint8Array.from(bytes));
}
