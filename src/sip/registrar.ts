import { toHex } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import { Lockout, type LockoutOptions } from '../base/limits.ts';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { Authenticator } from './authenticator.ts';
import type { Binding } from './binding.ts';
import { detached } from './detached.ts';
import { parseDecimal } from './grammar.ts';
import type { Hop } from './hop.ts';
import { isMalformed } from './malformed.ts';
import { contactsOf, makeResponse, type Request, type Response } from './message.ts';
import { formatNameAddr, type NameAddr, nameAddr } from './name-addr.ts';
import { formatUri, isSipUri, parseUri, sameUri, userOf } from './uri.ts';

export interface RegistrarLimits {
  readonly minS: number;
  readonly defaultS: number;
  readonly maxS: number;
  /** Contacts of one user; a further one takes the place of the oldest. */
  readonly contacts: number;
}

export const DEFAULT_REGISTRAR_LIMITS: RegistrarLimits = { minS: 60, defaultS: 3_600, maxS: 3_600, contacts: 3 };

/** Wrong answers to our challenges within ten minutes that make us deaf to an address for ten. */
const LOCKOUT: LockoutOptions = { failures: 5, windowMs: 600_000, lockMs: 600_000 };

export type RegistrarOutput =
  /** A user came, moved or went: all that he is bound to from now on. */
  | { readonly type: 'bindings'; readonly user: string; readonly bindings: readonly Binding[] }
  | {
      readonly type: 'security';
      readonly event: 'auth-failed' | 'locked-out' | 'flood' | 'flood-of-many' | 'scanner';
      readonly from: Hop;
      readonly username: string;
    };

export interface RegistrarOptions {
  readonly crypto: Crypto;
  readonly authenticator: Authenticator;
  readonly counters: Counters;
  /** Epoch ms: what is kept over a restart is told in wall time. */
  readonly wallClock: () => number;
  /** Whether a user who has proven himself may be bound; so unless told. */
  readonly admits?: (username: string) => boolean;
  /** May depend on the way: behind a NAT UDP wants shorter times than a connection. */
  readonly limitsFor?: (from: Hop) => RegistrarLimits;
}

interface Entry {
  readonly binding: Binding;
  readonly expiresAtMs: number;
}

interface Wish {
  readonly contact: NameAddr;
  readonly expiresS: number;
}

/** Keeps where users are. Driven with requests; expiry is its own affair. [RFC3261 §10.3] */
export class Registrar implements Machine<RegistrarOutput> {
  private readonly outputs = new Queue<RegistrarOutput>();
  /** By user, oldest first. Each with its monotonic deadline. */
  private readonly table = new Map<string, readonly Entry[]>();
  /** How many bindings came from an address and port: asked for with every datagram. */
  private readonly flows = new Map<string, number>();
  private readonly lockout = new Lockout(LOCKOUT);
  /**
   * No binding expires before; asked for with every packet of voice. It is searched only when it has come: a phone that
   * refreshes leaves it too early, which costs one look at the table.
   */
  private next = Number.POSITIVE_INFINITY;

  constructor(private readonly options: RegistrarOptions) {}

  /** The response to a REGISTER; undefined: say nothing. */
  handleRegister(request: Request, from: Hop, nowMs: number): Response | undefined {
    const { authenticator, counters } = this.options;
    if (this.isLockedOut(from, nowMs)) {
      counters.increment('sip.locked-out-request');
      return undefined;
    }
    const identity = authenticator.identify(request, from, nowMs);
    if (identity.type !== 'proven') {
      if (identity.type === 'wrong') this.noteFailure(from, identity.username, nowMs);
      // Whether there is such a user shows neither in what is answered nor in how: all are asked for a proof.
      const isStale = identity.type === 'unproven' && identity.isStale;
      const headers = authenticator.challenges(from, isStale, nowMs).map((text) => ['WWW-Authenticate', text] as const);
      return this.answer(request, 401, headers);
    }
    this.lockout.succeed(from.ip);
    const { username } = identity;
    if (userOf(request.to.uri) !== username || this.options.admits?.(username) === false)
      return this.answer(request, 403);
    return this.update(username, request, from, nowMs);
  }

  /** Phones that are registered from there go on: one of several behind a NAT may have a wrong secret. */
  isLockedOut(from: Hop, nowMs: number): boolean {
    return this.lockout.isLocked(from.ip, nowMs) && !this.isBoundAt(from);
  }

  /** Whether a phone has registered from that very address and port. */
  isBoundAt(from: Hop): boolean {
    return this.flows.has(flowOf(from));
  }

  /** Somebody failed to prove who he is, here or with a call. */
  noteFailure(from: Hop, username: string, nowMs: number): void {
    this.options.counters.increment('sip.auth-failed');
    const isLocked = this.lockout.fail(from.ip, nowMs);
    this.outputs.push({ type: 'security', event: isLocked ? 'locked-out' : 'auth-failed', from, username });
  }

  /** Where a user can be reached, the most wanted first, of equals the one that came last. */
  bindingsOf(user: string): readonly Binding[] {
    return (this.table.get(user) ?? [])
      .map(({ binding }) => binding)
      .toReversed()
      .sort((a, b) => b.q - a.q);
  }

  /** All, to be kept over a restart. */
  get bindings(): readonly Binding[] {
    return [...this.table.values()].flatMap((entries) => entries.map(({ binding }) => binding));
  }

  /** Takes over what was kept, but for what has expired meanwhile. */
  restore(bindings: readonly Binding[], nowMs: number): void {
    const wallMs = this.options.wallClock();
    for (const kept of bindings) {
      if (kept.expiresEpochMs <= wallMs) continue;
      const binding = { ...kept, connection: undefined };
      const entries = this.table.get(kept.user) ?? [];
      this.put(kept.user, [...entries, { binding, expiresAtMs: nowMs + kept.expiresEpochMs - wallMs }]);
    }
    for (const user of this.table.keys()) this.tell(user);
  }

  /** A user is no more, or must prove himself anew. */
  remove(user: string): void {
    this.keep(user, () => false);
  }

  /** A connection has ended, and with it every flow over it. [RFC5626 §4.2] */
  handleConnectionClosed(connection: number): void {
    for (const user of [...this.table.keys()]) this.keep(user, ({ binding }) => binding.connection !== connection);
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.next) return;
    for (const user of [...this.table.keys()]) this.keep(user, ({ expiresAtMs }) => expiresAtMs > nowMs);
    this.next = Number.POSITIVE_INFINITY;
    for (const entries of this.table.values()) this.expect(entries);
  }

  poll(): RegistrarOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.table.size === 0 ? undefined : this.next;
  }

  private expect(entries: readonly Entry[]): void {
    for (const { expiresAtMs } of entries) this.next = Math.min(this.next, expiresAtMs);
  }

  private update(user: string, request: Request, from: Hop, nowMs: number): Response {
    const limits = this.options.limitsFor?.(from) ?? DEFAULT_REGISTRAR_LIMITS;
    const contacts = contactsOf(request.headers);
    if (isMalformed(contacts)) return this.answer(request, 400);
    if (contacts === '*') {
      if (request.headers.get('Expires')?.trim() !== '0') return this.answer(request, 400);
      if (this.isOutOfOrder(user, request)) return this.answer(request, 500);
      this.remove(user);
      return this.listing(user, request, nowMs);
    }
    if (contacts.length === 0) return this.listing(user, request, nowMs);
    if (contacts.length > limits.contacts || contacts.some(({ uri }) => !isSipUri(uri)))
      return this.answer(request, 400);
    const wishes = contacts.map((contact) => ({ contact, expiresS: wantedExpiry(contact, request, limits) }));
    if (wishes.some(({ expiresS }) => expiresS > 0 && expiresS < limits.minS))
      return this.answer(request, 423, [['Min-Expires', String(limits.minS)]]);
    if (this.isOutOfOrder(user, request)) return this.answer(request, 500);
    for (const wish of wishes) this.bind(user, wish, request, from, limits, nowMs);
    this.tell(user);
    return this.listing(user, request, nowMs);
  }

  /** A REGISTER that was overtaken by a later one of the same phone changes nothing. [RFC3261 §10.3 step 7] */
  private isOutOfOrder(user: string, { callId, cseq }: Request): boolean {
    return (this.table.get(user) ?? []).some(({ binding }) => binding.callId === callId && binding.cseq >= cseq.number);
  }

  private bind(
    user: string,
    { contact, expiresS }: Wish,
    request: Request,
    from: Hop,
    limits: RegistrarLimits,
    nowMs: number,
  ): void {
    const { uri, parameters } = contact;
    const instance = parameters.get('+sip.instance') ?? undefined;
    const regId = parameters.get('reg-id') ?? undefined;
    const others = (this.table.get(user) ?? []).filter(({ binding }) => !isSameBinding(binding, uri, instance, regId));
    const grantedS = Math.min(expiresS, limits.maxS);
    const entries = others.slice(-(limits.contacts - (grantedS > 0 ? 1 : 0)));
    if (grantedS > 0) {
      const wallMs = this.options.wallClock();
      const q = Number(parameters.get('q') ?? 1);
      const binding: Binding = {
        user: detached(user),
        contact: detached(formatUri(uri)),
        transport: from.transport,
        ip: from.ip,
        port: from.port,
        connection: from.connection,
        callId: detached(request.callId),
        cseq: request.cseq.number,
        q: q >= 0 && q <= 1 ? q : 1,
        instance: instance && detached(instance),
        regId: regId && detached(regId),
        userAgent: detached(request.headers.get('User-Agent') ?? ''),
        path: request.headers.list('Path').map(detached),
        registeredEpochMs: wallMs,
        expiresEpochMs: wallMs + grantedS * 1000,
      };
      entries.push({ binding, expiresAtMs: nowMs + grantedS * 1000 });
    }
    this.put(detached(user), entries);
  }

  private listing(user: string, request: Request, nowMs: number): Response {
    const headers: (readonly [string, string])[] = [];
    for (const { binding, expiresAtMs } of this.table.get(user) ?? []) {
      const uri = parseUri(binding.contact);
      if (isMalformed(uri)) continue;
      const parameters = new Map<string, string | null>();
      if (binding.instance !== undefined) parameters.set('+sip.instance', binding.instance);
      if (binding.regId !== undefined) parameters.set('reg-id', binding.regId);
      parameters.set('expires', String(Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000))));
      headers.push(['Contact', formatNameAddr(nameAddr(uri, undefined, parameters))]);
    }
    for (const path of request.headers.all('Path')) headers.push(['Path', path]);
    return this.answer(request, 200, [...headers, ['Date', new Date(this.options.wallClock()).toUTCString()]]);
  }

  private keep(user: string, isKept: (entry: Entry) => boolean): void {
    const entries = this.table.get(user) ?? [];
    const kept = entries.filter(isKept);
    if (kept.length === entries.length) return;
    this.put(user, kept);
    this.tell(user);
  }

  private put(user: string, entries: readonly Entry[]): void {
    for (const { binding } of this.table.get(user) ?? []) this.countFlow(flowOf(binding), -1);
    for (const { binding } of entries) this.countFlow(flowOf(binding), 1);
    this.table.delete(user);
    if (entries.length > 0) this.table.set(user, entries);
  }

  private countFlow(flow: string, by: 1 | -1): void {
    const count = (this.flows.get(flow) ?? 0) + by;
    if (count > 0) this.flows.set(flow, count);
    else this.flows.delete(flow);
  }

  private tell(user: string): void {
    this.expect(this.table.get(user) ?? []);
    this.outputs.push({ type: 'bindings', user, bindings: this.bindingsOf(user) });
  }

  private answer(
    request: Request,
    status: number,
    headers: Iterable<readonly [name: string, value: string]> = [],
  ): Response {
    return makeResponse(request, status, { toTag: toHex(this.options.crypto.randomBytes(8)), headers });
  }
}

function flowOf({ transport, ip, port }: Pick<Hop, 'transport' | 'ip' | 'port'>): string {
  return `${transport}|${ip}|${port}`;
}

/** Of the contact, else of the message, else ours; what is no number counts as none. [RFC3261 §10.2.1.1, §10.3 step 7] */
function wantedExpiry({ parameters }: NameAddr, { headers }: Request, limits: RegistrarLimits): number {
  const own = parseDecimal(parameters.get('expires') ?? '', 2 ** 32 - 1);
  return own ?? parseDecimal(headers.get('Expires') ?? '', 2 ** 32 - 1) ?? limits.defaultS;
}

/** The same phone and flow, or the same URI where the phone does not say which it is. */
function isSameBinding(
  binding: Binding,
  uri: NameAddr['uri'],
  instance: string | undefined,
  regId: string | undefined,
): boolean {
  if (instance !== undefined && binding.instance === instance && binding.regId === regId) return true;
  const known = parseUri(binding.contact);
  return !isMalformed(known) && sameUri(known, uri);
}
