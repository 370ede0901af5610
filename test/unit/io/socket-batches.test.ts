import { describe, expect, onTestFinished, test } from 'vitest';
import { batchedIo } from '../../../src/io/batched-io.ts';
import type { Libc } from '../../../src/io/libc.ts';
import { ReadableWait, SocketBatches } from '../../../src/io/socket-batches.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/io/udp-socket.ts';

function libc(): Libc {
  const usable = batchedIo();
  if ('failed' in usable) throw new Error(usable.failed);
  return usable;
}

function bound(ip: string): UdpSocket {
  const socket = openUdpSocket(libc(), { ip, port: 0 });
  if ('failed' in socket) throw new Error(socket.failed);
  onTestFinished(() => void libc().close(socket.fd));
  return socket;
}

function datagram(batches: SocketBatches, i: number): Uint8Array {
  const at = batches.startOf(i);
  return batches.bytes.subarray(at, at + batches.lengthOf(i));
}

describe('batches at the socket of another thread', () => {
  test.each(['127.0.0.1', '::1'])('more than fit into one call go and come whole and in order, from %s', (ip) => {
    const [near, far] = [bound(ip), bound(ip)];
    let refused = 0;
    const out = new SocketBatches(libc(), near.fd, ip.includes(':'), () => refused++);
    const into = new SocketBatches(libc(), far.fd, ip.includes(':'), () => {});
    const count = 200;
    for (let n = 0; n < count; n++) out.send(far.local, new Uint8Array(300).fill(n), 10, n);
    out.flush();
    const received: number[] = [];
    const wait = new ReadableWait(libc(), [far.fd]);
    for (let tries = 0; received.length < count && tries < 50; tries++) {
      wait.wait(100);
      const got = into.receive();
      for (let i = 0; i < got; i++) {
        const bytes = datagram(into, i);
        expect(into.senderOf(i)).toEqual(near.local);
        expect(bytes.every((byte) => byte === received.length)).toBe(true);
        received.push(bytes.length);
      }
    }
    expect(received).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(refused).toBe(0);
  });

  test('any part of a buffer may be sent, one after the other, as it is at that time', () => {
    const [near, far] = [bound('127.0.0.1'), bound('127.0.0.1')];
    const out = new SocketBatches(libc(), near.fd, false, () => {});
    const buffer = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const parts = [
      [0, 3],
      [0, 3],
      [2, 3],
      [2, 4],
      [0, 8],
      [7, 1],
      [8, 0],
    ] as const;
    const expected = parts.map(([at, length], n) => {
      buffer[at] = 100 + n;
      out.send(far.local, buffer, at, length);
      return [...buffer.subarray(at, at + length)];
    });
    out.flush();
    const into = new SocketBatches(libc(), far.fd, false, () => {});
    const count = into.receive();
    expect(Array.from({ length: count }, (_, i) => [...datagram(into, i)])).toEqual(expected);
  });

  test('each datagram is told with its own sender, in batches that grow and shrink', () => {
    const far = bound('::');
    const to = { ip: '127.0.0.1', port: far.local.port };
    const [four, six] = [bound('127.0.0.1'), bound('::1')];
    const into = new SocketBatches(libc(), far.fd, true, () => {});
    const senders = [
      { from: new SocketBatches(libc(), four.fd, false, () => {}), to, local: four.local },
      { from: new SocketBatches(libc(), six.fd, true, () => {}), to: { ...to, ip: '::1' }, local: six.local },
    ];
    for (const size of [1, 12, 2, 30, 0, 5]) {
      const sent = Array.from({ length: size }, (_, n) => senders[n % 2]!);
      for (const sender of sent) {
        sender.from.send(sender.to, Uint8Array.of(size), 0, 1);
        sender.from.flush();
      }
      const count = into.receive();
      expect(Array.from({ length: count }, (_, i) => into.senderOf(i))).toEqual(sent.map(({ local }) => local));
    }
  });

  test('what was received is sent on from where it lies, its header written over, before the next ones take its place', () => {
    const [near, relay, far] = [bound('127.0.0.1'), bound('127.0.0.1'), bound('127.0.0.1')];
    const out = new SocketBatches(libc(), near.fd, false, () => {});
    const between = new SocketBatches(libc(), relay.fd, false, () => {});
    const into = new SocketBatches(libc(), far.fd, false, () => {});
    const to = between.destination(far.local);
    expect({ ...to }).toMatchObject(far.local);
    const heard: number[][] = [];
    for (const n of [1, 2]) {
      for (const k of [10, 20]) out.send(relay.local, Uint8Array.of(n, k, k + 1, k + 2), 0, 4);
      out.flush();
      expect(between.receive()).toBe(2);
      for (const i of [0, 1]) {
        const at = between.startOf(i);
        between.bytes[at + 1] = 90 + i;
        between.send(to, between.bytes, at + 1, 3);
      }
    }
    between.flush();
    const count = into.receive();
    for (let i = 0; i < count; i++) heard.push([...datagram(into, i)]);
    const round = [
      [90, 11, 12],
      [91, 21, 22],
    ];
    expect(heard).toEqual([...round, ...round]);
  });

  test('while a full socket holds what was received, nothing takes its place', () => {
    const [near, relay, far] = [bound('127.0.0.1'), bound('127.0.0.1'), bound('127.0.0.1')];
    const full = { now: true };
    const kernel = libc();
    const between = new SocketBatches(
      {
        ...kernel,
        sendmmsg: (...call) => (full.now ? -1 : kernel.sendmmsg(...call)),
        errno: () => (full.now ? 'EAGAIN' : kernel.errno()),
      },
      relay.fd,
      false,
      () => {},
    );
    const out = new SocketBatches(kernel, near.fd, false, () => {});
    for (const n of [1, 2]) {
      out.send(relay.local, Uint8Array.of(n), 0, 1);
      out.flush();
      expect(between.receive()).toBe(n === 1 ? 1 : 0);
      if (n === 1) between.send(far.local, between.bytes, between.startOf(0), 1);
    }
    full.now = false;
    expect(between.receive()).toBe(1);
    expect([...datagram(between, 0)]).toEqual([2]);
    const into = new SocketBatches(kernel, far.fd, false, () => {});
    expect(into.receive()).toBe(1);
    expect([...datagram(into, 0)]).toEqual([1]);
  });

  test('what the socket cannot reach is told, the rest goes', () => {
    const [near, far] = [bound('127.0.0.1'), bound('127.0.0.1')];
    let refused = 0;
    const out = new SocketBatches(libc(), near.fd, false, () => refused++);
    out.send({ ip: '::1', port: 9 }, Uint8Array.of(1), 0, 1);
    out.send(far.local, Uint8Array.of(2), 0, 1);
    out.flush();
    expect(refused).toBe(1);
    new ReadableWait(libc(), [far.fd]).wait(2_000);
    const into = new SocketBatches(libc(), far.fd, false, () => {});
    expect(into.receive()).toBe(1);
    expect([...datagram(into, 0)]).toEqual([2]);
  });

  test.each(['127.0.0.1', '::1'])(
    'datagrams to one destination come by themselves, whole and in order, from %s',
    (ip) => {
      const [near, far, other] = [bound(ip), bound(ip), bound(ip)];
      let refused = 0;
      const out = new SocketBatches(libc(), near.fd, ip.includes(':'), () => refused++);
      const [to, elsewhere] = [out.destination(far.local), out.destination(other.local)];
      expect(out.destination({ ...far.local })).toBe(to);
      const lengths = Array.from({ length: 50 }, (_, n) => (n % 7 === 6 ? 30 : n % 11 === 10 ? 170 : 164));
      for (const [n, length] of lengths.entries()) {
        out.send(to, new Uint8Array(length).fill(n), 0, length);
        out.send(elsewhere, Uint8Array.of(n), 0, 1);
      }
      out.flush();
      const take = (fd: number) => {
        const into = new SocketBatches(libc(), fd, ip.includes(':'), () => {});
        new ReadableWait(libc(), [fd]).wait(2_000);
        return Array.from({ length: into.receive() }, (_, i) => [...datagram(into, i)]);
      };
      expect(take(far.fd)).toEqual(lengths.map((length, n) => new Array(length).fill(n)));
      expect(take(other.fd)).toEqual(lengths.map((_, n) => [n]));
      expect(refused).toBe(0);
    },
  );
});
