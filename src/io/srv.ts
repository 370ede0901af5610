import type { NaptrRecord, SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { Random } from '../base/random.ts';

const TIMEOUT_MS = 2_000;

/** What answers for records that are no addresses. */
export type RecordResolver = Pick<Resolver, 'resolveSrv' | 'resolveNaptr'>;

/** The name servers of the system, made anew since they change with the network. */
export function dnsRecords(): RecordResolver {
  return new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
}

/**
 * Where the service of that name is (`_sip._udp.itsp.example`), in the order to try; empty where it has no SRV records.
 * Never rejects. [RFC2782]
 */
export async function serviceTargets(
  name: string,
  random: Random,
  resolver: Pick<RecordResolver, 'resolveSrv'> = dnsRecords(),
): Promise<{ host: string; port: number }[]> {
  try {
    const records = await resolver.resolveSrv(name);
    // The root as a target says that there is no such service.
    const real = records.filter((record) => record.name !== '' && record.name !== '.');
    return inOrder(real, random).map((record) => ({ host: record.name, port: record.port }));
  } catch {
    // No such records: the host itself is meant.
    return [];
  }
}

/** A service as NAPTR records have it, in lower case, and the name that its SRV records have. */
export interface NamedService {
  readonly service: string;
  readonly replacement: string;
}

/** What services a domain has, the most wanted first; only those whose records lead to SRV. Never rejects. [RFC3403 §4.1] */
export async function namedServices(
  domain: string,
  resolver: Pick<RecordResolver, 'resolveNaptr'>,
): Promise<NamedService[]> {
  try {
    const records = await resolver.resolveNaptr(domain);
    const leadToSrv = ({ flags, replacement }: NaptrRecord) => flags.toLowerCase() === 's' && replacement !== '';
    return records
      .filter(leadToSrv)
      .sort((a, b) => a.order - b.order || a.preference - b.preference)
      .map(({ service, replacement }) => ({ service: service.toLowerCase(), replacement }));
  } catch {
    return [];
  }
}

/** By priority; among equals by weight, drawn. [RFC2782] */
export function inOrder(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const left = [...records].sort((a, b) => a.priority - b.priority);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const equals = left.filter(({ priority }) => priority === left[0]!.priority);
    let drawn = random.next() * equals.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = equals.find(({ weight }) => {
      drawn -= weight;
      return drawn < 0;
    });
    ordered.push(...left.splice(left.indexOf(chosen ?? equals[0]!), 1));
  }
  return ordered;
}
