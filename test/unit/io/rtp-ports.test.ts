import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Address } from '../../../src/base/machine.ts';
import { batchedIo } from '../../../src/io/batched-io.ts';
import { type Clock, systemClock } from '../../../src/io/clock.ts';
import { freeUdpPort } from '../../../src/io/free-port.ts';
import type { Libc } from '../../../src/io/libc.ts';
import { RtpBatches } from '../../../src/io/rtp-batches.ts';
import { RtpPorts } from '../../../src/io/rtp-ports.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';

const open: RtpPorts[] = [];

afterEach(async () => {
  for (const ports of open.splice(0)) await ports.close();
});

interface Came {
  readonly localPort: number;
  readonly bytes: number[];
  readonly from: Address;
}

async function ports(pairs: number, clock: Clock = systemClock, libc?: Libc) {
  const first = (await freeUdpPort(0)) & ~1;
  const counters = new Counters();
  const came: Came[] = [];
  const pool = new RtpPorts({
    first,
    last: first + 2 * pairs - 1,
    bindIp: '127.0.0.1',
    dscp: 46,
    onPacket: (localPort, bytes, from) => came.push({ localPort, bytes: [...bytes], from }),
    clock,
    log: silentLog,
    counters,
    ...(libc === undefined ? {} : { libc }),
  });
  open.push(pool);
  return { pool, counters, came, first };
}

const loopback = (port: number): Address => ({ ip: '127.0.0.1', port });

describe('RtpPorts', () => {
  it('allots an even port on which, and on the next one, packets go both ways at once', async () => {
    const { pool, came } = await ports(20);
    const [a, b] = [pool.allot()!, pool.allot()!];
    expect(a % 2).toBe(0);
    expect(b).not.toBe(a);
    pool.send(a, Uint8Array.of(1, 2), loopback(b));
    pool.send(a + 1, Uint8Array.of(3), loopback(b + 1));
    await waitUntil('both packets', 5_000, () => came.length === 2);
    expect(came).toContainEqual({ localPort: b, bytes: [1, 2], from: loopback(a) });
    expect(came).toContainEqual({ localPort: b + 1, bytes: [3], from: loopback(a + 1) });
  });

  it('passes over a port that another program has, and says when none is left', async () => {
    const { pool, counters, first } = await ports(3);
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(first + 1, '127.0.0.1', resolve));
    const allotted = [pool.allot(), pool.allot(), pool.allot()];
    expect(allotted).not.toContain(first);
    expect(allotted.filter((port) => port === undefined).length).toBeGreaterThan(0);
    expect(counters.get('rtp.port-in-use')).toBeGreaterThan(0);
    expect(counters.get('rtp.no-port')).toBeGreaterThan(0);
    await new Promise<void>((resolve) => other.close(() => resolve()));
  });

  it('swallows what still comes for a call that is over, and gives the next call another port', async () => {
    const clock = new VirtualClock();
    const { pool, came, counters } = await ports(2, clock);
    const port = pool.allot()!;
    expect(pool.taken).toBe(1);
    pool.free(port);
    pool.free(port);
    expect(pool.taken).toBe(0);
    expect(pool.allot()).not.toBe(port);
    const other = createSocket('udp4');
    other.send(Uint8Array.of(1), port, '127.0.0.1');
    await waitUntil('the late packet', 5_000, () => counters.get('rtp.call-over') === 1);
    other.close();
    expect(came).toEqual([]);
    clock.advance(5_000);
    expect(pool.allot()).toBe(port);
  });

  it('gives a call the port of the one that has been over for longest, before it refuses it', async () => {
    const clock = new VirtualClock();
    const { pool, counters } = await ports(3, clock);
    const [a, b, c] = [pool.allot()!, pool.allot()!, pool.allot()!];
    pool.free(b);
    pool.free(a);
    expect(pool.allot(), 'the worker may still send from it').toBeUndefined();
    clock.advance(1_000);
    expect([pool.allot(), pool.allot(), pool.allot()]).toEqual([b, a, undefined]);
    expect(pool.taken).toBe(3);
    expect(counters.get('rtp.no-port')).toBe(2);
    pool.free(c);
    clock.advance(1_000);
    expect(pool.allot()).toBe(c);
  });

  it('counts what the kernel dropped at a port, whoever was to read it', async () => {
    const { pool, counters } = await ports(20, systemClock, batchedIo() as Libc);
    const [from, here, lent] = [pool.allot()!, pool.allot()!, pool.allot()!];
    const worker = new RtpBatches(batchedIo() as Libc, pool.descriptor!.fd, false, () => {});
    worker.open(from, pool.lend(from)!);
    pool.lend(lent);
    const flood = (to: Address): number => {
      const before = counters.snapshot()['rtp.socket-full'] ?? 0;
      const packet = new Uint8Array(1400);
      let dropped = 0;
      for (let sent = 0; sent < 100_000 && dropped === 0; sent += 1000) {
        for (let i = 0; i < 1000; i++) worker.send(from, to, packet, 0, packet.length);
        dropped = (counters.snapshot()['rtp.socket-full'] ?? 0) - before;
      }
      return dropped;
    };
    expect(flood(loopback(here))).toBeGreaterThan(0);
    expect(flood(loopback(lent))).toBeGreaterThan(0);
  });

  it('lends the port of RTP to a worker, and reads it again when it is taken back', async () => {
    const libc = batchedIo();
    if ('failed' in libc) throw new Error(libc.failed);
    const { pool, came } = await ports(20, systemClock, libc);
    const [a, b] = [pool.allot()!, pool.allot()!];
    const worker = new RtpBatches(libc, pool.descriptor!.fd, pool.descriptor!.ipv6, () => {});
    worker.open(a, pool.lend(a)!);
    expect(pool.lend(a), 'once').toBeUndefined();
    pool.send(b, Uint8Array.of(1), loopback(a));
    await waitUntil('the packet at the worker', 5_000, () => worker.ready(0) === 1);
    expect([worker.portOf(0), worker.receive(0, 0), ...worker.bytes(0)]).toEqual([a, 1, 1]);
    expect(worker.senderOf(0)).toEqual(loopback(b));
    worker.send(a, loopback(b), Uint8Array.of(2), 0, 1);
    pool.send(b + 1, Uint8Array.of(3), loopback(a + 1));
    await waitUntil('its packet, and the report', 5_000, () => came.length === 2);
    expect(came).toContainEqual({ localPort: b, bytes: [2], from: loopback(a) });
    expect(came).toContainEqual({ localPort: a + 1, bytes: [3], from: loopback(b + 1) });
    pool.takeBack(a);
    pool.send(b, Uint8Array.of(4), loopback(a));
    await waitUntil('the packet here', 5_000, () => came.length === 3);
    expect(came[2]).toEqual({ localPort: a, bytes: [4], from: loopback(b) });
    expect(worker.ready(0)).toBe(0);
  });

  it('closes a port that is lent some time after its call is over, and gives it to the next one', async () => {
    const libc = batchedIo();
    if ('failed' in libc) throw new Error(libc.failed);
    const clock = new VirtualClock();
    const { pool, counters } = await ports(1, clock, libc);
    const port = pool.allot()!;
    expect(pool.lend(port)).toBeDefined();
    pool.send(port, Uint8Array.of(1), loopback(5004));
    expect(counters.get('rtp.port-closed')).toBe(1);
    pool.free(port);
    expect(pool.allot()).toBeUndefined();
    clock.advance(5_000);
    expect(pool.allot()).toBe(port);
    expect(pool.lend(port)).toBeDefined();
  });

  it('counts what cannot be sent and throws nothing', async () => {
    const { pool, counters, first } = await ports(20);
    pool.send(first, Uint8Array.of(1), loopback(5004));
    expect(counters.get('rtp.port-closed')).toBe(1);
    const port = pool.allot()!;
    pool.send(port, Uint8Array.of(1), loopback(0));
    pool.send(port, Uint8Array.of(1), { ip: '::1', port: 5004 });
    expect(counters.get('rtp.send-failed')).toBe(2);
  });
});
