/**
 * What the media plane costs per tick, packet and block, and what it leaves for the garbage collector; writes
 * docs/reference/benchmarks-media-plane.md:
 *
 *     node -C node-pcm-codecs-source --expose-gc --max-semi-space-size=128 --import tsx test/bench/media-plane.ts [--rounds 5] [--seconds 10] [--to FILE]
 *
 * On a virtual clock; datagrams are made once and stamped in place, so that what is measured is the plane's own.
 */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import { Counters } from '../../src/base/counters.ts';
import { type Iax2StreamSpec, type RtpStreamSpec, StreamIds } from '../../src/base/media-port.ts';
import { writeMiniHeader } from '../../src/iax2/frame-header.ts';
import { MediaPlane } from '../../src/media/plane.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../src/media/rtp-packet.ts';
import { Samples } from './samples.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    to: { type: 'string', default: 'docs/reference/benchmarks-media-plane.md' },
  },
});

const CALLS = 50;
const LINES = 4;
/** Bridged with each other; as many again with an IAX2 call each, with 30 ms where their number is odd. */
const SESSIONS = 20;
const MEMBERS = 30;
const ROOM = 1_000_000;
const seconds = Number(values.seconds);
const TICK_MS = 5;
const WARM_UP_MS = 60_000;

interface Voice {
  readonly spec: Iax2StreamSpec;
  readonly mini: Uint8Array;
}

/** What went out besides voice in packets. */
const left = { reports: 0, fullFrames: 0 };
const plane = new MediaPlane({
  counters: new Counters(),
  send: () => {},
  sendRtp: (port) => {
    if ((port & 1) === 1) left.reports++;
  },
});
const ids = new StreamIds();

function openCall(n: number): { id: number; voice: Voice } {
  const id = ids.next();
  const spec: Iax2StreamSpec = {
    kind: 'iax2',
    remote: { ip: `192.0.2.${n}`, port: 4569 },
    localCall: 2 + n,
    remoteCall: 1000 + n,
    format: 4,
    epochMs: 0,
  };
  plane.open(id, spec, 0);
  plane.setFormat(id, 4);
  return { id, voice: { spec, mini: new Uint8Array(164).fill(n) } };
}

function bridge(a: number, b: number): void {
  plane.hear(a, { kind: 'stream', stream: b }, 0);
  plane.hear(b, { kind: 'stream', stream: a }, 0);
}

const voices: Voice[] = [];
for (let n = 0; n < CALLS; n++) {
  const [a, b] = [openCall(2 * n), openCall(2 * n + 1)];
  bridge(a.id, b.id);
  voices.push(a.voice, b.voice);
}
for (let port = 1; port <= LINES; port++) {
  const line = ids.next();
  plane.open(line, { kind: 'line', port, law: 'ulaw' }, 0);
  const call = openCall(2 * CALLS + port);
  bridge(line, call.id);
  voices.push(call.voice);
}

interface Phone {
  readonly spec: RtpStreamSpec;
  readonly packet: Uint8Array;
}

const phones: Phone[] = [];

function openSession(n: number): number {
  const id = ids.next();
  const remote = { ip: `198.51.100.${n}`, port: 4000 };
  const spec: RtpStreamSpec = {
    kind: 'rtp',
    localPort: 10_000 + 2 * n,
    ssrc: n,
    firstSequence: n,
    firstTimestamp: n,
    remote,
    remoteRtcpPort: 4001,
    sources: 'signalled',
    signallingIp: remote.ip,
    codec: n % 3 === 0 ? 'alaw' : 'ulaw',
    payloadType: n % 3 === 0 ? 8 : 0,
    telephoneEventType: 101,
    comfortNoiseType: undefined,
    ptimeMs: n % 2 === 0 ? 20 : 30,
    sends: true,
    receives: true,
  };
  plane.open(id, spec, 0);
  phones.push({ spec, packet: new Uint8Array(RTP_HEADER_LENGTH + 160).fill(n) });
  return id;
}

for (let n = 0; n < SESSIONS; n += 2) bridge(openSession(n), openSession(n + 1));
for (let n = 0; n < SESSIONS; n++) {
  const call = openCall(200 + n);
  bridge(openSession(SESSIONS + n), call.id);
  voices.push(call.voice);
}

/** One conference by RTP, of whom three speak. */
for (let n = 0; n < MEMBERS; n++) {
  const id = openSession(2 * SESSIONS + n);
  plane.hear(id, { kind: 'room', room: ROOM, says: n < 3, hears: true, sayDb: 0, hearDb: 0 }, 0);
}

const up = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) & 0xff);
const down = new Uint8Array(80);

/** What comes in besides the time. */
type Input = 'nothing' | 'packets' | 'blocks of lines';
/** Virtual time so far. */
let nowMs = 0;

/** Gives how much came. */
function run(input: Input, ms: number): number {
  let count = 0;
  for (const endMs = nowMs + ms; nowMs < endMs; nowMs += TICK_MS) {
    plane.tick(nowMs);
    if (input === 'blocks of lines') {
      for (let port = 1; port <= LINES; port++) plane.exchangeLineBlock(port, up, down, nowMs);
      count += LINES;
    }
    if (input === 'packets' && nowMs % 20 === 0) {
      for (const { spec, mini } of voices) {
        writeMiniHeader(mini, 0, spec.remoteCall, nowMs);
        plane.handleDatagram(mini, spec.remote, nowMs);
      }
      const sequence = (nowMs / 20) & 0xffff;
      for (const { spec, packet } of phones) {
        writeRtpHeader(packet, spec.payloadType, false, sequence, 8 * nowMs, spec.ssrc + 1000);
        plane.handleRtp(spec.localPort, packet, spec.remote, nowMs);
      }
      count += voices.length + phones.length;
    }
    for (let event = plane.poll(); event !== undefined; event = plane.poll())
      if (event.type === 'voice-full-due') left.fullFrames++;
    if (input === 'nothing') count++;
  }
  return count;
}

const samples = new Samples();
const title: Readonly<Record<Input, string>> = {
  nothing: 'tick',
  packets: 'packet',
  'blocks of lines': 'block of a line',
};
const INPUTS = ['nothing', 'packets', 'blocks of lines'] as const;
let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

async function measure(input: Input): Promise<void> {
  run(input, WARM_UP_MS);
  globalThis.gc!();
  await settle();
  collections = 0;
  const cpu = process.cpuUsage();
  const before = process.memoryUsage().heapUsed;
  const count = run(input, 1_000 * seconds);
  const grown = process.memoryUsage().heapUsed - before;
  const { user, system } = process.cpuUsage(cpu);
  await settle();
  samples.add(input, 'collections', collections);
  globalThis.gc!();
  const kept = process.memoryUsage().heapUsed - before;
  samples.add(input, 'us', (user + system) / count);
  samples.add(input, 'bytes', grown / count);
  samples.add(input, 'kept', kept / 1_024);
}

/** What is asked in each of them: what went out in it besides voice. */
const WINDOW_MS = 20;
/** Full voice frames come every 33 s. */
const ATTRIBUTED_MS = 70_000;

/** Heap that each report and full frame takes, and what grows where there was neither; bytes. */
function attribute(): void {
  run('packets', WARM_UP_MS);
  globalThis.gc!();
  let packets = 0;
  const grownOver = (ms: number): number => {
    const before = process.memoryUsage().heapUsed;
    packets = run('packets', ms);
    return process.memoryUsage().heapUsed - before;
  };
  // To ask takes some of it, too.
  let asking = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10_000; i++) asking = Math.min(asking, grownOver(0));
  const grown = { reports: 0, fullFrames: 0, neither: 0 };
  const count = { reports: 0, fullFrames: 0, neither: 0 };
  for (let window = 0; window < ATTRIBUTED_MS / WINDOW_MS; window++) {
    left.reports = 0;
    left.fullFrames = 0;
    const bytes = grownOver(WINDOW_MS) - asking;
    if (left.reports > 0 && left.fullFrames > 0) continue;
    const source = left.reports > 0 ? 'reports' : left.fullFrames > 0 ? 'fullFrames' : 'neither';
    grown[source] += bytes;
    count[source] += source === 'neither' ? packets : left[source];
  }
  for (const source of ['reports', 'fullFrames', 'neither'] as const)
    if (count[source] > 0) samples.add('left', source, grown[source] / count[source]);
}

function report(): string {
  const row = (input: Input) =>
    `| ${title[input]} | ${[
      ['us', 2],
      ['bytes', 2],
      ['collections', 0],
      ['kept', 1],
    ]
      .map(([kind, digits]) => samples.median(input, String(kind), Number(digits)))
      .join(' | ')} |`;
  return `# Benchmarks of the media plane

Written by \`test/bench/media-plane.ts\`; do not edit. Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

The plane alone, without sockets, on a virtual clock: ${CALLS} bridged IAX2 calls, ${SESSIONS} RTP streams bridged in pairs, ${SESSIONS} bridged to IAX2,
${LINES} lines, and a conference of ${MEMBERS}. Each of three runs of ${seconds} s of voice, ${values.rounds} times: with nothing coming in, with all packets, with the blocks
of the lines. *Heap*: what it grew by for each, collections of garbage shut out; *kept*: what of it a collection leaves, KiB. A tick
has the reports (RTCP) of ${phones.length} streams in it, one each 5 s.

| for each | CPU, µs | heap, bytes | collections meanwhile | kept, KiB |
|---|---|---|---|---|
${INPUTS.map(row).join('\n')}

Whose heap that is: of stretches of ${WINDOW_MS} ms with all packets, those in which signalling was asked for full voice frames (one for each call and
direction in 33 s), those in which reports went out, and all others.

| for each | heap, bytes |
|---|---|
| full voice frame | ${samples.median('left', 'fullFrames', 0)} |
| report (RTCP) | ${samples.median('left', 'reports', 0)} |
| packet, where there was neither | ${samples.median('left', 'neither', 2)} |
`;
}

if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const input of INPUTS) await measure(input);
  attribute();
}
writeFileSync(resolve(join(import.meta.dirname, '../..'), values.to), report());
console.error(`wrote ${values.to}`);
