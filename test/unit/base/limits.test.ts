import { describe, expect, it } from 'vitest';
import { Lockout, TokenBucket } from '../../../src/base/limits.ts';

describe('TokenBucket', () => {
  it('lets a burst through, then the rate', () => {
    const bucket = new TokenBucket(10, 3);
    expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([true, true, true, false]);
    expect([bucket.take(99), bucket.take(100), bucket.take(101)]).toEqual([false, true, false]);
    expect([1, 2, 3, 4].map(() => bucket.take(1e9))).toEqual([true, true, true, false]);
  });
});

describe('Lockout', () => {
  const options = { failures: 3, windowMs: 1_000, lockMs: 5_000 };

  it('locks an address out after so many failures within the window, and lets it in again', () => {
    const lockout = new Lockout(options);
    expect([lockout.fail('a', 0), lockout.fail('a', 500), lockout.fail('a', 1_000)]).toEqual([false, false, true]);
    expect([lockout.isLocked('a', 5_999), lockout.isLocked('a', 6_000), lockout.isLocked('b', 1_000)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('forgets failures that are older than the window, and all of them at a success', () => {
    const lockout = new Lockout(options);
    lockout.fail('a', 0);
    lockout.fail('a', 0);
    expect(lockout.fail('a', 1_001)).toBe(false);
    lockout.fail('b', 0);
    lockout.fail('b', 0);
    lockout.succeed('b');
    expect(lockout.fail('b', 1)).toBe(false);
  });

  it('watches a bounded number of addresses', () => {
    const lockout = new Lockout(options);
    for (let i = 0; i < 10_000; i++) lockout.fail(`10.0.${i >> 8}.${i & 255}`, i);
    expect(lockout.size).toBe(4_096);
  });
});
