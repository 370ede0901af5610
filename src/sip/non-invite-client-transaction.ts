import { type Hop, isReliable } from './hop.ts';
import type { Request, Response } from './message.ts';
import {
  type ClientTransactionUser,
  TIMEOUT_T1,
  Transaction,
  type TransactionFailure,
  type TransactionSurroundings,
} from './transaction.ts';
import { clientKey } from './transaction-key.ts';

type State = 'trying' | 'proceeding' | 'completed';

type Timer =
  /** Sends the request again. */
  | 'E'
  /** No final response came. */
  | 'F'
  /** No repeated response will come any more. */
  | 'K';

/** [RFC3261 §17.1.2] */
export class NonInviteClientTransaction extends Transaction<State, Timer> {
  private pauseMs: number;

  constructor(
    request: Request,
    readonly to: Hop,
    private readonly around: TransactionSurroundings,
    private readonly user: ClientTransactionUser,
    /** Instead of timer F. */
    timeoutMs: number | undefined,
    nowMs: number,
  ) {
    super(clientKey(request), request, 'trying');
    const { t1Ms } = around.base;
    this.pauseMs = t1Ms;
    if (!isReliable(to.transport)) this.timers.set('E', nowMs + t1Ms);
    this.timers.set('F', nowMs + (timeoutMs ?? TIMEOUT_T1 * t1Ms));
    around.transmit(to, request);
  }

  handleResponse(response: Response, nowMs: number): void {
    if (this.state === 'completed' || this.isOver) return;
    if (response.status >= 200) {
      this.linger('completed', 'K', isReliable(this.to.transport) ? 0 : this.around.base.t4Ms, nowMs);
    } else if (this.state === 'trying') {
      const [nextMs, lastMs] = [this.timers.at('E'), this.timers.at('F')!];
      this.enter('proceeding');
      this.timers.set('F', lastMs);
      if (nextMs !== undefined) this.timers.set('E', nextMs);
    }
    this.user.handleResponse(response, nowMs);
  }

  handleUnreachable(nowMs: number): void {
    if (this.state !== 'completed' && !this.isOver) this.fail('unreachable', nowMs);
  }

  protected fire(timer: Timer, nowMs: number): void {
    switch (timer) {
      case 'E': {
        const { t2Ms } = this.around.base;
        this.pauseMs = this.state === 'proceeding' ? t2Ms : Math.min(2 * this.pauseMs, t2Ms);
        this.timers.set('E', nowMs + this.pauseMs);
        this.around.transmit(this.to, this.request);
        break;
      }
      case 'F':
        this.fail('timeout', nowMs);
        break;
      case 'K':
        this.enter('terminated');
    }
  }

  private fail(why: TransactionFailure, nowMs: number): void {
    this.enter('terminated');
    this.user.handleFailure(why, nowMs);
  }
}
