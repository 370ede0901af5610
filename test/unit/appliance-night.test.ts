import { expect, it } from 'vitest';
import { NightService } from '../../src/appliance-night.ts';
import { OpeningHours } from '../../src/dialplan/opening-hours.ts';

const HOUR = 3_600_000;
const MONDAY = Date.parse('2026-11-23T00:00Z');

function office() {
  let wallMs = MONDAY + 17.5 * HOUR;
  const hours = new OpeningHours(['mon-fri 08:00-18:00'], { nowMs: () => wallMs, utcOffsetMinutes: () => 0 });
  const night = new NightService(hours);
  const live = (ms: number) => {
    for (const end = wallMs + ms; wallMs < end; ) {
      wallMs += 30_000;
      night.handleTimeout(wallMs - MONDAY);
    }
  };
  const hoursOf = (text: string) => new OpeningHours([text], { nowMs: () => wallMs, utcOffsetMinutes: () => 0 });
  return { night, live, hoursOf, nowMs: () => wallMs - MONDAY };
}

it('follows the hours', () => {
  const { night, live } = office();
  expect(night.isNight).toBe(false);
  live(HOUR);
  expect(night.isNight).toBe(true);
  live(14 * HOUR);
  expect(night.isNight).toBe(false);
  expect(night.nextDeadline()).toBeUndefined();
});

it('begins early when the key says so, and the next morning is a morning like any other', () => {
  const { night, live, nowMs } = office();
  expect(night.toggle(nowMs())).toBe(true);
  expect(night.isNight).toBe(true);
  live(HOUR);
  expect(night.nextDeadline()).toBeUndefined();
  live(14 * HOUR);
  expect(night.isNight).toBe(false);
});

it('pressed twice is as if it had not been pressed', () => {
  const { night, live, nowMs } = office();
  night.toggle(nowMs());
  expect(night.toggle(nowMs())).toBe(false);
  expect(night.nextDeadline()).toBeUndefined();
  live(HOUR);
  expect(night.isNight).toBe(true);
});

it('goes on after a restart with what the key said, until the hours say the same', () => {
  const { night, live, nowMs } = office();
  night.resume(true, nowMs());
  expect([night.isNight, night.override]).toEqual([true, true]);
  live(HOUR);
  expect([night.isNight, night.override]).toEqual([true, null]);
  live(14 * HOUR);
  expect(night.isNight).toBe(false);
  night.resume(false, nowMs());
  expect(night.override).toBeNull();
});

it('without hours is what the key said last, and waits for nothing', () => {
  const night = new NightService(undefined);
  expect(night.isNight).toBe(false);
  night.toggle(0);
  expect(night.isNight).toBe(true);
  expect(night.nextDeadline()).toBeUndefined();
  night.toggle(0);
  expect(night.isNight).toBe(false);
});

it('follows other hours at once', () => {
  const { night, hoursOf, nowMs } = office();
  night.setHours(hoursOf('mon-fri 08:00-17:00'), nowMs());
  expect(night.isNight).toBe(true);
  night.setHours(undefined, nowMs());
  expect(night.isNight).toBe(false);
});

it('keeps what the key said under other hours, until they say the same', () => {
  const { night, live, hoursOf, nowMs } = office();
  night.toggle(nowMs());
  night.setHours(hoursOf('mon-fri 08:00-19:00'), nowMs());
  live(30_000);
  expect([night.isNight, night.override]).toEqual([true, true]);
  night.setHours(hoursOf('mon-fri 08:00-17:00'), nowMs());
  live(30_000);
  expect([night.isNight, night.override]).toEqual([true, null]);
  night.toggle(nowMs());
  night.setHours(undefined, nowMs());
  expect([night.isNight, night.nextDeadline()]).toEqual([false, undefined]);
});
