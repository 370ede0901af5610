import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type { Address } from '../base/machine.ts';
import type { Hop, Transport } from '../sip/endpoint.ts';
import type { BindFailure } from './bind-failure.ts';
import type { Clock } from './clock.ts';
import type { DatagramTap } from './datagram-tap.ts';
import { localAddressTowards } from './local-address.ts';
import { UdpPort } from './udp.ts';

export interface SipListen extends Address {
  readonly transport: Transport;
}

export interface SipSocketsOptions {
  readonly listen: readonly SipListen[];
  readonly onDatagram: (bytes: Uint8Array, from: Hop) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap?: DatagramTap;
}

/** The sockets that SIP is served on. */
export class SipSockets {
  private readonly ports: readonly UdpPort[];

  constructor(private readonly options: SipSocketsOptions) {
    const { listen, clock, log, counters, tap } = options;
    this.ports = listen
      .filter(({ transport }) => transport === 'udp')
      .map(
        (bind) =>
          new UdpPort({
            part: 'sip',
            bind,
            onDatagram: (bytes, from) => options.onDatagram(bytes, { transport: 'udp', ...from }),
            clock,
            log,
            counters,
            ...(tap === undefined ? {} : { tap }),
          }),
      );
  }

  /** Binds them all; gives what went wrong, if anything did. */
  async open(): Promise<BindFailure | undefined> {
    for (const port of this.ports) {
      const failure = await port.open();
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  send(to: Hop, bytes: Uint8Array): void {
    const port = this.portTowards(to);
    if (port === undefined) this.options.counters.increment(`sip.no-${to.transport}`);
    else port.send(bytes, to);
  }

  /** What whoever is at `to` reaches us by; the default route's address where that is not known. */
  localTowards(to: Hop | undefined): { readonly host: string; readonly port: number } {
    const local = this.portTowards(to)?.local ?? this.options.listen[0] ?? { ip: '0.0.0.0', port: 5060 };
    const isAny = local.ip === '0.0.0.0' || local.ip === '::';
    return { host: isAny ? localAddressTowards(to?.ip) : local.ip, port: local.port };
  }

  async close(): Promise<void> {
    await Promise.all(this.ports.map((port) => port.close()));
  }

  /** One that speaks the family of that address; a socket on loopback reaches nobody else. */
  private portTowards(to: Hop | undefined): UdpPort | undefined {
    const isIpv6 = to?.ip.includes(':') === true;
    const able = this.ports.filter(({ local }) => local !== undefined && (local.ip.includes(':') || !isIpv6));
    const fits = (ip: string) =>
      (to === undefined || isLoopback(ip) === isLoopback(to.ip)) && ip.includes(':') === isIpv6;
    return able.find(({ local }) => fits(local!.ip)) ?? able[0];
  }
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
