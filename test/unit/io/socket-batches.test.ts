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
        const bytes = into.bytesOf(i);
        expect(into.senderOf(i)).toEqual(near.local);
        expect(bytes.every((byte) => byte === received.length)).toBe(true);
        received.push(bytes.length);
      }
    }
    expect(received).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(refused).toBe(0);
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
    expect([...into.bytesOf(0)]).toEqual([2]);
  });
});
