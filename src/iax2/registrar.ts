import { utf8Encode } from '../base/bytes.ts';
import { type Address, formatAddress, sameAddress } from '../base/machine.ts';
import type { MessageCount } from '../base/message-count.ts';
import { Timers } from '../base/timers.ts';
import { makeChallenge, methodBits, verifierOf, verifyIdentity } from './authentication.ts';
import { dateTimeOf } from './date-time.ts';
import { Dialog, type Surroundings } from './dialog.ts';
import { AUTH_METHOD, type InformationElements } from './information-element.ts';
import type { Message, MessageName } from './message.ts';
import type { Binding, PeerConfig } from './peer.ts';
import type { Reliable } from './reliable.ts';
import { IAX_SUBCLASS } from './subclass.ts';

/** A binding outlives its refresh time by this much, for the sake of a slow network. */
const GRACE_MS = 10_000;
const DEADLINE_MS = 32_000;
const REFUSED = { cause: 'Registration Refused', causeCode: 29 } as const;

/** Between what limits a refresh time is granted, seconds. */
export interface RefreshLimits {
  readonly minS: number;
  readonly maxS: number;
}

interface Bound {
  readonly address: Address;
  readonly refreshS: number;
  readonly registeredEpochMs: number;
  readonly expiresEpochMs: number;
}

/** Where the peers are that registered here. [RFC5456 §6.1] */
export class Registrar {
  private readonly bound = new Map<string, Bound>();
  private readonly expiry = new Timers<string>();

  constructor(
    private readonly limits: RefreshLimits,
    private readonly wallClock: () => number,
    /** A peer came, moved, or went. */
    private readonly changed: (peer: string, binding: Binding | null, nowMs: number) => void,
    /** A deadline may have moved. */
    private readonly touched: () => void,
  ) {}

  address(peer: string): Address | undefined {
    return this.bound.get(peer)?.address;
  }

  binding(peer: string): Binding | null {
    const bound = this.bound.get(peer);
    return bound === undefined ? null : describe(peer, bound);
  }

  get bindings(): readonly Binding[] {
    return [...this.bound].map(([peer, bound]) => describe(peer, bound));
  }

  /** Binds a peer to the address that it comes from; gives the refresh time granted, seconds. */
  bind(peer: string, address: Address, wantedS: number | undefined, nowMs: number): number {
    const { minS, maxS } = this.limits;
    const refreshS = Math.min(Math.max(wantedS ?? minS, minS), maxS);
    this.set(peer, address, refreshS, this.wallClock(), nowMs, refreshS * 1000 + GRACE_MS);
    return refreshS;
  }

  unbind(peer: string, nowMs: number): void {
    if (!this.bound.delete(peer)) return;
    this.expiry.clear(peer);
    this.changed(peer, null, nowMs);
  }

  /** Takes over what was known before a restart and still holds. */
  restore(bindings: readonly Binding[], nowMs: number): void {
    for (const { peer, ip, port, refreshS, registeredEpochMs, expiresEpochMs } of bindings) {
      // A clock that was set back must not keep a binding for longer than it was granted.
      const leftMs = Math.min(expiresEpochMs - this.wallClock(), refreshS * 1000 + GRACE_MS);
      if (leftMs > 0) this.set(peer, { ip, port }, refreshS, registeredEpochMs, nowMs, leftMs);
    }
  }

  handleTimeout(nowMs: number): void {
    for (const peer of this.expiry.due(nowMs)) this.unbind(peer, nowMs);
  }

  nextDeadline(): number | undefined {
    return this.expiry.next();
  }

  private set(
    peer: string,
    address: Address,
    refreshS: number,
    registeredEpochMs: number,
    nowMs: number,
    leftMs: number,
  ): void {
    const before = this.bound.get(peer);
    const bound = { address, refreshS, registeredEpochMs, expiresEpochMs: this.wallClock() + leftMs };
    this.bound.set(peer, bound);
    this.expiry.set(peer, nowMs + leftMs);
    this.touched();
    const isNews = before === undefined || !sameAddress(before.address, address);
    if (isNews) this.changed(peer, describe(peer, bound), nowMs);
  }
}

function describe(peer: string, { address, refreshS, registeredEpochMs, expiresEpochMs }: Bound): Binding {
  return { peer, ip: address.ip, port: address.port, refreshS, registeredEpochMs, expiresEpochMs };
}

/** What a registrar's dialog needs of the endpoint. */
export interface RegistrarDialogOptions {
  /** Who may register under the name that was given; undefined for a name that nobody has. */
  readonly config: PeerConfig | undefined;
  readonly registrar: Registrar;
  /** In the mailbox of whoever registers; undefined if that is not known. */
  readonly messages: MessageCount | undefined;
  readonly judged: (isGenuine: boolean, nowMs: number) => void;
}

const LEGAL: ReadonlySet<MessageName> = new Set(['REGREQ', 'REGREL', 'PONG', 'LAGRP', 'UNSUPPORT']);

/** One registration that comes in: REGAUTH, the proof, REGACK or REGREJ. [RFC5456 §6.1] */
export class RegistrarDialog extends Dialog<'deadline'> {
  private challenge: string | undefined;
  private isConcluded = false;

  constructor(
    around: Surroundings,
    reliable: Reliable,
    private readonly options: RegistrarDialogOptions,
    nowMs: number,
  ) {
    super(around, reliable, nowMs);
    this.timers.set('deadline', nowMs + DEADLINE_MS);
  }

  protected legalMessages(): ReadonlySet<MessageName> {
    return LEGAL;
  }

  protected handleMessage({ name, ies }: Message, nowMs: number): void {
    if (this.isConcluded || (name !== 'REGREQ' && name !== 'REGREL')) return;
    const { config } = this.options;
    if (this.challenge === undefined) {
      const methods = config === undefined ? AUTH_METHOD.MD5 : methodBits(verifierOf(config));
      if (methods === 0) this.grant(name, ies, nowMs);
      else this.sendChallenge(methods, ies.username, nowMs);
      return;
    }
    const isGenuine =
      config !== undefined && verifyIdentity(ies, this.challenge, verifierOf(config), this.around.crypto) !== undefined;
    this.options.judged(isGenuine, nowMs);
    if (isGenuine) this.grant(name, ies, nowMs);
    else this.conclude(IAX_SUBCLASS.REGREJ, REFUSED, nowMs);
  }

  private sendChallenge(authMethods: number, username: string | undefined, nowMs: number): void {
    this.challenge = makeChallenge(this.around.crypto);
    const challenge = utf8Encode(this.challenge);
    this.sendIax(
      IAX_SUBCLASS.REGAUTH,
      { authMethods, challenge, ...(username === undefined ? {} : { username }) },
      nowMs,
    );
  }

  private grant(name: 'REGREQ' | 'REGREL', ies: InformationElements, nowMs: number): void {
    const { config, registrar, messages } = this.options;
    if (config === undefined) return;
    if (name === 'REGREL') {
      registrar.unbind(config.name, nowMs);
      this.conclude(IAX_SUBCLASS.REGACK, { username: ies.username ?? config.name }, nowMs);
      return;
    }
    const { wallClock, utcOffsetMs } = this.around;
    const { remote } = this.reliable;
    const refreshS = registrar.bind(config.name, remote, ies.refreshS, nowMs);
    const epochMs = wallClock();
    const { callerId } = config;
    this.conclude(
      IAX_SUBCLASS.REGACK,
      {
        username: ies.username ?? config.name,
        dateTime: dateTimeOf(epochMs + utcOffsetMs(epochMs)),
        refreshS,
        apparentAddress: remote,
        ...(messages === undefined ? {} : { messageCount: messageCount(messages) }),
        ...(callerId === undefined ? {} : { callingNumber: callerId.number, callingName: callerId.name }),
      },
      nowMs,
    );
  }

  private conclude(subclass: number, elements: InformationElements, nowMs: number): void {
    this.isConcluded = true;
    this.sendIax(subclass, elements, nowMs);
  }

  protected override handleSettled(_nowMs: number): void {
    if (this.isConcluded) this.finish();
  }

  /** The registration holds all the same: that our answer was lost is the registrant's to find out. */
  protected handleSilence(nowMs: number): void {
    this.count('iax2.registration-unacknowledged');
    this.around.log.warn(
      'iax2.registration-unacknowledged',
      `${formatAddress(this.reliable.remote)} did not acknowledge our answer to its registration.`,
      nowMs,
    );
    this.finish();
  }

  protected handleInvalid(_nowMs: number): void {
    this.finish();
  }

  protected handleTimer(_timer: 'deadline', _nowMs: number): void {
    this.finish();
  }
}

/** Old in the high byte, new in the low. [RFC5456 §8.6.23] */
function messageCount({ newMessages, oldMessages }: MessageCount): number {
  return (Math.min(oldMessages, 255) << 8) | Math.min(newMessages, 255);
}
