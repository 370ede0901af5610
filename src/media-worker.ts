/**
 * The media worker: takes and sends the voice of calls on a grid of 5 ms, on a thread that never returns to an event
 * loop (docs/decisions/0021-media-worker.md). The main thread starts it and gives it its work through shared memory.
 */
import { workerData } from 'node:worker_threads';
import { DatagramPace } from './io/datagram-pace.ts';
import { Lateness } from './io/lateness.ts';
import { loadLibc } from './io/libc.ts';
import { becomeRealtime } from './io/realtime-thread.ts';
import { ReadableWait } from './io/socket-batches.ts';
import { ThreadClock } from './io/thread-clock.ts';
import { WorkerSignals } from './io/worker-signals.ts';
import { workerSockets } from './io/worker-sockets.ts';
import { TICK_MS } from './media/media-stream.ts';
import { WorkerPlane } from './media/worker-plane.ts';
import type { MediaWorkerStart } from './media-worker-host.ts';

/** No system call is without a timeout: a worker that sleeps for ever could not be ended. */
const IDLE_MS = 200;

const start = workerData as MediaWorkerStart;
const libc = loadLibc();
if ('failed' in libc) throw new Error(libc.failed);
const signals = new WorkerSignals(libc, start.signals, start.signalDescriptors);
const lateness = new Lateness(start.lateness);
const sockets = workerSockets(libc, start.descriptors, (reason) => plane.count(reason));
const plane = new WorkerPlane(start.link, sockets);
const { iax2, rtp } = start.descriptors;
const readable = new ReadableWait(
  libc,
  [iax2, rtp].flatMap((one) => one?.fd ?? []).concat(start.signalDescriptors.wakeFd),
);
const came = () => (sockets.iax2?.came ?? 0) + (sockets.rtp?.came ?? 0);
const hasCommands = () => plane.hasCommands;
const waitReadable = () => readable.wait(IDLE_MS);
/** Of signalling, while no call stands: a storm of registrations is taken on the grid, too. */
const pace = new DatagramPace();
const clock = new ThreadClock(libc, start.monotonicOffsetMs);

if (becomeRealtime(libc)) signals.noteRealtime();
/** `dueMs` 0 = none: the worker was idle. In an object, since a variable of the module would have a new one for each number. */
const time = { dueMs: 0, nowMs: clock.nowMs() };
/** One tick. In a function that is called again and again V8 compiles it well; a loop at the module's end it would not. */
function turn(): void {
  if (plane.isIdle && !pace.isFast) {
    signals.sleepUntilWoken(hasCommands, waitReadable);
    time.dueMs = 0;
  } else {
    // Slots that were slept through are left out.
    time.dueMs =
      time.dueMs + TICK_MS > time.nowMs ? time.dueMs + TICK_MS : (Math.floor(time.nowMs / TICK_MS) + 1) * TICK_MS;
    clock.sleepUntil(time.dueMs);
  }
  time.nowMs = clock.nowMs();
  if (time.dueMs > 0) {
    lateness.add(Math.max(0, time.nowMs - time.dueMs));
    // Woken early by a part of a millisecond: the slot is this one all the same.
    time.nowMs = Math.max(time.nowMs, time.dueMs);
  }
  signals.beat(time.nowMs);
  const cameBefore = came();
  // In whole ms, as the grid is: a fraction is made anew as an object for each function that it is handed to.
  if (plane.tick(Math.floor(time.nowMs))) signals.ring();
  pace.note(came() - cameBefore, time.nowMs);
}

while (!signals.isStopped) turn();
