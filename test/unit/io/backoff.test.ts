import { expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { backoffMs } from '../../../src/io/backoff.ts';

it('doubles up to its cap, at least half of it and never more', () => {
  const random = new SeededRandom(7);
  for (let failures = 1; failures < 2_000; failures++) {
    const fullMs = Math.min(60_000, 1_000 * 2 ** (failures - 1));
    const delayMs = backoffMs(failures, random);
    expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
    expect(delayMs).toBeLessThanOrEqual(fullMs);
  }
});
