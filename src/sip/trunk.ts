import type { Crypto } from '../base/crypto.ts';
import { parseIp } from '../base/ip.ts';
import { earliest } from '../base/machine.ts';
import type { Random } from '../base/random.ts';
import { Credentials } from './credentials.ts';
import type { Hop, Transport } from './hop.ts';
import type { TrunkConfig, TrunkStatus } from './peer.ts';
import { optionsRequest, Qualify, type Reachability } from './qualify.ts';
import { Registrant, type RegistrationStatus } from './registrant.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { defaultPort, type HostPort, type SipUri, sipUri } from './uri.ts';

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
  readonly resolve: (host: string, port: number | undefined, transport: Transport) => void;
  readonly changed: (trunk: string, status: RegistrationStatus) => void;
  readonly reached: (trunk: string, state: Reachability) => void;
}

/** How often a trunk is looked up that calls us and that we never ask anything. */
const LOOKUP_EVERY_MS = 60_000;

type Wanted = (hops: readonly Hop[], nowMs: number) => void;

/** A provider or another switch: where it is, and whether we are registered there. */
export class Trunk {
  calls = 0;
  readonly registrant: Registrant | undefined;
  readonly credentials: Credentials | undefined;
  readonly qualify: Qualify | undefined;
  private hops: readonly Hop[];
  private readonly literal: boolean;
  private waiting: Wanted[] = [];
  private lookupDueMs: number | undefined;

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
    if (register === undefined || secret === undefined) return;
    this.registrant = new Registrant(
      { registrar, username: who, secret, ...register },
      {
        crypto,
        random,
        wallClock,
        contact: () => sipUri({ ...environment.local(this.hops[0]), user: who }),
        send: (request, user, nowMs) => this.sendRegister(request, user, nowMs),
        changed: (status) => environment.changed(config.name, status),
      },
    );
  }

  get status(): TrunkStatus {
    const state = this.qualify?.state ?? { reachable: null, rttMs: null, reason: null };
    return { name: this.config.name, registration: this.registrant?.status ?? null, calls: this.calls, ...state };
  }

  start(nowMs: number): void {
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
    this.registrant?.stop(nowMs);
    this.qualify?.stop();
    this.lookupDueMs = undefined;
  }

  handleTimeout(nowMs: number): void {
    this.registrant?.handleTimeout(nowMs);
    this.qualify?.handleTimeout(nowMs);
    if (this.lookupDueMs !== undefined && nowMs >= this.lookupDueMs) this.lookUp(nowMs);
  }

  nextDeadline(): number | undefined {
    const asked = earliest(this.registrant?.nextDeadline(), this.qualify?.nextDeadline());
    return earliest(asked, this.lookupDueMs);
  }

  get isFull(): boolean {
    return this.calls >= (this.config.maxCalls ?? Number.POSITIVE_INFINITY);
  }

  get firstHop(): Hop | undefined {
    return this.hops[0];
  }

  /** Whether something from there is the trunk's. */
  isAt(ip: string): boolean {
    return this.hops.some((hop) => hop.ip === ip);
  }

  /** Gives the addresses, now or when they are known. A name is looked up each time; what is known serves meanwhile. */
  withHops(give: Wanted, nowMs: number): void {
    const { registrar } = this.config;
    const resolve = () => this.environment.resolve(registrar.host, registrar.port, transportOf(registrar));
    if (this.hops.length > 0) {
      give(this.hops, nowMs);
      if (!this.literal) resolve();
      return;
    }
    this.waiting.push(give);
    if (this.waiting.length === 1) resolve();
  }

  /** No addresses: what was known before still counts, since DNS fails more often than providers move. */
  handleResolved(hops: readonly Hop[], nowMs: number): void {
    if (hops.length > 0) this.hops = hops;
    const { waiting } = this;
    this.waiting = [];
    for (const give of waiting) give(this.hops, nowMs);
  }

  private lookUp(nowMs: number): void {
    this.lookupDueMs = nowMs + LOOKUP_EVERY_MS;
    this.withHops(() => {}, nowMs);
  }

  private sendOptions(user: ClientTransactionUser, timeoutMs: number, nowMs: number): void {
    const { registrar, username, name } = this.config;
    const { crypto, local, send } = this.environment;
    this.withHops((hops, atMs) => {
      const [first] = hops;
      if (first === undefined) {
        user.handleFailure('unreachable', atMs);
        return;
      }
      const us = sipUri({ ...local(first), user: username ?? name });
      send(optionsRequest(crypto, registrar, us), first, user, atMs, timeoutMs);
    }, nowMs);
  }

  private sendRegister(request: OutgoingRequest, user: ClientTransactionUser, nowMs: number): void {
    const give: Wanted = (hops, atMs) => {
      const [first] = hops;
      if (first === undefined) {
        user.handleFailure('unreachable', atMs);
        return;
      }
      // An address that does not answer goes to the end of the line for the next attempt.
      const handleFailure: ClientTransactionUser['handleFailure'] = (why, failedMs) => {
        if (this.hops[0] === first) this.hops = [...this.hops.slice(1), first];
        user.handleFailure(why, failedMs);
      };
      this.environment.send(
        request,
        first,
        { handleResponse: (response, m) => user.handleResponse(response, m), handleFailure },
        atMs,
      );
    };
    this.withHops(give, nowMs);
  }
}

export function transportOf(uri: SipUri): Transport {
  if (uri.scheme === 'sips') return 'tls';
  const named = uri.parameters.get('transport')?.toLowerCase();
  return named === 'tcp' || named === 'tls' ? named : 'udp';
}
