import { performance } from 'node:perf_hooks';

/** Time as the I/O ring sees it. Machines never get a clock: they get `nowMs`, read from here by their driver. */
export interface Clock {
  /** Monotonic ms since an arbitrary start; corrections of the wall clock do not move it. */
  nowMs(): number;
  /** Milliseconds since 1970, UTC; may jump. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`; gives what cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** The longest delay that Node's timers take; a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};

/** Both clocks at one moment: by them, a time of the one is told in the other. */
export function readClocks(): { readonly nowMs: number; readonly wallMs: number } {
  return { nowMs: systemClock.nowMs(), wallMs: systemClock.wallMs() };
}
