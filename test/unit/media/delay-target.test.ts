import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { DelayTarget, FIRST_TARGET_MS, MAX_TARGET_MS, MIN_TARGET_MS } from '../../../src/media/delay-target.ts';

let target: DelayTarget;

beforeEach(() => {
  target = new DelayTarget();
});

function note(count: number, transitMs: (n: number) => number, isLate = false): void {
  for (let n = 0; n < count; n++) target.note(transitMs(n), isLate);
}

describe('how long packets should wait', () => {
  it('is 40 ms until enough were seen', () => {
    note(15, () => 7);
    expect(target.targetMs).toBe(FIRST_TARGET_MS);
  });

  it('is the least where there is no jitter', () => {
    note(16, () => -123_456);
    expect(target.targetMs).toBe(MIN_TARGET_MS);
    expect(target.fastestMs).toBe(-123_456);
  });

  it('is what 99 of 100 need, and 20 ms more', () => {
    const random = new SeededRandom(1);
    note(512, () => 500 + random.integer(100));
    expect(target.targetMs).toBeGreaterThan(116);
    expect(target.targetMs).toBeLessThan(120);
  });

  it('is by the packet that 99 of 100 are not behind, however many were seen and in whatever order', () => {
    const transits = fc.array(fc.integer({ min: -1000, max: -880 }), { minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(transits, fc.integer({ min: 1, max: 60 }), (some, reviews) => {
        const judged = new DelayTarget();
        const seen = Array.from({ length: 16 * reviews }, (_, n) => some[(n * 7) % some.length]! + (n % 3));
        for (const transit of seen) judged.note(transit, false);
        const sorted = seen.slice(-512).sort((a, b) => a - b);
        const counted = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
        expect(judged.fastestMs).toBe(sorted[0]);
        expect(judged.targetMs).toBe(Math.max(MIN_TARGET_MS, Math.min(MAX_TARGET_MS, counted - sorted[0]! + 20)));
      }),
    );
  });

  it('is never more than 200 ms', () => {
    const random = new SeededRandom(1);
    note(512, () => random.integer(1000));
    expect(target.targetMs).toBe(MAX_TARGET_MS);
  });

  it('is not moved by a few outliers', () => {
    note(512, (n) => (n % 200 === 0 ? 150 : 0));
    expect(target.targetMs).toBe(MIN_TARGET_MS);
  });

  it('forgets in ten seconds', () => {
    note(512, (n) => (n % 2) * 100);
    expect(target.targetMs).toBe(120);
    note(512, () => 0);
    expect(target.targetMs).toBe(MIN_TARGET_MS);
  });

  it('is judged anew when three in a row were late: the path is another one', () => {
    note(512, () => 0);
    note(3, () => 150, true);
    expect(target.fastestMs).toBe(150);
  });

  it('holds over the wrap of the clock', () => {
    note(512, (n) => (2 ** 31 - 20 + (n % 2) * 40) | 0);
    expect(target.targetMs).toBe(60);
  });
});
