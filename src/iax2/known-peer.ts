import { parseIp } from '../base/ip.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { atPort, DEFAULT_PORT, type HostNames } from './host-names.ts';
import type { PeerConfig, PeerStatus } from './peer.ts';
import type { Qualify } from './qualify.ts';
import type { Registrant } from './registrant.ts';
import type { Registrar } from './registrar.ts';

/** A configured peer with what is known of it at this moment: where it is, whether it is there, who calls. */
export class KnownPeer {
  registrant: Registrant | undefined;
  qualify: Qualify | undefined;
  /** Calls in both directions. */
  calls = 0;
  /** It has shown that it knows call tokens; with `callToken: auto` it must use them from then on. */
  knowsTokens = false;
  /** The address itself where the host is no name. */
  readonly literal: Address | undefined;

  constructor(
    readonly config: PeerConfig,
    private readonly hosts: HostNames,
    private readonly registrar: Registrar,
  ) {
    const isLiteral = parseIp(config.host) !== undefined;
    this.literal = isLiteral ? { ip: config.host, port: config.port ?? DEFAULT_PORT } : undefined;
  }

  get isDynamic(): boolean {
    return this.config.host === 'dynamic';
  }

  /** Whether its host is a name, to be looked up. */
  get hasName(): boolean {
    return !this.isDynamic && this.literal === undefined;
  }

  /** Where it can be reached; undefined while that is not known. */
  get address(): Address | undefined {
    return this.registrant?.address ?? this.addresses[0];
  }

  get addresses(): readonly Address[] {
    if (this.literal !== undefined) return [this.literal];
    if (!this.isDynamic) return atPort(this.hosts.addresses(this.config.host), this.config.port);
    const bound = this.registrar.address(this.config.name);
    return bound === undefined ? [] : [bound];
  }

  get isFull(): boolean {
    return this.config.maxCalls !== undefined && this.calls >= this.config.maxCalls;
  }

  /** It has more calls than it may, the one that has just come in among them. */
  get isOverfull(): boolean {
    return this.config.maxCalls !== undefined && this.calls > this.config.maxCalls;
  }

  /**
   * A peer that only calls us, or registers here, is a phone: its caller ID is ours to say. That of a switch that we
   * call is who we are where a call names nobody.
   */
  get isPhone(): boolean {
    return this.config.type === 'user' || this.isDynamic;
  }

  get status(): PeerStatus {
    const { address, qualify, registrant, config } = this;
    const registration = registrant?.status ?? null;
    return {
      name: config.name,
      address: address === undefined ? null : formatAddress(address),
      reachable: qualify?.reachable ?? null,
      rttMs: qualify?.rttMs ?? null,
      lossPct: qualify?.lossPct ?? null,
      reason: qualify?.reason ?? registration?.reason ?? null,
      registration,
      binding: this.registrar.binding(config.name),
      calls: this.calls,
    };
  }
}
