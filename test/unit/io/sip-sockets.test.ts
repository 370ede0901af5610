import { afterEach, expect, test } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { silentLog } from '../../../src/base/log.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { type SipListen, SipSockets } from '../../../src/io/sip-sockets.ts';
import type { Hop } from '../../../src/sip/endpoint.ts';
import { waitUntil } from '../../support/wait-until.ts';

const open: SipSockets[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((sockets) => sockets.close()));
});

async function start(...listen: SipListen[]) {
  const received: { readonly text: string; readonly from: Hop }[] = [];
  const counters = new Counters();
  const sockets = new SipSockets({
    listen,
    onDatagram: (bytes, from) => received.push({ text: Buffer.from(bytes).toString(), from }),
    clock: systemClock,
    log: silentLog,
    counters,
  });
  open.push(sockets);
  expect(await sockets.open()).toBeUndefined();
  return { sockets, received, counters };
}

const udp = (ip: string): SipListen => ({ transport: 'udp', ip, port: 0 });

test('messages go from one to the other, and say where they came from', async () => {
  const a = await start(udp('127.0.0.1'));
  const b = await start(udp('127.0.0.1'));
  const { port } = b.sockets.localTowards({ transport: 'udp', ip: '127.0.0.1', port: 5060 });
  a.sockets.send({ transport: 'udp', ip: '127.0.0.1', port }, Buffer.from('OPTIONS'));
  await waitUntil('the message', 2_000, () => b.received[0]);
  const ours = a.sockets.localTowards(undefined);
  expect(b.received).toEqual([{ text: 'OPTIONS', from: { transport: 'udp', ip: '127.0.0.1', port: ours.port } }]);
});

test('who is bound to one address is reached by it, who is bound to all by the one that the way there has', async () => {
  const one = await start(udp('127.0.0.2'));
  const all = await start(udp('0.0.0.0'));
  const there = { transport: 'udp', ip: '127.0.0.9', port: 5060 } as const;
  expect(one.sockets.localTowards(there).host).toBe('127.0.0.2');
  expect(all.sockets.localTowards(there).host).toBe('127.0.0.1');
});

test('a port that is taken is told in one sentence', async () => {
  const { sockets } = await start(udp('127.0.0.1'));
  const { port } = sockets.localTowards(undefined);
  const second = new SipSockets({
    listen: [{ transport: 'udp', ip: '127.0.0.1', port }],
    onDatagram: () => {},
    clock: systemClock,
    log: silentLog,
    counters: new Counters(),
  });
  expect(await second.open()).toEqual({
    failed: 'port-in-use',
    reason: `UDP 127.0.0.1:${port} is in use by another program`,
  });
});

test('what goes to an address of a family that no socket has is counted', async () => {
  const { sockets, counters } = await start(udp('127.0.0.1'));
  sockets.send({ transport: 'udp', ip: '::1', port: 5060 }, Buffer.from('OPTIONS'));
  expect(counters.snapshot()).toEqual({ 'sip.no-udp': 1 });
});
