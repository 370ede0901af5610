import { utf8Decode } from '../base/bytes.ts';
import { type Cause, causeText } from '../base/causes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import type { StreamId } from '../base/media-port.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import type { Call, CallEvent, CallState, HangupBy } from './call.ts';
import { numberOf } from './caller-identity.ts';
import type { Credentials } from './credentials.ts';
import type { Dialog, RequestParts } from './dialog.ts';
import { type InfoSignal, infoBody, parseInfo } from './dtmf-info.ts';
import type { HeaderFields } from './header-field.ts';
import type { Hop } from './hop.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { isMalformed } from './malformed.ts';
import {
  contentTypeOf,
  makeResponse,
  type Request,
  type Response,
  type ResponseParts,
  reasonPhrase,
  textBody,
} from './message.ts';
import { formatNameAddr, nameAddr, parseNameAddr } from './name-addr.ts';
import type { MediaAgreement, MediaSession } from './offer-answer.ts';
import { formatReason, reasonOf } from './reason.ts';
import { parseSdp, SDP_TYPE, type SessionDescription, sdpBody } from './sdp.ts';
import {
  answerSession,
  DEFAULT_SESSION_S,
  type SessionInterval,
  SHORTEST_SESSION_S,
  sessionDeadlineMs,
  sessionOfResponse,
  sessionRequest,
} from './session-timer.ts';
import type { ServerTransaction, TransactionLayer } from './transaction-layer.ts';
import { isSipUri, type SipUri, sipUri } from './uri.ts';

/** Methods that a call answers. */
export const CALL_METHODS = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'INFO',
  'PRACK',
  'UPDATE',
  'REFER',
  'NOTIFY',
  'MESSAGE',
];

/** What a call needs from the endpoint that holds it. */
export interface CallSurroundings {
  readonly layer: TransactionLayer;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly counters: Counters;
  /** The URI at which the far end of that hop reaches us. */
  readonly contact: (hop: Hop) => SipUri;
  readonly emit: (call: Call, event: CallEvent) => void;
  /** Requests of the dialog come to this call from now on, or no more. */
  readonly addDialog: (dialog: Dialog, call: CallLeg) => void;
  readonly removeDialog: (dialog: Dialog) => void;
  /** After every input that comes by another way than the endpoint. */
  readonly changed: (call: CallLeg, nowMs: number) => void;
}

export interface CallIdentity {
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: string;
  readonly stream: StreamId;
}

/** Glare: who owns the Call-ID waits longer, so that the two do not meet again. [RFC3261 §14.1] */
const GLARE_OWNER_MS = { min: 2_100, spread: 1_900 } as const;
const GLARE_OTHER_MS = { min: 0, spread: 2_000 } as const;
const T1_MS = 500;
const T2_MS = 4_000;
const ACK_WAIT_MS = 64 * T1_MS;
/** A BYE that is never answered: 64·T1 and a little, then the call is forgotten. */
const ENDING_MS = 35_000;

export type CallTimer =
  /** Our 2xx goes again. */
  | 'success'
  /** No ACK came. */
  | 'ack'
  /** A provisional response that must arrive goes again. */
  | 'provisional'
  /** It never arrived. */
  | 'prack'
  /** Another try at an offer that met one of theirs. */
  | 'glare'
  /** The session is to be refreshed. */
  | 'refresh'
  /** Nobody refreshed the session. */
  | 'session'
  /** The far end was told and does not answer. */
  | 'ending'
  /** Nobody took the call. */
  | 'ringing'
  /** Our provisional response goes again, or proxies would give the call up. */
  | 'still-ringing'
  /** The address that we called says nothing. */
  | 'setup';

/** What calls in both directions do once there is a dialog. [RFC3261 §12, §14, §15] */
export abstract class CallLeg implements Call {
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: string;
  readonly stream: StreamId;
  protected readonly timers = new Timers<CallTimer>();
  protected dialog: Dialog | undefined;
  private current: CallState;
  private hasToldEnd = false;
  private endCause: Cause = 'normal-clearing';
  /** Our 2xx that waits for its ACK. */
  private unacknowledged:
    | { transaction: InviteServerTransaction; response: Response; pauseMs: number; offered: boolean }
    | undefined;
  /** An offer of ours is under way, or is wanted as soon as that is legal. */
  private offer: 'none' | 'sent' | 'wanted' = 'none';
  private wasHeld = false;
  private told = '';
  private interval: SessionInterval | undefined;
  private peerUpdates = false;
  /** The sequence number of the REFER that they sent last, for our NOTIFYs. */
  private transfer: { readonly id: number } | undefined;

  constructor(
    identity: CallIdentity,
    initial: CallState,
    protected readonly around: CallSurroundings,
    protected readonly session: MediaSession,
    protected readonly credentials: Credentials | undefined,
  ) {
    this.id = identity.id;
    this.direction = identity.direction;
    this.peer = identity.peer;
    this.stream = identity.stream;
    this.current = initial;
  }

  get state(): CallState {
    return this.current;
  }

  get isGone(): boolean {
    return this.current === 'gone';
  }

  get media(): MediaAgreement | undefined {
    return this.session.agreement;
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) this.fire(timer, nowMs);
  }

  abstract ringing(nowMs: number): void;
  abstract progress(nowMs: number): void;
  abstract answer(nowMs: number): void;
  abstract hangup(cause: Cause, nowMs: number): void;

  hold(nowMs: number): void {
    this.setHold(true, nowMs);
  }

  unhold(nowMs: number): void {
    this.setHold(false, nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (this.session.agreement?.telephoneEventType === undefined)
      this.sendInfo({ type: 'digit', digit, durationMs }, nowMs);
  }

  flash(nowMs: number): void {
    this.sendInfo({ type: 'flash' }, nowMs);
  }

  sendText(text: string, nowMs: number): void {
    if (this.current === 'up')
      this.request('MESSAGE', { body: textBody('text/plain;charset=utf-8', text) }, () => {}, nowMs);
  }

  transferTo(number: string, nowMs: number): void {
    if (this.current !== 'up' || this.dialog === undefined) return;
    const { remote, hop } = this.dialog;
    const host = isSipUri(remote.uri) ? remote.uri.host : hop.ip;
    const target = nameAddr(sipUri({ host, user: number }));
    const headers = [
      ['Refer-To', formatNameAddr(target)],
      ['Referred-By', formatNameAddr(nameAddr(this.dialog.local.uri))],
      ['Contact', this.contactText()],
    ] as const;
    const handle = ({ status }: { readonly status: number }) => {
      if (status >= 300) this.emit({ type: 'transfer-progress', status });
    };
    this.request('REFER', { headers }, handle, nowMs);
  }

  reportTransfer(status: number, nowMs: number): void {
    if (this.transfer === undefined || this.isGone || this.dialog === undefined) return;
    const isOver = status >= 200;
    const headers = [
      ['Event', `refer;id=${this.transfer.id}`],
      ['Subscription-State', isOver ? 'terminated;reason=noresource' : 'active;expires=60'],
      ['Contact', this.contactText()],
    ] as const;
    const line = `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`;
    if (isOver) this.transfer = undefined;
    this.request('NOTIFY', { headers, body: textBody('message/sipfrag;version=2.0', line) }, () => {}, nowMs);
  }

  /** A request in the dialog. ACK and CANCEL come elsewhere. */
  handleRequest(transaction: ServerTransaction, dialog: Dialog, nowMs: number): void {
    const { request } = transaction;
    if (!dialog.takes(request)) {
      this.respond(transaction, 500, { headers: [['Retry-After', '5']] }, nowMs);
      return;
    }
    switch (request.method) {
      case 'BYE':
        this.respond(transaction, 200, {}, nowMs);
        this.handleBye(reasonOf(request.headers), nowMs);
        break;
      case 'INVITE':
      case 'UPDATE':
        this.handleOffer(transaction, dialog, nowMs);
        break;
      case 'PRACK':
        this.handlePrack(transaction, nowMs);
        break;
      case 'INFO':
        this.handleInfo(transaction, nowMs);
        break;
      case 'REFER':
        this.handleRefer(transaction, nowMs);
        break;
      case 'NOTIFY':
        this.handleNotify(transaction, nowMs);
        break;
      case 'MESSAGE':
        this.respond(transaction, 200, {}, nowMs);
        this.emit({ type: 'text', text: utf8Decode(request.body) });
        break;
      default:
        this.respond(transaction, 200, { headers: [['Allow', CALL_METHODS.join(', ')]] }, nowMs);
    }
  }

  /** The ACK of a 2xx of ours. */
  handleAck(request: Request, nowMs: number): void {
    const waiting = this.unacknowledged;
    if (waiting === undefined || waiting.transaction.request.cseq.number !== request.cseq.number) return;
    this.unacknowledged = undefined;
    this.timers.clear('success');
    this.timers.clear('ack');
    if (this.current === 'ending') {
      this.sendBye(nowMs);
      return;
    }
    if (waiting.offered) {
      const answer = this.readSdp(request);
      if (answer === undefined || this.session.handleAnswer(answer) === undefined) {
        this.end('bearer-unavailable', 'The far end answered our offer with nothing that we can.', 'local', nowMs);
        return;
      }
      this.tellMedia();
    }
    if (this.offer === 'wanted') this.sendOffer(nowMs);
  }

  // For both directions.

  protected become(state: CallState): void {
    this.current = state;
  }

  protected emit(event: CallEvent): void {
    if (!this.hasToldEnd) this.around.emit(this, event);
  }

  protected fire(timer: CallTimer, nowMs: number): void {
    switch (timer) {
      case 'success': {
        const waiting = this.unacknowledged;
        if (waiting === undefined) break;
        waiting.pauseMs = Math.min(2 * waiting.pauseMs, T2_MS);
        this.timers.set('success', nowMs + waiting.pauseMs);
        this.around.layer.respond(waiting.transaction, waiting.response, nowMs);
        break;
      }
      case 'ack':
        this.unacknowledged = undefined;
        this.timers.clear('success');
        if (this.current === 'ending') this.sendBye(nowMs);
        else this.end('timer-expired', 'The far end did not acknowledge our answer.', 'timeout', nowMs);
        break;
      case 'glare':
        this.sendOffer(nowMs);
        break;
      case 'refresh':
        this.refresh(nowMs);
        break;
      case 'session':
        this.end('timer-expired', 'Nobody refreshed the session.', 'timeout', nowMs);
        break;
      case 'ending':
        this.vanish();
    }
  }

  protected handlePrack(transaction: ServerTransaction, nowMs: number): void {
    this.respond(transaction, 481, {}, nowMs);
  }

  /** Tells the end to the owner and to the far end, if there is a dialog. */
  protected end(cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    if (this.current === 'ending' || this.isGone) return;
    this.tellEnd(cause, reason, by);
    if (this.dialog === undefined || this.current !== 'up') {
      this.vanish();
      return;
    }
    this.become('ending');
    this.endCause = cause;
    for (const timer of ['refresh', 'session', 'glare'] as const) this.timers.clear(timer);
    // The called side must not say BYE before it knows that its answer arrived. [RFC3261 §15]
    if (this.unacknowledged === undefined) this.sendBye(nowMs);
  }

  private sendBye(nowMs: number): void {
    this.timers.set('ending', nowMs + ENDING_MS);
    this.request('BYE', { headers: [['Reason', formatReason(this.endCause)]] }, () => this.vanish(), nowMs);
  }

  protected tellEnd(cause: Cause, reason: string, by: HangupBy): void {
    if (this.hasToldEnd) return;
    this.emit({ type: 'hangup', cause, reason, by });
    this.hasToldEnd = true;
  }

  /** Nothing is left of the call here. */
  protected vanish(): void {
    this.timers.clearAll();
    this.become('gone');
    this.transfer = undefined;
    if (this.dialog !== undefined) this.around.removeDialog(this.dialog);
    this.dialog = undefined;
  }

  protected respond(transaction: ServerTransaction, status: number, parts: ResponseParts, nowMs: number): void {
    this.around.layer.respond(transaction, makeResponse(transaction.request, status, parts), nowMs);
  }

  protected contactText(hop = this.dialog?.hop): string {
    return hop === undefined ? '' : formatNameAddr(nameAddr(this.around.contact(hop)));
  }

  protected readSdp(message: {
    readonly headers: HeaderFields;
    readonly body: Uint8Array;
  }): SessionDescription | undefined {
    if (message.body.length === 0 || contentTypeOf(message.headers) !== SDP_TYPE) return undefined;
    const description = parseSdp(message.body);
    if (!isMalformed(description)) return description;
    this.around.counters.increment('sip.sdp');
    return undefined;
  }

  /** Says what was agreed where it has changed, and whether the far end holds us. */
  protected tellMedia(): void {
    const { agreement, isHeldByThem } = this.session;
    if (agreement === undefined) return;
    const text = JSON.stringify(agreement);
    if (text !== this.told) this.emit({ type: 'media', agreement });
    this.told = text;
    if (isHeldByThem !== this.wasHeld && this.current === 'up') this.emit({ type: isHeldByThem ? 'hold' : 'unhold' });
    this.wasHeld = isHeldByThem;
  }

  protected notePeer(headers: HeaderFields): void {
    if (headers.has('Allow'))
      this.peerUpdates = headers.words('Allow').some((method) => method.toUpperCase() === 'UPDATE');
  }

  protected startSession(interval: SessionInterval, nowMs: number): void {
    this.interval = interval;
    const { refreshMs, endMs } = sessionDeadlineMs(interval);
    this.timers.clear('refresh');
    if (refreshMs !== undefined) this.timers.set('refresh', nowMs + refreshMs);
    this.timers.set('session', nowMs + endMs);
  }

  /** Sends our 2xx, again and again until its ACK comes. [RFC3261 §13.3.1.4] */
  protected succeed(transaction: InviteServerTransaction, parts: ResponseParts, offered: boolean, nowMs: number): void {
    const response = makeResponse(transaction.request, 200, parts);
    this.unacknowledged = { transaction, response, pauseMs: T1_MS, offered };
    this.timers.set('success', nowMs + T1_MS);
    this.timers.set('ack', nowMs + ACK_WAIT_MS);
    this.around.layer.respond(transaction, response, nowMs);
  }

  /** A request of ours in the dialog; a challenge is answered once. 408 and 481 end the call. [RFC3261 §12.2.1.2] */
  protected request(
    method: string,
    parts: RequestParts,
    handleFinal: (response: { readonly status: number; readonly headers?: HeaderFields }, nowMs: number) => void,
    nowMs: number,
    hasAnswered = false,
  ): void {
    const { dialog, credentials } = this;
    if (dialog === undefined) return;
    const request = dialog.request(method, parts);
    credentials?.authorise(request);
    const user = {
      handleResponse: (response: Response, atMs: number) => {
        if (response.status < 200) return;
        const isChallenge = response.status === 401 || response.status === 407;
        if (isChallenge && !hasAnswered && credentials?.handleChallenge(response, request.headers) === true)
          this.request(method, parts, handleFinal, atMs, true);
        else {
          if ((response.status === 481 || response.status === 408) && method !== 'BYE')
            this.loseDialog(response.status, atMs);
          handleFinal(response, atMs);
        }
        this.around.changed(this, atMs);
      },
      handleFailure: (_why: string, atMs: number) => {
        if (method !== 'BYE') this.loseDialog(408, atMs);
        handleFinal({ status: 408 }, atMs);
        this.around.changed(this, atMs);
      },
    };
    this.around.layer.send(request, dialog.hop, user, nowMs);
  }

  private loseDialog(status: number, nowMs: number): void {
    if (this.current !== 'up') return;
    const reason =
      status === 481 ? 'The far end does not know the call any more.' : 'The far end does not answer any more.';
    this.end('timer-expired', reason, 'timeout', nowMs);
  }

  // Offers within the call.

  private setHold(on: boolean, nowMs: number): void {
    if (this.session.isHeldByUs === on) return;
    this.session.hold(on);
    if (this.current === 'up') this.sendOffer(nowMs);
  }

  /** A re-INVITE with what we want; where one of theirs is under way it waits. [RFC3261 §14.1] */
  private sendOffer(nowMs: number): void {
    const { dialog } = this;
    if (this.current !== 'up' || dialog === undefined) return;
    if (this.offer === 'sent' || this.unacknowledged !== undefined || this.timers.at('glare') !== undefined) {
      if (this.offer !== 'sent') this.offer = 'wanted';
      else this.isOfferOutdated = true;
      return;
    }
    this.offer = 'sent';
    this.isOfferOutdated = false;
    this.reinvite(dialog, false, nowMs);
  }

  /** What we want has changed while an offer was under way. */
  private isOfferOutdated = false;

  private reinvite(dialog: Dialog, hasAnswered: boolean, nowMs: number): void {
    const headers = [
      ['Contact', this.contactText()],
      ['Allow', CALL_METHODS.join(', ')],
      ['Supported', 'timer, 100rel'],
      ...sessionRequest(this.interval?.seconds ?? DEFAULT_SESSION_S),
    ] as const;
    const request = dialog.request('INVITE', { headers, body: sdpBody(this.session.makeOffer()) });
    this.credentials?.authorise(request);
    let ack: Request | undefined;
    const user = {
      handleResponse: (response: Response, atMs: number) => {
        if (response.status < 200) return;
        const isChallenge = response.status === 401 || response.status === 407;
        if (ack !== undefined) this.around.layer.transmit(dialog.hop, ack);
        else if (response.status < 300) {
          dialog.refreshTarget(response);
          ack = this.around.layer.sendAck(dialog.ack(request.cseq.number), dialog.hop);
          this.handleReinvited(response, atMs);
        } else if (isChallenge && !hasAnswered && this.credentials?.handleChallenge(response, request.headers) === true)
          this.reinvite(dialog, true, atMs);
        else this.handleReinviteRefused(response.status, atMs);
        this.around.changed(this, atMs);
      },
      handleFailure: (_why: string, atMs: number) => {
        this.handleReinviteRefused(408, atMs);
        this.around.changed(this, atMs);
      },
    };
    this.around.layer.send(request, dialog.hop, user, nowMs);
  }

  private handleReinvited(response: Response, nowMs: number): void {
    this.offer = 'none';
    if (this.current !== 'up') return;
    this.notePeer(response.headers);
    this.startSession(sessionOfResponse(response.headers), nowMs);
    const answer = this.readSdp(response);
    if (answer === undefined || this.session.handleAnswer(answer) === undefined) {
      this.end('bearer-unavailable', 'The far end answered our offer with nothing that we can.', 'local', nowMs);
      return;
    }
    this.tellMedia();
    if (this.isOfferOutdated) this.sendOffer(nowMs);
  }

  /** The session goes on as it was, unless the far end knows of none. */
  private handleReinviteRefused(status: number, nowMs: number): void {
    this.offer = 'none';
    if (status === 481 || status === 408) this.loseDialog(status, nowMs);
    else if (status === 491) {
      const { min, spread } = this.direction === 'outgoing' ? GLARE_OWNER_MS : GLARE_OTHER_MS;
      this.timers.set('glare', nowMs + min + this.around.random.next() * spread);
    } else this.around.counters.increment('sip.offer-refused');
  }

  /** Their re-INVITE or UPDATE. [RFC3261 §14.2] [RFC3311 §5.2] */
  private handleOffer(transaction: ServerTransaction, dialog: Dialog, nowMs: number): void {
    const { request } = transaction;
    const hasOffer = request.body.length > 0;
    const isInvite = transaction instanceof InviteServerTransaction;
    if ((hasOffer || isInvite) && (this.offer === 'sent' || this.unacknowledged !== undefined)) {
      this.respond(transaction, 491, {}, nowMs);
      return;
    }
    if (isInvite && this.current !== 'up') {
      this.respond(transaction, 500, { headers: [['Retry-After', '2']] }, nowMs);
      return;
    }
    const timing = answerSession(request.headers);
    if (timing === 'too-brief') {
      this.respond(transaction, 422, { headers: [['Min-SE', String(SHORTEST_SESSION_S)]] }, nowMs);
      return;
    }
    const offer = this.readSdp(request);
    const answer = offer === undefined ? undefined : this.session.answer(offer);
    if (hasOffer && answer === undefined) {
      this.respond(transaction, 488, {}, nowMs);
      return;
    }
    dialog.refreshTarget(request);
    this.notePeer(request.headers);
    const headers = [
      ['Contact', this.contactText()],
      ['Allow', CALL_METHODS.join(', ')],
      ['Supported', 'timer, 100rel'],
      ...timing.headers,
    ] as const;
    if (isInvite) {
      const body = sdpBody(answer ?? this.session.makeOffer());
      this.succeed(transaction, { headers, body }, answer === undefined, nowMs);
    } else this.respond(transaction, 200, { headers, body: answer === undefined ? undefined : sdpBody(answer) }, nowMs);
    if (this.current === 'up') this.startSession(timing.interval, nowMs);
    if (answer !== undefined) this.tellMedia();
  }

  private refresh(nowMs: number): void {
    if (this.current !== 'up') return;
    if (!this.peerUpdates) {
      this.sendOffer(nowMs);
      return;
    }
    const headers = [
      ['Contact', this.contactText()],
      ['Supported', 'timer'],
      ...sessionRequest(this.interval!.seconds),
    ] as const;
    const handle = (response: { readonly status: number; readonly headers?: HeaderFields }, atMs: number) => {
      if (response.status < 300 && response.headers !== undefined && this.current === 'up')
        this.startSession(sessionOfResponse(response.headers), atMs);
    };
    this.request('UPDATE', { headers }, handle, nowMs);
  }

  // Other requests.

  private handleBye(cause: Cause | undefined, nowMs: number): void {
    if (this.current === 'gone') return;
    const why = cause ?? 'normal-clearing';
    this.tellEnd(why, causeText(why), 'far-end');
    this.handleEndedByThem(nowMs);
    this.vanish();
  }

  /** The far end said BYE, perhaps before the call was up. */
  protected handleEndedByThem(_nowMs: number): void {}

  private sendInfo(signal: InfoSignal, nowMs: number): void {
    if (this.current === 'up') this.request('INFO', { body: infoBody(signal) }, () => {}, nowMs);
  }

  private handleInfo(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const signal = parseInfo(request);
    // An empty INFO only asks whether we are alive.
    const isFine = signal !== undefined || request.body.length === 0;
    this.respond(transaction, isFine ? 200 : 415, {}, nowMs);
    if (signal !== undefined) this.emit(signal);
  }

  private handleRefer(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const targets = request.headers.all('Refer-To');
    const target = targets.length === 1 ? parseNameAddr(targets[0]!) : undefined;
    if (target === undefined || isMalformed(target) || numberOf(target) === '' || this.current !== 'up') {
      this.respond(transaction, this.current === 'up' ? 400 : 603, {}, nowMs);
      return;
    }
    const isQuiet = request.headers.get('Refer-Sub')?.trim().toLowerCase() === 'false';
    const headers = [['Contact', this.contactText()], ...(isQuiet ? [['Refer-Sub', 'false'] as const] : [])] as const;
    this.respond(transaction, 202, { headers }, nowMs);
    this.transfer = isQuiet ? undefined : { id: request.cseq.number };
    this.reportTransfer(100, nowMs);
    this.emit({ type: 'transfer', number: numberOf(target), host: isSipUri(target.uri) ? target.uri.host : '' });
  }

  private handleNotify(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const [event = ''] = (request.headers.get('Event') ?? '').split(';');
    if (event.trim().toLowerCase() !== 'refer') {
      this.respond(transaction, 489, {}, nowMs);
      return;
    }
    this.respond(transaction, 200, {}, nowMs);
    const [, status] = /^SIP\/2\.0 (\d{3})/i.exec(utf8Decode(request.body).trimStart()) ?? [];
    this.emit({ type: 'transfer-progress', status: Number(status ?? 0) });
  }
}
