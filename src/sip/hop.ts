import { type Address, formatAddress } from '../base/machine.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

/** Where a message comes from or goes to. */
export interface Hop extends Address {
  readonly transport: Transport;
  /** Of a stream: the connection as the driver numbers it. Absent: the driver finds or opens one. */
  readonly connection?: number;
  /** Of TLS: the host that the certificate must be for; absent: the address itself. Another name is another flow. */
  readonly name?: string;
  /** Of TLS that somebody opened to us: whom his certificate is for, in lower case, if he was asked for one. */
  readonly certificateNames?: readonly string[];
}

/** Bytes to send; those of a stream are whole messages. */
export interface SipTransmit {
  readonly type: 'transmit';
  readonly to: Hop;
  readonly bytes: Uint8Array;
}

/** Streams bring every message once and in order: most timers of transactions are for datagrams only. */
export function isReliable(transport: Transport): boolean {
  return transport !== 'udp';
}

/** Whether what is sent to both goes the same way: over TLS a certificate for one name says nothing of another. */
export function isSameFlow(a: Hop, b: Hop): boolean {
  return formatHop(a) === formatHop(b) && a.name === b.name;
}

export function formatHop(hop: Hop): string {
  return `${hop.transport}:${formatAddress(hop)}`;
}

/** What a URI says of the transport to reach whoever it is by; nothing for UDP. [RFC3261 §19.1.1] */
export function transportParameter({ transport }: Hop): ReadonlyMap<string, string | null> {
  return transport === 'udp' ? new Map() : new Map([['transport', transport]]);
}

/** The same place by TCP. */
export function overTcp({ ip, port }: Hop): Hop {
  return { transport: 'tcp', ip, port };
}
