import { type Hop, isReliable } from './hop.ts';
import type { Request, Response } from './message.ts';
import { TIMEOUT_T1, Transaction, type TransactionSurroundings } from './transaction.ts';

type State = 'trying' | 'proceeding' | 'completed';

type Timer =
  /** The user never answered: nobody waits any more. */
  | 'unanswered'
  /** No repeated request will come any more. */
  | 'J';

/** [RFC3261 §17.2.2] */
export class NonInviteServerTransaction extends Transaction<State, Timer> {
  private last: Response | undefined;

  constructor(
    request: Request,
    /** Where the request came from. */
    readonly from: Hop,
    /** Where responses go. */
    readonly to: Hop,
    private readonly around: TransactionSurroundings,
    nowMs: number,
  ) {
    super(request, 'trying');
    this.timers.set('unanswered', nowMs + TIMEOUT_T1 * around.base.t1Ms);
  }

  /** Sends a response; nothing after a final one. */
  respond(response: Response, nowMs: number): void {
    if (this.state === 'completed' || this.isOver) return;
    this.last = response;
    if (response.status >= 200) {
      const { t1Ms } = this.around.base;
      this.linger('completed', 'J', isReliable(this.to.transport) ? 0 : TIMEOUT_T1 * t1Ms, nowMs);
    }
    this.around.transmit(this.to, response);
  }

  /** The request came again. */
  handleRepetition(): void {
    if (this.last !== undefined) this.around.transmit(this.to, this.last);
  }

  protected fire(): void {
    this.enter('terminated');
  }
}
