import { civilTime, type WallClock } from './wall-clock.ts';

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * When something holds, `9:00-17:00,mon-fri,1-15,jan&mar-may[,zone]`: the form of timed includes, GotoIfTime and
 * IFTIME. `*` or nothing stands for always; ranges may run over the end (`fri-mon`, `22:00-6:00`); the last minute of a
 * range of times is part of it.
 */
export class TimeCondition {
  private constructor(
    readonly text: string,
    private readonly minutes: readonly Range[] | undefined,
    private readonly weekdays: readonly Range[] | undefined,
    private readonly days: readonly Range[] | undefined,
    private readonly months: readonly Range[] | undefined,
    private readonly zone: string | undefined,
  ) {}

  /** `index` of an error is where the bad part begins. */
  static parse(text: string): TimeCondition | { readonly error: string; readonly index: number } {
    const parts = text.split(/[,|]/);
    if (parts.length > 5) return { error: 'a time condition has at most five parts', index: 0 };
    const readers = [parseTime, parseName(WEEKDAYS, 'day of the week'), parseDay, parseName(MONTHS, 'month')];
    const ranges: (readonly Range[] | undefined)[] = [];
    let index = 0;
    for (const [i, read] of readers.entries()) {
      const part = parts[i] ?? '*';
      const parsed = parseRanges(part.trim(), read);
      if (typeof parsed === 'string') return { error: parsed, index };
      ranges.push(parsed.ranges);
      index += part.length + 1;
    }
    const zone = parts[4]?.trim();
    return new TimeCondition(
      text,
      ranges[0],
      ranges[1],
      ranges[2],
      ranges[3],
      zone === '' || zone === '*' ? undefined : zone,
    );
  }

  holds(clock: WallClock, epochMs = clock.nowMs()): boolean {
    const now = civilTime(clock, epochMs, this.zone);
    return (
      contains(this.minutes, now.hour * 60 + now.minute) &&
      contains(this.weekdays, now.weekday) &&
      contains(this.days, now.day) &&
      contains(this.months, now.month - 1)
    );
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

type Reader = (text: string) => number | string;

function contains(ranges: readonly Range[] | undefined, value: number): boolean {
  if (ranges === undefined) return true;
  return ranges.some(({ from, to }) => (from <= to ? value >= from && value <= to : value >= from || value <= to));
}

/** Undefined ranges hold always; a string says what is wrong. */
function parseRanges(text: string, read: Reader): { ranges: Range[] | undefined } | string {
  if (text === '' || text === '*') return { ranges: undefined };
  const ranges: Range[] = [];
  for (const part of text.split('&')) {
    const [first = '', last, ...more] = part.split('-').map((end) => end.trim());
    if (more.length > 0) return `'${part.trim()}' is not a range`;
    const from = read(first);
    const to = last === undefined ? from : read(last);
    if (typeof from === 'string') return from;
    if (typeof to === 'string') return to;
    ranges.push({ from, to });
  }
  return { ranges };
}

function parseTime(text: string): number | string {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(hour) < 24 && Number(minute) < 60 ? minutes : `'${text}' is not a time of day such as 8:30 or 17:00`;
}

function parseDay(text: string): number | string {
  const day = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  return day >= 1 && day <= 31 ? day : `'${text}' is not a day of the month, 1 to 31`;
}

function parseName(names: readonly string[], what: string): Reader {
  return (text) => {
    const index = names.indexOf(text.slice(0, 3).toLowerCase());
    return index >= 0 && /^[a-z]+$/i.test(text) ? index : `'${text}' is not a ${what} such as ${names[1]}`;
  };
}
