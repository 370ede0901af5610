import { isIP } from 'node:net';
import type { Random } from '../base/random.ts';
import type { Hop, Transport } from '../sip/endpoint.ts';
import type { Clock } from './clock.ts';
import { type Resolution, resolveHost } from './dns.ts';
import { dnsRecords, namedServices, type RecordResolver, serviceTargets } from './srv.ts';

const SERVICES: Readonly<Record<Transport, string>> = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp' };
/** The services of NAPTR records that we can. [RFC3263 §4.1] */
const NAMED: Readonly<Record<string, Transport>> = { 'sip+d2u': 'udp', 'sip+d2t': 'tcp', 'sips+d2t': 'tls' };
/** Where there are no NAPTR records, and nobody says by what. */
const UNTOLD: readonly Transport[] = ['udp', 'tcp', 'tls'];
/** More targets than that would not be tried in the time that a caller waits. */
const MAX_HOPS = 8;

export interface SipHost {
  readonly host: string;
  /** Where one is given, no SRV records are asked for. [RFC3263 §4.2] */
  readonly port: number | undefined;
  /** Where one is given, no NAPTR records are asked for. [RFC3263 §4.1] */
  readonly transport: Transport | undefined;
}

export type SipResolution = { readonly hops: readonly Hop[] } | { readonly failed: string };

/** What answers for names; the system unless told. */
export interface NameSources {
  readonly records: RecordResolver;
  readonly addressesOf: (host: string, clock: Clock) => Promise<Resolution>;
}

interface Target {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
}

/**
 * Where a SIP host is, and by what, in the order to try: by its NAPTR records, else by its SRV records, else by its
 * addresses. Never rejects. [RFC3263 §4]
 */
export async function resolveSipHost(
  wanted: SipHost,
  clock: Clock,
  random: Random,
  { records, addressesOf }: NameSources = { records: dnsRecords(), addressesOf: resolveHost },
): Promise<SipResolution> {
  const { host, port, transport = 'udp' } = wanted;
  const own: Target = { transport, host, port: port ?? (transport === 'tls' ? 5061 : 5060) };
  const named = port === undefined && isIP(host) === 0 ? await targetsOf(wanted, random, records) : [];
  const targets = named.length === 0 ? [own] : named;
  // One address of each will do: whoever names hundreds of targets must not make us ask for them all.
  const asked = targets.slice(0, MAX_HOPS);
  const answers = await Promise.all(asked.map((target) => addressesOf(target.host, clock)));
  const hops = answers.flatMap((answer, i) => {
    const { transport: by, port: at } = asked[i]!;
    // The certificate is for the domain that was asked for, wherever DNS leads. [RFC5922 §7.2]
    const name = by === 'tls' && isIP(host) === 0 ? { name: host } : {};
    return 'failed' in answer ? [] : answer.addresses.map((ip): Hop => ({ transport: by, ip, port: at, ...name }));
  });
  const failed = answers.find((answer) => 'failed' in answer);
  return hops.length === 0 && failed !== undefined ? failed : { hops: hops.slice(0, MAX_HOPS) };
}

async function targetsOf({ host, transport }: SipHost, random: Random, records: RecordResolver): Promise<Target[]> {
  const ask = async (by: Transport, name: string): Promise<Target[]> =>
    (await serviceTargets(name, random, records)).map((target) => ({ transport: by, ...target }));
  if (transport !== undefined) return ask(transport, `${SERVICES[transport]}.${host}`);
  // Asked for at once, so that a host without NAPTR records is found no later.
  const [services, ...untold] = await Promise.all([
    namedServices(host, records),
    ...UNTOLD.map((by) => ask(by, `${SERVICES[by]}.${host}`)),
  ]);
  const usable = services.flatMap(({ service, replacement }) => {
    const by = NAMED[service];
    return by === undefined ? [] : [ask(by, replacement)];
  });
  const found = await Promise.all(usable);
  return usable.length > 0 ? found.flat() : (untold.find((one) => one.length > 0) ?? []);
}
