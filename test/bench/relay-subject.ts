/**
 * A relay of bridged IAX2 calls for test/bench/relay.ts: `worker` is the product's, `dgram` what a programmer writes first.
 * Prints its port; a line with the ports of both sides opens the calls.
 *
 *     node RELAY-SUBJECT worker|dgram CALLS MEDIA-WORKER
 */
import { createSocket } from 'node:dgram';
import { argv, stdin } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { pathToFileURL } from 'node:url';
import { Counters } from '../../src/base/counters.ts';
import type { Log } from '../../src/base/log.ts';
import { batchedIo } from '../../src/io/batched-io.ts';
import { systemClock } from '../../src/io/clock.ts';
import { DatagramTap } from '../../src/io/datagram-tap.ts';
import { SplitPlane } from '../../src/media/split-plane.ts';
import { MediaWorkerHost } from '../../src/media-worker-host.ts';
import { MediaWorkerPort } from '../../src/media-worker-port.ts';

const [, , kind, count, script] = argv;
const calls = Number(count);
const ULAW = 4;
const IP = '127.0.0.1';
/** As test/bench/relay-peers.c numbers calls. */
const FAR_CALLS = [1000, 5000];

async function runWorker(): Promise<void> {
  const libc = batchedIo();
  if ('failed' in libc) throw new Error(libc.failed);
  const counters = new Counters();
  const ignore = { handleDatagram: () => {}, handleTapped: () => {} };
  const log: Log = (_level, _part, message) => console.error(message);
  const around = { libc, clock: systemClock, log, counters };
  const port = new MediaWorkerPort({ ...around, bind: { ip: IP, port: 0 }, tap: new DatagramTap() });
  const worker = new MediaWorkerHost({
    ...around,
    script: pathToFileURL(script!),
    onStarted: (link) => plane.attach(link, systemClock.nowMs()),
    onLost: () => plane.detach(),
    onReports: () => {
      const more = plane.readReports(ignore, systemClock.nowMs());
      for (let event = plane.poll(); event !== undefined; ) event = plane.poll();
      return more;
    },
  });
  const plane = new SplitPlane({ counters, send: () => {}, isSealed: () => false, worker });
  const failure = await port.open();
  if (failure !== undefined) throw new Error(failure.reason);
  worker.start({ iax2: port.descriptor! });
  console.log(port.local!.port);
  const sides = await askSides();
  const nowMs = systemClock.nowMs();
  for (let n = 0; n < calls; n++) {
    for (const [side, farPort] of sides.entries()) {
      const stream = 2 * n + side + 1;
      const call = { localCall: 99 + stream, remoteCall: FAR_CALLS[side]! + n, format: ULAW, epochMs: nowMs };
      plane.open(stream, { kind: 'iax2', remote: { ip: IP, port: farPort }, ...call }, nowMs);
      plane.setFormat(stream, ULAW);
      plane.hear(stream, { kind: 'stream', stream: 2 * n + (1 - side) + 1 }, systemClock.nowMs());
    }
  }
}

async function runDgram(): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  await new Promise<void>((resolve) => socket.bind(0, IP, resolve));
  console.log(socket.address().port);
  const sides = await askSides();
  socket.on('message', (message, from) => {
    if (message.length !== 164) return;
    const side = from.port === sides[0] ? 0 : 1;
    const n = message.readUInt16BE(0) - FAR_CALLS[side]!;
    const header = Buffer.alloc(4);
    header.writeUInt16BE(100 + 2 * n + (1 - side), 0);
    header.writeUInt16BE(message.readUInt16BE(2), 2);
    socket.send(Buffer.concat([header, message.subarray(4)]), sides[1 - side]!, IP);
  });
}

async function askSides(): Promise<number[]> {
  const lines = createInterface({ input: stdin });
  for await (const line of lines) return line.split(' ').map(Number);
  return [];
}

await (kind === 'worker' ? runWorker() : runDgram());
