import { type Cause, causeText, sipStatusOf } from '../base/causes.ts';
import type { CallRequest } from './call.ts';
import { CallLeg } from './call-leg.ts';
import type { Credentials } from './credentials.ts';
import { Dialog } from './dialog.ts';
import type { CallIdentity, CallSurroundings, CallTimer } from './dialog-usage.ts';
import type { InviteServerTransaction } from './invite-server-transaction.ts';
import { CALL_METHODS } from './invite-session.ts';
import { isMalformed } from './malformed.ts';
import { makeResponse, type Request, type Response, type ResponseParts } from './message.ts';
import type { MediaSession } from './offer-answer.ts';
import { formatReason, reasonOf } from './reason.ts';
import { type SessionDescription, sdpBody } from './sdp.ts';
import type { SessionAnswer } from './session-timer.ts';
import type { ServerTransaction } from './transaction-layer.ts';

/** However long the owner lets it ring, a call that nobody takes ends. */
const LONGEST_RINGING_MS = 600_000;
/** [RFC3261 §13.3.1.1] */
const STILL_RINGING_MS = 60_000;
const T1_MS = 500;
const PRACK_WAIT_MS = 64 * T1_MS;

export interface Invited {
  readonly transaction: InviteServerTransaction;
  readonly localTag: string;
  /** An offer that has voice that we can; undefined where the INVITE has none and we offer in the 2xx. */
  readonly offer: SessionDescription | undefined;
  readonly timing: SessionAnswer;
  readonly request: CallRequest;
}

/** A provisional response that must arrive. [RFC3262 §3] */
interface Unconfirmed {
  readonly response: Response;
  readonly rseq: number;
  pauseMs: number;
}

/** A call that comes in: the UAS of an INVITE. [RFC3261 §13.3] */
export class IncomingCallLeg extends CallLeg {
  private readonly transaction: InviteServerTransaction;
  private readonly invite: Request;
  private lastRSeq: number;
  private unconfirmed: Unconfirmed | undefined;
  /** What waits for the PRACK: a second provisional response, or the answer. */
  private next: (readonly ['provisional', number] | readonly ['answer']) | undefined;
  private readonly reliability: 'never' | 'with-answer' | 'always';
  private hasProgressed = false;
  private said: SessionDescription | undefined;
  /** What goes again each minute. */
  private lastProvisional: Response | undefined;

  constructor(
    identity: CallIdentity,
    around: CallSurroundings,
    session: MediaSession,
    credentials: Credentials | undefined,
    private readonly invited: Invited,
    nowMs: number,
  ) {
    super(identity, 'calling', around, session, credentials);
    this.transaction = invited.transaction;
    this.invite = invited.transaction.request;
    const has = (name: string) => this.invite.headers.words(name).some((tag) => tag.toLowerCase() === '100rel');
    this.reliability = has('Require') ? 'always' : has('Supported') ? 'with-answer' : 'never';
    this.lastRSeq = around.random.integer(2 ** 31);
    this.notePeer(this.invite.headers);
    this.timers.set('ringing', nowMs + LONGEST_RINGING_MS);
  }

  /** False where the INVITE cannot make a dialog. */
  begin(): boolean {
    const dialog = Dialog.ofRequest(this.invite, this.invited.localTag, this.transaction.from);
    if (isMalformed(dialog)) return false;
    this.dialog = dialog;
    this.around.addDialog(dialog, this);
    this.emit({ type: 'incoming', request: this.invited.request });
    return true;
  }

  ringing(nowMs: number): void {
    this.sendProvisional(180, nowMs);
  }

  progress(nowMs: number): void {
    if (this.hasProgressed) return;
    this.hasProgressed = true;
    this.sendProvisional(this.invited.offer === undefined ? 180 : 183, nowMs);
  }

  answer(nowMs: number): void {
    if (!this.isOpen) return;
    // An answer that a provisional response carries must arrive before the 2xx. [RFC3262 §5]
    if (this.unconfirmed !== undefined) {
      this.next = ['answer'];
      return;
    }
    const { offer, timing } = this.invited;
    const answer = offer === undefined ? undefined : this.answerTo(offer);
    this.become('up');
    this.timers.clear('ringing');
    this.timers.clear('still-ringing');
    this.startSession(timing.interval, nowMs);
    const body = sdpBody(answer ?? this.session.makeOffer());
    this.succeed(this.transaction, this.parts([...timing.headers], body), answer === undefined, nowMs);
    if (answer !== undefined) this.tellMedia();
  }

  hangup(cause: Cause, nowMs: number): void {
    if (this.isOpen) this.refuse(cause, nowMs);
    else this.end(cause, causeText(cause), 'local', nowMs);
  }

  /** The caller does not want any more. */
  handleCancel(cancel: Request, nowMs: number): void {
    if (!this.isOpen) return;
    const cause = reasonOf(cancel.headers) ?? 'normal-clearing';
    this.respond(this.transaction, 487, { toTag: this.invited.localTag }, nowMs);
    this.tellEnd(cause, 'The caller hung up.', 'far-end');
    this.vanish();
  }

  protected override handleEndedByThem(nowMs: number): void {
    if (this.isOpen) this.respond(this.transaction, 487, { toTag: this.invited.localTag }, nowMs);
  }

  protected override handlePrack(transaction: ServerTransaction, nowMs: number): void {
    const [, rseq, cseq] = /^\s*(\d+)\s+(\d+)\s+INVITE\s*$/.exec(transaction.request.headers.get('RAck') ?? '') ?? [];
    const { unconfirmed } = this;
    if (unconfirmed === undefined || Number(rseq) !== unconfirmed.rseq || Number(cseq) !== this.invite.cseq.number) {
      this.respond(transaction, 481, {}, nowMs);
      return;
    }
    this.unconfirmed = undefined;
    this.timers.clear('provisional');
    this.timers.clear('prack');
    this.respond(transaction, 200, {}, nowMs);
    const { next } = this;
    this.next = undefined;
    if (next?.[0] === 'answer') this.answer(nowMs);
    else if (next !== undefined) this.sendProvisional(next[1], nowMs);
  }

  protected override fire(timer: CallTimer, nowMs: number): void {
    const { unconfirmed } = this;
    if (timer === 'ringing') this.refuse('no-answer', nowMs);
    else if (timer === 'prack') this.refuse('timer-expired', nowMs);
    else if (timer === 'provisional' && unconfirmed !== undefined) {
      unconfirmed.pauseMs *= 2;
      this.timers.set('provisional', nowMs + unconfirmed.pauseMs);
      this.around.layer.respond(this.transaction, unconfirmed.response, nowMs);
    } else if (timer === 'still-ringing') {
      this.timers.set('still-ringing', nowMs + STILL_RINGING_MS);
      if (this.lastProvisional !== undefined) this.around.layer.respond(this.transaction, this.lastProvisional, nowMs);
    } else super.fire(timer, nowMs);
  }

  private get isOpen(): boolean {
    return this.state === 'calling' || this.state === 'early';
  }

  private sendProvisional(status: number, nowMs: number): void {
    if (!this.isOpen) return;
    if (this.unconfirmed !== undefined) {
      this.next ??= ['provisional', status];
      return;
    }
    this.become('early');
    const { offer } = this.invited;
    const answer = status === 183 && offer !== undefined ? this.answerTo(offer) : undefined;
    const body = answer === undefined ? undefined : sdpBody(answer);
    const isReliable = this.reliability === 'always' || (this.reliability === 'with-answer' && body !== undefined);
    const rseq = isReliable ? ++this.lastRSeq : 0;
    const extra = isReliable
      ? ([
          ['Require', '100rel'],
          ['RSeq', String(rseq)],
        ] as const)
      : [];
    const response = makeResponse(this.invite, status, this.parts(extra, body));
    this.around.layer.respond(this.transaction, response, nowMs);
    this.timers.set('still-ringing', nowMs + STILL_RINGING_MS);
    // One that must arrive has a number of its own each time; without it the words are the same.
    this.lastProvisional = isReliable ? undefined : response;
    if (isReliable) {
      this.unconfirmed = { response, rseq, pauseMs: T1_MS };
      this.timers.set('provisional', nowMs + T1_MS);
      this.timers.set('prack', nowMs + PRACK_WAIT_MS);
    }
    if (body !== undefined) this.tellMedia();
  }

  /** What was said once stays: a 183 and the 2xx after it say the same. [RFC3261 §13.2.1] */
  private answerTo(offer: SessionDescription): SessionDescription | undefined {
    this.said ??= this.session.answer(offer);
    return this.said;
  }

  private refuse(cause: Cause, nowMs: number): void {
    const headers = [['Reason', formatReason(cause)] as const];
    this.respond(this.transaction, sipStatusOf(cause), { toTag: this.invited.localTag, headers }, nowMs);
    this.tellEnd(cause, causeText(cause), 'local');
    this.vanish();
  }

  private parts(extra: Iterable<readonly [string, string]>, body: ResponseParts['body']): ResponseParts {
    const headers = [
      ['Contact', this.contactText(this.transaction.from)],
      ['Allow', CALL_METHODS.join(', ')],
      ['Supported', 'timer, 100rel, replaces'],
      ...extra,
    ] as const;
    return { toTag: this.invited.localTag, headers, body };
  }
}
