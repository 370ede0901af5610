import { setFlagsFromString } from 'node:v8';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Tells the engine to keep the young generation of each thread as large as it begins, 2 MB on the main thread: else that
 * doubles, up to 32 MB, as often as much of it survives, and none is given back. So little is collected by one thread: to wake
 * others takes longer, and they take the cores of those who call.
 */
export function keepYoungGenerationsSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-parallel-scavenge');
}

/** Starts a thread. The engine sets the growth of all young generations to what it thinks least, 2, whenever one begins. */
export function startWorker(script: URL, options: WorkerOptions): Worker {
  const worker = new Worker(script, options);
  worker.once('online', keepYoungGenerationsSmall);
  return worker;
}
