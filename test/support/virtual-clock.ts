import type { Clock } from '../../src/io/clock.ts';

/** A clock that moves only when told to: `advance` runs what falls due on the way, each at its own instant. */
export class VirtualClock implements Clock {
  private ms = 0;
  private tasks: { atMs: number; task: () => void }[] = [];

  constructor(private readonly startWallMs = Date.UTC(2026, 0, 1)) {}

  nowMs(): number {
    return this.ms;
  }

  wallMs(): number {
    return this.startWallMs + this.ms;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.ms + Math.max(0, delayMs), task };
    this.tasks.push(entry);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const next = this.tasks
        .filter((entry) => entry.atMs <= end)
        .reduce<{ atMs: number; task: () => void } | undefined>(
          (first, entry) => (first === undefined || entry.atMs < first.atMs ? entry : first),
          undefined,
        );
      if (next === undefined) break;
      this.tasks = this.tasks.filter((entry) => entry !== next);
      this.ms = next.atMs;
      next.task();
    }
    this.ms = end;
  }

  /** How many tasks wait: 0 once everything that was started has been stopped. */
  get pending(): number {
    return this.tasks.length;
  }
}
