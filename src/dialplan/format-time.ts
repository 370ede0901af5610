import type { CivilTime } from './wall-clock.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A time in the words of strftime in the C locale; `%3q` is the milliseconds, Asterisk's own. */
export function formatTime(time: CivilTime, format: string): string {
  return format.replace(/%([-_0^]?)(\d?)([A-Za-z%+])/g, (all, _flag: string, digits: string, letter: string) => {
    if (letter === 'q') {
      return time.millisecond
        .toString()
        .padStart(3, '0')
        .slice(0, digits === '' ? 3 : Number(digits));
    }
    return FORMATS[letter]?.(time) ?? all;
  });
}

const two = (value: number): string => value.toString().padStart(2, '0');
const blank = (value: number): string => value.toString().padStart(2, ' ');
const hour12 = (time: CivilTime): number => time.hour % 12 || 12;
const compound =
  (format: string) =>
  (time: CivilTime): string =>
    formatTime(time, format);

const FORMATS: Readonly<Record<string, (time: CivilTime) => string>> = {
  a: (t) => DAYS[t.weekday]!.slice(0, 3),
  A: (t) => DAYS[t.weekday]!,
  b: (t) => MONTHS[t.month - 1]!.slice(0, 3),
  B: (t) => MONTHS[t.month - 1]!,
  h: (t) => MONTHS[t.month - 1]!.slice(0, 3),
  c: compound('%a %b %e %H:%M:%S %Y'),
  C: (t) => two(Math.floor(t.year / 100)),
  d: (t) => two(t.day),
  D: compound('%m/%d/%y'),
  e: (t) => blank(t.day),
  F: compound('%Y-%m-%d'),
  G: (t) => isoWeek(t).year.toString(),
  g: (t) => two(isoWeek(t).year % 100),
  H: (t) => two(t.hour),
  I: (t) => two(hour12(t)),
  j: (t) => t.dayOfYear.toString().padStart(3, '0'),
  k: (t) => blank(t.hour),
  l: (t) => blank(hour12(t)),
  m: (t) => two(t.month),
  M: (t) => two(t.minute),
  n: () => '\n',
  p: (t) => (t.hour < 12 ? 'AM' : 'PM'),
  P: (t) => (t.hour < 12 ? 'am' : 'pm'),
  r: compound('%I:%M:%S %p'),
  R: compound('%H:%M'),
  s: (t) => Math.floor(t.epochMs / 1000).toString(),
  S: (t) => two(t.second),
  t: () => '\t',
  T: compound('%H:%M:%S'),
  u: (t) => (t.weekday || 7).toString(),
  U: (t) => two(Math.floor((t.dayOfYear + 6 - t.weekday) / 7)),
  V: (t) => two(isoWeek(t).week),
  w: (t) => t.weekday.toString(),
  W: (t) => two(Math.floor((t.dayOfYear + 6 - ((t.weekday + 6) % 7)) / 7)),
  x: compound('%m/%d/%y'),
  X: compound('%H:%M:%S'),
  y: (t) => two(t.year % 100),
  Y: (t) => t.year.toString(),
  z: (t) => {
    const minutes = Math.abs(t.offsetMinutes);
    return `${t.offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
  },
  Z: (t) => (t.offsetMinutes === 0 ? 'UTC' : compound('%z')(t)),
  '%': () => '%',
};

/** ISO 8601 weeks begin on Monday; week 1 has the year's first Thursday. */
function isoWeek(time: CivilTime): { year: number; week: number } {
  const thursday = new Date(Date.UTC(time.year, time.month - 1, time.day - ((time.weekday + 6) % 7) + 3));
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) + 1 };
}

/** Reads a time as strptime does: numbers, names of months and plain characters. Undefined where it does not fit. */
export function parseTime(
  text: string,
  format: string,
): { year: number; month: number; day: number; hour: number; minute: number; second: number } | undefined {
  const fields = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  const whole = format.replace(/%([DFRT])/g, (_, letter: string) => {
    return { D: '%m/%d/%y', F: '%Y-%m-%d', R: '%H:%M', T: '%H:%M:%S' }[letter] ?? '';
  });
  let at = 0;
  for (let i = 0; i < whole.length; i++) {
    if (whole[i] !== '%') {
      if (/\s/.test(whole[i]!)) while (/\s/.test(text[at] ?? '')) at++;
      else if (text[at++] !== whole[i]) return undefined;
      continue;
    }
    const letter = whole[++i] ?? '%';
    const name = /^[A-Za-z]+/.exec(text.slice(at))?.[0] ?? '';
    const number = (letter === 'Y' ? /^\d{1,4}/ : /^ ?\d{1,2}/).exec(text.slice(at))?.[0];
    const month = MONTHS.findIndex((it) => it.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase()) + 1;
    if (/[aA]/.test(letter) && name !== '') at += name.length;
    else if (/[bBh]/.test(letter) && month > 0) {
      fields.month = month;
      at += name.length;
    } else if (number !== undefined) {
      const value = Number(number);
      at += number.length;
      if (letter === 'Y') fields.year = value;
      else if (letter === 'y') fields.year = value < 69 ? 2000 + value : 1900 + value;
      else if (letter === 'm') fields.month = value;
      else if (letter === 'd' || letter === 'e') fields.day = value;
      else if (letter === 'H' || letter === 'k') fields.hour = value;
      else if (letter === 'M') fields.minute = value;
      else if (letter === 'S') fields.second = value;
      else return undefined;
    } else return undefined;
  }
  return fields;
}
