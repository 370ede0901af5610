import { isIP } from 'node:net';
import type { Random } from '../base/random.ts';
import type { Hop, Transport } from '../sip/endpoint.ts';
import type { Clock } from './clock.ts';
import { resolveHost } from './dns.ts';
import { serviceTargets } from './srv.ts';

const SERVICES: Readonly<Record<Transport, string>> = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp' };
/** More targets than that would not be tried in the time that a caller waits. */
const MAX_HOPS = 8;

export interface SipHost {
  readonly host: string;
  /** Where one is given, no SRV records are asked for. [RFC3263 §4.2] */
  readonly port: number | undefined;
  readonly transport: Transport;
}

export type SipResolution = { readonly hops: readonly Hop[] } | { readonly failed: string };

/** Where a SIP host is, in the order to try: by its SRV records, else by its addresses. Never rejects. [RFC3263 §4.2] */
export async function resolveSipHost(
  { host, port, transport }: SipHost,
  clock: Clock,
  random: Random,
): Promise<SipResolution> {
  const targets = port === undefined && isIP(host) === 0 ? await serviceTargets(SERVICES[transport], host, random) : [];
  if (targets.length === 0) targets.push({ host, port: port ?? (transport === 'tls' ? 5061 : 5060) });
  const answers = await Promise.all(targets.map((target) => resolveHost(target.host, clock)));
  const hops = answers.flatMap((answer, i) =>
    'failed' in answer ? [] : answer.addresses.map((ip): Hop => ({ transport, ip, port: targets[i]!.port })),
  );
  const failed = answers.find((answer) => 'failed' in answer);
  return hops.length === 0 && failed !== undefined ? failed : { hops: hops.slice(0, MAX_HOPS) };
}
