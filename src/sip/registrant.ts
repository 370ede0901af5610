import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { Credentials } from './credentials.ts';
import type { DigestSecret } from './digest.ts';
import { parseDecimal } from './grammar.ts';
import { HeaderFields } from './header-field.ts';
import { isMalformed } from './malformed.ts';
import { contactsOf, NO_BODY, type Response } from './message.ts';
import { formatNameAddr, nameAddr } from './name-addr.ts';
import { retryAfterS } from './retry-after.ts';
import type { ClientTransactionUser, TransactionFailure } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { type SipUri, sameUri, sipUri } from './uri.ts';

/** The words of `status --json`. */
export type RegistrationState = 'unregistered' | 'registering' | 'registered' | 'rejected' | 'timeout' | 'no-auth';

export interface RegistrationStatus {
  readonly state: RegistrationState;
  /** What was granted, seconds; null while not registered. */
  readonly refreshS: number | null;
  /** Where the registrar sees us, `ip:port`, if it says so. */
  readonly apparent: string | null;
  /** Epoch ms of the last change of `state`. */
  readonly sinceEpochMs: number;
  /** One sentence; null when well. */
  readonly reason: string | null;
}

export interface RegistrantConfig {
  /** Where to register: `sip:itsp.example`. */
  readonly registrar: SipUri;
  readonly username: string;
  readonly secret: DigestSecret;
  /** What we ask for; the registrar's word counts. */
  readonly expiresS: number;
  /** The first wait after a failure; it doubles up to a minute. */
  readonly retryMs?: number;
}

export interface RegistrantEnvironment {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly wallClock: () => number;
  /** The URI at which we can be called, asked for each attempt, since addresses change. */
  readonly contact: () => SipUri;
  /** Begins a transaction; the environment resolves names and chooses the way. */
  readonly send: (request: OutgoingRequest, user: ClientTransactionUser, nowMs: number) => void;
  readonly changed: (status: RegistrationStatus, nowMs: number) => void;
}

const DEFAULT_RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;
/** A refusal by someone who knows us stays; asking often only gets us banned. */
const REJECTED_RETRY_MS = 600_000;
/** Whatever a registrar wants at least: we ask for no more than a day. */
const MAX_EXPIRES_S = 86_400;
/** Part of the granted time after which we refresh. */
const REFRESH_SHARE = 0.9;
const SHORTEST_REFRESH_MS = 5_000;
/** Tries within one attempt: two realms, a stale nonce and an interval too brief may all come after each other. */
const MAX_TRIES = 5;

type TimerName = 'attempt' | 'expiry';

/** Keeps us registered at one registrar, for ever, whatever it answers. [RFC3261 §10.2] */
export class Registrant {
  private readonly timers = new Timers<TimerName>();
  private readonly credentials: Credentials;
  private readonly callId: string;
  private readonly tag: string;
  private sequence = 0;
  /** Which attempt an answer belongs to: those of abandoned attempts are passed over. */
  private attempt = 0;
  private failures = 0;
  private expiresS: number;
  private isStopped = true;
  private current: RegistrationStatus;

  constructor(
    private readonly config: RegistrantConfig,
    private readonly environment: RegistrantEnvironment,
  ) {
    const { crypto, wallClock } = environment;
    this.credentials = new Credentials(crypto, config.username, config.secret);
    this.callId = toHex(crypto.randomBytes(16));
    this.tag = toHex(crypto.randomBytes(8));
    this.expiresS = config.expiresS;
    const sinceEpochMs = wallClock();
    this.current = { state: 'unregistered', refreshS: null, apparent: null, sinceEpochMs, reason: null };
  }

  get status(): RegistrationStatus {
    return this.current;
  }

  start(nowMs: number): void {
    this.isStopped = false;
    this.register(nowMs);
  }

  /** Our address has changed, or somebody asks for it: registers at once. */
  reregister(nowMs: number): void {
    if (this.isStopped) return;
    this.failures = 0;
    this.register(nowMs);
  }

  /** Takes the registration back, once; whether that arrives changes nothing here. */
  stop(nowMs: number): void {
    if (this.isStopped) return;
    const wasRegistered = this.current.state === 'registered';
    this.isStopped = true;
    this.timers.clearAll();
    this.attempt++;
    if (wasRegistered) this.send(0, this.attempt, 1, nowMs);
    this.become('unregistered', null, nowMs);
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (timer === 'attempt') this.register(nowMs);
      else this.become('timeout', 'The registration expired before it could be refreshed.', nowMs);
    }
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  private register(nowMs: number): void {
    this.timers.clear('attempt');
    this.attempt++;
    // While a refresh is under way the registration still stands.
    if (this.current.state !== 'registered') this.become('registering', null, nowMs);
    this.send(this.expiresS, this.attempt, 1, nowMs);
  }

  private send(expiresS: number, attempt: number, tries: number, nowMs: number): void {
    const { registrar, username } = this.config;
    const aor = sipUri({ host: registrar.host, user: username, secure: registrar.scheme === 'sips' });
    const headers = new HeaderFields([
      ['Max-Forwards', '70'],
      ['Contact', formatNameAddr(nameAddr(this.environment.contact()))],
      ['Expires', String(expiresS)],
      ['Supported', 'path'],
    ]);
    const request: OutgoingRequest = {
      method: 'REGISTER',
      uri: { ...registrar, user: undefined },
      from: nameAddr(aor, undefined, new Map([['tag', this.tag]])),
      to: nameAddr(aor),
      callId: this.callId,
      cseq: { number: ++this.sequence, method: 'REGISTER' },
      headers,
      body: NO_BODY,
    };
    this.credentials.authorise(request);
    const user: ClientTransactionUser = {
      handleResponse: (response, atMs) =>
        this.handleResponse(response, request.headers, expiresS, attempt, tries, atMs),
      handleFailure: (why, atMs) => this.handleFailure(why, attempt, atMs),
    };
    this.environment.send(request, user, nowMs);
  }

  private handleResponse(
    response: Response,
    sent: HeaderFields,
    expiresS: number,
    attempt: number,
    tries: number,
    nowMs: number,
  ): void {
    const { status } = response;
    if (status < 200) return;
    if (status === 401 || status === 407) {
      const isWorthwhile = this.credentials.handleChallenge(response, sent) && tries < MAX_TRIES;
      if (isWorthwhile && (attempt === this.attempt || expiresS === 0)) this.send(expiresS, attempt, tries + 1, nowMs);
      else if (attempt === this.attempt && !this.isStopped) this.fail('no-auth', response, REJECTED_RETRY_MS, nowMs);
      if (!isWorthwhile) this.credentials.forget();
      return;
    }
    if (attempt !== this.attempt || this.isStopped) return;
    if (status < 300) this.succeed(response, nowMs);
    else if (status === 423 && tries < MAX_TRIES && this.takeMinimum(response))
      this.send(this.expiresS, attempt, tries + 1, nowMs);
    else if (status === 403 || status === 404 || status >= 600)
      this.fail('rejected', response, REJECTED_RETRY_MS, nowMs);
    else this.fail(status === 408 ? 'timeout' : 'rejected', response, undefined, nowMs);
  }

  private handleFailure(why: TransactionFailure, attempt: number, nowMs: number): void {
    if (attempt !== this.attempt || this.isStopped) return;
    const reason =
      why === 'timeout'
        ? `${this.config.registrar.host} did not answer.`
        : `${this.config.registrar.host} is unreachable.`;
    this.retryLater('timeout', reason, undefined, nowMs);
  }

  private succeed(response: Response, nowMs: number): void {
    const grantedS = this.grantedExpiry(response);
    if (grantedS === 0) {
      this.fail('rejected', response, undefined, nowMs);
      return;
    }
    this.failures = 0;
    this.timers.set('attempt', nowMs + Math.max(SHORTEST_REFRESH_MS, grantedS * 1000 * REFRESH_SHARE));
    this.timers.set('expiry', nowMs + Math.max(2 * SHORTEST_REFRESH_MS, grantedS * 1000));
    const via = response.vias[0]!.parameters;
    const [received, rport] = [via.get('received'), via.get('rport')];
    const apparent = received == null || rport == null ? null : `${received}:${rport}`;
    this.become('registered', null, nowMs, grantedS, apparent);
  }

  /** The time that was granted to our own contact: other phones' in the list are not ours. [RFC3261 §10.2.4] */
  private grantedExpiry({ headers }: Response): number {
    const contacts = contactsOf(headers);
    const ours = this.environment.contact();
    const listed = contacts === '*' || isMalformed(contacts) ? [] : contacts;
    const own = listed.find(({ uri }) => sameUri(uri, ours)) ?? (listed.length === 1 ? listed[0] : undefined);
    const max = 2 ** 32 - 1;
    return (
      parseDecimal(own?.parameters.get('expires') ?? '', max) ??
      parseDecimal(headers.get('Expires') ?? '', max) ??
      this.expiresS
    );
  }

  private takeMinimum({ headers }: Response): boolean {
    const minS = parseDecimal(headers.get('Min-Expires') ?? '', MAX_EXPIRES_S);
    if (minS === undefined || minS <= this.expiresS) return false;
    this.expiresS = minS;
    return true;
  }

  private fail(
    state: 'rejected' | 'timeout' | 'no-auth',
    response: Response,
    waitMs: number | undefined,
    nowMs: number,
  ): void {
    const { status, reason, headers } = response;
    const askedS = retryAfterS(headers);
    const wait = askedS === undefined ? waitMs : askedS * 1000;
    this.retryLater(state, `${this.config.registrar.host} answered ${status} ${reason}.`, wait, nowMs);
  }

  private retryLater(
    state: 'rejected' | 'timeout' | 'no-auth',
    reason: string,
    waitMs: number | undefined,
    nowMs: number,
  ): void {
    const { retryMs = DEFAULT_RETRY_MS } = this.config;
    const growing = Math.min(retryMs * 2 ** Math.min(this.failures++, 16), MAX_RETRY_MS);
    const wait = waitMs ?? growing * (0.5 + this.environment.random.next() / 2);
    this.timers.set('attempt', nowMs + wait);
    const isRefused = state !== 'timeout';
    // Unanswered refreshes leave the registration standing until it expires; a refusal ends it.
    if (isRefused || this.timers.at('expiry') === undefined) {
      this.timers.clear('expiry');
      this.become(state, reason, nowMs);
    } else this.become('registered', reason, nowMs, this.current.refreshS, this.current.apparent);
  }

  private become(
    state: RegistrationState,
    reason: string | null,
    nowMs: number,
    refreshS: number | null = null,
    apparent: string | null = null,
  ): void {
    const before = this.current;
    const sinceEpochMs = before.state === state ? before.sinceEpochMs : this.environment.wallClock();
    this.current = { state, refreshS, apparent, sinceEpochMs, reason };
    const isSame =
      before.state === state &&
      before.reason === reason &&
      before.refreshS === refreshS &&
      before.apparent === apparent;
    if (!isSame) this.environment.changed(this.current, nowMs);
  }
}
