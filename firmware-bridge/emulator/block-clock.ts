/** A stall of the process longer than this stops the HAT's clock, too: its phones do not dial into nothing. */
const CATCH_UP_BLOCKS = 5;

/** How many blocks an emulated HAT has to live, by its own crystal; the first question starts it. */
export class BlockClock {
  private startMs: number | undefined;
  private taken = 0;
  private stalled = 0;

  constructor(private readonly blockMs: number) {}

  /** Blocks by which the process came too late. */
  get stalledBlocks(): number {
    return this.stalled;
  }

  /** The end of the block that runs; at once before the first `take`. */
  nextDeadline(): number {
    return this.startMs === undefined ? 0 : this.startMs + (this.taken + 1) * this.blockMs;
  }

  /** The number of blocks that have ended and were not taken. */
  take(nowMs: number): number {
    this.startMs ??= nowMs;
    const due = Math.floor((nowMs - this.startMs) / this.blockMs + 1e-9) - this.taken;
    if (due <= 0) return 0;
    const late = Math.max(0, due - CATCH_UP_BLOCKS);
    this.startMs += late * this.blockMs;
    this.stalled += late;
    this.taken += due - late;
    return due - late;
  }
}
