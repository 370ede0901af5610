import { civilTime, type WallClock } from './wall-clock.ts';

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Opening {
  readonly days: ReadonlySet<number>;
  /** Minutes of the day; open from the first up to, not with, the second. */
  readonly times: readonly (readonly [from: number, to: number])[];
}

/** When the office is open: `mon-fri 08:30-18:00`, `sat,sun 09:00-12:00`. Ranges of days may run over the week's end. */
export class OpeningHours {
  private readonly openings: readonly Opening[];

  /** `texts` are as the configuration's schema takes them. */
  constructor(
    texts: readonly string[],
    private readonly clock: WallClock,
  ) {
    this.openings = texts.map(parseOpening);
  }

  isOpen(epochMs = this.clock.nowMs()): boolean {
    const { weekday, hour, minute } = civilTime(this.clock, epochMs);
    const now = 60 * hour + minute;
    // What runs over midnight belongs to the day on which it began.
    const isWithin = (day: number, at: number) =>
      this.openings.some(({ days, times }) => days.has(day) && times.some(([from, to]) => from <= at && at < to));
    return isWithin(weekday, now) || isWithin((weekday + 6) % 7, now + 24 * 60);
  }
}

function parseOpening(text: string): Opening {
  const [days = '', times = ''] = text.trim().split(/\s+/);
  return {
    days: new Set(days.split(',').flatMap(daysOf)),
    times: times.split(',').map((range) => {
      const [from = 0, to = 0] = range.split('-').map(minutesOf);
      return [from, to > from ? to : to + 24 * 60] as const;
    }),
  };
}

function daysOf(range: string): number[] {
  const [from = 0, to = from] = range.split('-').map((name) => WEEKDAYS.indexOf(name.slice(0, 3).toLowerCase()));
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, i) => (from + i) % 7);
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number);
  return 60 * (hour ?? 0) + (minute ?? 0);
}
