import { earliest } from './machine.ts';

/**
 * A machine's timers by name. A name says in a trace or a test what is due; a handle would not.
 *
 * @example
 * const timers = new Timers<'ping' | 'lagrq'>();
 * timers.set('ping', nowMs + 21_000);
 * for (const name of timers.due(nowMs)) …   // each due timer once, earliest first, cleared before it is given
 */
export class Timers<Name extends string> {
  private readonly deadlines = new Map<Name, number>();

  set(name: Name, atMs: number): void {
    this.deadlines.set(name, atMs);
  }

  clear(name: Name): void {
    this.deadlines.delete(name);
  }

  clearAll(): void {
    this.deadlines.clear();
  }

  at(name: Name): number | undefined {
    return this.deadlines.get(name);
  }

  next(): number | undefined {
    let next: number | undefined;
    for (const at of this.deadlines.values()) next = earliest(next, at);
    return next;
  }

  /** Takes the earliest timer that is due, if any. */
  take(nowMs: number): Name | undefined {
    let found: Name | undefined;
    let foundAt = Number.POSITIVE_INFINITY;
    for (const [name, at] of this.deadlines) {
      if (at <= nowMs && at < foundAt) {
        found = name;
        foundAt = at;
      }
    }
    if (found !== undefined) this.deadlines.delete(found);
    return found;
  }

  /** Each timer that is due, earliest first; a timer set again meanwhile to a later time is not given twice. */
  *due(nowMs: number): Generator<Name> {
    for (let name = this.take(nowMs); name !== undefined; name = this.take(nowMs)) yield name;
  }

  get size(): number {
    return this.deadlines.size;
  }
}
