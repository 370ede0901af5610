import { describe, expect, onTestFinished, test } from 'vitest';
import { batchedIo } from '../../../src/io/batched-io.ts';
import type { Libc } from '../../../src/io/libc.ts';
import { ReadableWait } from '../../../src/io/socket-batches.ts';
import { WorkerSignals } from '../../../src/io/worker-signals.ts';
import { waitUntil } from '../../support/wait-until.ts';

function libc(): Libc {
  const usable = batchedIo();
  if ('failed' in usable) throw new Error(usable.failed);
  return usable;
}

/** The ends of main thread and worker, on one thread. */
function bothEnds() {
  const descriptors = WorkerSignals.openDescriptors(libc());
  onTestFinished(() => {
    for (const fd of Object.values(descriptors)) libc().close(fd);
  });
  const memory = WorkerSignals.memory();
  const [main, worker] = [
    new WorkerSignals(libc(), memory, descriptors),
    new WorkerSignals(libc(), memory, descriptors),
  ];
  const wait = new ReadableWait(libc(), [descriptors.wakeFd]);
  /** Whether the descriptor can be read. */
  const isWoken = () => {
    const before = performance.now();
    wait.wait(2_000);
    return performance.now() - before < 1_000;
  };
  return { main, worker, isWoken, bellFd: descriptors.bellFd };
}

describe('signals between main thread and worker', () => {
  test('a worker that sleeps is woken, also by what comes as it falls asleep', () => {
    const { main, worker, isWoken } = bothEnds();
    let woken: boolean | undefined;
    worker.sleepUntilWoken(
      () => {
        main.wake();
        return false;
      },
      () => (woken = isWoken()),
    );
    expect(woken).toBe(true);
  });

  test('one that has work does not sleep', () => {
    let slept = false;
    bothEnds().worker.sleepUntilWoken(
      () => true,
      () => (slept = true),
    );
    expect(slept).toBe(false);
  });

  test('a stop wakes it and stands', () => {
    const { main, worker, isWoken } = bothEnds();
    expect(worker.isStopped).toBe(false);
    main.stop();
    expect(isWoken()).toBe(true);
    expect(worker.isStopped).toBe(true);
  });

  test('the event loop of the main thread is rung for, and hears nothing more once it has answered', async () => {
    const { main, worker, bellFd } = bothEnds();
    let heard = 0;
    const watch = libc().watch(bellFd, () => {
      heard++;
      main.answer();
    });
    onTestFinished(() => watch.close());
    worker.ring();
    worker.ring();
    await waitUntil('the bell to be heard', 10_000, () => heard > 0);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(heard).toBe(1);
    worker.ring();
    await waitUntil('the bell to be heard again', 10_000, () => heard > 1);
  });

  test('beats are counted, and the first and the last one are known by their times', () => {
    const { main, worker } = bothEnds();
    expect([main.beats, main.firstBeatMs, main.lastBeatMs]).toEqual([0, 0, 0]);
    for (const ms of [100.5, 105, 110.25]) worker.beat(ms);
    expect([main.beats, main.firstBeatMs, main.lastBeatMs]).toEqual([3, 100.5, 110.25]);
  });
});
