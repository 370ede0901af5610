import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { Random } from '../base/random.ts';

const TIMEOUT_MS = 2_000;

/** Where a service of that host is, in the order to try; empty where it has no SRV records. Never rejects. [RFC2782] */
export async function serviceTargets(
  service: string,
  host: string,
  random: Random,
  resolver: Pick<Resolver, 'resolveSrv'> = new Resolver({ timeout: TIMEOUT_MS, tries: 1 }),
): Promise<{ host: string; port: number }[]> {
  try {
    const records = await resolver.resolveSrv(`${service}.${host}`);
    return inOrder(records, random).map(({ name, port }) => ({ host: name, port }));
  } catch {
    // No such records: the host itself is meant.
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
