import type { Libc } from './libc.ts';

const THIS_THREAD = 0;
const SCHED_FIFO = 1;
/** Before everything that is not real-time, behind the kernel's own threads. */
const PRIORITY = 10;

/** Lets the calling thread run before all ordinary ones; false where that is not permitted. */
export function becomeRealtime(libc: Libc): boolean {
  const parameter = new Int32Array(new ArrayBuffer(128));
  parameter[0] = PRIORITY;
  return libc.schedSetscheduler(THIS_THREAD, SCHED_FIFO, parameter) === 0;
}
