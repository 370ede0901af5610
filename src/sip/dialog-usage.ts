import type { Cause } from '../base/causes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import type { StreamId, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import type { Call, CallEvent, CallState, HangupBy } from './call.ts';
import type { CallLeg } from './call-leg.ts';
import type { Credentials } from './credentials.ts';
import type { Dialog, RequestParts } from './dialog.ts';
import type { HeaderFields } from './header-field.ts';
import type { Hop } from './hop.ts';
import { makeResponse, type Response, type ResponseParts } from './message.ts';
import { formatNameAddr, nameAddr } from './name-addr.ts';
import type { MediaAgreement, MediaSession } from './offer-answer.ts';
import { formatReason } from './reason.ts';
import type { ServerTransaction, TransactionLayer } from './transaction-layer.ts';
import type { SipUri } from './uri.ts';

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
  /** The call that has such a dialog. */
  readonly findCall: (callId: string, localTag: string, remoteTag: string) => CallLeg | undefined;
}

export interface CallIdentity {
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: string;
  readonly stream: StreamId;
}

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

/** What a call is as long as it has a dialog: a state, timers, requests of its own, an end. [RFC5057] */
export abstract class DialogUsage implements Call {
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: string;
  readonly stream: StreamId;
  protected readonly timers = new Timers<CallTimer>();
  protected dialog: Dialog | undefined;
  private current: CallState;
  private hasToldEnd = false;
  protected endCause: Cause = 'normal-clearing';

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

  get signallingIp(): string | undefined {
    return this.dialog?.hop.ip;
  }

  get isGone(): boolean {
    return this.current === 'gone';
  }

  get media(): MediaAgreement | undefined {
    return this.session.agreement;
  }

  get video(): readonly VideoFormat[] {
    return this.session.video;
  }

  get voices(): readonly VoiceFormat[] {
    return this.session.voice.formats;
  }

  get carried(): VoiceFormat | undefined {
    return this.session.voice.carried;
  }

  get onlyVoice(): VoiceFormat | undefined {
    return this.session.voice.only;
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
  abstract hold(nowMs: number): void;
  abstract unhold(nowMs: number): void;
  abstract sendDigit(digit: string, durationMs: number, nowMs: number): void;
  abstract flash(nowMs: number): void;
  abstract see(video: readonly VideoFormat[], nowMs: number): void;
  abstract carry(format: VoiceFormat | undefined, nowMs: number): void;
  abstract requestPicture(nowMs: number): void;
  abstract sendText(text: string, nowMs: number): void;
  abstract transferTo(number: string, nowMs: number): void;
  abstract reportTransfer(status: number, nowMs: number): void;

  protected abstract fire(timer: CallTimer, nowMs: number): void;

  /** Whether a BYE of ours would be legal now. */
  protected abstract mayEnd(): boolean;

  protected become(state: CallState): void {
    this.current = state;
  }

  protected emit(event: CallEvent): void {
    if (!this.hasToldEnd) this.around.emit(this, event);
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
    if (this.mayEnd()) this.sendBye(nowMs);
  }

  protected sendBye(nowMs: number): void {
    this.timers.set('ending', nowMs + ENDING_MS);
    this.request('BYE', { headers: [['Reason', formatReason(this.endCause)]] }, () => this.vanish(), nowMs);
  }

  /** `status`: the final response that refused a call of ours. */
  protected tellEnd(cause: Cause, reason: string, by: HangupBy, status?: number): void {
    if (this.hasToldEnd) return;
    this.emit({ type: 'hangup', cause, reason, by, ...(status === undefined ? {} : { status }) });
    this.hasToldEnd = true;
  }

  /** Nothing is left of the call here. */
  protected vanish(): void {
    this.timers.clearAll();
    this.become('gone');
    if (this.dialog !== undefined) this.around.removeDialog(this.dialog);
    this.dialog = undefined;
  }

  protected respond(transaction: ServerTransaction, status: number, parts: ResponseParts, nowMs: number): void {
    this.around.layer.respond(transaction, makeResponse(transaction.request, status, parts), nowMs);
  }

  protected contactText(hop = this.dialog?.hop): string {
    return hop === undefined ? '' : formatNameAddr(nameAddr(this.around.contact(hop)));
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
      },
      handleFailure: (_why: string, atMs: number) => {
        if (method !== 'BYE') this.loseDialog(408, atMs);
        handleFinal({ status: 408 }, atMs);
      },
    };
    this.around.layer.send(request, dialog.hop, user, nowMs);
  }

  protected loseDialog(status: number, nowMs: number): void {
    if (this.current !== 'up') return;
    const reason =
      status === 481 ? 'The far end does not know the call any more.' : 'The far end does not answer any more.';
    this.end('timer-expired', reason, 'timeout', nowMs);
  }
}
