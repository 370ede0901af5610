import { type Hop, isReliable } from './hop.ts';
import { makeResponse, type Request, type Response } from './message.ts';
import { tagOf } from './name-addr.ts';
import type { Stragglers } from './straggler-table.ts';
import { TIMEOUT_T1, Transaction, type TransactionSurroundings } from './transaction.ts';

/** Without a word from the user by then, 100 keeps the client from asking again. [RFC3261 §17.2.1] */
const TRYING_AFTER_MS = 200;

type State =
  /** The user works on it. */
  | 'proceeding'
  /** Refused; waits for the ACK. */
  | 'completed'
  /** The refusal was acknowledged. */
  | 'confirmed'
  /** Accepted: the user repeats the 2xx until it is acknowledged; repeated INVITEs are absorbed. [RFC6026 §7.1] */
  | 'accepted';

type Timer =
  /** Sends 100. */
  | 'trying'
  /** Sends the refusal again. */
  | 'G'
  /** No ACK came. */
  | 'H';

/** [RFC3261 §17.2.1] as amended by [RFC6026 §7.1] */
export class InviteServerTransaction extends Transaction<State, Timer> {
  /** The last response sent, which a repeated INVITE gets again. */
  last: Response | undefined;
  /** Once it is accepted or confirmed: what takes repetitions in its place until timer L or I. */
  stragglers: Stragglers | undefined;
  private pauseMs: number;

  constructor(
    key: string,
    request: Request,
    /** Where the request came from. */
    readonly from: Hop,
    /** Where responses go. */
    readonly to: Hop,
    private readonly around: TransactionSurroundings,
    private readonly handleUnacknowledged: (nowMs: number) => void,
    nowMs: number,
  ) {
    super(key, request, 'proceeding');
    this.pauseMs = around.base.t1Ms;
    this.timers.set('trying', nowMs + TRYING_AFTER_MS);
  }

  /** Sends a response; after a final one only 2xx again, and nothing once it is over. */
  respond(response: Response, nowMs: number): void {
    const { base } = this.around;
    const isRepetition = this.state === 'accepted' && response.status >= 200 && response.status < 300;
    if (this.state !== 'proceeding' && !isRepetition) return;
    this.last = response;
    this.timers.clear('trying');
    if (response.status >= 300) {
      this.enter('completed');
      // A challenge is not sent again by itself, as if there were no transaction: the client asks again, and whoever forges an
      // address does not have somebody else get eleven for one. [RFC3261 §8.2.7, §26.3.2.4]
      if (!isReliable(this.to.transport) && response.status !== 401) this.timers.set('G', nowMs + base.t1Ms);
      this.timers.set('H', nowMs + TIMEOUT_T1 * base.t1Ms);
    } else if (response.status >= 200 && !isRepetition) {
      this.enter('accepted');
      this.stragglers = { takesAck: false, toTag: tagOf(response.to), durationMs: TIMEOUT_T1 * base.t1Ms };
    }
    this.around.transmit(this.to, response);
  }

  /** The INVITE came again. */
  handleRepetition(): void {
    const isAnswered = this.state === 'proceeding' || this.state === 'completed';
    if (isAnswered && this.last !== undefined) this.around.transmit(this.to, this.last);
  }

  handleAck(): void {
    if (this.state !== 'completed') return;
    this.enter(isReliable(this.to.transport) ? 'terminated' : 'confirmed');
    const durationMs = this.around.base.t4Ms;
    if (!this.isOver) this.stragglers = { takesAck: true, toTag: this.last && tagOf(this.last.to), durationMs };
  }

  protected fire(timer: Timer, nowMs: number): void {
    switch (timer) {
      case 'trying':
        this.last = makeResponse(this.request, 100);
        this.around.transmit(this.to, this.last);
        break;
      case 'G':
        this.pauseMs = Math.min(2 * this.pauseMs, this.around.base.t2Ms);
        this.timers.set('G', nowMs + this.pauseMs);
        this.around.transmit(this.to, this.last!);
        break;
      case 'H':
        this.enter('terminated');
        this.handleUnacknowledged(nowMs);
    }
  }
}
