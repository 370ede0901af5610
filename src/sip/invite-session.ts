import type { VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { CodecName } from './codec.ts';
import type { Dialog } from './dialog.ts';
import { type CallTimer, DialogUsage } from './dialog-usage.ts';
import type { HeaderFields } from './header-field.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { isMalformed } from './malformed.ts';
import { contentTypeOf, makeResponse, type Request, type Response, type ResponseParts } from './message.ts';
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
import type { ServerTransaction } from './transaction-layer.ts';

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

/** Glare: who owns the Call-ID waits longer, so that the two do not meet again. [RFC3261 §14.1] */
const GLARE_OWNER_MS = { min: 2_100, spread: 1_900 } as const;
const GLARE_OTHER_MS = { min: 0, spread: 2_000 } as const;
const T1_MS = 500;
const T2_MS = 4_000;
const ACK_WAIT_MS = 64 * T1_MS;
/** The offers of a call that stands, its 2xx and their ACKs, its session timer. [RFC3261 §14] [RFC3311] [RFC4028] */
export abstract class InviteSession extends DialogUsage {
  /** Our 2xx that waits for its ACK. */
  private unacknowledged:
    | { transaction: InviteServerTransaction; response: Response; pauseMs: number; offered: boolean }
    | undefined;
  /** An offer of ours is under way, or is wanted as soon as that is legal. */
  private offer: 'none' | 'sent' | 'wanted' = 'none';
  /** What we want has changed while an offer was under way. */
  private isOfferOutdated = false;
  private wasHeld = false;
  private told = '';
  private codec: CodecName | undefined;
  private interval: SessionInterval | undefined;
  private peerUpdates = false;

  hold(nowMs: number): void {
    this.setHold(true, nowMs);
  }

  unhold(nowMs: number): void {
    this.setHold(false, nowMs);
  }

  see(video: readonly VideoFormat[], nowMs: number): void {
    if (this.session.see(video) && this.state === 'up') this.sendOffer(nowMs);
  }

  carry(format: VoiceFormat | undefined, nowMs: number): void {
    if (this.session.carry(format) && this.state === 'up') this.sendOffer(nowMs);
  }

  /** The ACK of a 2xx of ours. */
  handleAck(request: Request, nowMs: number): void {
    const waiting = this.unacknowledged;
    if (waiting === undefined || waiting.transaction.request.cseq.number !== request.cseq.number) return;
    this.unacknowledged = undefined;
    this.timers.clear('success');
    this.timers.clear('ack');
    if (this.state === 'ending') {
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
    if (this.offer === 'wanted' || this.session.isVoiceOutdated) this.sendOffer(nowMs);
  }

  protected override fire(timer: CallTimer, nowMs: number): void {
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
        if (this.state === 'ending') this.sendBye(nowMs);
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

  /** Sends our 2xx, again and again until its ACK comes. [RFC3261 §13.3.1.4] */
  protected succeed(transaction: InviteServerTransaction, parts: ResponseParts, offered: boolean, nowMs: number): void {
    const response = makeResponse(transaction.request, 200, parts);
    this.unacknowledged = { transaction, response, pauseMs: T1_MS, offered };
    this.timers.set('success', nowMs + T1_MS);
    this.timers.set('ack', nowMs + ACK_WAIT_MS);
    this.around.layer.respond(transaction, response, nowMs);
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
    if (this.codec !== undefined && this.codec !== agreement.codec) this.emit({ type: 'codec' });
    this.codec = agreement.codec;
    if (isHeldByThem !== this.wasHeld && this.state === 'up') this.emit({ type: isHeldByThem ? 'hold' : 'unhold' });
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

  private setHold(on: boolean, nowMs: number): void {
    if (this.session.isHeldByUs === on) return;
    this.session.hold(on);
    if (this.state === 'up') this.sendOffer(nowMs);
  }

  /** A re-INVITE with what we want; where one of theirs is under way it waits. [RFC3261 §14.1] */
  protected sendOffer(nowMs: number): void {
    const { dialog } = this;
    if (this.state !== 'up' || dialog === undefined) return;
    if (this.offer === 'sent' || this.unacknowledged !== undefined || this.timers.at('glare') !== undefined) {
      if (this.offer !== 'sent') this.offer = 'wanted';
      else this.isOfferOutdated = true;
      return;
    }
    this.offer = 'sent';
    this.isOfferOutdated = false;
    this.reinvite(dialog, false, nowMs);
  }

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
      },
      handleFailure: (_why: string, atMs: number) => {
        this.handleReinviteRefused(408, atMs);
      },
    };
    this.around.layer.send(request, dialog.hop, user, nowMs);
  }

  private handleReinvited(response: Response, nowMs: number): void {
    this.offer = 'none';
    if (this.state !== 'up') return;
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
    } else {
      this.around.counters.increment('sip.offer-refused');
      if (this.session.giveUpOffer()) this.emit({ type: 'codec' });
    }
  }

  /** Their re-INVITE or UPDATE. [RFC3261 §14.2] [RFC3311 §5.2] */
  protected handleOffer(transaction: ServerTransaction, dialog: Dialog, nowMs: number): void {
    const { request } = transaction;
    const hasOffer = request.body.length > 0;
    const isInvite = transaction instanceof InviteServerTransaction;
    if ((hasOffer || isInvite) && (this.offer === 'sent' || this.unacknowledged !== undefined)) {
      this.respond(transaction, 491, {}, nowMs);
      return;
    }
    if (isInvite && this.state !== 'up') {
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
    if (this.state === 'up') this.startSession(timing.interval, nowMs);
    if (answer !== undefined) this.tellMedia();
  }

  private refresh(nowMs: number): void {
    if (this.state !== 'up') return;
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
      if (response.status < 300 && response.headers !== undefined && this.state === 'up')
        this.startSession(sessionOfResponse(response.headers), atMs);
    };
    this.request('UPDATE', { headers }, handle, nowMs);
  }

  protected override mayEnd(): boolean {
    return this.unacknowledged === undefined;
  }
}
