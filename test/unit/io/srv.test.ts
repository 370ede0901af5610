import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { inOrder, serviceTargets } from '../../../src/io/srv.ts';

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

describe('the SRV records of a host', () => {
  let server: Socket | undefined;
  afterEach(() => server?.close());

  /** A name server on loopback that knows one SRV record, or none. */
  async function resolverFor(record: { port: number; target: string } | undefined): Promise<Resolver> {
    const socket = createSocket('udp4');
    server = socket;
    socket.on('message', (query, { port }) => socket.send(answerTo(query, record), port, '127.0.0.1'));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const resolver = new Resolver({ timeout: 2_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${socket.address().port}`]);
    return resolver;
  }

  test('name its targets and their ports, by way of DNS', async () => {
    const resolver = await resolverFor({ port: 4570, target: 'iax.example' });
    const targets = await serviceTargets('_iax._udp.hq.example', new SeededRandom(1), resolver);
    expect(targets).toEqual([{ host: 'iax.example', port: 4570 }]);
  });

  test('may be none', async () => {
    const resolver = await resolverFor(undefined);
    expect(await serviceTargets('_iax._udp.hq.example', new SeededRandom(1), resolver)).toEqual([]);
  });
});

/** The question back, with one SRV record, or with NXDOMAIN. [RFC1035 §4.1] */
function answerTo(query: Uint8Array, record: { port: number; target: string } | undefined): Uint8Array {
  const NXDOMAIN = 3;
  const header = Uint8Array.from(query.subarray(0, 12));
  header.set([0x81, record === undefined ? 0x80 | NXDOMAIN : 0x80], 2);
  header.set([0, 1, 0, record === undefined ? 0 : 1, 0, 0, 0, 0], 4);
  const questionEnd = query.indexOf(0, 12) + 5;
  const question = query.subarray(12, questionEnd);
  if (record === undefined) return Buffer.concat([header, question]);
  const labels = record.target.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  const data = Buffer.concat([
    Buffer.from([0, 10, 0, 5, record.port >> 8, record.port & 0xff]),
    ...labels,
    Buffer.of(0),
  ]);
  const SRV = 33;
  const fixed = Buffer.from([0xc0, 12, 0, SRV, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([header, question, fixed, data]);
}
