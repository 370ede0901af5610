import { RateLimitedLog } from '../base/log.ts';
import { Adoption } from './adoption.ts';
import { Authenticator } from './authenticator.ts';
import type { DigestSecret } from './digest.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { formatHop, type Hop } from './hop.ts';
import type { Request, Response } from './message.ts';
import type { PhoneConfig } from './peer.ts';
import { Registrar } from './registrar.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import type { Trunk } from './trunk.ts';
import { userOf } from './uri.ts';

/** Whose request it is. */
export type Sender = PhoneSender | { readonly type: 'trunk'; readonly trunk: Trunk };

interface PhoneSender {
  readonly type: 'phone';
  readonly config: PhoneConfig;
}

/** Lets in who may come in: knows the phones, asks for proofs, and is deaf to those who guess. */
export class Doorkeeper {
  readonly registrar: Registrar;
  readonly adoption: Adoption;
  private readonly phones = new Map<string, PhoneConfig>();
  /** Connections over which somebody has proven who he is with a call; a registration counts besides. */
  private readonly proven = new Set<number>();
  private readonly authenticator: Authenticator;

  constructor(
    { phones, crypto, realm, counters, log, wallClock, algorithmsFor, registrarLimits }: EndpointOptions,
    private readonly trunkAt: (from: Hop) => Trunk | undefined,
  ) {
    for (const phone of phones) this.phones.set(phone.user, phone);
    const troubles = new RateLimitedLog(log, 'sip');
    this.adoption = new Adoption(crypto, realm);
    this.authenticator = new Authenticator({
      crypto,
      realm,
      secretOf: (user) => this.phones.get(user)?.secret ?? this.adoption.secret,
      mayComeBy: (user, from, nowMs) => {
        const name = this.phones.get(user)?.certificate;
        if (name === undefined || from.certificateNames?.includes(name.toLowerCase()) === true) return true;
        counters.increment('sip.other-certificate');
        const message = `Phone ${user} is refused: it came without its certificate, or with that of another.`;
        troubles.warn('sip.other-certificate', message, nowMs, { from: formatHop(from) });
        return false;
      },
      ...(algorithmsFor === undefined ? {} : { algorithmsFor }),
    });
    this.registrar = new Registrar({
      crypto,
      authenticator: this.authenticator,
      counters,
      wallClock,
      admits: (user) => this.phones.get(user)?.secret !== undefined || this.adoption.accepts(user),
      ...(registrarLimits === undefined ? {} : { limitsFor: registrarLimits }),
    });
  }

  phone(user: string): PhoneConfig | undefined {
    return this.phones.get(user);
  }

  /** Takes over other phones; who has another secret or certificate must prove himself anew. */
  configure(phones: readonly PhoneConfig[]): void {
    const before = new Map(this.phones);
    this.phones.clear();
    for (const phone of phones) this.phones.set(phone.user, phone);
    const proofOf = (phone: PhoneConfig | undefined) => JSON.stringify([phone?.secret, phone?.certificate]);
    for (const [user, phone] of before)
      if (proofOf(phone) !== proofOf(this.phones.get(user))) this.registrar.remove(user);
  }

  /** The response to a REGISTER; undefined: say nothing. */
  register(request: Request, from: Hop, nowMs: number): Response | undefined {
    return this.registrar.handleRegister(request, from, nowMs);
  }

  /** Whom a REGISTER that was granted has brought in by adopt mode, if anybody, and what he proves himself with. */
  adopt(request: Request): { readonly user: string; readonly secret: DigestSecret } | undefined {
    const user = userOf(request.to.uri);
    const known = this.phones.get(user);
    if (known?.secret !== undefined || this.registrar.bindingsOf(user).length === 0) return undefined;
    const secret = this.adoption.take(user);
    if (secret === undefined) return undefined;
    if (known !== undefined) this.phones.set(user, { ...known, secret });
    return { user, secret };
  }

  /** A trunk is known by where it comes from, a phone by what it proves. */
  identify(transaction: ServerTransaction, nowMs: number): Sender | 'stranger' | 'stale' {
    const trunk = this.trunkAt(transaction.from);
    return trunk === undefined ? this.identifyPhone(transaction, nowMs) : { type: 'trunk', trunk };
  }

  /** The same where only a phone may ask, from wherever. */
  identifyPhone({ request, from }: ServerTransaction, nowMs: number): PhoneSender | 'stranger' | 'stale' {
    const identity = this.authenticator.identify(request, from, nowMs);
    if (identity.type === 'wrong') this.registrar.noteFailure(from, identity.username, nowMs);
    if (identity.type === 'proven' && from.connection !== undefined) this.proven.add(from.connection);
    const config = identity.type === 'proven' ? this.phones.get(identity.username) : undefined;
    if (config !== undefined) return { type: 'phone', config };
    return identity.type === 'unproven' && identity.isStale ? 'stale' : 'stranger';
  }

  /**
   * The challenge to whoever could not be identified, the same for everybody: whether there is such a number or such a user
   * does not show.
   */
  challenge(from: Hop, isStale: boolean, nowMs: number): readonly (readonly [string, string])[] {
    const values = this.authenticator.challenges(from, isStale, nowMs);
    return values.map((value) => ['WWW-Authenticate', value] as const);
  }

  hasProven(connection: number): boolean {
    return this.proven.has(connection);
  }

  /** A connection has ended. */
  handleConnectionClosed(connection: number): void {
    this.proven.delete(connection);
    this.registrar.handleConnectionClosed(connection);
  }

  /** Whether whoever sends from there is known before anything is read: a phone that is registered, or a trunk. */
  isKnown(from: Hop): boolean {
    return this.registrar.isBoundAt(from) || this.trunkAt(from) !== undefined;
  }
}
