import type { Hop, Transport } from './hop.ts';

/**
 * Where a user can be reached, as plain data that can be kept over a restart: phones do not notice one, and would be out
 * of reach until they refresh.
 */
export interface Binding {
  readonly user: string;
  /** The URI of Contact, as text: the Request-URI of what is sent there. */
  readonly contact: string;
  /** Where the REGISTER came from, which is where a phone behind a NAT can be reached. */
  readonly transport: Transport;
  readonly ip: string;
  readonly port: number;
  /** Of a stream, while it lasts; means nothing after a restart. */
  readonly connection: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** Preference, 0…1. */
  readonly q: number;
  /** `+sip.instance` and `reg-id`: one phone and one of its flows. [RFC5626 §4.1] */
  readonly instance: string | undefined;
  readonly regId: string | undefined;
  readonly userAgent: string;
  /** Proxies that want to be on the way, as Route would have them. [RFC3327] */
  readonly path: readonly string[];
  readonly registeredEpochMs: number;
  readonly expiresEpochMs: number;
}

export function hopOf({ transport, ip, port, connection }: Binding): Hop {
  return connection === undefined ? { transport, ip, port } : { transport, ip, port, connection };
}

export function isSameWay(a: Binding, b: Binding): boolean {
  return a.contact === b.contact && a.ip === b.ip && a.port === b.port && a.connection === b.connection;
}
