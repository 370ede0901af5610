import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { resolveSipHost } from '../../../src/io/sip-dns.ts';

describe('a SIP host', () => {
  const resolve = (host: string, port?: number, transport: 'udp' | 'tls' = 'udp') =>
    resolveSipHost({ host, port, transport }, systemClock, new SeededRandom(1));

  test('that is an address is that address, on the port of the transport unless told [RFC3263 §4.2]', async () => {
    expect(await resolve('192.0.2.7')).toEqual({ hops: [{ transport: 'udp', ip: '192.0.2.7', port: 5060 }] });
    expect(await resolve('192.0.2.7', undefined, 'tls')).toEqual({
      hops: [{ transport: 'tls', ip: '192.0.2.7', port: 5061 }],
    });
    expect(await resolve('192.0.2.7', 5080)).toEqual({ hops: [{ transport: 'udp', ip: '192.0.2.7', port: 5080 }] });
  });

  test('with a port is looked up without SRV', async () => {
    const { hops } = (await resolve('localhost', 5080)) as { hops: readonly { ip: string; port: number }[] };
    expect(hops.map(({ port }) => port)).toEqual(hops.map(() => 5080));
    expect(hops.map(({ ip }) => ip)).toContain('127.0.0.1');
  });
});
