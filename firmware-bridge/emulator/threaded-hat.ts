import { earliest } from '../../src/base/machine.ts';
import type { Deeds, World } from './board.ts';
import { BoardHat, type BoardHatOptions } from './board-hat.ts';

/** A board that lives in another thread: given a block's world, it says later what it did in it. */
export interface BoardThread {
  run(world: World): void;
}

/**
 * A board that takes its time, in another thread, and host and phones in this one. The board's clock waits for the host's
 * answers, so a thread that comes late stretches time and loses no block; what it cannot catch up is counted.
 */
export class ThreadedHat extends BoardHat {
  private due = 0;
  private busy = false;
  private started = false;

  constructor(
    options: BoardHatOptions,
    private readonly thread: BoardThread,
  ) {
    super(options);
  }

  /** The end of the block that runs; while the board is at work only what the link waits for. */
  override nextDeadline(): number {
    const block = this.busy ? undefined : this.clock.nextDeadline();
    return earliest(block, this.serial.nextDeadline()) ?? Number.POSITIVE_INFINITY;
  }

  tick(nowMs: number): void {
    if (!this.started) {
      this.started = true;
      this.serial.handleOpened(nowMs);
    }
    this.next(nowMs);
    this.serial.handleTimeout(nowMs);
  }

  /** The thread has lived the block that it was given. */
  handleDeeds(deeds: Deeds, nowMs: number): void {
    this.busy = false;
    this.due--;
    this.surroundings.end(deeds);
    this.serial.handleBytes(deeds.uart, nowMs);
    this.next(nowMs);
  }

  protected transmit(bytes: Uint8Array): void {
    this.surroundings.feed(bytes);
  }

  private next(nowMs: number): void {
    if (this.busy) return;
    if (this.due === 0) this.due = this.clock.take(nowMs);
    if (this.due === 0) return;
    this.busy = true;
    this.thread.run(this.surroundings.begin());
  }
}
