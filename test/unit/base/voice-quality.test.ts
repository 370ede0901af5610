import { describe, expect, it } from 'vitest';
import { estimateMos } from '../../../src/base/voice-quality.ts';

describe('estimateMos [G.107 annex B]', () => {
  it.each([
    [0, 0, 4.4],
    [0, 150, 4.3],
    [1, 50, 3.8],
    [5, 50, 2.1],
    [100, 50, 1],
    [0, 5_000, 1],
  ])('a loss of %d in 100 and %d ms of delay give %d', (lossPct, delayMs, mos) => {
    expect(estimateMos({ lossPct, delayMs })).toBe(mos);
  });

  it('never gets better as loss or delay grow', () => {
    for (let lossPct = 0; lossPct < 100; lossPct++)
      for (let delayMs = 0; delayMs < 1_000; delayMs += 50) {
        const here = estimateMos({ lossPct, delayMs });
        expect(estimateMos({ lossPct: lossPct + 1, delayMs })).toBeLessThanOrEqual(here);
        expect(estimateMos({ lossPct, delayMs: delayMs + 50 })).toBeLessThanOrEqual(here);
      }
  });
});
