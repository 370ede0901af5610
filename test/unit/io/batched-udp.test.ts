import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Address } from '../../../src/base/machine.ts';
import { batchedIo } from '../../../src/io/batched-io.ts';
import { BatchedUdpPort } from '../../../src/io/batched-udp.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { DatagramTap } from '../../../src/io/datagram-tap.ts';
import type { Libc } from '../../../src/io/libc.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const open: BatchedUdpPort[] = [];

afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});

interface Arrived {
  readonly bytes: readonly number[];
  readonly from: Address;
}

async function listen(ip: string, port = 0, libc = batchedIo() as Libc, portion?: number) {
  const counters = new Counters();
  const tap = new DatagramTap();
  const arrived: Arrived[] = [];
  const state = { turns: 0, most: 0 };
  const udp: BatchedUdpPort = new BatchedUdpPort({
    libc,
    part: 'iax2',
    bind: { ip, port },
    give: (input) => {
      const before = arrived.length;
      state.turns++;
      input(systemClock.nowMs());
      state.most = Math.max(state.most, arrived.length - before);
    },
    onDatagram: (bytes, from) => arrived.push({ bytes: [...bytes], from }),
    clock: systemClock,
    log: silentLog,
    counters,
    tap,
    ...(portion === undefined ? {} : { portion }),
  });
  open.push(udp);
  const failure = await udp.open();
  const come = (count: number) => waitUntil(`${count} datagrams`, 5000, () => arrived.length >= count);
  return { udp, arrived, counters, tap, state, failure, come };
}

describe('BatchedUdpPort', () => {
  it('carries datagrams of all lengths in order, with the address they came from', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    const lengths = [3, 0, 164, 1, 4000, 60_000, 164];
    for (const length of lengths) a.udp.send(new Uint8Array(length).fill(length & 0xff), b.udp.local!);
    await b.come(lengths.length);
    expect(b.arrived.map(({ bytes }) => bytes.length)).toEqual(lengths);
    expect(b.arrived.every(({ bytes }) => bytes.every((byte) => byte === (bytes.length & 0xff)))).toBe(true);
    expect(b.arrived[0]!.from).toEqual(a.udp.local);
  });

  it('sends what a buffer held when it was told to, though it changes before the turn ends', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    const buffer = Uint8Array.of(0, 1, 2, 3);
    a.udp.sendPart(buffer, 1, 2, b.udp.local!);
    buffer.fill(9);
    await b.come(1);
    expect(b.arrived[0]!.bytes).toEqual([1, 2]);
  });

  it('sends more at once than fit into one batch', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    for (let i = 0; i < 200; i++) a.udp.send(Uint8Array.of(i), b.udp.local!);
    await b.come(200);
    expect(b.arrived.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('gives IPv4 addresses as such on an IPv6 socket, and reaches them', async () => {
    const six = await listen('::');
    const four = await listen('127.0.0.1');
    four.udp.send(Uint8Array.of(9), { ip: '127.0.0.1', port: six.udp.local!.port });
    await six.come(1);
    expect(six.arrived[0]!.from).toEqual(four.udp.local);
    six.udp.send(Uint8Array.of(8), four.udp.local!);
    await four.come(1);
    expect(four.arrived[0]!.bytes).toEqual([8]);
  });

  it('speaks IPv6', async () => {
    const a = await listen('::1');
    const b = await listen('::1');
    a.udp.send(Uint8Array.of(6), b.udp.local!);
    await b.come(1);
    expect(b.arrived[0]!.from).toEqual({ ip: '::1', port: a.udp.local!.port });
  });

  it('takes datagrams on a beat where many come, and as they come when few do', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    const datagram = Uint8Array.of(1);
    let sent = 0;
    const send = (count: number) => {
      for (let i = 0; i < count; i++, sent++) a.udp.send(datagram, b.udp.local!);
    };
    await waitUntil('turns without any datagram', 10_000, async () => {
      send(30);
      await b.come(sent);
      const { turns } = b.state;
      await pause(30);
      return b.state.turns > turns;
    });
    await waitUntil('no turn without a datagram', 10_000, async () => {
      const { turns } = b.state;
      await pause(60);
      return b.state.turns === turns;
    });
    send(1);
    await b.come(sent);
    expect(b.arrived).toHaveLength(sent);
  });

  it('takes no more than a portion before the answers to it leave', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1', 0, batchedIo() as Libc, 8);
    for (let i = 0; i < 60; i++) a.udp.send(Uint8Array.of(i), b.udp.local!);
    await b.come(60);
    expect(b.state.most).toBeLessThanOrEqual(8);
    expect(b.arrived.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it('shows the tap what comes and goes', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    const seen: string[] = [];
    for (const [name, { tap }] of Object.entries({ a, b }))
      tap.listen((direction, bytes) => seen.push(`${name} ${direction} ${bytes.length}`));
    a.udp.send(Uint8Array.of(1, 2), b.udp.local!);
    await b.come(1);
    expect(seen).toEqual(['a out 2', 'b in 2']);
  });

  it('says in one sentence that the port is in use, by one of ours or of others', async () => {
    const first = await listen('127.0.0.1');
    const { port } = first.udp.local!;
    const reason = `UDP 127.0.0.1:${port} is in use by another program`;
    expect((await listen('127.0.0.1', port)).failure).toEqual({ failed: 'port-in-use', reason });
    const other = createSocket({ type: 'udp4', reuseAddr: true });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
      other.once('error', resolve);
      other.bind(port, '127.0.0.1');
    });
    expect(error.code).toBe('EADDRINUSE');
    other.close();
  });

  it('says that an address is not of this machine', async () => {
    expect((await listen('192.0.2.1')).failure).toMatchObject({ failed: 'address-not-available' });
  });

  it('opens again on the same port, and sends nothing while closed', async () => {
    const { udp, counters } = await listen('127.0.0.1');
    const first = udp.local!;
    await udp.close();
    expect(udp.local).toBeUndefined();
    udp.send(Uint8Array.of(1), first);
    udp.sendPart(Uint8Array.of(1), 0, 1, first);
    const again = await listen('127.0.0.1', first.port);
    expect(again.failure).toBeUndefined();
    expect(await again.udp.open()).toBeUndefined();
    expect(again.udp.local).toEqual(first);
    expect(counters.snapshot()).toEqual({});
  });

  it('sends what it was given before it closes', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    a.udp.send(Uint8Array.of(5), b.udp.local!);
    await a.udp.close();
    await b.come(1);
    expect(b.arrived[0]!.bytes).toEqual([5]);
  });

  it('counts what cannot be sent instead of throwing', async () => {
    const { udp, counters } = await listen('127.0.0.1');
    udp.send(Uint8Array.of(1), { ip: '2001:db8::1', port: 1 });
    expect(counters.get('iax2.send-failed')).toBe(1);
    udp.send(Uint8Array.of(1), { ip: '127.0.0.1', port: 0 });
    udp.send(new Uint8Array(65_530), { ip: '127.0.0.1', port: 9 });
    udp.send(new Uint8Array(200_000), { ip: '127.0.0.1', port: 9 });
    await waitUntil('the refusals', 5000, () => counters.get('iax2.send-failed') === 4);
  });

  it('counts what the kernel dropped because nobody read the socket, also when it closes', async () => {
    const a = await listen('127.0.0.1');
    const b = await listen('127.0.0.1');
    const flood = (): void => {
      for (let i = 0; i < 4096; i++) a.udp.send(new Uint8Array(1400), b.udp.local!);
    };
    expect(b.counters.snapshot()).toEqual({});
    // All in one turn, as long as it takes to fill what the kernel keeps.
    let sent = 0;
    for (; sent < 100_000 && b.counters.snapshot()['iax2.socket-full'] === undefined; sent += 4096) flood();
    const dropped = b.counters.snapshot()['iax2.socket-full']!;
    expect(dropped).toBeGreaterThan(0);
    flood();
    await b.udp.close();
    expect(b.counters.get('iax2.socket-full')).toBeGreaterThan(dropped);
  });

  it('tries again when the socket was full, and drops what there is no room for', async () => {
    const real = batchedIo() as Libc;
    const full = { now: false };
    const libc: Libc = {
      ...real,
      sendmmsg: (fd, messages, count, flags) => (full.now ? -1 : real.sendmmsg(fd, messages, count, flags)),
      errno: () => (full.now ? 'EAGAIN' : real.errno()),
    };
    const a = await listen('127.0.0.1', 0, libc);
    const b = await listen('127.0.0.1');
    full.now = true;
    for (let i = 0; i < 70; i++) a.udp.send(Uint8Array.of(i), b.udp.local!);
    expect(a.counters.get('iax2.send-failed')).toBe(6);
    full.now = false;
    await b.come(64);
    a.udp.send(Uint8Array.of(99), b.udp.local!);
    await b.come(65);
    expect(b.arrived.at(-1)!.bytes).toEqual([99]);
  });
});
