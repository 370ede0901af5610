import type { Hop } from './hop.ts';
import { type Framed, StreamFramer } from './stream-framer.ts';

/** Who connects is to prove who he is by then: connections are few, and held by saying little. */
const PROOF_MS = 10_000;

export type ConnectedHop = Hop & { readonly connection: number };

/** Connections that bring SIP: the messages in their bytes, and which of them are still to prove who they are. */
export class StreamConnections {
  private readonly framers = new Map<number, StreamFramer>();
  /** By connection, in the order of their deadlines. */
  private readonly unproven = new Map<number, { readonly from: ConnectedHop; readonly untilMs: number }>();

  /** `isProven`: whether whoever is at the other end is no stranger. */
  constructor(private readonly isProven: (from: ConnectedHop) => boolean) {}

  /** What is in the bytes that have come. */
  handleBytes(chunk: Uint8Array, from: ConnectedHop, nowMs: number): Iterable<Framed> {
    const known = this.framers.get(from.connection);
    const framer = known ?? new StreamFramer();
    if (known === undefined) {
      this.framers.set(from.connection, framer);
      this.unproven.set(from.connection, { from, untilMs: nowMs + PROOF_MS });
    }
    return framer.handleBytes(chunk);
  }

  /** After each message: true if it has proved who is there, once. */
  takeProof(from: ConnectedHop): boolean {
    return this.unproven.has(from.connection) && this.isProven(from) && this.unproven.delete(from.connection);
  }

  handleClosed(connection: number): void {
    this.framers.delete(connection);
    this.unproven.delete(connection);
  }

  /** Takes those whose time is over without a proof. */
  takeOverdue(nowMs: number): readonly number[] {
    const overdue: number[] = [];
    for (const [connection, { from, untilMs }] of this.unproven) {
      if (untilMs > nowMs) break;
      this.unproven.delete(connection);
      if (!this.isProven(from)) overdue.push(connection);
    }
    return overdue;
  }

  nextDeadline(): number | undefined {
    const [first] = this.unproven.values();
    return first?.untilMs;
  }
}
