import { beforeEach, describe, expect, it } from 'vitest';
import type { Iax2VideoSpec, RtpVideoSpec } from '../../../src/base/media-port.ts';
import { decodeFrame, encodeFullFrame, encodeVideoMiniFrame } from '../../../src/iax2/frame.ts';
import { formatOf } from '../../../src/iax2/media-format.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { decodeRtp, encodeRtp, farEnd, PlaneHarness, type RtpPacket, rtpFarEnd } from './plane-harness.ts';
import { SplitHarness } from './split-harness.ts';

const H263 = formatOf('h263');
const H264 = formatOf('h264');
const A = 1;
const B = 2;
const START_MS = 1_000;

function videoEnd(n: number, formats = [H264]): Iax2VideoSpec {
  return { ...farEnd(n), kind: 'iax2', formats };
}

function rtpVideo(n: number, changes: Partial<RtpVideoSpec> = {}): RtpVideoSpec {
  const { telephoneEventType: _, comfortNoiseType: __, ptimeMs: ___, ...path } = rtpFarEnd(n);
  return { ...path, codec: 'h264', payloadType: 97, ...changes };
}

function full(spec: Iax2VideoSpec, timestamp: number, payload: Uint8Array, format = H264, marker = false, oseqno = 0) {
  const { remoteCall: sourceCall, localCall: destinationCall } = spec;
  const frame = { sourceCall, destinationCall, timestamp, oseqno, frameType: FRAME_TYPE.VIDEO, subclass: format };
  return encodeFullFrame({ ...frame, marker, body: payload });
}

function mini(spec: Iax2VideoSpec, timestamp: number, payload: Uint8Array, marker = false) {
  return encodeVideoMiniFrame({ sourceCall: spec.remoteCall, timestamp, marker, payload });
}

function bytesOf(n: number, length = 1_000): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (n + i) & 0xff);
}

describe('the picture of an IAX2 call in the media plane', () => {
  const a = videoEnd(1);
  const b = videoEnd(2);
  let harness: PlaneHarness;

  beforeEach(() => {
    harness = new PlaneHarness();
    harness.nowMs = START_MS;
    harness.media.openVideo(A, a, START_MS);
    harness.media.openVideo(B, b, START_MS);
    harness.media.hear(A, { kind: 'stream', stream: B }, START_MS);
    harness.media.hear(B, { kind: 'stream', stream: A }, START_MS);
  });

  function arrive(spec: Iax2VideoSpec, bytes: Uint8Array): string {
    const use = harness.plane.handleDatagram(bytes, spec.remote, harness.nowMs);
    harness.drain();
    return use;
  }

  /** What was sent to a far end, mini frames and full ones that are due, in order. */
  function shown(stream: number, spec: Iax2VideoSpec) {
    const fulls = harness.events.filter((event) => event.type === 'video-full-due' && event.stream === stream);
    const minis = harness.sent.filter(({ to }) => to === spec.remote).map(({ bytes }) => decodeFrame(bytes));
    return { fulls, minis };
  }

  it('goes to whoever hears the voice: first as a full frame, then as mini frames with marks', () => {
    expect(arrive(a, full(a, 5_000, bytesOf(1)))).toBe('both');
    expect(arrive(a, mini(a, 5_000, bytesOf(2), true))).toBe('media');
    harness.runTo(START_MS + 40);
    arrive(a, mini(a, 5_040, bytesOf(3), true));
    const { fulls, minis } = shown(B, b);
    expect(fulls).toMatchObject([{ format: H264, marker: false, timestamp: START_MS, payload: bytesOf(1) }]);
    expect(minis).toEqual([
      { type: 'video-mini', sourceCall: b.localCall, timestamp: START_MS, marker: true, payload: bytesOf(2) },
      { type: 'video-mini', sourceCall: b.localCall, timestamp: START_MS + 40, marker: true, payload: bytesOf(3) },
    ]);
    expect(shown(A, a).minis).toEqual([]);
  });

  it('keeps mini frames behind a full frame that signalling has not been told of, as many as a large picture has', () => {
    harness.plane.handleDatagram(full(a, 0, bytesOf(1)), a.remote, harness.nowMs);
    for (let n = 0; n < 300; n++) harness.plane.handleDatagram(mini(a, 0, bytesOf(n)), a.remote, harness.nowMs);
    expect(shown(B, b)).toEqual({ fulls: [], minis: [] });
    expect(harness.counters.get('media.video-waits-for-full')).toBe(300 - 256);
    const due = harness.plane.poll();
    const waiting = due?.type === 'video-full-due' ? due.minis.map((bytes) => decodeFrame(bytes)) : [];
    expect(waiting).toHaveLength(256);
    expect(waiting[255]).toMatchObject({ sourceCall: b.localCall, timestamp: START_MS, payload: bytesOf(255) });
    arrive(a, mini(a, 0, bytesOf(7), true));
    expect(shown(B, b).minis).toMatchObject([{ marker: true, payload: bytesOf(7) }]);
  });

  it('follows the voice: who hears nobody any more sees nobody', () => {
    arrive(a, full(a, 0, bytesOf(1)));
    harness.media.hear(B, { kind: 'nothing' }, harness.nowMs);
    arrive(a, mini(a, 40, bytesOf(2)));
    expect(shown(B, b).minis).toEqual([]);
    harness.media.close(A, harness.nowMs);
    arrive(a, mini(a, 80, bytesOf(3)));
    expect(harness.counters.get('media.unknown-call')).toBe(1);
  });

  it('is not sent in a format that the far end does not have', () => {
    harness.media.openVideo(B, videoEnd(2, [H263]), START_MS);
    arrive(a, full(a, 0, bytesOf(1)));
    arrive(a, mini(a, 0, bytesOf(2)));
    expect(shown(B, b)).toEqual({ fulls: [], minis: [] });
    expect(harness.counters.get('media.video-format')).toBe(2);
  });

  it('is asked for if it begins with a mini frame, once in 200 ms, and is not while its format is of no use', () => {
    for (let n = 0; n < 50; n++) {
      arrive(a, mini(a, 10 * n, bytesOf(n)));
      harness.runTo(harness.nowMs + 10);
    }
    expect(harness.events).toHaveLength(3);
    expect(harness.events[0]).toEqual({ type: 'no-format', stream: A });
    arrive(a, full(a, 600, bytesOf(1), H263));
    harness.runTo(harness.nowMs + 1_000);
    arrive(a, mini(a, 700, bytesOf(2)));
    expect(harness.events).toHaveLength(3);
    expect(harness.counters.get('media.no-format')).toBe(51);
  });

  it('is dropped and counted where it is empty, or longer than any packet', () => {
    arrive(a, full(a, 0, bytesOf(1)));
    arrive(a, mini(a, 0, new Uint8Array(0)));
    arrive(a, mini(a, 0, bytesOf(2, 1_461)));
    expect(harness.counters.get('media.bad-length')).toBe(2);
    expect(shown(B, b).minis).toEqual([]);
  });

  it('is shown once where a full frame comes again', () => {
    for (let n = 0; n < 2; n++) expect(arrive(a, full(a, 0, bytesOf(1), H264, false, 7))).toBe('both');
    expect(shown(B, b).fulls).toHaveLength(1);
    expect(harness.counters.get('media.duplicate')).toBe(1);
  });

  it('cannot fill the queue of full frames by changing its format with each packet', () => {
    const both = [H264, H263];
    harness.media.openVideo(A, videoEnd(1, both), START_MS);
    harness.media.openVideo(B, videoEnd(2, both), START_MS);
    for (let n = 0; n < 100; n++) {
      arrive(a, full(a, 10 * n, bytesOf(n), both[n % 2], true, n));
      harness.runTo(harness.nowMs + 10);
    }
    expect(shown(B, b).fulls.length).toBeLessThanOrEqual(11);
    expect(harness.counters.get('media.video-format-changes')).toBeGreaterThan(40);
  });

  it('keeps its time behind a far end whose clock leaps', () => {
    arrive(a, full(a, 0, bytesOf(1)));
    harness.runTo(START_MS + 40);
    arrive(a, full(a, 4_000_000_000, bytesOf(2), H264, true, 1));
    harness.runTo(START_MS + 80);
    arrive(a, mini(a, 4_000_000_040, bytesOf(3), true));
    expect(shown(B, b).minis.map((frame) => 'timestamp' in frame && frame.timestamp)).toEqual([
      START_MS + 40,
      START_MS + 80,
    ]);
  });

  it('stops while the far end wants to hear nothing, and goes on at the address to which it moved', () => {
    arrive(a, full(a, 0, bytesOf(1)));
    harness.media.quelch(B, true);
    arrive(a, mini(a, 40, bytesOf(2)));
    expect(shown(B, b).minis).toEqual([]);
    harness.media.quelch(B, false);
    const moved = { ...a, remote: { ip: a.remote.ip, port: 9_999 } };
    harness.media.openVideo(A, moved, harness.nowMs);
    arrive(moved, mini(moved, 80, bytesOf(3)));
    expect(shown(B, b).minis).toHaveLength(1);
  });
});

describe('the picture of a SIP call in the media plane', () => {
  const a = rtpVideo(1, { payloadType: 97 });
  const b = rtpVideo(2, { payloadType: 99 });
  let harness: PlaneHarness;

  beforeEach(() => {
    harness = new PlaneHarness();
    harness.nowMs = START_MS;
    harness.media.openVideo(A, a, START_MS);
    harness.media.openVideo(B, b, START_MS);
    harness.media.hear(A, { kind: 'stream', stream: B }, START_MS);
    harness.media.hear(B, { kind: 'stream', stream: A }, START_MS);
  });

  function rtp(
    spec: RtpVideoSpec,
    sequence: number,
    timestamp: number,
    changes: Partial<RtpPacket> = {},
    from = spec.remote,
  ) {
    const { payloadType } = spec;
    const packet = { payloadType, sequence, timestamp, payload: bytesOf(sequence, 1_400), ...changes };
    harness.plane.handleRtp(spec.localPort, encodeRtp(packet), from, harness.nowMs);
    harness.drain();
  }

  function sentFrom({ localPort }: RtpVideoSpec) {
    return harness.sentRtp.filter((one) => one.localPort === localPort).map(({ bytes }) => decodeRtp(bytes));
  }

  function rtcp({ localPort, remote }: RtpVideoSpec, bytes: readonly number[], from = remote): void {
    harness.plane.handleRtp(localPort + 1, Uint8Array.from(bytes), from, harness.nowMs);
    harness.drain();
  }

  it('keeps order, gaps, marks and times, under the payload type of the other side', () => {
    for (const [sequence, timestamp, marker] of [
      [65_534, 0, false],
      [65_535, 0, true],
      [1, 3_600, true],
      [0, 3_600, false],
      [2, 7_200, false],
    ] as const)
      rtp(a, sequence, timestamp, { marker });
    const sent = sentFrom(b);
    const [first] = sent as [(typeof sent)[0]];
    expect(sent.map(({ sequence }) => (sequence - first.sequence) & 0xffff)).toEqual([0, 1, 3, 2, 4]);
    expect(sent.map(({ timestamp }) => (timestamp - first.timestamp) >>> 0)).toEqual([0, 0, 3_600, 3_600, 7_200]);
    expect(sent.map(({ marker }) => marker)).toEqual([false, true, true, false, false]);
    expect(sent.every(({ payloadType, ssrc }) => payloadType === 99 && ssrc === b.ssrc)).toBe(true);
    expect(sent[2]!.payload).toEqual(bytesOf(1, 1_400));
  });

  it('goes on in one sequence when its source counts anew, or is another one', () => {
    rtp(a, 10, 0, { marker: true });
    rtp(a, 50_000, 3_000_000, { marker: true, ssrc: 5 });
    harness.media.hear(B, { kind: 'nothing' }, harness.nowMs);
    harness.media.hear(B, { kind: 'stream', stream: A }, harness.nowMs);
    rtp(a, 50_001, 3_003_600, { marker: true, ssrc: 5 });
    const sequences = sentFrom(b).map(({ sequence }) => (sequence - b.firstSequence) & 0xffff);
    expect(sequences).toEqual([0, 1, 2]);
  });

  it('is dropped and counted where it is malformed, doubled, of another type, from elsewhere, too long, or held', () => {
    rtp(a, 1, 0);
    rtp(a, 1, 0);
    rtp(a, 2, 0, { payloadType: 98 });
    rtp(a, 2, 0, { payload: bytesOf(1, 1_461) });
    rtp(a, 2, 0, { payload: new Uint8Array(0) });
    rtp(a, 2, 0, {}, { ip: '203.0.113.66', port: 4_002 });
    harness.plane.handleRtp(a.localPort, Uint8Array.of(0x80, 97), a.remote, harness.nowMs);
    harness.media.openVideo(A, { ...a, receives: false }, harness.nowMs);
    rtp(a, 2, 0);
    for (const reason of ['duplicate', 'rtp-payload-type', 'rtp-foreign', 'rtp-malformed', 'held'])
      expect(harness.counters.get(`media.${reason}`), reason).toBe(1);
    expect(harness.counters.get('media.bad-length')).toBe(2);
    expect(sentFrom(b)).toHaveLength(1);
  });

  it('says once in half a second that a whole picture is wanted, however it is asked for', () => {
    rtp(a, 1, 0);
    const pli = [0x80, 201, 0, 1, 0, 0, 0, 77, 0x81, 206, 0, 2, 0, 0, 0, 77, 0, 0, 0, 1];
    const fir = [0x80, 201, 0, 1, 0, 0, 0, 77, 0x84, 206, 0, 4, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0];
    for (const bytes of [pli, pli, fir]) rtcp(a, bytes);
    rtcp(a, pli.slice(0, -2));
    rtcp(a, pli, { ip: '203.0.113.66', port: 1 });
    expect(harness.events).toEqual([{ type: 'picture-wanted', stream: A }]);
    harness.runTo(START_MS + 600);
    rtcp(a, fir);
    expect(harness.events).toHaveLength(2);
  });

  it.each([
    ['pli', [0x81, 206, 0, 2], 12],
    ['fir', [0x84, 206, 0, 4], 20],
  ] as const)('asks the far end for a whole picture by %s, behind a report', (by, head, length) => {
    harness.media.requestPicture(A, by, harness.nowMs);
    expect(harness.sentRtp).toEqual([]);
    rtp(a, 1, 0);
    harness.media.requestPicture(A, by, harness.nowMs);
    const { bytes, to } = harness.sentRtp.findLast(({ localPort }) => localPort === a.localPort + 1)!;
    expect(to).toEqual({ ip: a.remote.ip, port: a.remoteRtcpPort });
    expect([...bytes.slice(-length, 4 - length)]).toEqual([...head]);
    expect(bytes[1]).toBe(201);
    expect([...bytes.slice(by === 'pli' ? -4 : -8).slice(0, 4)]).toEqual([0, 0, 0, 77]);
  });

  it('comes from IAX2 with one time for each picture, whatever each packet says, and numbers without a gap', () => {
    const far = videoEnd(3);
    harness.media.openVideo(A, far, START_MS);
    const packets: [number, boolean][] = [
      [0, false],
      [3, false],
      [9, true],
      [40, true],
      [80, false],
      [81, true],
    ];
    for (const [n, [timestamp, marker]] of packets.entries()) {
      const bytes = n === 0 ? full(far, timestamp, bytesOf(n)) : mini(far, timestamp, bytesOf(n), marker);
      harness.plane.handleDatagram(bytes, far.remote, harness.nowMs);
    }
    const sent = sentFrom(b);
    expect(sent.map(({ timestamp }) => (timestamp - sent[0]!.timestamp) >>> 0)).toEqual([0, 0, 0, 3_600, 7_200, 7_200]);
    expect(sent.map(({ sequence }) => (sequence - sent[0]!.sequence) & 0xffff)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(sent.map(({ marker }) => marker)).toEqual(packets.map(([, marker]) => marker));
  });

  it('reports as any RTP does, and says goodbye', () => {
    rtp(a, 1, 0);
    harness.runTo(START_MS + 10_000);
    const reports = harness.sentRtp.filter(({ localPort }) => localPort === a.localPort + 1).length;
    expect(reports).toBeGreaterThan(0);
    harness.media.close(A, harness.nowMs);
    expect(harness.sentRtp.filter(({ localPort }) => localPort === a.localPort + 1)).toHaveLength(reports + 1);
    harness.media.close(B, harness.nowMs);
    expect(harness.plane.nextDeadline()).toBeUndefined();
  });
});

describe('the picture of a call whose voice is in the worker', () => {
  it('passes on the main thread, from the socket of the worker', () => {
    const harness = new SplitHarness();
    const [a, b] = [farEnd(1), farEnd(2)];
    harness.plane.open(A, a, harness.nowMs);
    harness.plane.open(B, b, harness.nowMs);
    harness.plane.openVideo(A, { ...a, kind: 'iax2', formats: [H264] }, harness.nowMs);
    harness.plane.openVideo(B, { ...b, kind: 'iax2', formats: [H264] }, harness.nowMs);
    harness.plane.hear(B, { kind: 'stream', stream: A }, harness.nowMs);
    const spec = videoEnd(1);
    harness.plane.handleDatagram(full(spec, 0, bytesOf(1)), a.remote, harness.nowMs);
    harness.plane.handleDatagram(mini(spec, 0, bytesOf(9)), a.remote, harness.nowMs);
    expect(harness.sentByMain).toEqual([]);
    const due = harness.plane.poll();
    expect(due).toMatchObject({
      type: 'video-full-due',
      stream: B,
      payload: bytesOf(1),
      minis: [{ length: 1_004 + 2 }],
    });
    harness.arrive(mini(spec, 40, bytesOf(2)), a.remote);
    harness.runTo(harness.nowMs + 20);
    expect(harness.passed).toHaveLength(1);
    const [{ bytes, from }] = harness.passed as [(typeof harness.passed)[0]];
    expect(harness.plane.handleDatagram(bytes, from, harness.nowMs)).toBe('media');
    expect(decodeFrame(harness.sentByMain.at(-1)!.bytes)).toMatchObject({ type: 'video-mini', payload: bytesOf(2) });
  });
});
