/**
 * How late the worker's ticks come while the main thread makes JSON, and how late a timer of the main thread does; then how
 * long voice is missing when the worker dies. One line of JSON: subject, kind, figure.
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/tick-lateness.ts SECONDS
 */
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { Counters } from '../../src/base/counters.ts';
import type { Log } from '../../src/base/log.ts';
import { batchedIo } from '../../src/io/batched-io.ts';
import { systemClock } from '../../src/io/clock.ts';
import { DatagramTap } from '../../src/io/datagram-tap.ts';
import { Lateness } from '../../src/io/lateness.ts';
import { SplitPlane } from '../../src/media/split-plane.ts';
import { MediaWorkerHost } from '../../src/media-worker-host.ts';
import { MediaWorkerPort } from '../../src/media-worker-port.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

const BEAT_MS = 5;
const seconds = Number(argv[2] ?? 6);
const libc = batchedIo();
if ('failed' in libc) throw new Error(libc.failed);
const counters = new Counters();
const log: Log = (_level, _part, message) => console.error(message);
const around = { libc, clock: systemClock, log, counters };
const port = new MediaWorkerPort({ ...around, bind: { ip: '127.0.0.1', port: 0 }, tap: new DatagramTap() });
const worker = new MediaWorkerHost({
  ...around,
  script: pathToFileURL(join(import.meta.dirname, '../../dist/media-worker.js')),
  onStarted: (link) => plane.attach(link, systemClock.nowMs()),
  onLost: () => plane.detach(),
  onReports: () => false,
});
const plane = new SplitPlane({ counters, send: () => {}, isSealed: () => false, worker });
await port.open();
worker.start({ iax2: port.descriptor! });
const remote = { ip: '127.0.0.1', port: 9 };
plane.open(1, { kind: 'iax2', remote, localCall: 2, remoteCall: 2, format: 4, epochMs: systemClock.nowMs() }, 0);
await pause(1_000);

const main = new Lateness();
let dueMs = performance.now() + BEAT_MS;
const beat = () => {
  const nowMs = performance.now();
  main.add(Math.max(0, nowMs - dueMs));
  dueMs += BEAT_MS * (Math.floor((nowMs - dueMs) / BEAT_MS) + 1);
  setTimeout(beat, Math.max(0, dueMs - performance.now()));
};
setTimeout(beat, BEAT_MS);

const endMs = performance.now() + seconds * 1_000;
const makeJson = () => {
  const calls = Array.from({ length: 2_000 }, (_, id) => ({ id, from: `20${id}`, legs: [{ lossPct: id / 3 }] }));
  JSON.parse(JSON.stringify(calls));
  if (performance.now() < endMs) setImmediate(makeJson);
  else void tell();
};

async function tell(): Promise<void> {
  const late = worker.lateness.summary();
  worker.onStuck();
  await waitUntil('another worker', 10_000, () => worker.outageMs !== undefined);
  const rows = (name: string, summary: object) => Object.entries(summary).map(([kind, ms]) => [name, kind, ms]);
  const figures = [
    ['worker', 'realtime', worker.isRealtime ? 1 : 0],
    ['worker', 'outage', worker.outageMs],
  ];
  console.log(JSON.stringify([...rows('worker', late), ...rows('main thread', main.summary()), ...figures]));
  await worker.close();
  await port.close();
  process.exit(0);
}
makeJson();
