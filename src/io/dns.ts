import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from './clock.ts';

export type Resolution = { readonly addresses: readonly string[] } | { readonly failed: string };

/**
 * The addresses of a host name as the system resolves it (hosts file included), in its order; an IP address is its own.
 * Never rejects: a failure is one sentence. Call it for every attempt, since the address may have changed meanwhile.
 */
export async function resolveHost(host: string, clock: Clock, timeoutMs = 5_000): Promise<Resolution> {
  if (isIP(host) !== 0) return { addresses: [host] };
  let cancel = () => {};
  const timeout = new Promise<Resolution>((resolve) => {
    cancel = clock.after(timeoutMs, () => resolve({ failed: `no answer from DNS for ${host} within ${timeoutMs} ms` }));
  });
  try {
    return await Promise.race([ask(host), timeout]);
  } finally {
    cancel();
  }
}

async function ask(host: string): Promise<Resolution> {
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return { addresses: [...new Set(found.map((entry) => entry.address))] };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTFOUND') return { failed: `the host name ${host} does not exist` };
    if (code === 'EAI_AGAIN') return { failed: `no DNS server answers for ${host}` };
    return { failed: `cannot resolve ${host}: ${code ?? String(error)}` };
  }
}
