import { isIP } from 'node:net';
import type { Random } from '../base/random.ts';
import type { Clock } from './clock.ts';
import { resolveHost } from './dns.ts';
import { serviceTargets } from './srv.ts';

const SERVICE = '_iax._udp.';
/** More would not be tried in the time that a caller waits. */
const MAX_TARGETS = 8;
/** A caller waits for no name longer than two seconds, and the names of the targets have to be looked up after this. */
const SRV_MS = 1_000;

/** An address that has a port came by way of an SRV record; the others are those of the host itself. */
export interface Iax2Place {
  readonly ip: string;
  readonly port?: number;
}

export type Iax2Resolution = { readonly addresses: readonly Iax2Place[] } | { readonly failed: string };

/**
 * Where an IAX2 host is, in the order to try: what its SRV records name, then its own addresses. Both are asked for at
 * once, so that a host without such records is found no later. Never rejects.
 */
export async function resolveIax2Host(
  host: string,
  clock: Clock,
  random: Random,
  targetsOf = serviceTargets,
): Promise<Iax2Resolution> {
  const [own, targets] = await Promise.all([
    resolveHost(host, clock),
    isIP(host) === 0 ? within(SRV_MS, clock, targetsOf(SERVICE + host, random)) : [],
  ]);
  const first = targets.slice(0, MAX_TARGETS);
  const answers = await Promise.all(first.map((target) => resolveHost(target.host, clock)));
  const named = answers.flatMap((answer, i) =>
    'failed' in answer ? [] : answer.addresses.map((ip): Iax2Place => ({ ip, port: first[i]!.port })),
  );
  if ('failed' in own) return named.length === 0 ? own : { addresses: named };
  return { addresses: [...named, ...own.addresses.map((ip): Iax2Place => ({ ip }))] };
}

/** Nothing, if that takes too long. */
async function within<T>(ms: number, clock: Clock, answer: Promise<T[]>): Promise<T[]> {
  let cancel = () => {};
  const late = new Promise<T[]>((resolve) => {
    cancel = clock.after(ms, () => resolve([]));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
