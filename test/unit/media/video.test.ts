import { beforeEach, describe, expect, it } from 'vitest';
import type { Iax2VideoSpec } from '../../../src/base/media-port.ts';
import { decodeFrame, encodeFullFrame, encodeVideoMiniFrame } from '../../../src/iax2/frame.ts';
import { formatOf } from '../../../src/iax2/media-format.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { farEnd, PlaneHarness } from './plane-harness.ts';
import { SplitHarness } from './split-harness.ts';

const H263 = formatOf('h263');
const H264 = formatOf('h264');
const A = 1;
const B = 2;
const START_MS = 1_000;

function videoEnd(n: number, formats = [H264]): Iax2VideoSpec {
  return { ...farEnd(n), kind: 'iax2', formats };
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

describe('the picture of a call whose voice is in the worker', () => {
  it('passes on the main thread, from the socket of the worker', () => {
    const harness = new SplitHarness();
    const [a, b] = [farEnd(1), farEnd(2)];
    harness.plane.open(A, a, harness.nowMs);
    harness.plane.open(B, b, harness.nowMs);
    harness.plane.openVideo(A, { ...a, kind: 'iax2', formats: [H264] });
    harness.plane.openVideo(B, { ...b, kind: 'iax2', formats: [H264] });
    harness.plane.hear(B, { kind: 'stream', stream: A });
    const spec = videoEnd(1);
    harness.plane.handleDatagram(full(spec, 0, bytesOf(1)), a.remote, harness.nowMs);
    harness.arrive(mini(spec, 40, bytesOf(2)), a.remote);
    harness.runTo(harness.nowMs + 20);
    expect(harness.passed).toHaveLength(1);
    const [{ bytes, from }] = harness.passed as [(typeof harness.passed)[0]];
    expect(harness.plane.handleDatagram(bytes, from, harness.nowMs)).toBe('media');
    expect(decodeFrame(harness.sentByMain.at(-1)!.bytes)).toMatchObject({ type: 'video-mini', payload: bytesOf(2) });
  });
});
