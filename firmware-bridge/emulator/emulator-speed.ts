import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Random } from '../../src/base/random.ts';
import { type Board, LINES, MS_PER_BLOCK } from './board.ts';
import { FirmwareHat } from './firmware-hat.ts';

const WARM_UP_MS = 1_200;
const MEASURED_MS = 600;
/** A machine that has not warmed up by then is too slow by far. */
const PATIENCE_MS = 3_000;

/**
 * How many times faster than real time a board runs here with sound on every line, after the compiler has seen it at work.
 * Takes well under a second where it is fast enough, and 3 s where it is not.
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
  const beganMs = nowMs();
  const live = (ms: number) => {
    for (const end = hatMs + ms; hatMs < end && nowMs() - beganMs < PATIENCE_MS; ) {
      hat.tick((hatMs += MS_PER_BLOCK));
      while (hat.poll() !== undefined) hat.command({ type: 'audio', ports, law: 'alaw' }, hatMs);
    }
  };
  live(WARM_UP_MS);
  const [startMs, startHatMs] = hatMs < WARM_UP_MS ? [beganMs, 0] : [nowMs(), hatMs];
  live(MEASURED_MS);
  hat.close();
  return (hatMs - startHatMs) / (nowMs() - startMs);
}
