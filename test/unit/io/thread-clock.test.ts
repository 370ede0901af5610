import { describe, expect, test } from 'vitest';
import { type Libc, loadLibc } from '../../../src/io/libc.ts';
import { monotonicOffsetMs, ThreadClock } from '../../../src/io/thread-clock.ts';

const EINTR = 4;

function libc(): Libc {
  const loaded = loadLibc();
  if ('failed' in loaded) throw new Error(loaded.failed);
  return loaded;
}

describe("another thread's clock", () => {
  test('counts from where that thread began', () => {
    const clock = new ThreadClock(libc(), monotonicOffsetMs() - 86_400_000);
    const beforeMs = performance.now();
    const nowMs = clock.nowMs() - 86_400_000;
    expect(nowMs).toBeGreaterThan(beforeMs - 0.05);
    expect(nowMs).toBeLessThan(performance.now() + 0.05);
  });

  test('sleeps until its time has come, which may be a second later', () => {
    const clock = new ThreadClock(libc(), monotonicOffsetMs());
    for (const ms of [0.25, 3, 20, 1_001]) {
      const untilMs = clock.nowMs() + ms;
      clock.sleepUntil(untilMs);
      expect(clock.nowMs() - untilMs).toBeGreaterThan(-0.05);
    }
  });

  test('a time that is past costs no sleep', () => {
    const calls: number[] = [];
    const real = libc();
    const clockNanosleep: Libc['clockNanosleep'] = (...time) => {
      const result = real.clockNanosleep(...time);
      calls.push(result);
      return result;
    };
    const clock = new ThreadClock({ ...real, clockNanosleep }, monotonicOffsetMs());
    const before = clock.nowMs();
    clock.sleepUntil(before - 5_000);
    expect(calls).toEqual([0]);
    expect(clock.nowMs() - before).toBeLessThan(1_000);
  });

  test('a signal does not end the sleep', () => {
    const answers = [EINTR, EINTR, 0];
    const clock = new ThreadClock({ ...libc(), clockNanosleep: () => answers.shift() ?? 0 }, monotonicOffsetMs());
    clock.sleepUntil(clock.nowMs() + 5);
    expect(answers).toEqual([]);
  });
});
