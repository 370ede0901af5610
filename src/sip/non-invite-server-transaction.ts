import { type Hop, isReliable } from './hop.ts';
import type { Request, Response } from './message.ts';
import type { Stragglers } from './straggler-table.ts';
import { TIMEOUT_T1, Transaction, type TransactionSurroundings } from './transaction.ts';

type State = 'trying' | 'proceeding' | 'completed';

/** The user never answered: nobody waits any more. */
type Timer = 'unanswered';

/** [RFC3261 §17.2.2] */
export class NonInviteServerTransaction extends Transaction<State, Timer> {
  /** Once it is completed: what answers repetitions in its place until timer J. */
  stragglers: Stragglers | undefined;
  private last: Uint8Array | undefined;

  constructor(
    key: string,
    request: Request,
    /** Where the request came from. */
    readonly from: Hop,
    /** Where responses go. */
    readonly to: Hop,
    private readonly around: TransactionSurroundings,
    nowMs: number,
  ) {
    super(key, request, 'trying');
    this.timers.set('unanswered', nowMs + TIMEOUT_T1 * around.base.t1Ms);
  }

  /** Sends a response; nothing after a final one. */
  respond(response: Response): void {
    if (this.state === 'completed' || this.isOver) return;
    const { to } = this;
    const bytes = this.around.transmit(to, response);
    this.last = bytes;
    if (response.status < 200) return;
    this.enter(isReliable(to.transport) ? 'terminated' : 'completed');
    const durationMs = TIMEOUT_T1 * this.around.base.t1Ms;
    if (!this.isOver) this.stragglers = { answer: { to, bytes }, takesAck: false, durationMs };
  }

  /** The request came again. */
  handleRepetition(): void {
    if (this.last !== undefined) this.around.repeat(this.to, this.last);
  }

  protected fire(): void {
    this.enter('terminated');
  }
}
