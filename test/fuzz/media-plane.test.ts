import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import type {
  Iax2StreamSpec,
  MediaPort,
  RtpCodec,
  RtpSession,
  RtpStreamSpec,
  StreamSpec,
} from '../../src/base/media-port.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { parseTonePattern } from '../../src/base/tone-pattern.ts';
import { frameKind, readMiniTimestamp, readSourceCall, readVideoSourceCall } from '../../src/iax2/frame-header.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import { MAX_PAYLOAD } from '../../src/media/iax2-stream.ts';
import { MAX_VIDEO_MINI } from '../../src/media/iax2-video-stream.ts';
import { MediaPlane } from '../../src/media/plane.ts';
import { isRtcp, RtpHeader } from '../../src/media/rtp-packet.ts';
import { TRUNK_MTU } from '../../src/media/trunk-sender.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';

const CALLS = 4;
const LINES = 2;
const SESSIONS = 3;
const STREAMS = LINES + CALLS + SESSIONS;
const FORMATS = [4, 8, 256, 2, 2 ** 34];
const VIDEO_PORTS = 11_000;
/** H.263 and H.264. */
const VIDEO_FORMATS = [0x8_0000, 0x20_0000];
const TONE = parseTonePattern('!350+440/30,!0/20,400*25/70,0/50')!;

function specOf(stream: number, random: SeededRandom): StreamSpec {
  if (stream <= LINES) return { kind: 'line', port: stream, law: random.integer(2) === 0 ? 'ulaw' : 'alaw' };
  if (stream > LINES + CALLS) return rtpSpec(stream, random);
  const spec = callSpec(stream, FORMATS[random.integer(FORMATS.length)]!);
  const trunk = [undefined, 'plain', 'timestamps'] as const;
  const mode = trunk[random.integer(trunk.length)];
  return mode === undefined ? spec : { ...spec, trunk: mode };
}

function callSpec(stream: number, format: number): Iax2StreamSpec {
  const remote = { ip: '192.0.2.1', port: 4569 };
  return { kind: 'iax2', remote, localCall: stream, remoteCall: 1000 + stream, format, epochMs: 0 };
}

function session(random: SeededRandom): RtpSession {
  const codecs: RtpCodec[] = ['ulaw', 'alaw', 'g722'];
  const remote = { ip: '192.0.2.1', port: 4000 + 2 * random.integer(2) };
  return {
    remote,
    remoteRtcpPort: remote.port + 1,
    sources: random.integer(2) === 0 ? 'signalled' : 'any',
    signallingIp: '192.0.2.2',
    codec: codecs[random.integer(codecs.length)]!,
    payloadType: 8 * random.integer(2),
    telephoneEventType: random.integer(3) === 0 ? undefined : 101,
    comfortNoiseType: random.integer(2) === 0 ? undefined : 13,
    ptimeMs: 10 * (1 + random.integer(6)),
    sends: random.integer(8) !== 0,
    receives: random.integer(8) !== 0,
    wantsVoipMetrics: random.integer(2) === 0,
  };
}

function rtpSpec(stream: number, random: SeededRandom): RtpStreamSpec {
  const numbers = { firstSequence: random.integer(0x10000), firstTimestamp: random.integer(2 ** 32) };
  return { kind: 'rtp', localPort: 10_000 + 2 * stream, ssrc: 0x1000 + stream, ...numbers, ...session(random) };
}

/** Anything from noise to a packet of RTP or RTCP with a few bytes wrong. */
function rtpDatagram(random: SeededRandom, sequence: number): Uint8Array {
  const sizes = [0, 4, 12, 80, 160, 161, 480, 1460, 4000];
  const length = random.integer(10) === 0 ? random.integer(40) : 12 + sizes[random.integer(sizes.length)]!;
  const bytes = Uint8Array.from({ length }, () => random.integer(256));
  const kind = random.integer(4);
  if (length < 12 || kind === 0) return bytes;
  const types = [0, 8, 8, 13, 101, 101, 18, 200, 201, 203, 207];
  bytes.set([
    0x80,
    types[random.integer(types.length)]!,
    sequence >> 8,
    sequence & 0xff,
    0,
    0,
    sequence >> 8,
    sequence,
  ]);
  if (kind < 3) bytes.set([0, 0, 0, 7], 8);
  if (length === 16) bytes[12] = random.integer(18);
  return bytes;
}

/** Anything from noise to a frame of voice or video of one of the calls with a few bytes wrong. */
function datagram(random: SeededRandom): Uint8Array {
  const length = random.integer(20) === 0 ? random.integer(4000) : random.integer(200);
  const bytes = Uint8Array.from({ length }, () => random.integer(256));
  const kind = random.integer(6);
  const stream = LINES + 1 + random.integer(CALLS);
  const call = 1000 + stream;
  if (kind === 1) bytes.set([call >> 8, call & 0xff].slice(0, length));
  if (kind === 2 && length >= 12) {
    bytes.set([0x80 | (call >> 8), call & 0xff, 0, stream, 0, random.integer(4)]);
    bytes.set([2, [4, 8, 0x82, 0x88, 0, 0xff][random.integer(6)]!], 10);
  }
  if (kind === 3 && length >= 8) bytes.set([0, 0, 1, random.integer(2)]);
  if (kind === 4) bytes.set([0, 0, 0x80 | (call >> 8), call & 0xff].slice(0, length));
  if (kind === 5 && length >= 12) {
    bytes.set([0x80 | (call >> 8), call & 0xff, 0, stream, 0, random.integer(4)]);
    bytes.set([3, [0x93, 0x95, 0xd3, 0xd5, 4, 0xff][random.integer(6)]!], 10);
  }
  return bytes;
}

describe(`the media plane (seed ${FUZZ_SEED})`, () => {
  it('stands any bytes, blocks, commands and times, and sends nothing but frames and packets of open calls', () => {
    const random = new SeededRandom(FUZZ_SEED);
    const open = new Set<number>();
    const pictures = new Set<number>();
    let sent = 0;
    let sentVideo = 0;
    let sentRtpVideo = 0;
    let sentRtp = 0;
    const plane = new MediaPlane({
      counters: new Counters(),
      send: (_, bytes, at, length) => {
        sent++;
        const trunkFrame =
          frameKind(bytes.subarray(at, at + length)) === 'meta' ? bytes.slice(at, at + length) : undefined;
        if (trunkFrame !== undefined) {
          const frame = decodeMetaTrunkFrame(trunkFrame);
          if (isMalformed(frame) || length > TRUNK_MTU) throw new Error(`a trunk frame of ${length} bytes`);
          for (const { sourceCall } of frame.entries)
            if (!open.has(sourceCall)) throw new Error(`trunked voice of call ${sourceCall}`);
          return;
        }
        if (frameKind(bytes, at, length) === 'video-mini') {
          sentVideo++;
          if (length > MAX_VIDEO_MINI) throw new Error(`a picture of ${length} bytes`);
          if (!pictures.has(readVideoSourceCall(bytes, at))) throw new Error('a picture of a call without one');
          return;
        }
        if (length <= 4 || length > 4 + MAX_PAYLOAD) throw new Error(`a datagram of ${length} bytes`);
        if (!open.has(readSourceCall(bytes, at))) throw new Error(`voice of call ${readSourceCall(bytes, at)}`);
        readMiniTimestamp(bytes, at);
      },
      sendRtp: (localPort, to, bytes, at, length) => {
        sentRtp++;
        const header = new RtpHeader();
        const packet = bytes.subarray(at, at + length);
        if (isRtcp(packet) !== (localPort % 2 === 1)) throw new Error('RTCP and RTP are on the wrong ports');
        if (localPort % 2 === 1) return;
        if (!header.read(packet) || header.payloadLength === 0) throw new Error(`no RTP packet: ${packet.join()}`);
        if (localPort >= VIDEO_PORTS) {
          if (!pictures.has((localPort - VIDEO_PORTS) / 2)) throw new Error(`a picture from port ${localPort}`);
          sentRtpVideo++;
          return;
        }
        if (!open.has((localPort - 10_000) / 2)) throw new Error(`voice of stream ${(localPort - 10_000) / 2}`);
        if (to.ip !== '192.0.2.1') throw new Error(`voice for ${to.ip}`);
      },
    });
    const media: MediaPort = plane;
    const any = () => 1 + random.integer(STREAMS);
    let rtpSequence = 0;
    const [up, down] = [new Uint8Array(80), new Uint8Array(80)];
    let nowMs = 0;

    const coin = () => random.integer(2) === 0;
    const commands: ((stream: number) => void)[] = [
      (stream) => {
        open.add(stream);
        media.open(stream, specOf(stream, random), nowMs);
      },
      (stream) => {
        open.delete(stream);
        pictures.delete(stream);
        media.close(stream, nowMs);
      },
      (stream) => {
        if (stream <= LINES) return;
        pictures.add(stream);
        const formats = VIDEO_FORMATS.slice(random.integer(2));
        if (stream <= LINES + CALLS) media.openVideo(stream, { ...callSpec(stream, 4), formats }, nowMs);
        else
          media.openVideo(
            stream,
            { ...rtpSpec(stream, random), localPort: VIDEO_PORTS + 2 * stream, codec: coin() ? 'h264' : 'h263' },
            nowMs,
          );
      },
      (stream) => media.requestPicture(stream, coin() ? 'pli' : 'fir', nowMs),
      (stream) => {
        pictures.delete(stream);
        media.closeVideo(stream, nowMs);
      },
      (stream) => media.hear(stream, { kind: 'stream', stream: any() }, nowMs),
      (stream) => media.hear(stream, coin() ? { kind: 'nothing' } : { kind: 'tone', pattern: TONE }, nowMs),
      (stream) => media.playDigit(stream, '0123456789ABCD*#xyz'[random.integer(19)]!, random.integer(400) - 50, nowMs),
      (stream) => media.setFormat(stream, FORMATS[random.integer(FORMATS.length)]!),
      (stream) => media.noteReceived(stream, random.integer(2 ** 32)),
      (stream) => media.noteSent(stream, nowMs & 0xffff),
      (stream) => media.quelch(stream, coin()),
      (stream) => {
        const room = { room: 900 + random.integer(2), says: coin(), hears: coin() };
        media.hear(stream, { kind: 'room', ...room, sayDb: random.integer(60) - 30, hearDb: random.integer(3) }, nowMs);
      },
      () => media.tellRoom(900, coin() ? { kind: 'sound', pattern: TONE } : { kind: 'record', on: coin() }, nowMs),
      (stream) => media.update(stream, session(random), nowMs),
      (stream) => media.statistics(stream),
    ];

    const end = performance.now() + FUZZ_MS;
    while (performance.now() < end) {
      for (let i = 0; i < 200; i++) {
        nowMs += random.integer(15);
        if (random.integer(500) === 0) nowMs += random.integer(3_600_000);
        const choice = random.integer(14);
        if (choice === 0) commands[random.integer(commands.length)]!(any());
        else if (choice < 4) {
          for (let k = 0; k < 80; k++) up[k] = random.integer(256);
          plane.exchangeLineBlock(1 + random.integer(LINES + 1), up, down, nowMs);
        } else if (choice > 9) {
          rtpSequence = (rtpSequence + [0, 1, 1, 1, 1, 2, -3, 5000][random.integer(8)]!) & 0xffff;
          const port =
            (coin() ? 10_000 : VIDEO_PORTS) +
            2 * (LINES + CALLS + random.integer(SESSIONS + 2)) +
            Math.floor(random.integer(5) / 4);
          const from = { ip: '192.0.2.1', port: 4000 + 2 * random.integer(3) };
          plane.handleRtp(port, rtpDatagram(random, rtpSequence), from, nowMs);
        } else plane.handleDatagram(datagram(random), { ip: '192.0.2.1', port: 4569 }, nowMs);
        plane.handleTimeout(nowMs);
        while (plane.poll() !== undefined);
      }
    }
    for (let stream = 1; stream <= STREAMS; stream++) media.close(stream, nowMs);
    expect(plane.nextDeadline()).toBeUndefined();
    expect(sent).toBeGreaterThan(0);
    expect(sentVideo).toBeGreaterThan(0);
    expect(sentRtpVideo).toBeGreaterThan(0);
    expect(sentRtp).toBeGreaterThan(0);
  });
});
