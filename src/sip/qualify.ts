import type { Response } from './message.ts';
import type { ClientTransactionUser } from './transaction.ts';

export interface QualifyConfig {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

export interface Reachability {
  /** Null before the first answer, or the first silence. */
  readonly reachable: boolean | null;
  readonly rttMs: number | null;
  /** One sentence; null when well. */
  readonly reason: string | null;
}

/**
 * Asks a peer from time to time whether it is there, with OPTIONS: whatever it answers, it is. Calls to one that is not
 * fail at once, so that the next priority runs without delay.
 */
export class Qualify {
  private dueMs: number | undefined;
  private current: Reachability = { reachable: null, rttMs: null, reason: null };

  constructor(
    private readonly config: QualifyConfig,
    /** Sends OPTIONS. */
    private readonly ask: (user: ClientTransactionUser, timeoutMs: number, nowMs: number) => void,
    private readonly changed: (state: Reachability) => void,
  ) {}

  get state(): Reachability {
    return this.current;
  }

  start(nowMs: number): void {
    this.dueMs = nowMs;
  }

  stop(): void {
    this.dueMs = undefined;
  }

  nextDeadline(): number | undefined {
    return this.dueMs;
  }

  handleTimeout(nowMs: number): void {
    if (this.dueMs === undefined || nowMs < this.dueMs) return;
    this.dueMs = nowMs + this.config.everyMs;
    const user: ClientTransactionUser = {
      handleResponse: ({ status }: Response, atMs) => {
        if (status >= 200) this.become({ reachable: true, rttMs: Math.round(atMs - nowMs), reason: null });
      },
      handleFailure: (why) => {
        const reason = why === 'timeout' ? 'It did not answer OPTIONS.' : 'It cannot be reached.';
        this.become({ reachable: false, rttMs: null, reason });
      },
    };
    this.ask(user, this.config.timeoutMs, nowMs);
  }

  private become(state: Reachability): void {
    const wasReachable = this.current.reachable;
    this.current = state;
    if (this.dueMs !== undefined && state.reachable !== wasReachable) this.changed(state);
  }
}
