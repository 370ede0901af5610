import type { Random } from '../base/random.ts';

/**
 * How long to wait before the next attempt, after `failures` failures in a row (1 or more): doubling from `firstMs` to
 * `maxMs`, of which at least half and the rest at random, so that a thousand branches do not come back as one.
 */
export function backoffMs(failures: number, random: Random, firstMs = 1_000, maxMs = 60_000): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + random.next() / 2);
}
