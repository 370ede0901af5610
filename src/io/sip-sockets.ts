import type { Address } from '../base/machine.ts';
import type { Hop, Transport } from '../sip/endpoint.ts';
import { batchedIo } from './batched-io.ts';
import { BatchedUdpPort } from './batched-udp.ts';
import type { BindFailure } from './bind-failure.ts';
import type { DatagramPort } from './datagram-port.ts';
import { localAddressTowards } from './local-address.ts';
import { SipStreams, type SipStreamsOptions, type StreamListen } from './sip-streams.ts';
import { UdpPort } from './udp.ts';

export interface SipListen extends Address {
  readonly transport: Transport;
}

export interface SipSocketsOptions extends Omit<SipStreamsOptions, 'listen'> {
  readonly listen: readonly SipListen[];
  /** Around all datagrams that are taken together. */
  readonly together?: (input: () => void) => void;
  /** One of them; the bytes are only lent for the call. */
  readonly onDatagram: (bytes: Uint8Array, from: Hop) => void;
  /** What datagrams are marked with, 0…63; 0 or absent: nothing. */
  readonly dscp?: number;
}

const DEFAULT_PORT = 5060;
/** Taken one by one, each costs the processor a fifth more; taken all at once, whoever asked waits for all of them. */
const PORTION = 8;

/** The sockets that SIP is served on. */
export class SipSockets {
  private readonly ports: readonly DatagramPort[];
  private readonly streams: SipStreams;

  constructor(private readonly options: SipSocketsOptions) {
    const { listen } = options;
    const isStream = (one: SipListen): one is StreamListen => one.transport !== 'udp';
    this.streams = new SipStreams({ ...options, listen: listen.filter(isStream) });
    this.ports = listen.filter(({ transport }) => transport === 'udp').map((bind) => udpPort(bind, options));
  }

  /** Binds them all; gives what went wrong, if anything did. */
  async open(): Promise<BindFailure | undefined> {
    for (const port of this.ports) {
      const failure = await port.open();
      if (failure !== undefined) return failure;
    }
    return this.streams.open();
  }

  send(to: Hop, bytes: Uint8Array): void {
    if (to.transport !== 'udp') {
      this.streams.send(to, bytes);
      return;
    }
    const port = this.portTowards(to);
    if (port === undefined) this.options.counters.increment(`sip.no-${to.transport}`);
    else port.send(bytes, to);
  }

  /** What whoever is at `to` reaches us by; the default route's address where that is not known. */
  localTowards(to: Hop | undefined): { readonly host: string; readonly port: number } {
    const { ip, port } = this.ownTowards(to);
    const isAny = ip === '0.0.0.0' || ip === '::';
    return { host: isAny ? localAddressTowards(to?.ip) : ip, port };
  }

  /** Whoever opened that connection has proven who he is: he keeps his place whoever comes. */
  noteProven(connection: number): void {
    this.streams.noteProven(connection);
  }

  closeConnection(connection: number): void {
    this.streams.close(connection);
  }

  async close(): Promise<void> {
    await Promise.all([this.streams.closeAll(), ...this.ports.map((port) => port.close())]);
  }

  private ownTowards(to: Hop | undefined): Address {
    const { listen } = this.options;
    if (to === undefined || to.transport === 'udp') {
      const [first] = listen;
      return this.portTowards(to)?.local ?? first ?? { ip: '0.0.0.0', port: DEFAULT_PORT };
    }
    const { transport } = to;
    const own = listen.find((one) => one.transport === transport);
    // Without a listener of this kind requests reach us over the connection that we opened.
    return { ip: own?.ip ?? listen[0]?.ip ?? '0.0.0.0', port: this.streams.portOf(transport) ?? DEFAULT_PORT };
  }

  /** One that speaks the family of that address; a socket on loopback reaches nobody else. */
  private portTowards(to: Hop | undefined): DatagramPort | undefined {
    const isIpv6 = to?.ip.includes(':') === true;
    const able = this.ports.filter(({ local }) => local !== undefined && (local.ip.includes(':') || !isIpv6));
    const fits = (ip: string) =>
      (to === undefined || isLoopback(ip) === isLoopback(to.ip)) && ip.includes(':') === isIpv6;
    return able.find(({ local }) => fits(local!.ip)) ?? able[0];
  }
}

/** Many datagrams at a time where the machine is proven to do that, else one by one. */
function udpPort(bind: SipListen, { clock, log, counters, tap, dscp, together, onDatagram }: SipSocketsOptions) {
  const libc = batchedIo();
  const options = {
    ...{ part: 'sip', bind, clock, log, counters },
    onDatagram: (bytes: Uint8Array, from: Address) =>
      onDatagram(bytes, { transport: 'udp', ip: from.ip, port: from.port }),
    ...(tap === undefined ? {} : { tap }),
    ...(dscp === undefined ? {} : { dscp }),
  };
  if ('failed' in libc) return new UdpPort(options);
  const give = (input: (nowMs: number) => void) => {
    if (together === undefined) input(clock.nowMs());
    else together(() => input(clock.nowMs()));
  };
  return new BatchedUdpPort({ ...options, libc, give, portion: PORTION });
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
