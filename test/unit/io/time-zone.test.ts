import { expect, test } from 'vitest';
import { utcOffsetMinutes } from '../../../src/io/time-zone.ts';

const WINTER = Date.UTC(2026, 0, 15);
const SUMMER = Date.UTC(2026, 6, 15);

test.each([
  ['UTC', 0, 0],
  ['Europe/Paris', 60, 120],
  ['America/New_York', -300, -240],
  ['Asia/Kolkata', 330, 330],
  ['America/St_Johns', -210, -150],
  ['Pacific/Chatham', 825, 765],
])('%s is %d minutes ahead of UTC in January and %d in July', (zone, winter, summer) => {
  expect(utcOffsetMinutes(zone, WINTER)).toBe(winter);
  expect(utcOffsetMinutes(zone, SUMMER)).toBe(summer);
});

test('changes with daylight saving at its instant', () => {
  const change = Date.UTC(2026, 2, 29, 1);
  expect([utcOffsetMinutes('Europe/Paris', change - 1), utcOffsetMinutes('Europe/Paris', change)]).toEqual([60, 120]);
});

test.each(['', 'Nowhere/Town', 'Europe/Paris; x'])('%j is no zone', (zone) => {
  expect(utcOffsetMinutes(zone, WINTER)).toBeUndefined();
});
