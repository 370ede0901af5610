import type { Crypto } from '../base/crypto.ts';
import { parseIp } from '../base/ip.ts';
import { earliest } from '../base/machine.ts';
import { type MessageCount, sameCount } from '../base/message-count.ts';
import type { Random } from '../base/random.ts';
import { Credentials } from './credentials.ts';
import { HeaderFields } from './header-field.ts';
import { type Hop, overTcp, type Transport, transportParameter } from './hop.ts';
import { isMalformed } from './malformed.ts';
import type { Request, Response } from './message.ts';
import { MessageSubscription } from './message-subscription.ts';
import { MESSAGE_SUMMARY, parseSummary } from './message-summary.ts';
import { formatNameAddr, nameAddr } from './name-addr.ts';
import type { TrunkConfig, TrunkStatus } from './peer.ts';
import { NOT_ASKED, optionsRequest, Qualify, type Reachability } from './qualify.ts';
import { Registrant, type RegistrationStatus } from './registrant.ts';
import { TargetHealth } from './target-health.ts';
import type { ClientTransactionUser, TransactionFailure } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { defaultPort, type HostPort, type SipUri, sipUri, userOf } from './uri.ts';

/** What is looked up; port and transport only as far as the configuration demands them. */
export interface WantedHost {
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: Transport | undefined;
}

export interface TrunkEnvironment {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly wallClock: () => number;
  /** Our own address towards there. */
  readonly local: (to: Hop | undefined) => HostPort;
  readonly send: (
    request: OutgoingRequest,
    to: Hop,
    user: ClientTransactionUser,
    nowMs: number,
    timeoutMs?: number,
  ) => void;
  readonly resolve: (wanted: WantedHost) => void;
  /** One of several addresses does not serve us any more. */
  readonly lost: (trunk: string, target: Hop, nowMs: number) => void;
  readonly changed: (trunk: string, status: RegistrationStatus) => void;
  readonly reached: (trunk: string, state: Reachability) => void;
  /** Other messages wait in a mailbox there than before. */
  readonly messagesChanged: (trunk: string) => void;
}

/** How long an address may be silent while there is another to try. */
const TARGET_TIMEOUT_MS = 4_000;
/** How often a trunk is looked up that calls us and that we never ask anything. */
const LOOKUP_EVERY_MS = 60_000;

/** Makes what is sent to one address; what it says of us depends on the way there. */
type MakeRequest = (target: Hop) => OutgoingRequest;
type Wanted = (hops: readonly Hop[], nowMs: number) => void;

/** A provider or another switch: where it is, and whether we are registered there. */
export class Trunk {
  calls = 0;
  readonly registrant: Registrant | undefined;
  readonly credentials: Credentials | undefined;
  readonly qualify: Qualify | undefined;
  private hops: readonly Hop[];
  private readonly health = new TargetHealth();
  /** Where we registered, or tried to, the last time. */
  private registeredBy: Hop | undefined;
  private readonly literal: boolean;
  private waiting: Wanted[] = [];
  private lookupDueMs: number | undefined;
  /** By whose mailbox it is. */
  private subscriptions: ReadonlyMap<string, MessageSubscription> = new Map();
  private readonly counts = new Map<string, MessageCount>();
  private isStarted = false;

  constructor(
    readonly config: TrunkConfig,
    private readonly environment: TrunkEnvironment,
  ) {
    const { registrar, username, secret, register } = config;
    const { crypto, random, wallClock } = environment;
    this.literal = parseIp(registrar.host) !== undefined;
    this.hops = this.literal
      ? [{ transport: transportOf(registrar), ip: registrar.host, port: defaultPort(registrar) }]
      : [];
    const who = username ?? config.name;
    this.credentials = secret === undefined ? undefined : new Credentials(crypto, who, secret);
    if (config.qualify !== undefined) {
      const ask = (user: ClientTransactionUser, timeoutMs: number, nowMs: number) =>
        this.sendOptions(user, timeoutMs, nowMs);
      const changed = (state: Reachability) => environment.reached(config.name, state);
      this.qualify = new Qualify(config.qualify, ask, changed);
    }
    this.watch(config.mailboxes ?? [], 0);
    if (register === undefined || secret === undefined) return;
    this.registrant = new Registrant(
      { registrar, username: who, secret, ...register },
      {
        crypto,
        random,
        wallClock,
        contact: () => this.contact(this.registeredBy ?? this.firstHop),
        send: (request, user, nowMs) => this.sendRegister(request, user, nowMs),
        changed: (status, nowMs) => {
          // Some let only those subscribe who are registered.
          if (status.state === 'registered')
            for (const subscription of this.subscriptions.values()) subscription.retry(nowMs);
          environment.changed(config.name, status);
        },
      },
    );
  }

  get status(): TrunkStatus {
    const state = this.qualify?.state ?? NOT_ASKED;
    const { calls, messages } = this;
    return { name: this.config.name, registration: this.registrant?.status ?? null, calls, messages, ...state };
  }

  start(nowMs: number): void {
    this.isStarted = true;
    for (const subscription of this.subscriptions.values()) subscription.start(nowMs);
    this.registrant?.start(nowMs);
    this.qualify?.start(nowMs);
    this.qualify?.handleTimeout(nowMs);
    // Its calls are known by its address, so that must be known before the first of them.
    if (
      !this.literal &&
      this.config.context !== undefined &&
      this.registrant === undefined &&
      this.qualify === undefined
    )
      this.lookUp(nowMs);
  }

  stop(nowMs: number): void {
    this.isStarted = false;
    for (const subscription of this.subscriptions.values()) subscription.stop(nowMs);
    this.registrant?.stop(nowMs);
    this.qualify?.stop();
    this.lookupDueMs = undefined;
  }

  handleTimeout(nowMs: number): void {
    this.registrant?.handleTimeout(nowMs);
    this.qualify?.handleTimeout(nowMs);
    for (const subscription of this.subscriptions.values()) subscription.handleTimeout(nowMs);
    if (this.lookupDueMs !== undefined && nowMs >= this.lookupDueMs) this.lookUp(nowMs);
  }

  nextDeadline(): number | undefined {
    const asked = earliest(this.registrant?.nextDeadline(), this.qualify?.nextDeadline());
    let next = earliest(asked, this.lookupDueMs);
    for (const subscription of this.subscriptions.values()) next = earliest(next, subscription.nextDeadline());
    return next;
  }

  /** Asks about these mailboxes from now on, and no others. */
  watch(boxes: readonly string[], nowMs: number): void {
    const before = this.subscriptions;
    this.subscriptions = new Map(
      [...new Set(boxes)].map((box) => [box, before.get(box) ?? this.makeSubscription(box)] as const),
    );
    for (const [box, subscription] of before)
      if (!this.subscriptions.has(box)) {
        subscription.stop(nowMs);
        this.counts.delete(box);
      }
    if (!this.isStarted) return;
    for (const [box, subscription] of this.subscriptions) if (!before.has(box)) subscription.start(nowMs);
  }

  /** What was said last of a mailbox; null: nothing yet. */
  messagesIn(box: string): MessageCount | null {
    return this.counts.get(box) ?? null;
  }

  /** A NOTIFY of one of our subscriptions: the status to answer with; undefined if it is of none. */
  handleNotify(request: Request, nowMs: number): number | undefined {
    for (const subscription of this.subscriptions.values()) {
      const status = subscription.handleNotify(request, nowMs);
      if (status !== undefined) return status;
    }
    return undefined;
  }

  /** A NOTIFY that nobody asked for: of the mailbox that it names, else of whom it is for. [RFC3842 §3.9] */
  handleUnsolicited({ uri, headers, body }: Request): number {
    const [event = ''] = (headers.get('Event') ?? '').split(';', 1);
    if (event.trim().toLowerCase() !== MESSAGE_SUMMARY) return 489;
    const summary = parseSummary(body);
    if (isMalformed(summary)) return 400;
    const box = summary.account ?? userOf(uri);
    if (this.subscriptions.has(box)) this.note(box, summary.count);
    return 200;
  }

  private get messages(): MessageCount | null {
    if (this.counts.size === 0) return null;
    const sum = (key: keyof MessageCount) => [...this.counts.values()].reduce((all, count) => all + count[key], 0);
    return { newMessages: sum('newMessages'), oldMessages: sum('oldMessages') };
  }

  private note(box: string, count: MessageCount): void {
    if (sameCount(this.counts.get(box), count)) return;
    this.counts.set(box, count);
    this.environment.messagesChanged(this.config.name);
  }

  private makeSubscription(box: string): MessageSubscription {
    const { crypto, random, send } = this.environment;
    const { registrar, username, name } = this.config;
    return new MessageSubscription(
      { registrar, username: username ?? name, box },
      {
        crypto,
        random,
        credentials: this.credentials,
        contact: (hop) => this.contact(hop),
        send: (make, user, nowMs) => this.sendAnywhere(make, user, nowMs),
        sendWithin: send,
        changed: (count) => this.note(box, count),
      },
    );
  }

  get isFull(): boolean {
    return this.calls >= (this.config.maxCalls ?? Number.POSITIVE_INFINITY);
  }

  get firstHop(): Hop | undefined {
    return this.health.inOrder(this.hops)[0];
  }

  /**
   * How much of that is as with an address of the trunk: 0 another address, 1 that alone, 2 the transport, too, 3 the port,
   * 4 the name that we asked its certificate for.
   */
  likeness(from: Hop): number {
    let most = 0;
    for (const hop of this.hops) most = Math.max(most, likenessOf(hop, from));
    return most;
  }

  /** A request got no answer from there, or a 503; the next one tries another address, or UDP, first. */
  noteFailure(target: Hop, nowMs: number, response?: Response): void {
    if (this.health.noteFailure(target, nowMs, response) && this.hops.length > 1)
      this.environment.lost(this.config.name, target, nowMs);
  }

  noteAnswer(target: Hop): void {
    this.health.noteAnswer(target);
  }

  /** Unless UDP is demanded, or TCP was refused there lately. */
  takesTcp(target: Hop, nowMs: number): boolean {
    return transportIn(this.config.registrar) === undefined && !this.health.isOut(overTcp(target), nowMs);
  }

  /**
   * Gives the addresses in the order to try them, now or when they are known. A name is looked up each time; what is known
   * serves meanwhile.
   */
  withHops(give: Wanted, nowMs: number): void {
    const resolve = () => this.environment.resolve(this.wanted);
    if (this.hops.length > 0) {
      give(this.targets(nowMs), nowMs);
      if (!this.literal) resolve();
      return;
    }
    this.waiting.push(give);
    if (this.waiting.length === 1) resolve();
  }

  /** Whether that is what it asks for. */
  isAt({ host, port, transport }: WantedHost): boolean {
    const { wanted } = this;
    return wanted.host === host && wanted.port === port && wanted.transport === transport;
  }

  private get wanted(): WantedHost {
    const { registrar } = this.config;
    return { host: registrar.host, port: registrar.port, transport: transportIn(registrar) };
  }

  /** No addresses: what was known before still counts, since DNS fails more often than providers move. */
  handleResolved(hops: readonly Hop[], nowMs: number): void {
    if (hops.length > 0) {
      this.hops = hops;
      this.health.keepOnly(hops);
    }
    const { waiting } = this;
    this.waiting = [];
    for (const give of waiting) give(this.targets(nowMs), nowMs);
  }

  /** Where OPTIONS find out who is back, nobody else has to. */
  private targets(nowMs: number): readonly Hop[] {
    return this.health.inOrder(this.hops, this.qualify === undefined ? nowMs : undefined);
  }

  private contact(target: Hop | undefined): SipUri {
    const { username, name } = this.config;
    const parameters = target === undefined ? undefined : transportParameter(target);
    return sipUri({ ...this.environment.local(target), user: username ?? name, parameters });
  }

  private lookUp(nowMs: number): void {
    this.lookupDueMs = nowMs + LOOKUP_EVERY_MS;
    this.withHops(() => {}, nowMs);
  }

  private sendOptions(user: ClientTransactionUser, timeoutMs: number, nowMs: number): void {
    const { crypto } = this.environment;
    const make: MakeRequest = (target) => optionsRequest(crypto, this.config.registrar, this.contact(target));
    const give: Wanted = (_, atMs) =>
      this.tryTargets(this.health.inOrder(this.hops, atMs), make, user, atMs, timeoutMs, timeoutMs);
    this.withHops(give, nowMs);
  }

  private sendRegister(request: OutgoingRequest, user: ClientTransactionUser, nowMs: number): void {
    const make: MakeRequest = (target) => {
      this.registeredBy = target;
      const headers = new HeaderFields(request.headers).set('Contact', formatNameAddr(nameAddr(this.contact(target))));
      return { ...request, headers };
    };
    this.sendAnywhere(make, user, nowMs);
  }

  private sendAnywhere(make: MakeRequest, user: ClientTransactionUser, nowMs: number): void {
    const timeoutMs = this.config.setupTimeoutMs ?? TARGET_TIMEOUT_MS;
    this.withHops((targets, atMs) => this.tryTargets(targets, make, user, atMs, timeoutMs), nowMs);
  }

  /** One after the other until one answers, other than by 503; the last one's word is the user's. [RFC3263 §4.3] */
  private tryTargets(
    [target, ...others]: readonly Hop[],
    make: MakeRequest,
    user: ClientTransactionUser,
    nowMs: number,
    timeoutMs: number,
    lastTimeoutMs?: number,
  ): void {
    if (target === undefined) {
      user.handleFailure('unreachable', nowMs);
      return;
    }
    const next = (atMs: number) => this.tryTargets(others, make, user, atMs, timeoutMs, lastTimeoutMs);
    const handleResponse = (response: Response, atMs: number) => {
      if (response.status === 503) this.noteFailure(target, atMs, response);
      else this.noteAnswer(target);
      if (response.status === 503 && others.length > 0) next(atMs);
      else user.handleResponse(response, atMs);
    };
    const handleFailure = (why: TransactionFailure, atMs: number) => {
      this.noteFailure(target, atMs);
      if (others.length > 0) next(atMs);
      else user.handleFailure(why, atMs);
    };
    const waitMs = others.length > 0 ? timeoutMs : lastTimeoutMs;
    this.environment.send(make(target), target, { handleResponse, handleFailure }, nowMs, waitMs);
  }
}

function likenessOf(hop: Hop, { ip, transport, port, name }: Hop): number {
  if (hop.ip !== ip) return 0;
  if (hop.transport !== transport) return 1;
  if (hop.port !== port) return 2;
  return name === undefined || hop.name !== name ? 3 : 4;
}

/** What the URI demands; undefined where DNS says. [RFC3263 §4.1] */
function transportIn(uri: SipUri): Transport | undefined {
  if (uri.scheme === 'sips') return 'tls';
  const named = uri.parameters.get('transport')?.toLowerCase();
  return named === 'udp' || named === 'tcp' || named === 'tls' ? named : undefined;
}

/** What the URI demands; UDP where that is nothing. */
export function transportOf(uri: SipUri): Transport {
  return transportIn(uri) ?? 'udp';
}
