/**
 * What the media plane costs per packet and per block, and what it leaves for the garbage collector:
 *
 *     node -C development --expose-gc --import tsx test/bench/media-plane.ts [seconds of virtual time]
 *
 * 50 bridged IAX2 calls, 20 RTP streams bridged in pairs, 20 bridged to IAX2,
 * 4 lines that talk over IAX2, and a conference of 30, on a virtual clock. Datagrams are made once and stamped in place,
 * so that what is measured is the plane's own.
 */
import { argv } from 'node:process';
import { Counters } from '../../src/base/counters.ts';
import { type Iax2StreamSpec, type RtpStreamSpec, StreamIds } from '../../src/base/media-port.ts';
import { writeMiniHeader } from '../../src/iax2/frame-header.ts';
import { MediaPlane } from '../../src/media/plane.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../src/media/rtp-packet.ts';

const CALLS = 50;
const LINES = 4;
/** Bridged with each other; as many again with an IAX2 call each, with 30 ms where their number is odd. */
const SESSIONS = 20;
const MEMBERS = 30;
const ROOM = 1_000_000;
const seconds = Number(argv[2] ?? 60);

interface Voice {
  readonly spec: Iax2StreamSpec;
  readonly mini: Uint8Array;
}

let sent = 0;
const plane = new MediaPlane({ counters: new Counters(), send: () => sent++, sendRtp: () => sent++ });
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
  plane.hear(a, { kind: 'stream', stream: b });
  plane.hear(b, { kind: 'stream', stream: a });
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
  plane.hear(id, { kind: 'room', room: ROOM, says: n < 3, hears: true, sayDb: 0, hearDb: 0 });
}

const up = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) & 0xff);
const down = new Uint8Array(80);
let packets = 0;
let blocks = 0;

function run(fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
    plane.tick(nowMs);
    for (let port = 1; port <= LINES; port++) plane.exchangeLineBlock(port, up, down, nowMs);
    blocks += LINES;
    if (nowMs % 20 === 0) {
      for (const { spec, mini } of voices) {
        writeMiniHeader(mini, 0, spec.remoteCall, nowMs);
        plane.handleDatagram(mini, spec.remote, nowMs);
      }
      const sequence = (nowMs / 20) & 0xffff;
      for (const { spec, packet } of phones) {
        writeRtpHeader(packet, spec.payloadType, false, sequence, 8 * nowMs, spec.ssrc + 1000);
        plane.handleRtp(spec.localPort, packet, spec.remote, nowMs);
      }
      packets += voices.length + phones.length;
    }
    while (plane.poll() !== undefined);
  }
}

/** Bytes on the heap after a full collection, or as they are where the collector is not exposed. */
function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

run(0, 20_000); // warm
const before = heapBytes();
const [packetsBefore, blocksBefore, sentBefore] = [packets, blocks, sent];
const start = process.cpuUsage();
run(20_000, 20_000 + 1000 * seconds);
const { user, system } = process.cpuUsage(start);
const grown = process.memoryUsage().heapUsed - before;
const kept = heapBytes() - before;

const relayed = packets - packetsBefore;
const exchanged = blocks - blocksBefore;
console.log(
  `virtual time            ${seconds} s, ${CALLS} bridged calls, ${LINES} lines, ${phones.length} RTP sessions`,
);
console.log(`packets in, out         ${relayed}, ${sent - sentBefore}`);
console.log(`blocks exchanged        ${exchanged}`);
console.log(`CPU per packet or block ${((user + system) / (relayed + exchanged)).toFixed(3)} µs`);
console.log(`share of one core       ${((user + system) / (seconds * 1e4)).toFixed(2)} %`);
console.log(`heap before collection  ${(grown / (relayed + exchanged)).toFixed(2)} bytes per packet or block`);
console.log(`heap kept               ${(kept / 1024).toFixed(1)} KiB`);
