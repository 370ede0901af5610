import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { inOrder, resolveSipHost } from '../../../src/io/sip-dns.ts';

describe('SRV records [RFC2782]', () => {
  const record = (name: string, priority: number, weight: number) => ({ name, port: 5060, priority, weight });

  test('are tried by priority', () => {
    const records = [record('c', 30, 0), record('a', 10, 1), record('b', 20, 9)];
    expect(inOrder(records, new SeededRandom(1)).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('of one priority come first as often as their weight says, and each comes once', () => {
    const random = new SeededRandom(2);
    const records = [record('heavy', 10, 90), record('light', 10, 10), record('last', 20, 0)];
    let heavy = 0;
    for (let i = 0; i < 1_000; i++) {
      const names = inOrder(records, random).map(({ name }) => name);
      expect([...names].sort()).toEqual(['heavy', 'last', 'light']);
      expect(names[2]).toBe('last');
      if (names[0] === 'heavy') heavy++;
    }
    expect(heavy).toBeGreaterThan(850);
    expect(heavy).toBeLessThan(950);
  });
});

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
