import type { Hop } from './hop.ts';

/** What is left of a server transaction that has said its last: enough to answer what comes again, and no more. */
export interface Stragglers {
  /** A repeated request is sent this again, there; absent: it is taken in silence. */
  readonly answer?: { readonly to: Hop; readonly bytes: Uint8Array };
  /** Whether an ACK is for a refusal, and taken in silence; that of a 2xx is the user's. */
  readonly takesAck: boolean;
  /** Of the response to an INVITE. */
  readonly toTag?: string | undefined;
  /** How long they may come, ms: timers I, J and L. [RFC3261 §17.2] [RFC6026 §7.1] */
  readonly durationMs: number;
}

interface Entry {
  readonly stragglers: Stragglers;
  readonly key: string;
  readonly mergeKey: string | undefined;
  readonly untilMs: number;
  later: Entry | undefined;
}

/** Entries of one duration, which are over in the order in which they came. */
interface Line {
  first: Entry | undefined;
  last: Entry | undefined;
}

/**
 * Server transactions that are over but for stragglers. A switch under load has thousands of them for every one that is
 * under way: each is kept as the bytes of its response and two keys, without the messages.
 */
export class StragglerTable {
  private readonly byKey = new Map<string, Entry>();
  private readonly merges = new Set<string>();
  /** By duration, ms. */
  private readonly lines = new Map<number, Line>();

  get size(): number {
    return this.byKey.size;
  }

  add(key: string, mergeKey: string | undefined, stragglers: Stragglers, nowMs: number): void {
    const { durationMs } = stragglers;
    const entry: Entry = { stragglers, key, mergeKey, untilMs: nowMs + durationMs, later: undefined };
    this.byKey.set(key, entry);
    if (mergeKey !== undefined) this.merges.add(mergeKey);
    const line = this.lines.get(durationMs);
    if (line === undefined) this.lines.set(durationMs, { first: entry, last: entry });
    else {
      if (line.last === undefined) line.first = entry;
      else line.last.later = entry;
      line.last = entry;
    }
  }

  get(key: string): Stragglers | undefined {
    return this.byKey.get(key)?.stragglers;
  }

  /** Whether a request that is the same but for its path was answered lately. */
  hasMerge(mergeKey: string): boolean {
    return this.merges.has(mergeKey);
  }

  nextDeadline(): number | undefined {
    return this.next()?.first?.untilMs;
  }

  handleTimeout(nowMs: number): void {
    for (let line = this.next(); line?.first !== undefined && line.first.untilMs <= nowMs; line = this.next())
      this.dropFirst(line);
  }

  /** Makes room: gives up the one whose time is over first; false if there is none. */
  dropOldest(): boolean {
    const line = this.next();
    if (line !== undefined) this.dropFirst(line);
    return line !== undefined;
  }

  private next(): Line | undefined {
    let next: Line | undefined;
    for (const line of this.lines.values())
      if (line.first !== undefined && line.first.untilMs < (next?.first?.untilMs ?? Number.POSITIVE_INFINITY))
        next = line;
    return next;
  }

  private dropFirst(line: Line): void {
    const { first } = line;
    if (first === undefined) return;
    line.first = first.later;
    if (line.first === undefined) line.last = undefined;
    this.byKey.delete(first.key);
    if (first.mergeKey !== undefined) this.merges.delete(first.mergeKey);
  }
}
