import type { Address } from '../base/machine.ts';
import type { MessageCount } from '../base/message-count.ts';
import type { Random } from '../base/random.ts';
import type { TimedPart } from './dialog-table.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import type { FullFrame } from './frame.ts';
import { atPort, type HostAddress, HostNames } from './host-names.ts';
import { KnownPeer } from './known-peer.ts';
import type { PeerConfig, PeerStatus } from './peer.ts';
import { Qualify } from './qualify.ts';
import { Registrant } from './registrant.ts';
import { type RefreshLimits, Registrar } from './registrar.ts';
import type { RegistrationDialog, RegistrationOutcome } from './registration-dialog.ts';
import type { TransmitSink } from './reliable.ts';

export interface PeerTableEnvironment {
  readonly random: Random;
  readonly wallClock: () => number;
  readonly transmit: TransmitSink;
  readonly emit: (output: EndpointOutput) => void;
  readonly refresh: RefreshLimits;
  /** A part's deadline may have moved. */
  readonly touch: (part: TimedPart) => void;
  readonly allot: (ip: string, nowMs: number) => number | undefined;
  readonly end: (localCall: number, nowMs: number) => void;
  readonly attempt: (
    peer: KnownPeer,
    kind: 'register' | 'release',
    to: Address,
    report: (outcome: RegistrationOutcome, nowMs: number) => void,
    nowMs: number,
  ) => RegistrationDialog | undefined;
}

/** The configured peers, and what goes on with each of them whether there are calls or not. */
export class PeerTable {
  readonly registrar: Registrar;
  readonly hosts: HostNames;
  private readonly peers = new Map<string, KnownPeer>();
  private readonly byPokeCall = new Map<number, KnownPeer>();

  constructor(private readonly environment: PeerTableEnvironment) {
    const { emit, refresh, wallClock } = environment;
    this.hosts = new HostNames((host, purpose) => emit({ type: 'resolve', host, purpose }));
    this.registrar = new Registrar(
      refresh,
      wallClock,
      (name, binding, nowMs) => {
        emit({ type: 'binding', peer: name, binding });
        this.requalify(this.peers.get(name), nowMs);
      },
      () => environment.touch(this.registrar),
    );
  }

  get(name: string): KnownPeer | undefined {
    return this.peers.get(name);
  }

  get configs(): Iterable<PeerConfig> {
    return [...this.peers.values()].map(({ config }) => config);
  }

  get statuses(): readonly PeerStatus[] {
    return [...this.peers.values()].map(({ status }) => status);
  }

  /** What there is in the mailbox of a peer that registers here; undefined if that is not known. */
  messagesFor({ mailbox }: PeerConfig): MessageCount | undefined {
    if (mailbox === undefined || !('at' in mailbox)) return mailbox;
    return this.peers.get(mailbox.at)?.registrant?.status.messages ?? undefined;
  }

  /** Peers that stay as they were go on undisturbed. */
  configure(configs: readonly PeerConfig[], nowMs: number): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, peer] of this.peers) {
      const config = wanted.get(name);
      if (config !== undefined && isSame(config, peer.config)) continue;
      this.drop(peer, nowMs);
      if (config === undefined) this.registrar.unbind(name, nowMs);
    }
    for (const config of configs) if (!this.peers.has(config.name)) this.add(config, nowMs);
  }

  stop(nowMs: number): void {
    for (const peer of this.peers.values()) {
      peer.registrant?.release(nowMs);
      this.stopQualify(peer, nowMs);
    }
  }

  reregister(name: string | undefined, nowMs: number): void {
    for (const peer of this.peers.values()) {
      if (name !== undefined && peer.config.name !== name) continue;
      this.registerAgain(peer, nowMs);
      this.requalify(peer, nowMs);
    }
  }

  private registerAgain({ registrant }: KnownPeer, nowMs: number): void {
    if (registrant === undefined) return;
    registrant.register(nowMs);
    this.environment.touch(registrant);
  }

  handleResolved(host: string, found: readonly HostAddress[], nowMs: number): void {
    const peers = [...this.peers.values()].filter((peer) => peer.hasName && peer.config.host === host);
    this.hosts.handleResolved(host, found, nowMs);
    for (const peer of peers) {
      if (peer.registrant !== undefined) {
        peer.registrant.handleResolved(atPort(found, peer.config.port), nowMs);
        this.environment.touch(peer.registrant);
      }
      if (peer.qualify?.reachable !== true) this.requalify(peer, nowMs);
    }
  }

  /** True if the frame was sent to a qualify's call number. */
  handlePong(frame: FullFrame, from: Address, nowMs: number): boolean {
    const peer = this.byPokeCall.get(frame.destinationCall);
    if (peer?.qualify === undefined) return false;
    peer.qualify.handleFrame(frame, from, nowMs);
    this.environment.touch(peer.qualify);
    return true;
  }

  private add(config: PeerConfig, nowMs: number): void {
    const { environment, hosts } = this;
    const peer = new KnownPeer(config, hosts, this.registrar);
    this.peers.set(config.name, peer);
    if (config.qualify !== undefined) this.addQualify(peer, nowMs);
    if (config.register === undefined) {
      if (peer.hasName) hosts.refresh(config.host, 'qualify', nowMs);
      return;
    }
    const { refreshS, everyMs } = config.register;
    peer.registrant = new Registrant(
      { host: config.host, refreshS, everyMs },
      {
        random: environment.random,
        wallClock: environment.wallClock,
        resolve: (atMs) => hosts.refresh(config.host, 'registration', atMs, true),
        attempt: (kind, to, report, atMs) =>
          environment.attempt(
            peer,
            kind,
            to,
            (outcome, reportedMs) => {
              report(outcome, reportedMs);
              if (peer.registrant !== undefined) environment.touch(peer.registrant);
            },
            atMs,
          ),
        changed: (status, apparentChanged) =>
          environment.emit({ type: 'registration', peer: config.name, status, apparentChanged }),
      },
      peer.literal,
    );
    peer.registrant.register(nowMs);
    environment.touch(peer.registrant);
  }

  private addQualify(peer: KnownPeer, nowMs: number): void {
    const { config } = peer;
    const localCall = this.environment.allot(config.host, nowMs);
    if (localCall === undefined || config.qualify === undefined) return;
    const { transmit, emit } = this.environment;
    let wasUnreachable = false;
    const qualify = new Qualify(
      localCall,
      config.qualify,
      {
        transmit,
        address: (atMs) => {
          if (peer.hasName && peer.registrant === undefined) this.hosts.refresh(config.host, 'qualify', atMs);
          return peer.address;
        },
        changed: (reachable, atMs) => {
          const { rttMs, reason } = qualify;
          emit({ type: 'peer-state', peer: config.name, reachable, rttMs, reason });
          // Whoever was away may have forgotten where we are, or never have heard of it.
          if (reachable && wasUnreachable) this.registerAgain(peer, atMs);
          wasUnreachable = !reachable;
          if (!reachable && peer.hasName) this.hosts.refresh(config.host, 'qualify', atMs);
        },
      },
      nowMs,
    );
    peer.qualify = qualify;
    this.byPokeCall.set(localCall, peer);
    // Where it is may not be known yet: then its address starts it.
    if (peer.address !== undefined || peer.isDynamic) this.requalify(peer, nowMs);
  }

  private requalify(peer: KnownPeer | undefined, nowMs: number): void {
    if (peer?.qualify === undefined) return;
    peer.qualify.start(nowMs);
    this.environment.touch(peer.qualify);
  }

  private stopQualify(peer: KnownPeer, nowMs: number): void {
    if (peer.qualify === undefined) return;
    peer.qualify.stop();
    this.byPokeCall.delete(peer.qualify.localCall);
    this.environment.end(peer.qualify.localCall, nowMs);
    peer.qualify = undefined;
  }

  private drop(peer: KnownPeer, nowMs: number): void {
    peer.registrant?.release(nowMs);
    this.stopQualify(peer, nowMs);
    this.peers.delete(peer.config.name);
  }
}

/** Configurations are plain data, but for bytes of networks, which JSON gives as objects of numbers. */
function isSame(a: PeerConfig, b: PeerConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
