import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClockDrift } from '../../../src/io/clock-drift.ts';

/** Blocks of 10 ms of a HAT that runs `ppm` fast, each as late as `lateMs` says. */
function hear(drift: ClockDrift, ppm: number, seconds: number, lateMs: (block: number) => number, firstTs = 0): void {
  for (let block = 0; block < seconds * 100; block++)
    drift.note((firstTs + block * 80) >>> 0, 1_000 + (block * 10) / (1 + ppm / 1e6) + lateMs(block));
}

test('is not known before a minute, and null after a start of the HAT', () => {
  const drift = new ClockDrift();
  hear(drift, 20, 60, () => 0);
  expect(drift.ppm).toBeNull();
  hear(drift, 20, 90, () => 0);
  expect(drift.ppm).not.toBeNull();
  drift.reset();
  expect(drift.ppm).toBeNull();
});

test('is found within 5 ppm in five minutes, however late a busy host is, and over the end of the count', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -200, max: 200 }),
      fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 97, maxLength: 97 }),
      (ppm, lateness) => {
        const drift = new ClockDrift();
        hear(drift, ppm, 300, (block) => (block % 50 === 0 ? 0.1 : lateness[block % 97]!), 0xffff_0000);
        expect(Math.abs(drift.ppm! - ppm)).toBeLessThan(5);
      },
    ),
    { numRuns: 20 },
  );
});

test('a HAT whose clock jumps is heard from there anew', () => {
  const drift = new ClockDrift();
  hear(drift, 0, 120, () => 0);
  expect(Math.abs(drift.ppm!)).toBeLessThan(1);
  drift.note(5, 121_000);
  expect(drift.ppm).toBeNull();
});
