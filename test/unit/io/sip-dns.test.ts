import type { NaptrRecord, SrvRecord } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { type NameSources, resolveSipHost, type SipHost } from '../../../src/io/sip-dns.ts';

/** A DNS of its own; a name that it does not have does not exist. */
function zone(records: {
  readonly naptr?: Readonly<Record<string, readonly Partial<NaptrRecord>[]>>;
  readonly srv?: Readonly<Record<string, readonly [host: string, port: number, priority?: number, weight?: number][]>>;
  readonly a?: Readonly<Record<string, string>>;
}): NameSources & { readonly asked: string[] } {
  const asked: string[] = [];
  const find = async <T>(type: string, table: Readonly<Record<string, T>> | undefined, name: string): Promise<T> => {
    asked.push(`${type} ${name}`);
    const found = table?.[name];
    if (found === undefined) throw new Error('ENOTFOUND');
    return found;
  };
  return {
    asked,
    records: {
      resolveNaptr: async (name: string) => (await find('NAPTR', records.naptr, name)) as NaptrRecord[],
      resolveSrv: async (name: string) => {
        const found = await find('SRV', records.srv, name);
        return found.map(([host, port, priority = 10, weight = 0]): SrvRecord => {
          return { name: host, port, priority, weight };
        });
      },
    },
    addressesOf: async (host) => {
      const ip = records.a?.[host];
      return ip === undefined ? { failed: `the host name ${host} does not exist` } : { addresses: [ip] };
    },
  };
}

const named = (service: string, order: number, preference = 0): Partial<NaptrRecord> => ({
  ...{ flags: 's', service, order, preference, regexp: '' },
  replacement: `${{ 'SIP+D2U': '_sip._udp', 'SIP+D2T': '_sip._tcp', 'SIPS+D2T': '_sips._tcp' }[service] ?? '_x'}.example`,
});

async function hopsOf(wanted: Partial<SipHost>, sources: NameSources, seed = 1): Promise<string[]> {
  const host = { host: 'itsp.example', port: undefined, transport: undefined, ...wanted };
  const found = await resolveSipHost(host, systemClock, new SeededRandom(seed), sources);
  if ('failed' in found) throw new Error(found.failed);
  return found.hops.map(({ transport, ip, port }) => `${transport} ${ip} ${port}`);
}

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

  test('with a port is looked up without NAPTR and SRV [RFC3263 §4.2]', async () => {
    const dns = zone({ a: { 'itsp.example': '192.0.2.1' } });
    expect(await hopsOf({ port: 5080 }, dns)).toEqual(['udp 192.0.2.1 5080']);
    expect(dns.asked).toEqual([]);
  });

  test('is looked up as the system does, hosts file and all', async () => {
    const { hops } = (await resolve('localhost', 5080)) as { hops: readonly { ip: string }[] };
    expect(hops.map(({ ip }) => ip)).toContain('127.0.0.1');
  });

  const SRV = {
    '_sip._udp.example': [['a.example', 5060]],
    '_sip._tcp.example': [['b.example', 5070]],
    '_sips._tcp.example': [['c.example', 5061]],
  } as const satisfies Record<string, readonly [string, number][]>;
  const A = { 'a.example': '192.0.2.1', 'b.example': '192.0.2.2', 'c.example': '192.0.2.3' };

  test('is reached by what its NAPTR records want most, then by the rest that we can [RFC3263 §4.1]', async () => {
    const naptr = {
      'itsp.example': [named('SIP+D2U', 50, 20), named('SIP+D2S', 1), named('SIPS+D2T', 50, 10), named('SIP+D2T', 90)],
    };
    const dns = zone({ naptr, srv: { ...SRV }, a: A });
    expect(await hopsOf({}, dns)).toEqual(['tls 192.0.2.3 5061', 'udp 192.0.2.1 5060', 'tcp 192.0.2.2 5070']);
  });

  test('whose transport is told is not asked for NAPTR records [RFC3263 §4.1]', async () => {
    const dns = zone({
      naptr: { 'itsp.example': [named('SIP+D2U', 1)] },
      srv: { '_sip._tcp.itsp.example': [['b.example', 5070]] },
      a: A,
    });
    expect(await hopsOf({ transport: 'tcp' }, dns)).toEqual(['tcp 192.0.2.2 5070']);
    expect(dns.asked).toEqual(['SRV _sip._tcp.itsp.example']);
  });

  test('without NAPTR records is reached by the first transport that has SRV records [RFC3263 §4.1]', async () => {
    const dns = zone({
      srv: { '_sip._tcp.itsp.example': [['b.example', 5070]], '_sips._tcp.itsp.example': [['c.example', 5061]] },
      a: A,
    });
    expect(await hopsOf({}, dns)).toEqual(['tcp 192.0.2.2 5070']);
  });

  test('without any such records is reached by UDP at its own address [RFC3263 §4.1]', async () => {
    expect(await hopsOf({}, zone({ a: { 'itsp.example': '192.0.2.9' } }))).toEqual(['udp 192.0.2.9 5060']);
  });

  test('is tried by priority, within one by weight, and what has no address is left out [RFC2782]', async () => {
    const srv = {
      '_sip._udp.itsp.example': [
        ['b.example', 5060, 20],
        ['nowhere.example', 5060, 10, 50],
        ['a.example', 5060, 10, 50],
        ['c.example', 5066, 10, 50],
      ] as [string, number, number, number?][] as [string, number, number, number][],
    };
    const orders = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) orders.add((await hopsOf({}, zone({ srv, a: A }), seed)).join(', '));
    expect([...orders].sort()).toEqual([
      'udp 192.0.2.1 5060, udp 192.0.2.3 5066, udp 192.0.2.2 5060',
      'udp 192.0.2.3 5066, udp 192.0.2.1 5060, udp 192.0.2.2 5060',
    ]);
  });

  test('whose SRV record says that there is no such service is not looked for there [RFC2782]', async () => {
    const srv = { '_sip._udp.itsp.example': [['', 0]], '_sip._tcp.itsp.example': [['b.example', 5070]] } as const;
    expect(await hopsOf({}, zone({ srv: srv as never, a: A }))).toEqual(['tcp 192.0.2.2 5070']);
  });

  test('whose records name many targets is asked for the first eight of them only', async () => {
    const targets = Array.from({ length: 40 }, (_, i) => [`t${i}.example`, 5060, i] as [string, number, number]);
    const a = Object.fromEntries(targets.map(([name], i) => [name, `192.0.2.${i}`]));
    const dns = zone({ srv: { '_sip._udp.itsp.example': targets }, a });
    const asked: string[] = [];
    const addressesOf: NameSources['addressesOf'] = (host, clock) => {
      asked.push(host);
      return dns.addressesOf(host, clock);
    };
    const hops = await hopsOf({}, { ...dns, addressesOf });
    expect(hops).toEqual(Array.from({ length: 8 }, (_, i) => `udp 192.0.2.${i} 5060`));
    expect(asked).toHaveLength(8);
  });

  test('is, over TLS, to show a certificate for the domain that was asked for [RFC5922 §7.2]', async () => {
    const dns = zone({ srv: { '_sips._tcp.itsp.example': [['b.example', 5071]] }, a: A });
    const wanted = { host: 'itsp.example', port: undefined, transport: 'tls' } as const;
    expect(await resolveSipHost(wanted, systemClock, new SeededRandom(1), dns)).toEqual({
      hops: [{ transport: 'tls', ip: '192.0.2.2', port: 5071, name: 'itsp.example' }],
    });
  });

  test('that has no address is said in one sentence', async () => {
    const answer = resolveSipHost(
      { host: 'x', port: 1, transport: undefined },
      systemClock,
      new SeededRandom(1),
      zone({}),
    );
    expect(await answer).toEqual({ failed: 'the host name x does not exist' });
  });
});
