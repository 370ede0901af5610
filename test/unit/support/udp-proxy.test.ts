import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loopbackAddress } from '../../support/loopback.ts';
import { UdpProxy } from '../../support/udp-proxy.ts';
import { waitUntil } from '../../support/wait-until.ts';

const [CLIENT, ROUTER, OUTSIDE, TARGET] = [21, 22, 23, 24].map(loopbackAddress) as [string, string, string, string];

interface Received {
  readonly text: string;
  readonly port: number;
  readonly address: string;
}

let client: Socket;
let target: Socket;
let proxy: UdpProxy;
let atTarget: Received[];
let atClient: Received[];

async function open(ip: string, port: number, received: Received[]): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port: from }) => {
    received.push({ text: bytes.toString(), port: from, address });
  });
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
}

beforeEach(async () => {
  [atTarget, atClient] = [[], []];
  client = await open(CLIENT, 0, atClient);
  target = await open(TARGET, 4569, atTarget);
  proxy = await UdpProxy.open({
    listen: { ip: ROUTER, port: 4569 },
    target: { ip: TARGET, port: 4569 },
    outerIp: OUTSIDE,
    seed: 7,
  });
});

afterEach(() => {
  proxy.close();
  client.close();
  target.close();
});

const send = (text: string) => client.send(text, 4569, ROUTER);
const arrived = (list: Received[], count: number) =>
  waitUntil(`${count} datagrams`, 2_000, () => (list.length >= count ? list : undefined));

test('carries both ways; the target sees the outer address and one port for one client', async () => {
  send('one');
  send('two');
  const [first, second] = await arrived(atTarget, 2);
  expect([first, second].map((it) => it?.address)).toEqual([OUTSIDE, OUTSIDE]);
  expect(second?.port).toBe(first?.port);
  expect(proxy.outerPorts()).toEqual([first?.port]);
  target.send('back', first!.port, OUTSIDE);
  expect((await arrived(atClient, 1))[0]).toEqual({ text: 'back', port: 4569, address: ROUTER });
});

test('after a rebinding the target sees another port, and the old one is dead', async () => {
  send('one');
  const old = (await arrived(atTarget, 1))[0]!.port;
  await proxy.rebind();
  expect(proxy.outerPorts()).not.toEqual([old]);
  target.send('to the old port', old, OUTSIDE);
  send('two');
  const port = (await arrived(atTarget, 2))[1]!.port;
  expect(port).not.toBe(old);
  target.send('to the new port', port, OUTSIDE);
  expect((await arrived(atClient, 1)).map(({ text }) => text)).toEqual(['to the new port']);
});

test('loses and doubles the shares that it was told to', async () => {
  send('first');
  await arrived(atTarget, 1);
  proxy.impair({ loss: 0.3, duplicate: 0.2 });
  for (let i = 1; i <= 400; i++) {
    send(String(i));
    // The kernel's own buffers must not lose any besides.
    if (i % 50 === 0) await waitUntil('all datagrams', 2_000, () => proxy.counts.up === 1 + i);
  }
  expect(proxy.counts.lost).toBeGreaterThan(90);
  expect(proxy.counts.lost).toBeLessThan(150);
  await arrived(atTarget, 401 - proxy.counts.lost + proxy.counts.duplicated);
  expect(proxy.counts.duplicated).toBeGreaterThan(35);
});

test('jitter puts datagrams out of order', async () => {
  proxy.impair({ jitterMs: 40 });
  for (let i = 0; i < 50; i++) send(String(i));
  const order = (await arrived(atTarget, 50)).map(({ text }) => Number(text));
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
