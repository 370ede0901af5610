import { describe, expect, it } from 'vitest';
import { OpeningHours } from '../../../src/dialplan/opening-hours.ts';
import type { WallClock } from '../../../src/dialplan/wall-clock.ts';

/** A site two hours ahead of UTC. */
const clock: WallClock = { nowMs: () => 0, utcOffsetMinutes: () => 120 };
const at = (local: string) => Date.parse(`${local}Z`) - 120 * 60_000;

describe('opening hours', () => {
  const office = new OpeningHours(['mon-thu 08:30-18:00', 'fri 08:30-14:00'], clock);

  it.each([
    ['2026-11-23T08:29', false, 'Monday before'],
    ['2026-11-23T08:30', true, 'Monday, the first minute'],
    ['2026-11-26T17:59', true, 'Thursday, the last minute'],
    ['2026-11-26T18:00', false, 'Thursday, closed'],
    ['2026-11-27T14:00', false, 'Friday afternoon'],
    ['2026-11-28T10:00', false, 'Saturday'],
  ])('%s is open: %s (%s)', (local, open) => {
    expect(office.isOpen(at(local))).toBe(open);
  });

  it('take lists of days, ranges over the end of the week, and times over midnight, which belong to the day they began', () => {
    const bar = new OpeningHours(['fri-sun,tue 20:00-02:00'], clock);
    const open = ['2026-11-24T21:00', '2026-11-25T01:59', '2026-11-29T23:59', '2026-11-30T01:00'];
    const closed = ['2026-11-24T01:00', '2026-11-25T21:00', '2026-11-30T02:00', '2026-11-27T01:00'];
    expect(open.map((local) => bar.isOpen(at(local)))).toEqual([true, true, true, true]);
    expect(closed.map((local) => bar.isOpen(at(local)))).toEqual([false, false, false, false]);
    expect(new OpeningHours(['sat-mon 00:00-24:00'], clock).isOpen(at('2026-11-29T23:59'))).toBe(true);
  });
});
