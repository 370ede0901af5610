import type { Libc } from './libc.ts';
import { readWord, writeWord } from './message-layout.ts';

const CLOCK_MONOTONIC = 1;
const TIMER_ABSTIME = 1;
const EINTR = 4;

/** Two clocks cannot be read at once: of so many readings the one counts between which the least time has passed. */
const OFFSET_READINGS = 8;

/** What this thread's `performance.now()` lacks to the clock that all threads share, ms. */
export function monotonicOffsetMs(): number {
  let offsetMs = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < OFFSET_READINGS; n++) {
    const [seconds, nanoseconds] = process.hrtime();
    offsetMs = Math.max(offsetMs, seconds * 1000 + nanoseconds / 1e6 - performance.now());
  }
  return offsetMs;
}

/** The `performance.now()` of another thread, on one that may sleep in the kernel. */
export class ThreadClock {
  private readonly time: DataView;
  private readonly timeAddress: bigint;

  /** `offsetMs`: the other thread's `monotonicOffsetMs`. */
  constructor(
    private readonly libc: Libc,
    private readonly offsetMs: number,
  ) {
    const memory = new ArrayBuffer(2 * libc.pointerBytes);
    this.time = new DataView(memory);
    this.timeAddress = BigInt(libc.addressOf(memory));
  }

  /**
   * By the kernel's clock, whose way is warm after a sleep in it; `performance.now()` costs more than twice as much when
   * asked once in 5 ms.
   */
  nowMs(): number {
    const { pointerBytes } = this.libc;
    this.libc.clockGettime(CLOCK_MONOTONIC, this.timeAddress);
    const seconds = readWord(this.time, 0, pointerBytes);
    return 1000 * seconds + readWord(this.time, pointerBytes, pointerBytes) / 1e6 - this.offsetMs;
  }

  /** Returns at once if it is later already. */
  sleepUntil(ms: number): void {
    const { pointerBytes } = this.libc;
    const at = ms + this.offsetMs;
    const seconds = Math.floor(at / 1000);
    // Rounded up: who wakes up before the time would sleep again.
    const nanoseconds = Math.min(999_999_999, Math.ceil((at - 1000 * seconds) * 1e6));
    writeWord(this.time, 0, seconds, pointerBytes);
    writeWord(this.time, pointerBytes, nanoseconds, pointerBytes);
    while (this.libc.clockNanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, this.timeAddress) === EINTR);
  }
}
