/**
 * Counts by reason. A reason is `part.what` in kebab-case (`iax2.unknown-call`) and must come from the code, never from
 * input, so that the table cannot grow with traffic.
 */
export class Counters {
  private readonly counts = new Map<string, number>();

  increment(reason: string, by = 1): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + by);
  }

  get(reason: string): number {
    return this.counts.get(reason) ?? 0;
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
