import type { Libc } from './libc.ts';

const STOPPED = 0;
const ASLEEP = 1;
const RUNG = 2;
const BEATS = 3;
const REALTIME = 4;
const FIELDS = 5;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

/** What an `eventfd` is written to wake who waits for it: 1. */
const ONE = new Uint8Array(new ArrayBuffer(128));
ONE[0] = 1;

/**
 * How main thread and worker get each other's attention, in shared memory: the worker sleeps in the kernel and has no event
 * loop, so it is woken by an `eventfd`; the main thread is told by a message, once until it has looked.
 */
export class WorkerSignals {
  private readonly fields: Int32Array;
  private readonly counter = new Uint8Array(new ArrayBuffer(128));

  constructor(
    private readonly libc: Libc,
    memory: SharedArrayBuffer,
    readonly wakeFd: number,
  ) {
    this.fields = new Int32Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** A descriptor to wake by; −1 if there is none to be had. */
  static wakeDescriptor(libc: Libc): number {
    return libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }

  // ---- main thread

  /** There is something to read: a worker that sleeps until then wakes, one that ticks will find it. */
  wake(): void {
    if (Atomics.load(this.fields, ASLEEP) === 1) this.libc.write(this.wakeFd, ONE, 8);
  }

  stop(): void {
    Atomics.store(this.fields, STOPPED, 1);
    this.libc.write(this.wakeFd, ONE, 8);
  }

  /** The message came: the next one is for what is reported from now on. */
  answer(): void {
    Atomics.store(this.fields, RUNG, 0);
  }

  /** Grows as long as the worker does. */
  get beats(): number {
    return Atomics.load(this.fields, BEATS);
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

  beat(): void {
    // Nobody else writes it.
    this.fields[BEATS]!++;
  }

  /** Sleeps in `wait`, which `wake` ends by the descriptor, unless there is something to do already. */
  sleepUntilWoken(hasWork: () => boolean, wait: () => void): void {
    Atomics.store(this.fields, ASLEEP, 1);
    if (!hasWork()) wait();
    Atomics.store(this.fields, ASLEEP, 0);
    this.libc.read(this.wakeFd, this.counter, 8);
  }

  /** Whether the main thread must be sent a message. */
  ring(): boolean {
    return Atomics.exchange(this.fields, RUNG, 1) === 0;
  }
}
