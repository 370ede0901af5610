/**
 * Counts by reason. A reason is `part.what` in kebab-case (`iax2.unknown-call`) and must come from the code, never from
 * input, so that the table cannot grow with traffic.
 */
export class Counters {
  private readonly counts = new Map<string, number>();
  private readonly sources = new Set<() => void>();

  /** `source` adds what was counted elsewhere, whenever the table is read, until what this gives is called. */
  readFrom(source: () => void): () => void {
    this.sources.add(source);
    return () => this.sources.delete(source);
  }

  increment(reason: string, by = 1): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + by);
  }

  get(reason: string): number {
    return this.counts.get(reason) ?? 0;
  }

  snapshot(): Record<string, number> {
    for (const source of this.sources) source();
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
