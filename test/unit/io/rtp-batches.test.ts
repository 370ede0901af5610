import { describe, expect, onTestFinished, test } from 'vitest';
import type { Address } from '../../../src/base/machine.ts';
import { batchedIo } from '../../../src/io/batched-io.ts';
import type { Libc } from '../../../src/io/libc.ts';
import { ReadableSet } from '../../../src/io/readable-set.ts';
import { RtpBatches } from '../../../src/io/rtp-batches.ts';
import { ReadableWait } from '../../../src/io/socket-batches.ts';
import { openUdpSocket } from '../../../src/io/udp-socket.ts';

function libc(): Libc {
  const usable = batchedIo();
  if ('failed' in usable) throw new Error(usable.failed);
  return usable;
}

interface Port {
  readonly fd: number;
  readonly local: Address;
}

/** Some ports of one family in the hands of a worker. */
function rig(ip: string, count: number) {
  const set = new ReadableSet(libc());
  let refused = 0;
  let flooded = 0;
  const batches = new RtpBatches(
    libc(),
    set.fd,
    ip.includes(':'),
    () => refused++,
    () => flooded++,
  );
  const ports: Port[] = [];
  while (ports.length < count) {
    // By its number, as ports of a range are: a socket that let the kernel choose loses its port when a connection ends.
    const chosen = openUdpSocket(libc(), { ip, port: 0 });
    if ('failed' in chosen) throw new Error(chosen.failed);
    libc().close(chosen.fd);
    const socket = openUdpSocket(libc(), chosen.local);
    if ('failed' in socket) continue;
    onTestFinished(() => void libc().close(socket.fd));
    ports.push(socket);
    expect(set.add(socket.fd, socket.local.port)).toBe(true);
    batches.open(socket.local.port, socket.fd);
  }
  onTestFinished(() => set.close());
  return { set, batches, ports, refused: () => refused, flooded: () => flooded };
}

interface Taken {
  readonly port: number;
  readonly bytes: number[];
  readonly from: Address;
}

/** All that has come within reach, once something has. */
function takeAll(all: ReturnType<typeof rig>, nowMs = 0): Taken[] {
  new ReadableWait(libc(), [all.set.fd]).wait(5_000);
  const taken: Taken[] = [];
  for (let tick = takeTick(all, nowMs); tick.length > 0; tick = takeTick(all, nowMs)) taken.push(...tick);
  return taken;
}

/** What one tick takes. */
function takeTick({ batches }: ReturnType<typeof rig>, nowMs: number): Taken[] {
  const taken: Taken[] = [];
  const ready = batches.ready(nowMs);
  for (let index = 0; index < ready; index++)
    do {
      const count = batches.receive(index, nowMs);
      for (let i = 0; i < count; i++)
        taken.push({ port: batches.portOf(index), bytes: [...batches.bytes(i)], from: batches.senderOf(i) });
    } while (batches.waits);
  return taken;
}

describe('RTP ports of a worker', () => {
  test.each(['127.0.0.1', '::1'])('what comes to each of them is told with port and sender, whole, from %s', (ip) => {
    const all = rig(ip, 3);
    const [a, b, c] = all.ports as [Port, Port, Port];
    const lengths = [0, 172, 172, 33, 511, 512, 1472];
    for (const [n, length] of lengths.entries())
      all.batches.send(a.local.port, b.local, new Uint8Array(2 + length).fill(n), 1, length);
    all.batches.send(b.local.port, c.local, Uint8Array.of(7), 0, 1);
    const taken = takeAll(all);
    const at = (port: number) => taken.filter((one) => one.port === port);
    expect(at(b.local.port).map(({ bytes }) => bytes)).toEqual(lengths.map((length, n) => new Array(length).fill(n)));
    expect(new Set(at(b.local.port).map(({ from }) => JSON.stringify(from)))).toEqual(
      new Set([JSON.stringify(a.local)]),
    );
    expect(at(c.local.port)).toEqual([{ port: c.local.port, bytes: [7], from: b.local }]);
    expect(all.batches.came).toBe(lengths.length + 1);
    expect(all.refused()).toBe(0);
  });

  test('a flood at one of them does not keep the others waiting', () => {
    const all = rig('127.0.0.1', 3);
    const [a, b, c] = all.ports as [Port, Port, Port];
    for (let n = 0; n < 100; n++) all.batches.send(a.local.port, b.local, Uint8Array.of(n), 0, 1);
    all.batches.send(a.local.port, c.local, Uint8Array.of(200), 0, 1);
    new ReadableWait(libc(), [all.set.fd]).wait(5_000);
    expect(all.batches.ready(0)).toBe(2);
    const counts = [0, 1].map((index) => [all.batches.portOf(index), all.batches.receive(index, 0)]);
    expect(new Map(counts as [number, number][])).toEqual(
      new Map([
        [b.local.port, 8],
        [c.local.port, 1],
      ]),
    );
  });

  test.each(['127.0.0.1', '::1'])('one that others flood hears its far end alone for a second, from %s', (ip) => {
    const all = rig(ip, 3);
    const [far, here, other] = all.ports as [Port, Port, Port];
    const say = (from: Port, ...numbers: number[]) => {
      for (const number of numbers) all.batches.send(from.local.port, here.local, Uint8Array.of(number), 0, 1);
    };
    const numbers = (nowMs: number) => takeAll(all, nowMs).map(({ bytes }) => bytes[0]);
    const flood = Array.from({ length: 200 }, (_, i) => i);
    all.batches.send(here.local.port, far.local, Uint8Array.of(0), 0, 1);
    say(far, 250);
    takeAll(all);
    // What came before it was noticed is taken at once, so that the far end need not wait behind it.
    say(other, ...flood);
    say(far, 251);
    expect(takeTick(all, 5).map(({ bytes }) => bytes[0])).toEqual([...flood, 251]);
    expect(all.flooded()).toBe(1);
    say(other, ...flood);
    say(far, 252);
    expect(numbers(10)).toEqual([252]);
    expect(all.batches.ready(1_004)).toBe(0);
    all.batches.ready(1_005);
    say(other, 253);
    say(far, 254);
    expect(numbers(1_005)).toEqual([253, 254]);
    expect(all.flooded()).toBe(1);
  });

  test('one that is flooded before its far end was heard stays open to it, wherever it is', () => {
    const all = rig('127.0.0.1', 3);
    const [far, here, other] = all.ports as [Port, Port, Port];
    all.batches.send(here.local.port, { ip: '127.0.0.1', port: 9 }, Uint8Array.of(0), 0, 1);
    for (let n = 0; n < 20; n++) all.batches.send(other.local.port, here.local, Uint8Array.of(n), 0, 1);
    expect(takeAll(all)).toHaveLength(20);
    all.batches.send(far.local.port, here.local, Uint8Array.of(99), 0, 1);
    expect(takeAll(all)).toMatchObject([{ bytes: [99] }]);
    expect(all.flooded()).toBe(0);
  });

  test('what waits of the far end itself, after a pause of ours, is no flood', () => {
    const all = rig('127.0.0.1', 2);
    const [far, here] = all.ports as [Port, Port];
    all.batches.send(here.local.port, far.local, Uint8Array.of(0), 0, 1);
    for (let n = 0; n < 50; n++) {
      all.batches.send(far.local.port, here.local, Uint8Array.of(n), 0, 1);
      if (n === 0) takeAll(all);
    }
    expect(takeAll(all)).toHaveLength(49);
    expect(all.flooded()).toBe(0);
  });

  test('one that is shut opens again for a far end that moves', () => {
    const all = rig('127.0.0.1', 3);
    const [far, here, other] = all.ports as [Port, Port, Port];
    all.batches.send(here.local.port, far.local, Uint8Array.of(0), 0, 1);
    all.batches.send(far.local.port, here.local, Uint8Array.of(1), 0, 1);
    takeAll(all);
    for (let n = 0; n < 20; n++) all.batches.send(other.local.port, here.local, Uint8Array.of(n), 0, 1);
    takeAll(all);
    expect(all.flooded()).toBe(1);
    all.batches.send(here.local.port, other.local, Uint8Array.of(0), 0, 1);
    all.batches.send(other.local.port, here.local, Uint8Array.of(7), 0, 1);
    expect(takeAll(all).at(-1)).toMatchObject({ port: here.local.port, bytes: [7] });
  });

  test('a port follows a far end that moves, and sends nowhere where it cannot be reached', () => {
    const all = rig('127.0.0.1', 3);
    const [a, b, c] = all.ports as [Port, Port, Port];
    for (const to of [b.local, c.local, { ip: '::1', port: 9 }, b.local, { ip: '127.0.0.1', port: 0 }])
      all.batches.send(a.local.port, to, Uint8Array.of(1), 0, 1);
    expect(takeAll(all).map(({ port }) => port)).toEqual(expect.arrayContaining([b.local.port, c.local.port]));
    expect(all.batches.came).toBe(3);
    expect(all.refused()).toBe(2);
  });

  test('a port that is closed sends nothing, and what comes to it is still told', () => {
    const all = rig('127.0.0.1', 2);
    const [a, b] = all.ports as [Port, Port];
    all.batches.close(b.local.port);
    expect([a, b].map(({ local }) => all.batches.isOpen(local.port))).toEqual([true, false]);
    all.batches.send(b.local.port, a.local, Uint8Array.of(1), 0, 1);
    expect(all.refused()).toBe(1);
    all.batches.send(a.local.port, b.local, Uint8Array.of(2), 0, 1);
    expect(takeAll(all)).toMatchObject([{ port: b.local.port, bytes: [2] }]);
    all.set.remove(b.fd);
    all.batches.send(a.local.port, b.local, Uint8Array.of(3), 0, 1);
    expect(all.batches.ready(0)).toBe(0);
  });
});
