import type { Libc } from './libc.ts';

const STOPPED = 0;
const ASLEEP = 1;
const RUNG = 2;
const BEATS = 3;
const REALTIME = 4;
/** A multiple of 2: the times behind them lie on multiples of 8 bytes. */
const FIELDS = 6;
const TIMES_AT = FIELDS * Int32Array.BYTES_PER_ELEMENT;
const FIRST_BEAT = 0;
const LAST_BEAT = 1;
const TIMES = 2;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

/** Each an `eventfd`. */
export interface SignalDescriptors {
  /** The worker sleeps until it can read from it. */
  readonly wakeFd: number;
  /** The main thread's event loop watches it. */
  readonly bellFd: number;
}

/** What an `eventfd` is written to wake who waits for it: 1. */
const ONE = new Uint8Array(new ArrayBuffer(128));
ONE[0] = 1;

/**
 * How main thread and worker get each other's attention, in shared memory: each is woken by an `eventfd`, the worker out of its
 * sleep in the kernel, the main thread's event loop once until it has looked. A message of Node's would cost both more.
 */
export class WorkerSignals {
  private readonly fields: Int32Array;
  private readonly times: Float64Array;
  private readonly counter = new Uint8Array(new ArrayBuffer(128));

  constructor(
    private readonly libc: Libc,
    memory: SharedArrayBuffer,
    private readonly descriptors: SignalDescriptors,
  ) {
    this.fields = new Int32Array(memory, 0, FIELDS);
    this.times = new Float64Array(memory, TIMES_AT, TIMES);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(TIMES_AT + TIMES * Float64Array.BYTES_PER_ELEMENT);
  }

  /** What both wake each other by; −1 where there is none to be had. */
  static openDescriptors(libc: Libc): SignalDescriptors {
    const open = () => libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return { wakeFd: open(), bellFd: open() };
  }

  // ---- main thread

  /** There is something to read: a worker that sleeps until then wakes, one that ticks will find it. */
  wake(): void {
    if (Atomics.load(this.fields, ASLEEP) === 1) this.libc.write(this.descriptors.wakeFd, ONE, 8);
  }

  stop(): void {
    Atomics.store(this.fields, STOPPED, 1);
    this.libc.write(this.descriptors.wakeFd, ONE, 8);
  }

  /** The bell was heard: the next time it is rung for what is reported from now on. */
  answer(): void {
    this.libc.read(this.descriptors.bellFd, this.counter, 8);
    Atomics.store(this.fields, RUNG, 0);
  }

  /** Grows as long as the worker does. */
  get beats(): number {
    return Atomics.load(this.fields, BEATS);
  }

  /** When the worker's first beat was, and its last one until now; 0 = there was none. */
  get firstBeatMs(): number {
    return this.times[FIRST_BEAT]!;
  }

  get lastBeatMs(): number {
    return this.times[LAST_BEAT]!;
  }

  get isRealtime(): boolean {
    return Atomics.load(this.fields, REALTIME) === 1;
  }

  // ---- worker

  get isStopped(): boolean {
    return Atomics.load(this.fields, STOPPED) === 1;
  }

  noteRealtime(): void {
    Atomics.store(this.fields, REALTIME, 1);
  }

  beat(nowMs: number): void {
    // Nobody else writes them.
    if (this.fields[BEATS] === 0) this.times[FIRST_BEAT] = nowMs;
    this.times[LAST_BEAT] = nowMs;
    this.fields[BEATS]!++;
  }

  /** Sleeps in `wait`, which `wake` ends by the descriptor, unless there is something to do already. */
  sleepUntilWoken(hasWork: () => boolean, wait: () => void): void {
    Atomics.store(this.fields, ASLEEP, 1);
    if (!hasWork()) wait();
    Atomics.store(this.fields, ASLEEP, 0);
    this.libc.read(this.descriptors.wakeFd, this.counter, 8);
  }

  /** There is something for the main thread, which can read from `bellFd` until it has answered. */
  ring(): void {
    if (Atomics.exchange(this.fields, RUNG, 1) === 0) this.libc.write(this.descriptors.bellFd, ONE, 8);
  }
}
