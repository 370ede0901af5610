import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { DatagramTap } from '../../../src/io/datagram-tap.ts';
import { makeCertificate } from '../../../src/io/self-signed.ts';
import { type SipListen, SipSockets, type SipSocketsOptions } from '../../../src/io/sip-sockets.ts';
import type { SipTls } from '../../../src/io/sip-streams.ts';
import type { Hop } from '../../../src/sip/endpoint.ts';
import { waitUntil } from '../../support/wait-until.ts';

const vector = (name: string) => readFileSync(join(import.meta.dirname, '../../vectors/sip-tls', name), 'utf8');
const SERVER: SipTls = { cert: vector('cert.pem'), key: vector('key.pem') };
const CLIENT: SipTls = { ca: vector('cert.pem') };

const open: SipSockets[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(open.splice(0).map((sockets) => sockets.close()));
});

type More = Partial<Pick<SipSocketsOptions, 'tap' | 'maxConnections'>>;

function make(listen: readonly SipListen[], tls: SipTls = {}, more: More = {}) {
  const received: { readonly text: string; readonly from: Hop }[] = [];
  const closed: number[] = [];
  const unreachable: Hop[] = [];
  const counters = new Counters();
  const said: string[] = [];
  const take = (bytes: Uint8Array, from: Hop) => received.push({ text: Buffer.from(bytes).toString(), from });
  const sockets = new SipSockets({
    listen,
    tls,
    onDatagram: take,
    onBytes: take,
    onClosed: (connection) => closed.push(connection),
    onUnreachable: (to) => unreachable.push(to),
    clock: systemClock,
    log: (_level, _part, message) => said.push(message),
    counters,
    ...more,
  });
  open.push(sockets);
  return { sockets, received, closed, unreachable, counters, said };
}

async function start(listen: readonly SipListen[], tls: SipTls = {}, more: More = {}) {
  const made = make(listen, tls, more);
  expect(await made.sockets.open()).toBeUndefined();
  return made;
}

const at = (transport: SipListen['transport'], ip: string): SipListen => ({ transport, ip, port: 0 });
const hop = (transport: SipListen['transport'], port = 5060): Hop => ({ transport, ip: '127.0.0.1', port });
const portOf = (sockets: SipSockets, transport: SipListen['transport']) => sockets.localTowards(hop(transport)).port;

describe('SIP over UDP', () => {
  test('messages go from one to the other, and say where they came from', async () => {
    const a = await start([at('udp', '127.0.0.1')]);
    const b = await start([at('udp', '127.0.0.1')]);
    a.sockets.send(hop('udp', portOf(b.sockets, 'udp')), Buffer.from('OPTIONS'));
    await waitUntil('the message', 2_000, () => b.received[0]);
    expect(b.received).toEqual([{ text: 'OPTIONS', from: hop('udp', portOf(a.sockets, 'udp')) }]);
  });

  test('who is bound to one address is reached by it, who is bound to all by the one that the way there has', async () => {
    const one = await start([at('udp', '127.0.0.2')]);
    const all = await start([at('udp', '0.0.0.0')]);
    expect(one.sockets.localTowards(hop('udp')).host).toBe('127.0.0.2');
    expect(all.sockets.localTowards(hop('udp')).host).toBe('127.0.0.1');
  });

  test('a port that is taken is told in one sentence', async () => {
    const { sockets } = await start([at('udp', '127.0.0.1')]);
    const port = portOf(sockets, 'udp');
    expect(await make([{ transport: 'udp', ip: '127.0.0.1', port }]).sockets.open()).toEqual({
      failed: 'port-in-use',
      reason: `UDP 127.0.0.1:${port} is in use by another program`,
    });
  });

  test('what goes to an address of a family that no socket has is counted', async () => {
    const { sockets, counters } = await start([at('udp', '127.0.0.1')]);
    sockets.send({ transport: 'udp', ip: '::1', port: 5060 }, Buffer.from('OPTIONS'));
    expect(counters.snapshot()).toEqual({ 'sip.no-udp': 1 });
  });
});

describe('SIP over TCP and TLS', () => {
  test('answers go over the connection that the question came on, and further messages reuse ours [RFC5923]', async () => {
    const server = await start([at('tcp', '127.0.0.1')]);
    const client = await start([at('udp', '127.0.0.1')]);
    const there = hop('tcp', portOf(server.sockets, 'tcp'));
    client.sockets.send(there, Buffer.from('one'));
    const { from } = await waitUntil('the first', 2_000, () => server.received[0]);
    expect(from.connection).toBeDefined();
    server.sockets.send(from, Buffer.from('answer'));
    await waitUntil('the answer', 2_000, () => client.received[0]);
    client.sockets.send(there, Buffer.from('two'));
    await waitUntil('the second', 2_000, () => server.received.some(({ text }) => text.endsWith('two')));
    expect(new Set(server.received.map((one) => one.from.connection)).size).toBe(1);
  });

  test('the end of a connection is told, and nobody is called back where he came from [RFC5626 §5.3]', async () => {
    const server = await start([at('tcp', '127.0.0.1')]);
    const phone = connect({ host: '127.0.0.1', port: portOf(server.sockets, 'tcp') });
    clients.push(phone);
    phone.write('REGISTER');
    const { from } = await waitUntil('the message', 2_000, () => server.received[0]);
    phone.destroy();
    await waitUntil('the end', 2_000, () => server.closed.includes(from.connection!));
    server.sockets.send(from, Buffer.from('INVITE'));
    await waitUntil('it to be unreachable', 2_000, () => server.unreachable.length === 1);
    expect(server.unreachable).toEqual([from]);
  });

  test('where nobody listens is unreachable', async () => {
    const server = await start([at('tcp', '127.0.0.1')]);
    const port = portOf(server.sockets, 'tcp');
    await server.sockets.close();
    const client = await start([at('udp', '127.0.0.1')]);
    client.sockets.send(hop('tcp', port), Buffer.from('OPTIONS'));
    await waitUntil('it to be unreachable', 2_000, () => client.unreachable.length > 0);
  });

  test('one address may not have all connections', async () => {
    const server = await start([at('tcp', '127.0.0.1')]);
    const port = portOf(server.sockets, 'tcp');
    for (let i = 0; i < 70; i++) clients.push(connect({ host: '127.0.0.1', port }).on('error', () => {}));
    await waitUntil('the rest to be let go', 5_000, () => server.counters.get('sip.too-many-connections') === 6);
  });

  test.each(['tcp', 'tls'] as const)(
    'who says nothing over %s, from however many addresses, makes room for newcomers; who has proven himself stays',
    async (transport) => {
      const server = await start([at(transport, '127.0.0.1')], SERVER, { maxConnections: 8 });
      const there = hop(transport, portOf(server.sockets, transport));
      const known = await start([at('udp', '127.0.0.1')], CLIENT);
      known.sockets.send(there, Buffer.from('known'));
      await waitUntil('the first', 5_000, () => server.received.length === 1);
      server.sockets.noteProven(server.received[0]!.from.connection!);
      for (let n = 0; n < 20; n++) {
        const localAddress = `127.0.1.${n + 1}`;
        clients.push(connect({ host: '127.0.0.1', port: there.port, localAddress }).on('error', () => {}));
      }
      const displaced = () => server.counters.get('sip.connection-displaced');
      await waitUntil('strangers to be displaced', 10_000, () => displaced() === 13);
      const late = await start([at('udp', '127.0.0.1')], CLIENT);
      late.sockets.send(there, Buffer.from('late'));
      await waitUntil('the newcomer', 5_000, () => server.received.length === 2);
      server.sockets.send(server.received[0]!.from, Buffer.from('still there'));
      await waitUntil('the answer', 5_000, () => known.received.length === 1);
      expect(known.closed).toEqual([]);
    },
  );

  test('a certificate must be for the name that was looked up, and of an authority that we trust', async () => {
    const server = await start([at('tls', '127.0.0.1')], SERVER);
    const there = hop('tls', portOf(server.sockets, 'tls'));
    const trusts = async (tls: SipTls, name: string | undefined) => {
      const client = await start([at('udp', '127.0.0.1')], tls);
      const before = server.received.length;
      client.sockets.send(name === undefined ? there : { ...there, name }, Buffer.from(`to ${name}`));
      await waitUntil('an outcome', 5_000, () => server.received.length > before || client.unreachable.length > 0);
      return server.received.length > before;
    };
    expect(await trusts(CLIENT, 'itsp.example')).toBe(true);
    expect(await trusts(CLIENT, undefined)).toBe(true);
    expect(await trusts(CLIENT, 'other.example')).toBe(false);
    expect(await trusts({}, 'itsp.example')).toBe(false);
  });

  test('two names at one address have a connection each, and each its certificate checked [RFC5922 §7.1]', async () => {
    const server = await start([at('tls', '127.0.0.1')], SERVER);
    const client = await start([at('udp', '127.0.0.1')], CLIENT);
    const there = hop('tls', portOf(server.sockets, 'tls'));
    const [good, other] = ['itsp.example', 'other.example'].map((name) => ({ ...there, name }));
    client.sockets.send(good!, Buffer.from('one'));
    await waitUntil('the first', 5_000, () => server.received.length === 1);
    client.sockets.send(other!, Buffer.from('two'));
    await waitUntil('the refusal', 5_000, () => client.unreachable.length === 1);
    expect(client.unreachable).toEqual([other]);
    client.sockets.send(good!, Buffer.from('three'));
    await waitUntil('the third', 5_000, () => server.received.length > 1);
    expect(server.received.map(({ text }) => text)).toEqual(['one', 'three']);
    server.sockets.send(server.received[0]!.from, Buffer.from('answer'));
    await waitUntil('the answer', 5_000, () => client.received.length === 1);
    expect(client.received[0]!.from).toMatchObject(good!);
  });

  test('what passes over TLS is shown to a capture in clear, but for the keys of voice', async () => {
    const [near, far] = [new DatagramTap(), new DatagramTap()];
    const server = await start([at('tls', '127.0.0.1')], SERVER, { tap: far });
    const client = await start([at('udp', '127.0.0.1')], CLIENT, { tap: near });
    const there = hop('tls', portOf(server.sockets, 'tls'));
    const key = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
    const message = (line: string) => `MESSAGE sip:a@b SIP/2.0\r\na=crypto:1 X inline:${key}|2^20\r\n${line}\r\n`;
    client.sockets.send(there, Buffer.from(message('before')));
    await waitUntil('the first', 5_000, () => server.received.length === 1);
    const shown: string[] = [];
    for (const [name, tap] of Object.entries({ near, far }))
      tap.listen((direction, bytes, remote, local, connection) => {
        shown.push(`${name} ${direction} ${connection} ${Buffer.from(bytes).toString()}`);
        expect([remote.port, local.port]).toContain(there.port);
      });
    client.sockets.send(there, Buffer.from(message('after')));
    await waitUntil('the second', 5_000, () => server.received.length === 2);
    expect(server.received[1]?.text).toBe(message('after'));
    const masked = message('after').replace(key, '*'.repeat(key.length));
    expect(shown).toEqual([`near out 1 ${masked}`, `far in 1 ${masked}`]);
  });

  describe('who connects must show a certificate of the authority of clientCa', () => {
    const phone = makeCertificate(['phone-211']);
    const old = makeCertificate(['phone-212'], '20210101000000Z');
    const demand = { ...SERVER, clientCa: phone.cert + old.cert };

    test.each([
      ['no certificate', {}, 'missing'],
      ['one of somebody else', makeCertificate(['phone-211']), 'foreign'],
      ['one that has expired', old, 'expired'],
    ] as const)('%s is refused, with the reason counted and told', async (_what, own, fault) => {
      const server = await start([at('tls', '127.0.0.1')], demand);
      const client = await start([at('udp', '127.0.0.1')], { ...CLIENT, ...own });
      client.sockets.send(hop('tls', portOf(server.sockets, 'tls')), Buffer.from('REGISTER'));
      await waitUntil('the refusal', 5_000, () => server.counters.get(`sip.tls-client-${fault}`) === 1);
      await waitUntil('the end', 5_000, () => client.closed.length === 1);
      expect(server.received).toEqual([]);
      expect(server.said).toEqual([
        expect.stringMatching(/^127\.0\.0\.1:\d+ is refused\. (It showed no|Its) certificate/),
      ]);
    });

    test('that one is heard, and known by the names in it', async () => {
      const server = await start([at('tls', '127.0.0.1')], demand);
      const client = await start([at('udp', '127.0.0.1')], { ...CLIENT, ...phone });
      client.sockets.send(hop('tls', portOf(server.sockets, 'tls')), Buffer.from('REGISTER'));
      await waitUntil('the message', 5_000, () => server.received.length === 1);
      expect(server.received[0]!.from.certificateNames).toEqual(['phone-211']);
      expect(server.counters.snapshot()).toEqual({});
    });
  });

  test.each([
    ['expired', makeCertificate(['itsp.example'], '20210101000000Z'), undefined],
    ['foreign', makeCertificate(['itsp.example']), makeCertificate(['itsp.example'])],
    ['other-name', makeCertificate(['other.example']), undefined],
  ] as const)('a trunk whose certificate is %s is not reached, with the reason counted and told', async (...row) => {
    const [fault, own, trusted = own] = row;
    const server = await start([at('tls', '127.0.0.1')], own);
    const client = await start([at('udp', '127.0.0.1')], { ca: trusted.cert });
    const there = { ...hop('tls', portOf(server.sockets, 'tls')), name: 'itsp.example' };
    client.sockets.send(there, Buffer.from('OPTIONS'));
    await waitUntil('the refusal', 5_000, () => client.unreachable.length === 1);
    expect(client.counters.get(`sip.tls-server-${fault}`)).toBe(1);
    expect(client.said).toEqual([expect.stringContaining(' is refused. Its certificate ')]);
    expect(server.received).toEqual([]);
  });

  test('a key that cannot be read is told in one sentence that does not repeat it', async () => {
    const broken = { cert: SERVER.cert!, key: 'no key at all' };
    const failure = await make([at('tls', '127.0.0.1')], broken).sockets.open();
    expect(failure?.reason).toMatch(/^sip\.tls cannot be used: /);
    expect(failure?.reason).not.toContain('no key at all');
  });
});
