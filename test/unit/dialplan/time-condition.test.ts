import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from '../../../src/dialplan/format-time.ts';
import { TimeCondition } from '../../../src/dialplan/time-condition.ts';
import { civilTime, epochOf } from '../../../src/dialplan/wall-clock.ts';
import { testEnvironment } from './support.ts';

const { clock } = testEnvironment();

function holds(text: string, iso: string): boolean {
  const condition = TimeCondition.parse(text);
  if ('error' in condition) throw new Error(condition.error);
  return condition.holds(clock, Date.parse(`${iso}Z`));
}

describe('a time condition', () => {
  it.each([
    ['*,*,*,*', '2023-11-14T22:13:20', true],
    ['', '2023-11-14T22:13:20', true],
    ['9:00-17:00,mon-fri,*,*', '2023-11-14T09:00:00', true],
    ['9:00-17:00,mon-fri,*,*', '2023-11-14T17:00:59', true],
    ['9:00-17:00,mon-fri,*,*', '2023-11-14T17:01:00', false],
    ['9:00-17:00,mon-fri,*,*', '2023-11-14T08:59:59', false],
    ['9:00-17:00|mon-fri|*|*', '2023-11-12T10:00:00', false],
    ['22:00-6:00,*,*,*', '2023-11-14T23:00:00', true],
    ['22:00-6:00,*,*,*', '2023-11-14T05:00:00', true],
    ['22:00-6:00,*,*,*', '2023-11-14T07:00:00', false],
    ['*,sat-sun,*,*', '2023-11-12T07:00:00', true],
    ['*,fri-mon,*,*', '2023-11-14T07:00:00', false],
    ['*,fri-mon,*,*', '2023-11-13T07:00:00', true],
    ['*,mon&wed&fri,*,*', '2023-11-15T07:00:00', true],
    ['*,*,24-26,dec', '2023-12-25T07:00:00', true],
    ['*,*,24-26,dec', '2023-11-25T07:00:00', false],
    ['*,*,28-3,*', '2023-11-01T07:00:00', true],
    ['*,*,*,nov-feb', '2023-01-01T07:00:00', true],
    ['*,*,*,november', '2023-11-01T07:00:00', true],
    ['8:30-9:00&18:00-19:00', '2023-11-01T18:30:00', true],
    ['17:00-18:00,*,*,*,America/New_York', '2023-11-14T22:13:20', true],
    ['17:00-18:00,*,*,*', '2023-11-14T22:13:20', false],
  ])('%s at %s: %s', (text, iso, expected) => {
    expect(holds(text, iso)).toBe(expected);
  });

  it.each([
    ['25:00-26:00', "'25:00' is not a time of day such as 8:30 or 17:00", 0],
    ['*,monn1', "'monn1' is not a day of the week such as mon", 2],
    ['*,*,32', "'32' is not a day of the month, 1 to 31", 4],
    ['*,*,*,foo', "'foo' is not a month such as feb", 6],
    ['1:00-2:00-3:00', "'1:00-2:00-3:00' is not a range", 0],
    ['*,*,*,*,UTC,x', 'a time condition has at most five parts', 0],
  ])('%s is none: %s', (text, error, index) => {
    expect(TimeCondition.parse(text)).toEqual({ error, index });
  });
});

describe('civil time', () => {
  it('is what the clock says of the zone', () => {
    const time = civilTime(clock, 1_700_000_000_000, 'America/New_York');
    expect(time).toMatchObject({
      year: 2023,
      month: 11,
      day: 14,
      hour: 17,
      minute: 13,
      second: 20,
      weekday: 2,
      dayOfYear: 318,
    });
    expect(epochOf(clock, time, 'America/New_York')).toBe(1_700_000_000_000);
  });

  it('is UTC in a zone that nobody knows', () => {
    expect(civilTime(clock, 0, 'Nowhere/Town')).toMatchObject({ year: 1970, hour: 0, offsetMinutes: 0 });
  });
});

describe('the form of a time', () => {
  // Taken from a running Asterisk 22, but for %X, %c, %x, %r of the C library's C locale.
  it.each([
    ['%Y-%m-%d %H:%M:%S', '2001-09-09 01:46:40'],
    ['%A %a %B %b %d %e %j', 'Sunday Sun September Sep 09  9 252'],
    ['%I %p %y %z %s %u %w %U %%', '01 AM 01 +0000 1000000000 7 0 36 %'],
    ['%V|%G|%g|%C|%h|%n|%t|%k|%l|%3q', '36|2001|01|20|Sep|\n|\t| 1| 1|000'],
    ['%c|%D|%T|%R|%F|%r', 'Sun Sep  9 01:46:40 2001|09/09/01|01:46:40|01:46|2001-09-09|01:46:40 AM'],
    ['%Q %', '%Q %'],
  ])('%s is %s', (format, expected) => {
    expect(formatTime(civilTime(clock, 1_000_000_000_000, 'UTC'), format)).toBe(expected);
  });

  it('numbers weeks as ISO 8601 does at the turn of the year', () => {
    const at = (iso: string): string => formatTime(civilTime(clock, Date.parse(`${iso}T12:00:00Z`)), '%G-%V');
    expect(['2020-12-31', '2021-01-03', '2021-01-04', '2024-12-30'].map(at)).toEqual([
      '2020-53',
      '2020-53',
      '2021-01',
      '2025-01',
    ]);
  });

  it.each([
    ['2001-09-09 01:46:40', '%Y-%m-%d %H:%M:%S', '2001-09-09T01:46:40.000Z'],
    ['9 Sep 2001', '%d %b %Y', '2001-09-09T00:00:00.000Z'],
    ['09/09/01', '%D', '2001-09-09T00:00:00.000Z'],
    ['x', '%Y', undefined],
    ['2001', '%Y-', undefined],
  ])('reads %s by %s', (text, format, expected) => {
    const parsed = parseTime(text, format);
    expect(parsed === undefined ? undefined : new Date(epochOf(clock, parsed, 'UTC')).toISOString()).toBe(expected);
  });
});
