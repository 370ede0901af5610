import { toHex } from '../base/bytes.ts';
import { type Cause, causeText } from '../base/causes.ts';
import { CallLeg } from './call-leg.ts';
import { numberOf } from './caller-identity.ts';
import type { Credentials } from './credentials.ts';
import { Dialog } from './dialog.ts';
import type { CallIdentity, CallSurroundings, CallTimer } from './dialog-usage.ts';
import { parseDecimal } from './grammar.ts';
import { HeaderFields } from './header-field.ts';
import type { Hop } from './hop.ts';
import { InviteClientTransaction } from './invite-client-transaction.ts';
import { CALL_METHODS } from './invite-session.ts';
import { isMalformed } from './malformed.ts';
import { contactsOf, type Request, type Response } from './message.ts';
import { formatNameAddr, type NameAddr, nameAddr, tagOf, withTag } from './name-addr.ts';
import type { MediaSession } from './offer-answer.ts';
import { causeOfResponse, formatReason } from './reason.ts';
import { type SessionDescription, sdpBody } from './sdp.ts';
import { DEFAULT_SESSION_S, sessionOfResponse, sessionRequest } from './session-timer.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import type { Uri } from './uri.ts';

/** What the INVITE says. */
export interface Invitation {
  readonly uri: Uri;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** How long nobody may answer before the next target is tried, or the call is given up. */
  readonly timeoutMs: number;
  /** Is told how each target did. */
  readonly judge?: TargetJudge;
}

export interface TargetJudge {
  /** It was silent, out of reach, or answered this 503. */
  noteFailure(target: Hop, nowMs: number, response?: Response): void;
  noteAnswer(target: Hop): void;
}

interface EarlyDialog {
  readonly dialog: Dialog;
  lastRSeq: number | undefined;
  /** What this fork answered to our offer, if it has; another may have answered since. */
  answer: SessionDescription | undefined;
}

/**
 * The call is to be tried elsewhere. 305 names a proxy that anybody could name, 380 another service: neither is a number to
 * call. [RFC3261 §21.3]
 */
const REDIRECTIONS: readonly number[] = [300, 301, 302];
const MAX_REDIRECTIONS = 8;
const MAX_TRIES = 4;
const MAX_SESSION_S = 86_400;
const MAX_RSEQ = 2 ** 32 - 1;

/** Where a 3xx says that the user is, the most wanted first. [RFC3261 §8.1.3.4] */
function numbersOf({ headers }: Response): readonly string[] {
  const contacts = contactsOf(headers);
  if (contacts === '*' || isMalformed(contacts)) return [];
  const q = ({ parameters }: NameAddr) => Number(parameters.get('q') ?? 1) || 0;
  const numbers = contacts.toSorted((a, b) => q(b) - q(a)).map(numberOf);
  return [...new Set(numbers.filter((number) => number !== ''))].slice(0, MAX_REDIRECTIONS);
}

/** A call that we place: the UAC of an INVITE. [RFC3261 §13.2] */
export class OutgoingCallLeg extends CallLeg {
  private invite: InviteClientTransaction | undefined;
  /** Each INVITE that is under way, given up ones among them: whoever answers one of these late is told to stop. */
  private readonly transactions = new Map<OutgoingRequest, InviteClientTransaction>();
  private lastInvite: OutgoingRequest | undefined;
  private readonly early = new Map<string, EarlyDialog>();
  /** Whose media are those of the call as long as nobody has answered. */
  private heard: EarlyDialog | undefined;
  /** The ACK of each 2xx, by the tag of who sent it: forks answer more than once. */
  private readonly acks = new Map<string, { readonly ack: Request; readonly hop: Hop }>();
  private readonly callId: string;
  private readonly from: NameAddr;
  private targets: readonly Hop[] = [];
  /** By which the last INVITE went to the first of these. */
  private way: Hop | undefined;
  private sequence = 0;
  private tries = 0;
  private sessionS = DEFAULT_SESSION_S;
  private isCancelled = false;
  private hasProceeded = false;
  private hasRung = false;

  constructor(
    identity: CallIdentity,
    around: CallSurroundings,
    session: MediaSession,
    credentials: Credentials | undefined,
    private readonly invitation: Invitation,
  ) {
    super(identity, 'resolving', around, session, credentials);
    this.callId = toHex(around.crypto.randomBytes(16));
    this.from = withTag(invitation.from, toHex(around.crypto.randomBytes(8)));
  }

  /** The addresses are known, in the order to try them. */
  start(targets: readonly Hop[], nowMs: number): void {
    if (this.state !== 'resolving') return;
    this.targets = targets;
    if (targets.length === 0) this.fail('destination-out-of-order', 'The address of the far end is not known.');
    else this.sendInvite(nowMs);
  }

  ringing(): void {}
  progress(): void {}
  answer(): void {}

  hangup(cause: Cause, nowMs: number): void {
    if (this.state === 'up' || this.state === 'resolving') this.end(cause, causeText(cause), 'local', nowMs);
    else if (this.state === 'calling' || this.state === 'early') {
      this.tellEnd(cause, causeText(cause), 'local');
      this.become('ending');
      this.isCancelled = true;
      this.endCause = cause;
      // Before a provisional response CANCEL is not legal; it goes when one comes.
      this.cancel(this.invite, nowMs);
    }
  }

  protected override vanish(): void {
    for (const { dialog } of this.early.values()) this.around.removeDialog(dialog);
    this.early.clear();
    super.vanish();
  }

  /** A BYE in an early dialog: the INVITE is still to be ended. */
  protected override handleEndedByThem(nowMs: number): void {
    if (this.state !== 'up') this.cancel(this.invite, nowMs);
  }

  private sendInvite(nowMs: number): void {
    const [hop] = this.targets;
    if (hop === undefined) return;
    this.become('calling');
    this.tries++;
    const { invitation, around } = this;
    const headers = new HeaderFields([
      ['Max-Forwards', '70'],
      ['Contact', formatNameAddr(nameAddr(around.contact(hop)))],
      ['Allow', CALL_METHODS.join(', ')],
      ['Supported', 'timer, 100rel, replaces'],
      ...sessionRequest(this.sessionS),
      ...invitation.headers,
    ]);
    const body = sdpBody(this.session.makeOffer());
    headers.set('Content-Type', body.type);
    const request: OutgoingRequest = {
      method: 'INVITE',
      uri: invitation.uri,
      from: this.from,
      to: invitation.to,
      callId: this.callId,
      cseq: { number: ++this.sequence, method: 'INVITE' },
      headers,
      body: body.bytes,
    };
    this.credentials?.authorise(request);
    this.lastInvite = request;
    const way = around.layer.wayOf(request, hop, nowMs);
    this.way = way;
    const user = {
      handleResponse: (response: Response, atMs: number) => {
        this.noteOutcome(response, hop, way, atMs);
        this.handleResponse(response, request, hop, atMs);
      },
      handleFailure: (_why: string, atMs: number) => {
        this.handleNoAnswer(request, atMs);
      },
    };
    const transaction = around.layer.send(request, way, user, nowMs);
    if (!(transaction instanceof InviteClientTransaction)) return;
    this.invite = transaction;
    this.transactions.set(request, transaction);
    this.timers.set('setup', nowMs + invitation.timeoutMs);
  }

  private noteOutcome(response: Response, hop: Hop, way: Hop, nowMs: number): void {
    const { judge } = this.invitation;
    if (response.status === 503) {
      judge?.noteFailure(hop, nowMs, response);
      return;
    }
    judge?.noteAnswer(hop);
    judge?.noteAnswer(way);
  }

  private handleResponse(response: Response, request: OutgoingRequest, hop: Hop, nowMs: number): void {
    const { status } = response;
    const isCurrent = request === this.lastInvite && !this.isCancelled;
    if (status >= 300) this.transactions.delete(request);
    if (status < 200) {
      if (isCurrent) this.handleProvisional(response, request, hop, nowMs);
      else this.cancel(this.transactions.get(request), nowMs);
    } else if (status < 300) this.handleSuccess(response, request, hop, isCurrent, nowMs);
    else if (isCurrent) this.handleRefusal(response, request, nowMs);
    else this.vanishIfDone();
  }

  private handleProvisional(response: Response, request: OutgoingRequest, hop: Hop, nowMs: number): void {
    if (this.state !== 'calling' && this.state !== 'early') return;
    this.timers.clear('setup');
    if (!this.hasProceeded) this.emit({ type: 'proceeding' });
    this.hasProceeded = true;
    this.become('early');
    const tag = tagOf(response.to);
    if (response.status === 100 || tag === undefined) return;
    const early = this.earlyDialog(tag, response, request, hop);
    if (early === undefined || !this.confirmReceipt(early, response, nowMs)) return;
    this.notePeer(response.headers);
    const answer = this.readSdp(response);
    early.answer = answer ?? early.answer;
    const isAgreed = answer !== undefined && this.session.handleAnswer(answer) !== undefined;
    if (isAgreed) {
      this.heard = early;
      this.tellMedia();
    }
    if (response.status === 180 && !this.hasRung) {
      this.hasRung = true;
      this.emit({ type: 'ringing' });
    }
    if (isAgreed) this.emit({ type: 'progress' });
  }

  private earlyDialog(tag: string, response: Response, request: OutgoingRequest, hop: Hop): EarlyDialog | undefined {
    const known = this.early.get(tag);
    if (known !== undefined) return known;
    const dialog = Dialog.ofResponse(request, response, hop);
    if (isMalformed(dialog)) return undefined;
    const early: EarlyDialog = { dialog, lastRSeq: undefined, answer: undefined };
    this.early.set(tag, early);
    this.dialog = dialog;
    this.around.addDialog(dialog, this);
    return early;
  }

  /** PRACK for a response that asks for it. False for one that was seen, or came out of order. [RFC3262 §4] */
  private confirmReceipt(early: EarlyDialog, response: Response, nowMs: number): boolean {
    const { headers, cseq } = response;
    if (!headers.words('Require').some((word) => word.toLowerCase() === '100rel')) return true;
    const rseq = parseDecimal(headers.get('RSeq') ?? '', MAX_RSEQ);
    if (rseq === undefined || (early.lastRSeq !== undefined && rseq !== early.lastRSeq + 1)) return false;
    early.lastRSeq = rseq;
    const { dialog } = early;
    const prack = dialog.request('PRACK', { headers: [['RAck', `${rseq} ${cseq.number} INVITE`]] });
    this.credentials?.authorise(prack);
    this.around.layer.send(prack, dialog.hop, { handleResponse: () => {}, handleFailure: () => {} }, nowMs);
    return true;
  }

  private handleSuccess(
    response: Response,
    request: OutgoingRequest,
    hop: Hop,
    isCurrent: boolean,
    nowMs: number,
  ): void {
    const tag = tagOf(response.to) ?? '';
    const sent = this.acks.get(tag);
    if (sent !== undefined) {
      this.around.layer.transmit(sent.hop, sent.ack);
      return;
    }
    const early = this.early.get(tag);
    const dialog = early?.dialog ?? Dialog.ofResponse(request, response, hop);
    if (isMalformed(dialog)) return;
    dialog.refreshTarget(response);
    const ack = this.around.layer.sendAck(dialog.ack(request.cseq.number), dialog.hop);
    this.acks.set(tag, { ack, hop: dialog.hop });
    const isFirst = isCurrent && (this.state === 'calling' || this.state === 'early');
    this.transactions.delete(request);
    if (isFirst) this.confirm(dialog, response, early === this.heard ? undefined : early?.answer, nowMs);
    else {
      // Another fork answered, or the call was hung up meanwhile: it is ended at once. [RFC3261 §13.2.2.4, §15]
      const nobody = { handleResponse: () => {}, handleFailure: () => {} };
      this.around.layer.send(dialog.request('BYE'), dialog.hop, nobody, nowMs);
      this.vanishIfDone();
    }
  }

  /** `told`: what the fork that answers has said of its media before those of another were taken. */
  private confirm(dialog: Dialog, response: Response, told: SessionDescription | undefined, nowMs: number): void {
    for (const { dialog: other } of this.early.values()) if (other !== dialog) this.around.removeDialog(other);
    this.early.clear();
    this.dialog = dialog;
    this.around.addDialog(dialog, this);
    this.become('up');
    this.timers.clear('setup');
    this.notePeer(response.headers);
    this.startSession(sessionOfResponse(response.headers), nowMs);
    const answer = this.readSdp(response) ?? told;
    if (answer !== undefined) this.session.handleAnswer(answer);
    if (this.session.agreement === undefined) {
      this.end('bearer-unavailable', 'The far end answered our offer with nothing that we can.', 'local', nowMs);
      return;
    }
    this.tellMedia();
    this.emit({ type: 'answered' });
    if (this.session.isVoiceOutdated) this.sendOffer(nowMs);
  }

  private handleRefusal(response: Response, request: OutgoingRequest, nowMs: number): void {
    const { status, headers } = response;
    const mayTryAgain = this.tries < MAX_TRIES;
    if (
      (status === 401 || status === 407) &&
      mayTryAgain &&
      this.credentials?.handleChallenge(response, request.headers) === true
    ) {
      this.sendInvite(nowMs);
      return;
    }
    const minS = status === 422 ? parseDecimal(headers.get('Min-SE') ?? '', MAX_SESSION_S) : undefined;
    if (minS !== undefined && minS > this.sessionS && mayTryAgain) {
      this.sessionS = minS;
      this.sendInvite(nowMs);
      return;
    }
    if (status === 503 && this.tryNext(nowMs)) return;
    const numbers = REDIRECTIONS.includes(status) ? numbersOf(response) : [];
    if (numbers.length > 0) this.emit({ type: 'redirected', numbers });
    const reason = `The far end answered ${status} ${response.reason}.`.replace(' .', '.');
    this.fail(causeOfResponse(response), reason, 'far-end', status);
  }

  private handleNoAnswer(request: OutgoingRequest, nowMs: number): void {
    this.transactions.delete(request);
    if (request !== this.lastInvite || this.isCancelled) this.vanishIfDone();
    else if (this.state === 'early') this.fail('no-user-response', 'The far end fell silent while it rang.', 'timeout');
    else if (this.state === 'calling') this.giveUpTarget(nowMs);
  }

  /** Nobody answered in time. Should somebody still, he is told to stop: his phone must not ring for nobody. */
  private giveUpTarget(nowMs: number): void {
    const { way, targets } = this;
    if (way !== undefined) this.invitation.judge?.noteFailure(way, nowMs);
    // Where TCP is refused a large datagram may still arrive. [RFC3261 §18.1.1]
    if (way?.transport !== targets[0]?.transport) {
      this.sendInvite(nowMs);
      return;
    }
    if (this.tryNext(nowMs)) return;
    this.tellEnd('no-user-response', 'The far end did not answer.', 'timeout');
    this.become('ending');
    this.isCancelled = true;
    this.vanishIfDone();
  }

  protected override fire(timer: CallTimer, nowMs: number): void {
    if (timer !== 'setup') super.fire(timer, nowMs);
    else if (this.state === 'calling') this.giveUpTarget(nowMs);
  }

  private cancel(invite: InviteClientTransaction | undefined, nowMs: number): void {
    if (invite !== undefined) this.around.layer.cancel(invite, nowMs, formatReason(this.endCause));
  }

  private vanishIfDone(): void {
    if (this.state === 'ending' && this.isCancelled && this.transactions.size === 0) this.vanish();
  }

  /** A target that is down or full is no reason to give up while there is another. [RFC3263 §4.3] */
  private tryNext(nowMs: number): boolean {
    this.targets = this.targets.slice(1);
    if (this.targets.length === 0) return false;
    this.tries = 0;
    this.sendInvite(nowMs);
    return true;
  }

  private fail(cause: Cause, reason: string, by: 'far-end' | 'timeout' = 'far-end', status?: number): void {
    this.tellEnd(cause, reason, by, status);
    this.vanish();
  }
}
