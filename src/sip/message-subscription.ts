import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import type { MessageCount } from '../base/message-count.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import type { Credentials } from './credentials.ts';
import { Dialog } from './dialog.ts';
import { parseDecimal } from './grammar.ts';
import { HeaderFields } from './header-field.ts';
import type { Hop } from './hop.ts';
import { isMalformed } from './malformed.ts';
import { NO_BODY, type Request, type Response } from './message.ts';
import { MESSAGE_SUMMARY, parseSummary, SUMMARY_TYPE } from './message-summary.ts';
import { formatNameAddr, type NameAddr, nameAddr, tagOf, withTag } from './name-addr.ts';
import { retryAfterS } from './retry-after.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { type SipUri, sipUri } from './uri.ts';

export interface MessageSubscriptionConfig {
  readonly registrar: SipUri;
  /** Who we are there. */
  readonly username: string;
  /** Whose messages it is about. */
  readonly box: string;
}

export interface MessageSubscriptionEnvironment {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly credentials: Credentials | undefined;
  /** The URI at which the far end of that hop reaches us. */
  readonly contact: (hop: Hop) => SipUri;
  /** Begins a transaction outside of a dialog; `hop` tells which way it goes, each time that it tries another. */
  readonly send: (make: (hop: Hop) => OutgoingRequest, user: ClientTransactionUser, nowMs: number) => void;
  /** Begins a transaction within the dialog. */
  readonly sendWithin: (request: OutgoingRequest, hop: Hop, user: ClientTransactionUser, nowMs: number) => void;
  readonly changed: (count: MessageCount) => void;
}

const EXPIRES_S = 3_600;
const MAX_EXPIRES_S = 86_400;
/** Part of the granted time after which we refresh. */
const REFRESH_SHARE = 0.9;
const SHORTEST_REFRESH_MS = 5_000;
const FIRST_RETRY_MS = 30_000;
/** Whoever has no such box, or no such event, will have none in a minute: the lamp can wait. */
const LONGEST_RETRY_MS = 600_000;
const MAX_TRIES = 5;
/** Why a subscription ended that may be had again at once. [RFC6665 §4.1.3] */
const BEGIN_ANEW: readonly string[] = ['deactivated', 'timeout'];

/** Asks one mailbox at a trunk what waits in it, for ever, whatever is answered. [RFC3842] [RFC6665 §4.1] */
export class MessageSubscription {
  private readonly timers = new Timers<'attempt'>();
  private dialog: Dialog | undefined;
  private callId = '';
  private from: NameAddr;
  private sequence = 0;
  private failures = 0;
  private expiresS = EXPIRES_S;
  /** Which subscription an answer belongs to: those of former ones are passed over. */
  private generation = 0;
  private isStopped = true;

  constructor(
    private readonly config: MessageSubscriptionConfig,
    private readonly environment: MessageSubscriptionEnvironment,
  ) {
    const { registrar, username } = config;
    this.from = nameAddr(sipUri({ host: registrar.host, user: username, secure: registrar.scheme === 'sips' }));
  }

  start(nowMs: number): void {
    this.isStopped = false;
    this.begin(nowMs);
  }

  /** The trunk may know us only from now on. */
  retry(nowMs: number): void {
    if (!this.isStopped && this.dialog === undefined) this.begin(nowMs);
  }

  /** Takes the subscription back, once; whether that arrives changes nothing here. */
  stop(nowMs: number): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.timers.clearAll();
    this.generation++;
    if (this.dialog !== undefined) this.ask(0, 1, nowMs);
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  handleTimeout(nowMs: number): void {
    for (const _ of this.timers.due(nowMs)) {
      if (this.dialog === undefined) this.begin(nowMs);
      else this.ask(this.expiresS, 1, nowMs);
    }
  }

  /** A NOTIFY in a dialog: the status to answer with, undefined if it is not of this subscription. [RFC6665 §4.1.3] */
  handleNotify(request: Request, nowMs: number): number | undefined {
    if (this.isStopped || request.callId !== this.callId || tagOf(request.to) !== tagOf(this.from)) return undefined;
    const [event = ''] = (request.headers.get('Event') ?? '').split(';', 1);
    if (event.trim().toLowerCase() !== MESSAGE_SUMMARY) return 489;
    // It may come before the answer to our SUBSCRIBE, which makes the dialog. [RFC6665 §4.4.1]
    if (this.dialog?.takes(request) === false) return 500;
    this.dialog?.refreshTarget(request);
    if (request.body.length > 0) {
      const summary = parseSummary(request.body);
      if (isMalformed(summary)) return 400;
      this.environment.changed(summary.count);
    }
    const [state = '', ...parameters] = (request.headers.get('Subscription-State') ?? '').split(';');
    if (state.trim().toLowerCase() === 'terminated') this.handleTerminated(parameters, nowMs);
    return 200;
  }

  private handleTerminated(parameters: readonly string[], nowMs: number): void {
    const value = (name: string) =>
      parameters.map((one) => one.trim().split('=')).find(([key]) => key?.toLowerCase() === name)?.[1];
    const afterS = parseDecimal(value('retry-after') ?? '', MAX_EXPIRES_S);
    this.dialog = undefined;
    // A notifier that ends each subscription as it begins must not be asked without a pause.
    if (BEGIN_ANEW.includes(value('reason')?.toLowerCase() ?? '')) this.later(SHORTEST_REFRESH_MS, nowMs);
    else this.later(afterS === undefined ? LONGEST_RETRY_MS : afterS * 1_000, nowMs);
  }

  private begin(nowMs: number): void {
    const { crypto } = this.environment;
    this.dialog = undefined;
    this.callId = toHex(crypto.randomBytes(16));
    this.from = withTag(this.from, toHex(crypto.randomBytes(8)));
    this.sequence = 0;
    this.generation++;
    this.ask(this.expiresS, 1, nowMs);
  }

  private ask(expiresS: number, tries: number, nowMs: number): void {
    const { generation, dialog, environment } = this;
    this.timers.clear('attempt');
    let sent: { readonly request: OutgoingRequest; readonly hop: Hop } | undefined;
    const user: ClientTransactionUser = {
      handleResponse: (response, atMs) => {
        if (response.status >= 200 && sent !== undefined && generation === this.generation)
          this.handleFinal(response, sent.request, sent.hop, expiresS, tries, atMs);
      },
      handleFailure: (_why, atMs) => {
        if (generation === this.generation && !this.isStopped) this.fail(undefined, atMs);
      },
    };
    const make = (hop: Hop): OutgoingRequest => {
      const headers = this.headersTo(hop, expiresS);
      const request = dialog === undefined ? this.firstRequest(headers) : dialog.request('SUBSCRIBE', { headers });
      environment.credentials?.authorise(request);
      sent = { request, hop };
      return request;
    };
    if (dialog === undefined) environment.send(make, user, nowMs);
    else environment.sendWithin(make(dialog.hop), dialog.hop, user, nowMs);
  }

  private headersTo(hop: Hop, expiresS: number): readonly (readonly [string, string])[] {
    return [
      ['Contact', formatNameAddr(nameAddr(this.environment.contact(hop)))],
      ['Event', MESSAGE_SUMMARY],
      ['Accept', SUMMARY_TYPE],
      ['Expires', String(expiresS)],
    ];
  }

  private firstRequest(headers: readonly (readonly [string, string])[]): OutgoingRequest {
    const { registrar, box } = this.config;
    const uri = { ...registrar, user: sipUri({ host: 'x', user: box }).user };
    return {
      method: 'SUBSCRIBE',
      uri,
      from: this.from,
      to: nameAddr({ ...uri, parameters: new Map() }),
      callId: this.callId,
      cseq: { number: ++this.sequence, method: 'SUBSCRIBE' },
      headers: new HeaderFields([['Max-Forwards', '70'], ...headers]),
      body: NO_BODY,
    };
  }

  private handleFinal(
    response: Response,
    request: OutgoingRequest,
    hop: Hop,
    expiresS: number,
    tries: number,
    nowMs: number,
  ): void {
    const { status, headers } = response;
    const mayTryAgain = tries < MAX_TRIES;
    if (status === 401 || status === 407) {
      const isWorthwhile = this.environment.credentials?.handleChallenge(response, request.headers) === true;
      if (isWorthwhile && mayTryAgain) this.ask(expiresS, tries + 1, nowMs);
      else if (!this.isStopped) this.fail(LONGEST_RETRY_MS, nowMs);
      return;
    }
    if (this.isStopped) return;
    if (status === 423 && mayTryAgain) {
      const minS = parseDecimal(headers.get('Min-Expires') ?? '', MAX_EXPIRES_S);
      if (minS !== undefined && minS > this.expiresS) {
        this.expiresS = minS;
        this.ask(minS, tries + 1, nowMs);
        return;
      }
    }
    if (status < 300) this.succeed(response, request, hop, nowMs);
    else if (status === 481 && this.dialog !== undefined) this.begin(nowMs);
    else this.fail(waitAfter(response), nowMs);
  }

  private succeed(response: Response, request: OutgoingRequest, hop: Hop, nowMs: number): void {
    const dialog = this.dialog ?? Dialog.ofResponse(request, response, hop);
    if (isMalformed(dialog)) {
      this.fail(undefined, nowMs);
      return;
    }
    dialog.refreshTarget(response);
    this.dialog = dialog;
    this.failures = 0;
    const grantedS = parseDecimal(response.headers.get('Expires') ?? '', MAX_EXPIRES_S) ?? this.expiresS;
    this.later(Math.max(SHORTEST_REFRESH_MS, grantedS * 1_000 * REFRESH_SHARE), nowMs);
  }

  /** `waitMs`: how long to leave it; absent: longer with each failure. */
  private fail(waitMs: number | undefined, nowMs: number): void {
    this.dialog = undefined;
    const growing = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.failures++, 8), LONGEST_RETRY_MS);
    this.later(waitMs ?? growing * (0.5 + this.environment.random.next() / 2), nowMs);
  }

  private later(waitMs: number, nowMs: number): void {
    this.timers.set('attempt', nowMs + waitMs);
  }
}

/** How long a refusal is to be heeded; undefined where it may be over soon. */
function waitAfter({ status, headers }: Response): number | undefined {
  const askedS = retryAfterS(headers);
  if (askedS !== undefined) return askedS * 1_000;
  return status === 408 || (status >= 500 && status !== 501 && status < 600) ? undefined : LONGEST_RETRY_MS;
}
