import { Timers } from '../base/timers.ts';
import type { Hop } from './hop.ts';
import type { Message, Request, Response } from './message.ts';

/** The three times that all timers of transactions are made of, ms. [RFC3261 §17.1.1.1, table 4] */
export interface TimerBase {
  /** Round-trip time to count on. */
  readonly t1Ms: number;
  /** The longest pause between retransmissions. */
  readonly t2Ms: number;
  /** How long a message may stay in the network. */
  readonly t4Ms: number;
}

export const DEFAULT_TIMER_BASE: TimerBase = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

/** How many T1 a transaction is given: timers B, F, H, J, L and M. */
export const TIMEOUT_T1 = 64;

/** How long a client transaction waits for the rest of what it answers on datagrams: timer D. [RFC3261 §17.1.1.2] */
export const TIMER_D_MS = 32_000;

/** What a transaction needs from the layer that holds it. */
export interface TransactionSurroundings {
  readonly base: TimerBase;
  /** Gives the bytes of the message. */
  transmit(to: Hop, message: Message): Uint8Array;
  /** Sends once more what was sent before. */
  repeat(to: Hop, bytes: Uint8Array): void;
}

/** What client transactions say to their user, beside what they send. */
export interface ClientTransactionUser {
  handleResponse(response: Response, nowMs: number): void;
  /** Nobody answered in time, or the transport says that nobody can. */
  handleFailure(why: TransactionFailure, nowMs: number): void;
}

export type TransactionFailure = 'timeout' | 'unreachable';

/** What all four kinds have: a state, timers by their letters, an end. */
export abstract class Transaction<State extends string, Timer extends string> {
  protected readonly timers = new Timers<Timer>();
  private current: State | 'terminated';

  constructor(
    /** What messages of it are known by. */
    readonly key: string,
    /** The request that began it, with its Via. */
    readonly request: Request,
    initial: State,
  ) {
    this.current = initial;
  }

  get state(): State | 'terminated' {
    return this.current;
  }

  get isOver(): boolean {
    return this.current === 'terminated';
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) this.fire(timer, nowMs);
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  /** A transition: no timer outlives the state it was set in. */
  protected enter(state: State | 'terminated'): void {
    this.current = state;
    this.timers.clearAll();
  }

  /** Goes to a state that only waits for stragglers; over at once where there can be none. */
  protected linger(state: State, timer: Timer, durationMs: number, nowMs: number): void {
    this.enter(durationMs === 0 ? 'terminated' : state);
    if (durationMs > 0) this.timers.set(timer, nowMs + durationMs);
  }

  protected abstract fire(timer: Timer, nowMs: number): void;
}
