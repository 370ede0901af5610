import { z } from 'zod';
import type { Fault } from './signed.ts';

/** A duration as the configuration writes it, or seconds. */
export const duration = z.union([z.number().positive(), z.string().regex(/^\d+(?:ms|s|m|h)$/)]).transform((value) => {
  if (typeof value === 'number') return value * 1000;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[value.replace(/\d+/, '') as 'ms' | 's' | 'm' | 'h'];
  return Number.parseInt(value, 10) * unit;
});

/** What a trial must reach again. */
export interface Reach {
  /** Trunks that calls can go over, as far as that can be seen. */
  readonly trunks: readonly string[];
  readonly broker: boolean;
}

/** How often a trial is looked at. */
export const LOOK_MS = 500;
/** Everything must be reached for so long at a stretch: what was lost shows by then. */
const STEADY_MS = 5_000;

/** Whether what is on trial reaches what was reached before it. What was down before is not waited for. */
export class Probation {
  private brokerReached = false;
  private steadySinceMs: number | undefined;

  constructor(
    private readonly wanted: Reach,
    private readonly withinMs: number,
    private readonly reach: () => Pick<Reach, 'trunks'>,
  ) {}

  /** A broker has what was told in this trial. */
  noteBroker(): void {
    this.brokerReached = true;
  }

  /** Whether all is reached, and has been for long enough; to be asked every `LOOK_MS`. */
  passes(nowMs: number): boolean {
    if (this.lacksBroker() || this.unreached().length > 0) {
      this.steadySinceMs = undefined;
      return false;
    }
    this.steadySinceMs ??= nowMs;
    return nowMs - this.steadySinceMs >= Math.min(STEADY_MS, this.withinMs / 2);
  }

  /** Why it has not passed so far. */
  missing(): Fault[] {
    const faults = this.unreached().map((name) => ({
      path: '',
      message: `the trunk ${name} was reached before and is not any longer`,
    }));
    if (this.lacksBroker()) faults.push({ path: '', message: 'the broker was not reached' });
    return faults;
  }

  private lacksBroker(): boolean {
    return this.wanted.broker && !this.brokerReached;
  }

  private unreached(): string[] {
    const { trunks } = this.reach();
    return this.wanted.trunks.filter((name) => !trunks.includes(name));
  }
}
