import { expect, it } from 'vitest';
import { type Board, LINES, MS_PER_BLOCK, SAMPLES } from '../../../../firmware-bridge/emulator/board.ts';
import { measureSpeed } from '../../../../firmware-bridge/emulator/emulator-speed.ts';
import { SeededRandom } from '../../../../src/base/random.ts';

/** How fast a board seems that does nothing, and takes so long for a block at first and once it is warm. */
function speedOf(coldBlockMs: number, warmBlockMs: number) {
  let nowMs = 5_000;
  let blocks = 0;
  const board: Board = {
    run: () => {
      nowMs += blocks++ < 60 ? coldBlockMs : warmBlockMs;
      const drives = new Uint8Array(MS_PER_BLOCK * LINES);
      const played = new Uint8Array(SAMPLES * LINES);
      return { uart: new Uint8Array(0), drives, leds: new Uint8Array(0), law: 'ulaw', relay: true, played };
    },
    close: () => {},
  };
  return { speed: measureSpeed(board, new SeededRandom(1), () => nowMs), tookMs: nowMs - 5_000 };
}

it('measures how many times faster than real time a board runs once it is warm', () => {
  expect(speedOf(20, 4).speed).toBeCloseTo(2.5, 2);
});

it('gives up after 3 s on a machine that is too slow by far, and says how slow', () => {
  const { speed, tookMs } = speedOf(100, 100);
  expect(speed).toBeCloseTo(0.1, 2);
  expect(tookMs).toBeLessThanOrEqual(3_100);
});
