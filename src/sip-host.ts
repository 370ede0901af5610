import type { AdoptedPhone } from './appliance-adoption.ts';
import type { ApplianceSip, ApplianceSipOptions, SipOutput } from './appliance-sip.ts';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { Random } from './base/random.ts';
import type { RtpPortPool } from './base/rtp-port-pool.ts';
import type { Configuration } from './config/load.ts';
import type { BindFailure } from './io/bind-failure.ts';
import type { Clock } from './io/clock.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import { ExternalAddress } from './io/external-address.ts';
import { resolveSipHost } from './io/sip-dns.ts';
import { SipSockets } from './io/sip-sockets.ts';
import type { SipTls } from './io/sip-streams.ts';
import type { Store } from './io/store.ts';
import type { Binding, Hop } from './sip/endpoint.ts';
import { dscpOf } from './sip-media.ts';
import { sipSettings } from './sip-peers.ts';

/** Phones that are registered here. */
export const PHONE_BINDINGS_FILE = 'phone-bindings.json';
/** Phones that adopt mode let in, with digests of their secrets. */
export const ADOPTED_PHONES_FILE = 'adopted-phones.json';
const KEEP_AFTER_MS = 2_000;

export interface SipHostOptions {
  readonly configuration: Configuration;
  readonly rtpPorts: RtpPortPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap: DatagramTap;
  readonly store: Store;
  /** Inputs that came together are drained together. */
  readonly together: (inputs: () => void) => void;
  /** Gives the endpoint an input, with its time. */
  readonly input: (give: (endpoint: ApplianceSip['endpoint'], nowMs: number) => void) => void;
}

/** What the SIP side of an appliance stands on: sockets, names, and where its phones were before a restart. */
export class SipHost {
  /** What the appliance is made with. */
  readonly settings: ApplianceSipOptions;
  private readonly sockets: SipSockets;
  private readonly external: ExternalAddress;
  /** Gives the bindings that are still to be written. */
  private unkept: (() => readonly Binding[]) | undefined;
  private cancelKeep: (() => void) | undefined;

  constructor(
    private readonly options: SipHostOptions,
    settings: NonNullable<ReturnType<typeof sipSettings>>,
  ) {
    const { configuration, rtpPorts, clock, log, counters, tap, together, input } = options;
    const tls = tlsOf(configuration);
    const hasCertificate = tls.cert !== undefined && tls.key !== undefined;
    const listen = configuration.sip?.listen ?? [];
    this.sockets = new SipSockets({
      listen: listen.filter(({ transport }) => transport !== 'tls' || hasCertificate),
      tls,
      dscp: dscpOf(configuration).signalling,
      together,
      onDatagram: (bytes, from) => input((endpoint, nowMs) => endpoint.handleDatagram(bytes, from, nowMs)),
      onBytes: (chunk, from) => input((endpoint, nowMs) => endpoint.handleBytes(chunk, from, nowMs)),
      onClosed: (connection) => input((endpoint, nowMs) => endpoint.handleConnectionClosed(connection, nowMs)),
      onUnreachable: (to) => input((endpoint, nowMs) => endpoint.handleUnreachable(to, nowMs)),
      clock,
      log,
      counters,
      tap,
    });
    this.external = externalAddress(configuration, clock, log);
    this.settings = { ...settings, rtpPorts, local: (to) => this.localTowards(to) };
  }

  async open(): Promise<BindFailure | undefined> {
    const failure = await this.sockets.open();
    if (failure === undefined) await this.external.start();
    return failure;
  }

  close(): Promise<void> {
    this.external.stop();
    this.writeBindings();
    return this.sockets.close();
  }

  /** Phones that were registered before the last stop. */
  async keptBindings(): Promise<readonly Binding[]> {
    return (await this.options.store.read(PHONE_BINDINGS_FILE, parseBindings)) ?? [];
  }

  /** Phones that were adopted until now. */
  async keptAdopted(): Promise<readonly AdoptedPhone[]> {
    return (await this.options.store.read(ADOPTED_PHONES_FILE, parseAdopted)) ?? [];
  }

  handleOutput(output: SipOutput, sip: Pick<ApplianceSip, 'endpoint' | 'adopted'>): void {
    switch (output.type) {
      case 'sip-transmit':
        this.sockets.send(output.to, output.bytes);
        break;
      case 'sip-resolve':
        void this.resolve(output);
        break;
      case 'phone-bindings':
        this.keep(() => sip.endpoint.bindings);
        break;
      case 'adopted-phones':
        void this.options.store.write(ADOPTED_PHONES_FILE, `${JSON.stringify(sip.adopted)}\n`);
        break;
      case 'sip-proven':
        this.sockets.noteProven(output.connection);
        break;
      case 'sip-close':
        this.sockets.closeConnection(output.connection);
        break;
    }
  }

  private localTowards(to: Hop | undefined): { readonly host: string; readonly port: number } {
    const own = this.sockets.localTowards(to);
    return { ...own, host: this.external.towards(to?.ip) ?? own.host };
  }

  /** Every phone refreshes each minute or so: what changed within some seconds is written at once. */
  private keep(bindings: () => readonly Binding[]): void {
    this.unkept ??= bindings;
    this.cancelKeep ??= this.options.clock.after(KEEP_AFTER_MS, () => this.writeBindings());
  }

  private writeBindings(): void {
    const { unkept } = this;
    this.cancelKeep?.();
    this.cancelKeep = undefined;
    this.unkept = undefined;
    if (unkept !== undefined) void this.options.store.write(PHONE_BINDINGS_FILE, `${JSON.stringify(unkept())}\n`);
  }

  private async resolve(wanted: Extract<SipOutput, { type: 'sip-resolve' }>): Promise<void> {
    const { clock, random, log, input } = this.options;
    const answer = await resolveSipHost(wanted, clock, random);
    if ('failed' in answer) log('warn', 'dns', answer.failed, { host: wanted.host });
    const hops = 'failed' in answer ? [] : answer.hops;
    input((endpoint, nowMs) => endpoint.handleResolved(wanted, hops, nowMs));
  }
}

/** A NAT in front of us forwards the ports of SIP and RTP as they are. */
function externalAddress({ net }: Configuration, clock: Clock, log: Log): ExternalAddress {
  const external = net?.external === 'auto' ? undefined : net?.external;
  return new ExternalAddress({ external, localNets: net?.localNets, clock, log });
}

function tlsOf({ sip }: Configuration): SipTls {
  const { cert, key, ca, clientCa } = sip?.tls ?? {};
  return {
    ...(cert === undefined ? {} : { cert: cert.reveal() }),
    ...(key === undefined ? {} : { key: key.reveal() }),
    ...(ca === undefined ? {} : { ca: ca.reveal() }),
    ...(clientCa === undefined ? {} : { clientCa: clientCa.reveal() }),
  };
}

/** Undefined where the configuration has no SIP. */
export function sipHost(options: SipHostOptions): SipHost | undefined {
  const settings = sipSettings(options.configuration);
  return settings === undefined ? undefined : new SipHost(options, settings);
}

function parseAdopted(text: string): AdoptedPhone[] | undefined {
  const value: unknown = JSON.parse(text);
  const isPhone = (item: unknown) => typeof item === 'object' && item !== null && 'user' in item && 'secret' in item;
  return Array.isArray(value) && value.every(isPhone) ? (value as AdoptedPhone[]) : undefined;
}

/** Ours to write; a file that is not a list of them is damaged. */
function parseBindings(text: string): Binding[] | undefined {
  const value: unknown = JSON.parse(text);
  const isBinding = (item: unknown) =>
    typeof item === 'object' && item !== null && 'user' in item && 'contact' in item && 'expiresEpochMs' in item;
  return Array.isArray(value) && value.every(isBinding) ? (value as Binding[]) : undefined;
}
