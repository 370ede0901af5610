import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Address } from '../../src/base/machine.ts';
import { encodeFullFrame, encodeMiniFrame } from '../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import { batchedIo } from '../../src/io/batched-io.ts';
import { systemClock } from '../../src/io/clock.ts';
import { DatagramTap } from '../../src/io/datagram-tap.ts';
import { freeUdpPort } from '../../src/io/free-port.ts';
import type { Libc } from '../../src/io/libc.ts';
import { RtpPorts } from '../../src/io/rtp-ports.ts';
import { SplitPlane } from '../../src/media/split-plane.ts';
import { MediaWorkerHost } from '../../src/media-worker-host.ts';
import { MediaWorkerPort } from '../../src/media-worker-port.ts';
import { waitUntil } from '../support/wait-until.ts';
import { decodeRtp, encodeRtp, type RtpPacket, rtpFarEnd } from '../unit/media/plane-harness.ts';

const ULAW = 4;
const SCRIPT = pathToFileURL(join(import.meta.dirname, '../../dist/media-worker.js'));

/** One far end of an IAX2 call, on a socket of its own. */
class FarEnd {
  readonly heard: Uint8Array[] = [];

  private constructor(
    private readonly socket: Socket,
    readonly id: number,
  ) {
    socket.on('message', (bytes) => this.heard.push(Uint8Array.from(bytes)));
  }

  static async open(id: number): Promise<FarEnd> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new FarEnd(socket, id);
  }

  get address(): Address {
    return { ip: '127.0.0.1', port: this.socket.address().port };
  }

  /** Block `n` of its voice: the first one in a full frame. */
  say(n: number, to: Address): void {
    const payload = new Uint8Array(160).fill(n);
    const [sourceCall, destinationCall, timestamp] = [5000 + this.id, 100 + this.id, 1000 + 20 * n];
    const bytes =
      n === 0
        ? encodeFullFrame({
            ...{ sourceCall, destinationCall, timestamp, frameType: FRAME_TYPE.VOICE, subclass: ULAW, body: payload },
          })
        : encodeMiniFrame(sourceCall, timestamp, payload);
    this.socket.send(bytes, to.port, to.ip);
  }

  /** The same as a packet of RTP. */
  sayRtp(n: number, port: number): void {
    const payload = new Uint8Array(160);
    new DataView(payload.buffer).setUint16(0, n);
    const packet = encodeRtp({ sequence: n, timestamp: 160 * n, ssrc: this.id, payload });
    this.socket.send(packet, port, '127.0.0.1');
  }

  /** The blocks that it heard, by their numbers. */
  get blocks(): number[] {
    return this.heard.map((bytes) => bytes.at(-1)!);
  }

  close(): void {
    this.socket.close();
  }
}

function usableLibc(): Libc {
  const libc = batchedIo();
  if ('failed' in libc) throw new Error(libc.failed);
  return libc;
}

/** That a far end gave a packet of RTP. */
function numberOf({ payload }: RtpPacket): number {
  return (payload[0]! << 8) | payload[1]!;
}

describe('the media worker', () => {
  let port: MediaWorkerPort;
  let worker: MediaWorkerHost;
  let rtp: RtpPorts;
  let plane: SplitPlane;
  let far: readonly [FarEnd, FarEnd];
  let started = 0;
  const passed: Uint8Array[] = [];
  let counters: Counters;
  const tap = new DatagramTap((listened) => plane.setTapped(listened));

  async function open(script: URL, libc = usableLibc()): Promise<void> {
    const around = { libc, clock: systemClock, log: silentLog, counters };
    port = new MediaWorkerPort({ ...around, bind: { ip: '127.0.0.1', port: 0 }, tap });
    worker = new MediaWorkerHost({
      ...around,
      script,
      onStarted: (link) => {
        started++;
        plane.attach(link, systemClock.nowMs());
      },
      onLost: () => plane.detach(),
      onReports: () =>
        plane.readReports(
          {
            handleDatagram: (bytes) => passed.push(bytes),
            handleTapped: (...seen) => tap.note(seen[0], seen[1], seen[2], port.local!),
          },
          systemClock.nowMs(),
        ),
    });
    const first = (await freeUdpPort(0)) & ~1;
    rtp = new RtpPorts({
      ...around,
      ...{ first, last: first + 39, bindIp: '127.0.0.1', dscp: 46, tap },
      onPacket: (localPort, bytes, from) => plane.handleRtp(localPort, bytes, from, systemClock.nowMs()),
    });
    plane = new SplitPlane({
      counters,
      sendRtp: (localPort, to, bytes, at, length) => rtp.send(localPort, bytes.slice(at, at + length), to),
      rtpPorts: rtp,
      send: (to, bytes, at, length) => port.sendPart(bytes, at, length, to),
      isSealed: () => false,
      worker,
    });
    expect(await port.open()).toBeUndefined();
    worker.start({ iax2: port.descriptor!, rtp: rtp.descriptor! });
    far = [await FarEnd.open(1), await FarEnd.open(2)];
    for (const { id, address } of far) {
      const call = { localCall: 100 + id, remoteCall: 5000 + id, format: ULAW, epochMs: systemClock.nowMs() };
      plane.open(id, { kind: 'iax2', remote: address, ...call }, systemClock.nowMs());
    }
    plane.hear(1, { kind: 'stream', stream: 2 }, systemClock.nowMs());
    plane.hear(2, { kind: 'stream', stream: 1 }, systemClock.nowMs());
  }

  beforeEach(() => {
    passed.length = 0;
    started = 0;
    counters = new Counters();
  });

  afterEach(async () => {
    await worker.close();
    await port.close();
    await rtp.close();
    for (const end of far) end.close();
  });

  /** The first far end talks until the second one has heard `count` blocks more. */
  async function talk(from: number, count: number): Promise<void> {
    const before = far[1].heard.length;
    let n = from;
    await waitUntil(`${count} blocks to be heard`, 10_000, () => {
      far[0].say(n++, port.local!);
      return far[1].heard.length >= before + count;
    });
  }

  test('relays voice between two calls, tells signalling of full frames, and how late it was', async () => {
    await open(SCRIPT);
    await talk(0, 10);
    expect(far[1].blocks).toEqual(Array.from({ length: far[1].heard.length }, (_, i) => i + 1));
    expect(passed).toHaveLength(1);
    await waitUntil('the counts', 5_000, () => (plane.statistics(1)?.received ?? 0) > 5);
    expect(plane.lastTimestamp(2)).toBeGreaterThan(0);
    expect(worker.lateness.summary().max).toBeGreaterThan(0);
    expect(worker.isOnTime).toBe(true);
  });

  test('shows every datagram to a capture', async () => {
    await open(SCRIPT);
    const seen: string[] = [];
    const end = tap.listen((direction, bytes, { port: remote }) => seen.push(`${direction} ${bytes.length} ${remote}`));
    await talk(0, 2);
    const [a, b] = far.map(({ address }) => address.port);
    await waitUntil('a mini frame both ways', 5_000, () => seen.includes(`out 164 ${b}`));
    expect(seen).toContain(`in 172 ${a}`);
    expect(seen).toContain(`in 164 ${a}`);
    end();
  });

  /** Opens a session with each far end, and lets them hear each other; gives our ports. */
  function openRtp(): readonly [number, number] {
    const ports = [rtp.allot()!, rtp.allot()!] as const;
    for (const [i, localPort] of ports.entries()) {
      const { port: remotePort } = far[i]!.address;
      const changes = { remote: { ip: '127.0.0.1', port: remotePort }, signallingIp: '127.0.0.1', localPort };
      plane.open(11 + i, rtpFarEnd(i, changes), systemClock.nowMs());
      plane.hear(11 + i, { kind: 'stream', stream: 12 - i }, systemClock.nowMs());
    }
    return ports;
  }

  /** The first far end says packets from this one on until the second one has heard so many more; gives those. */
  async function talkRtp(from: number, count: number, localPort: number): Promise<Required<RtpPacket>[]> {
    const before = far[1].heard.length;
    let n = from;
    await waitUntil(`${count} packets to be heard`, 10_000, () => {
      far[0].sayRtp(n++, localPort);
      return far[1].heard.length >= before + count;
    });
    return far[1].heard.slice(before).map(decodeRtp);
  }

  test('relays RTP between two ports, in order, and goes on with them in the place of one that died', async () => {
    await open(SCRIPT);
    const [localPort] = openRtp();
    const heard = await talkRtp(0, 10, localPort);
    expect(heard.map(numberOf)).toEqual(heard.map((_, i) => i));
    worker.onStuck();
    await waitUntil('another worker', 10_000, () => started === 2);
    await talkRtp(50, 10, localPort);
    const all = far[1].heard.map(decodeRtp);
    const again = all.map(numberOf).filter((n) => n >= 50);
    expect(new Set(all.map(({ ssrc }) => ssrc)).size).toBe(1);
    const steps = all.slice(1).map(({ sequence }, i) => (sequence - all[i]!.sequence) & 0xffff);
    expect(Math.min(...steps), 'no number is used twice').toBeGreaterThan(0);
    expect(again).toEqual(again.map((_, i) => again[0]! + i));
    expect(counters.get('rtp.send-failed')).toBe(0);
  });

  test('is replaced when it dies; port and calls stay, and how long voice was missing is told', async () => {
    await open(SCRIPT);
    await talk(0, 3);
    const { local } = port;
    const heard = far[1].heard.length;
    expect(worker.outageMs).toBeUndefined();
    worker.onStuck();
    await waitUntil('another worker', 10_000, () => started === 2);
    expect(port.local).toEqual(local);
    await talk(50, 3);
    expect(far[1].heard.length).toBeGreaterThanOrEqual(heard + 3);
    expect(counters.get('media.worker-died')).toBe(1);
    // How short that is, test/bench/relay.ts says; here the machine may stand still.
    expect(worker.outageMs).toBeGreaterThan(20);
  });

  test('sleeps while no call stands, and wakes for signalling at once', async () => {
    await open(SCRIPT);
    for (const { id } of far) plane.close(id, systemClock.nowMs());
    const question = Uint8Array.of(0x80, 7, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0x1e);
    const socket = createSocket('udp4');
    socket.send(question, port.local!.port, '127.0.0.1');
    await waitUntil('a full frame', 5_000, () => passed.length === 1);
    expect(passed[0]).toEqual(question);
    socket.close();
  });

  test('its work is done on the main thread where it cannot run at all', async () => {
    await open(new URL('data:text/javascript,throw new Error("not here")'));
    await talk(0, 3);
    expect(counters.get('media.worker-died')).toBe(4);
    await talk(50, 3);
    expect(worker.isOnTime).toBe(true);
  });

  test('one that rang before it died is heard in the end, and leaves no bell ringing', async () => {
    const libc = usableLibc();
    let bellFd = -1;
    // Its end is told before its bell is heard: each has its own way through the event loop.
    const deaf: Libc = {
      ...libc,
      watch: (fd) => {
        bellFd = fd;
        return { stop: () => {}, start: () => {}, close: () => {} };
      },
    };
    const script = `
      import { writeSync } from 'node:fs';
      import { workerData } from 'node:worker_threads';
      writeSync(workerData.signalDescriptors.bellFd, new Uint8Array(BigUint64Array.of(1n).buffer));
      throw new Error('not here');`;
    await open(new URL(`data:text/javascript,${encodeURIComponent(script)}`), deaf);
    await waitUntil('it to have died four times', 20_000, () => counters.get('media.worker-died') === 4);
    await talk(0, 3);
    expect(libc.read(bellFd, new Uint8Array(new ArrayBuffer(128)), 8)).toBe(-1);
  });
});
