/**
 * How late the worker's ticks come while the main thread makes JSON, and how late a timer of the main thread does; then how
 * long voice is missing when the worker dies. One line of JSON: subject, kind, figure.
 *
 *     node -C development --import tsx test/bench/tick-lateness.ts SECONDS
 */
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { Counters } from '../../src/base/counters.ts';
import { batchedIo } from '../../src/io/batched-io.ts';
import { systemClock } from '../../src/io/clock.ts';
import { DatagramTap } from '../../src/io/datagram-tap.ts';
import { Lateness } from '../../src/io/lateness.ts';
import { SplitPlane } from '../../src/media/split-plane.ts';
import { MediaWorkerPort } from '../../src/media-worker-port.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

const BEAT_MS = 5;
const seconds = Number(argv[2] ?? 6);
const libc = batchedIo();
if ('failed' in libc) throw new Error(libc.failed);
const counters = new Counters();
const port = new MediaWorkerPort({
  script: pathToFileURL(join(import.meta.dirname, '../../dist/media-worker.js')),
  libc,
  bind: { ip: '127.0.0.1', port: 0 },
  onStarted: (link) => plane.attach(link),
  onLost: () => plane.detach(),
  onReports: () => false,
  clock: systemClock,
  log: (_level, _part, message) => console.error(message),
  counters,
  tap: new DatagramTap(),
});
const plane = new SplitPlane({ counters, send: () => {}, isSealed: () => false, worker: port });
await port.open();
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
  const late = port.lateness.summary();
  port.onStuck();
  await waitUntil('another worker', 10_000, () => port.outageMs !== undefined);
  const rows = (name: string, summary: object) => Object.entries(summary).map(([kind, ms]) => [name, kind, ms]);
  const figures = [
    ['worker', 'realtime', port.isRealtime ? 1 : 0],
    ['worker', 'outage', port.outageMs],
  ];
  console.log(JSON.stringify([...rows('worker', late), ...rows('main thread', main.summary()), ...figures]));
  await port.close();
  process.exit(0);
}
makeJson();
