import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Random } from '../../src/base/random.ts';
import { type Board, LINES, MS_PER_BLOCK } from './board.ts';
import { FirmwareHat } from './firmware-hat.ts';

const WARM_UP_MS = 1_200;
const MEASURED_MS = 600;

/**
 * How many times faster than real time a board runs here with sound on every line, after the compiler has seen it at
 * work. Takes well under a second where it is fast enough.
 */
export function measureSpeed(board: Board, random: Random, nowMs: () => number): number {
  const ports = Array.from({ length: LINES }, (_, i) => i + 1);
  const hat = new FirmwareHat({
    board,
    ports,
    exchange: () => {},
    random,
    counters: new Counters(),
    log: silentLog,
  });
  let hatMs = 0;
  const live = (ms: number) => {
    for (const end = hatMs + ms; hatMs < end; ) {
      hat.tick((hatMs += MS_PER_BLOCK));
      while (hat.poll() !== undefined) hat.command({ type: 'audio', ports, law: 'alaw' }, hatMs);
    }
  };
  live(WARM_UP_MS);
  const startMs = nowMs();
  live(MEASURED_MS);
  hat.close();
  return MEASURED_MS / (nowMs() - startMs);
}
