import { HeaderFields } from './header-field.ts';
import { type Hop, isReliable } from './hop.ts';
import { NO_BODY, type Request, type Response } from './message.ts';
import {
  type ClientTransactionUser,
  TIMEOUT_T1,
  TIMER_D_MS,
  Transaction,
  type TransactionFailure,
  type TransactionSurroundings,
} from './transaction.ts';
import { clientKey } from './transaction-key.ts';

/** An INVITE may ring long, but not for ever without a word: as a proxy's timer C. [RFC3261 §16.6 step 11] */
const TIMER_C_MS = 185_000;

type State =
  /** Nobody has answered. */
  | 'calling'
  /** A provisional response came. */
  | 'proceeding'
  /** Refused and acknowledged; repeated refusals are acknowledged again. */
  | 'completed'
  /** Accepted: the user acknowledges, and sees every 2xx, those of forks included. [RFC6026 §7.2] */
  | 'accepted';

type Timer =
  /** Sends the INVITE again. */
  | 'A'
  /** Nobody answered. */
  | 'B'
  /** Nobody said anything more. */
  | 'C'
  /** No repeated refusal will come any more. */
  | 'D'
  /** No repeated 2xx will come any more. */
  | 'M';

/** [RFC3261 §17.1.1] as amended by [RFC6026 §7.2] */
export class InviteClientTransaction extends Transaction<State, Timer> {
  private pauseMs: number;
  private ack: Request | undefined;

  constructor(
    request: Request,
    readonly to: Hop,
    private readonly around: TransactionSurroundings,
    private readonly user: ClientTransactionUser,
    /** Instead of timer B: how long nobody may answer. */
    timeoutMs: number | undefined,
    nowMs: number,
  ) {
    super(clientKey(request), request, 'calling');
    const { t1Ms } = around.base;
    this.pauseMs = t1Ms;
    if (!isReliable(to.transport)) this.timers.set('A', nowMs + t1Ms);
    this.timers.set('B', nowMs + (timeoutMs ?? TIMEOUT_T1 * t1Ms));
    around.transmit(to, request);
  }

  handleResponse(response: Response, nowMs: number): void {
    const { status } = response;
    const isOpen = this.state === 'calling' || this.state === 'proceeding';
    if (status < 200) {
      if (!isOpen) return;
      this.enter('proceeding');
      this.timers.set('C', nowMs + TIMER_C_MS);
      this.user.handleResponse(response, nowMs);
    } else if (status < 300) {
      if (!isOpen && this.state !== 'accepted') return;
      if (isOpen) this.linger('accepted', 'M', TIMEOUT_T1 * this.around.base.t1Ms, nowMs);
      this.user.handleResponse(response, nowMs);
    } else if (isOpen) {
      this.linger('completed', 'D', isReliable(this.to.transport) ? 0 : TIMER_D_MS, nowMs);
      this.ack = ackOf(this.request, response);
      this.around.transmit(this.to, this.ack);
      this.user.handleResponse(response, nowMs);
    } else if (this.state === 'completed' && this.ack !== undefined) this.around.transmit(this.to, this.ack);
  }

  /** CANCEL was sent: if no final response comes of it, the call is over all the same. [RFC3261 §9.1] */
  expectEnd(nowMs: number): void {
    if (this.state === 'proceeding') this.timers.set('C', nowMs + TIMEOUT_T1 * this.around.base.t1Ms);
  }

  handleUnreachable(nowMs: number): void {
    if (this.state === 'calling') this.fail('unreachable', nowMs);
  }

  protected fire(timer: Timer, nowMs: number): void {
    switch (timer) {
      case 'A':
        this.pauseMs *= 2;
        this.timers.set('A', nowMs + this.pauseMs);
        this.around.transmit(this.to, this.request);
        break;
      case 'B':
      case 'C':
        this.fail('timeout', nowMs);
        break;
      case 'D':
      case 'M':
        this.enter('terminated');
    }
  }

  private fail(why: TransactionFailure, nowMs: number): void {
    this.enter('terminated');
    this.user.handleFailure(why, nowMs);
  }
}

/** The ACK of a refusal belongs to the INVITE's transaction: same branch, To of the response. [RFC3261 §17.1.1.3] */
function ackOf(invite: Request, response: Response): Request {
  const headers = new HeaderFields([['Max-Forwards', '70']]);
  for (const route of invite.headers.all('Route')) headers.add('Route', route);
  return {
    ...invite,
    method: 'ACK',
    vias: invite.vias.slice(0, 1),
    to: response.to,
    cseq: { number: invite.cseq.number, method: 'ACK' },
    headers,
    body: NO_BODY,
  };
}

/** The CANCEL of an INVITE: everything that identifies it is the INVITE's. `reason` goes into Reason. [RFC3261 §9.1] [RFC3326] */
export function cancelOf(invite: Request, reason?: string): Request {
  const ack = ackOf(invite, { ...invite, type: 'response', status: 487, reason: '', to: invite.to });
  if (reason !== undefined) ack.headers.set('Reason', reason);
  return { ...ack, method: 'CANCEL', cseq: { number: invite.cseq.number, method: 'CANCEL' } };
}
