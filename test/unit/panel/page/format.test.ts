import { expect, it } from 'vitest';
import { formatDuration, formatSpan, qualityWord, wordOf } from '../../../../src/panel/page/format.ts';

it.each([
  [-50, '0:00'],
  [7_900, '0:07'],
  [754_000, '12:34'],
  [3_723_000, '1:02:03'],
])('shows %d ms of a call as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it.each([
  [59_000, 'under a minute'],
  [240_000, '4 min'],
  [11_040_000, '3 h 4 min'],
  [183_600_000, '2 d 3 h'],
])('shows %d ms of uptime as %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

it('has words for states and qualities, and shows a state that it does not know as it is', () => {
  expect(wordOf('dial-tone')).toBe('Dial tone');
  expect(wordOf('parked')).toBe('parked');
  expect([4.4, 3.5, 2].map(qualityWord)).toEqual(['good', 'fair', 'poor']);
});
