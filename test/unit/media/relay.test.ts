import { decodeSample, encodeSample } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { equalBytes } from '../../../src/base/bytes.ts';
import type { Iax2StreamSpec } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeMetaTrunkFrame } from '../../../src/iax2/meta-trunk.ts';
import { ALAW, farEnd, PlaneHarness, payloadOf, ULAW } from './plane-harness.ts';

const A = 1;
const B = 2;

let harness: PlaneHarness;
let a: Iax2StreamSpec;
let b: Iax2StreamSpec;

/** Two calls that hear each other. */
function bridge(formatOfA = ULAW, formatOfB = ULAW): void {
  harness = new PlaneHarness();
  a = farEnd(1, formatOfA);
  b = farEnd(2, formatOfB);
  harness.nowMs = 1000;
  harness.openIax2(A, a);
  harness.openIax2(B, b);
  harness.media.hear(A, { kind: 'stream', stream: B }, harness.nowMs);
  harness.media.hear(B, { kind: 'stream', stream: A }, harness.nowMs);
}

/** Everything that B's far end was sent, in order of sending, with full timestamps. */
function heardByB(): { timestamp: number; payload: Uint8Array }[] {
  const fulls = harness.fullsDue(B).map(({ timestamp, payload }) => ({ timestamp, payload }));
  let last = fulls[0]?.timestamp ?? 0;
  const minis = harness.minisTo(b).map(({ timestamp, payload }) => {
    let whole = Math.floor(last / 0x10000) * 0x10000 + timestamp;
    if (whole < last - 0x8000) whole += 0x10000;
    if (whole > last + 0x8000) whole -= 0x10000;
    last = whole;
    return { timestamp: whole, payload };
  });
  return [...fulls, ...minis].sort((x, y) => x.timestamp - y.timestamp);
}

beforeEach(() => bridge());

describe('voice between two IAX2 calls of one codec', () => {
  it('passes on byte for byte, first block by way of signalling, the others as mini frames', () => {
    const payloads = Array.from({ length: 50 }, (_, i) => payloadOf(i));
    expect(harness.full(a, 4000, payloads[0]!)).toBe('both');
    for (let i = 1; i < 50; i++) {
      harness.nowMs += 20;
      expect(harness.mini(a, 4000 + 20 * i, payloads[i]!)).toBe('media');
    }
    expect(harness.fullsDue(B)).toHaveLength(1);
    expect(harness.fullsDue(B)[0]).toMatchObject({ format: ULAW, payload: payloads[0] });
    expect(heardByB().map(({ payload }) => payload)).toEqual(payloads);
  });

  it('begins at the time of the call it goes to and keeps the distances that the sender gave', () => {
    harness.full(a, 400_000, payloadOf(0));
    for (const delta of [20, 40, 60, 200, 220]) {
      harness.nowMs = 1000 + delta + ((delta * 7) % 30);
      harness.mini(a, 400_000 + delta, payloadOf(delta));
    }
    const [first, ...others] = heardByB().map(({ timestamp }) => timestamp);
    expect(first).toBe(1000);
    expect(others).toEqual([1020, 1040, 1060, 1200, 1220]);
  });

  it("goes through the wrap of the sender's 16 bits, 0xFFF0 → 0x0004", () => {
    harness.full(a, 0xffdc, payloadOf(0));
    harness.nowMs += 20;
    harness.mini(a, 0xfff0, payloadOf(1));
    harness.nowMs += 20;
    harness.mini(a, 0x0004, payloadOf(2));
    harness.nowMs += 20;
    harness.mini(a, 0x0018, payloadOf(3));
    expect(heardByB().map(({ timestamp }) => timestamp)).toEqual([1000, 1020, 1040, 1060]);
  });

  it('sends the block that crosses 0x8000 as a mini at once and the one after it by way of signalling', () => {
    harness.nowMs = 32_700;
    harness.full(a, 20, payloadOf(0));
    for (let i = 1; i <= 6; i++) {
      harness.nowMs += 20;
      harness.mini(a, 20 + 20 * i, payloadOf(i));
    }
    expect(harness.fullsDue(B).map(({ timestamp }) => timestamp)).toEqual([32_700, 32_800]);
    expect(harness.minisTo(b).map(({ timestamp }) => timestamp)).toEqual([32_720, 32_740, 32_760, 32_780, 32_820]);
  });

  it('drops a packet that comes twice and passes one on that comes late', () => {
    harness.full(a, 20, payloadOf(1));
    for (const n of [2, 4, 3, 3, 5, 2]) {
      harness.nowMs += 10;
      harness.mini(a, 20 * n, payloadOf(n));
    }
    expect(heardByB().map(({ payload }) => payload)).toEqual([1, 2, 3, 4, 5].map((n) => payloadOf(n)));
    expect(harness.plane.statistics(A)).toMatchObject({ received: 5, outOfOrder: 1, lost: 0, dropped: 2 });
    expect(harness.counters.get('media.duplicate')).toBe(2);
  });

  it('counts what did not come as lost, but not a pause', () => {
    harness.full(a, 20, payloadOf(0));
    harness.mini(a, 100, payloadOf(1));
    harness.nowMs += 5000;
    harness.mini(a, 5100, payloadOf(2));
    expect(harness.plane.statistics(A)).toMatchObject({ received: 3, lost: 3 });
  });

  it('still says what a stream had counted when it is closed', () => {
    harness.full(a, 20, payloadOf(0));
    harness.plane.close(A, harness.nowMs);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 1, lost: 0 });
  });

  it('never uses a timestamp again that signalling has used', () => {
    harness.full(a, 20, payloadOf(0));
    harness.plane.noteSent(B, 1040);
    harness.mini(a, 40, payloadOf(1));
    harness.mini(a, 60, payloadOf(2));
    expect(heardByB().map(({ timestamp }) => timestamp)).toEqual([1000, 1020, 1041]);
  });

  it("anchors anew when the sender's clock jumps", () => {
    harness.full(a, 20, payloadOf(0));
    harness.nowMs += 20;
    harness.full(a, 3_600_000, payloadOf(1));
    const [first, second] = heardByB().map(({ timestamp }) => timestamp);
    expect(second! - first!).toBe(20);
  });

  it('is not thrown off by a full frame that is sent again seconds later', () => {
    harness.full(a, 20, payloadOf(0));
    for (let i = 1; i <= 100; i++) {
      harness.nowMs += 20;
      harness.mini(a, 20 + 20 * i, payloadOf(i));
    }
    expect(harness.full(a, 20, payloadOf(0))).toBe('both');
    harness.mini(a, 2040, payloadOf(101));
    expect(heardByB().at(-1)).toEqual({ timestamp: 3020, payload: payloadOf(101) });
    expect(harness.counters.get('media.stale')).toBe(1);
  });

  it('tells the last timestamp that went out', () => {
    expect(harness.plane.lastTimestamp(B)).toBe(0);
    harness.full(a, 20, payloadOf(0));
    expect(harness.plane.lastTimestamp(B)).toBe(1000);
    harness.plane.noteSent(B, 1003);
    expect(harness.plane.lastTimestamp(B)).toBe(1003);
  });

  it('is held back while quelched, and its clock runs on', () => {
    harness.full(a, 20, payloadOf(0));
    harness.plane.quelch(B, true);
    harness.nowMs += 20;
    harness.mini(a, 40, payloadOf(1));
    harness.plane.quelch(B, false);
    harness.nowMs += 20;
    harness.mini(a, 60, payloadOf(2));
    expect(heardByB().map(({ timestamp }) => timestamp)).toEqual([1000, 1040]);
  });

  it('stops when either call closes', () => {
    harness.full(a, 20, payloadOf(0));
    harness.media.close(B, harness.nowMs);
    harness.mini(a, 40, payloadOf(1));
    expect(harness.sent).toHaveLength(0);
    harness.media.close(A, harness.nowMs);
    harness.mini(a, 60, payloadOf(2));
    expect(harness.counters.get('media.unknown-call')).toBe(1);
    expect(harness.plane.nextDeadline()).toBeUndefined();
  });
});

describe('voice between two IAX2 calls of different laws', () => {
  it('is transcoded code by code', () => {
    bridge(ULAW, ALAW);
    harness.full(a, 20, payloadOf(0));
    harness.mini(a, 40, payloadOf(1));
    const expected = [0, 1].map((n) => payloadOf(n).map((code) => encodeSample('alaw', decodeSample('ulaw', code))));
    expect(heardByB().map(({ payload }) => payload)).toEqual(expected);
    expect(harness.fullsDue(B)[0]!.format).toBe(ALAW);
  });

  it('passes untouched once signalling says that both have the same', () => {
    bridge(ULAW, ALAW);
    harness.full(a, 20, payloadOf(0));
    harness.plane.setFormat(B, ULAW);
    harness.mini(a, 40, payloadOf(1));
    expect(harness.fullsDue(B).map(({ format }) => format)).toEqual([ALAW, ULAW]);
    expect(harness.fullsDue(B)[1]!.payload).toEqual(payloadOf(1));
  });
});

describe('voice of a codec that we do not know', () => {
  const G729 = 256;

  it('passes untouched between calls that agree', () => {
    bridge(G729, G729);
    harness.full(a, 20, payloadOf(0, 20));
    harness.mini(a, 40, payloadOf(1, 20));
    expect(heardByB().map(({ payload }) => payload)).toEqual([payloadOf(0, 20), payloadOf(1, 20)]);
  });

  it('is dropped and counted where it would have to be transcoded', () => {
    bridge(G729, ULAW);
    harness.full(a, 20, payloadOf(0, 20));
    expect(harness.sent).toHaveLength(0);
    expect(harness.events).toHaveLength(0);
    expect(harness.counters.get('media.cannot-transcode')).toBe(1);
  });
});

describe('echo of an IAX2 call', () => {
  it('gives each payload back untouched', () => {
    harness.media.hear(A, { kind: 'stream', stream: A }, harness.nowMs);
    harness.full(a, 20, payloadOf(0));
    for (let i = 1; i < 10; i++) {
      harness.nowMs += 20;
      harness.mini(a, 20 + 20 * i, payloadOf(i));
    }
    expect(harness.fullsDue(A)[0]!.payload).toEqual(payloadOf(0));
    expect(harness.minisTo(a).map(({ payload }) => payload)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => payloadOf(n)),
    );
  });
});

describe('which stream a datagram is for', () => {
  it('is told by address, port and source call number', () => {
    harness.full(a, 20, payloadOf(0));
    const stranger = { ...a, remote: { ...a.remote, port: 4570 } };
    harness.mini(stranger, 40, payloadOf(1));
    harness.mini({ ...a, remoteCall: a.remoteCall + 1 }, 40, payloadOf(1));
    harness.mini({ ...a, remote: { ...a.remote, ip: '192.0.2.9' } }, 40, payloadOf(1));
    expect(harness.minisTo(b)).toHaveLength(0);
    expect(harness.counters.get('media.unknown-call')).toBe(3);
  });

  it('leaves a full voice frame with another destination call to signalling', () => {
    expect(harness.full({ ...a, localCall: 7 }, 20, payloadOf(0))).toBe('signalling');
    expect(harness.events).toHaveLength(0);
  });

  it('leaves full frames of other types, short datagrams and unknown meta frames to signalling', () => {
    const { plane } = harness;
    const ping = Uint8Array.from([0x93, 0x89, 0, 101, 0, 0, 0, 3, 0, 0, 6, 2]);
    expect(plane.handleDatagram(ping, a.remote, 1000)).toBe('signalling');
    expect(plane.handleDatagram(Uint8Array.of(1, 2, 3), a.remote, 1000)).toBe('signalling');
    expect(plane.handleDatagram(new Uint8Array(0), a.remote, 1000)).toBe('signalling');
    expect(plane.handleDatagram(Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0), a.remote, 1000)).toBe('signalling');
  });
});

describe('mini frames before any full voice frame', () => {
  it('are dropped, and signalling is told at a limited rate', () => {
    for (let i = 0; i < 20; i++) {
      harness.nowMs += 20;
      harness.mini(a, 20 * i, payloadOf(i));
    }
    expect(harness.sent).toHaveLength(0);
    expect(harness.events).toEqual([
      { type: 'no-format', stream: A },
      { type: 'no-format', stream: A },
    ]);
  });

  it('are heard once signalling has said the codec', () => {
    harness.plane.setFormat(A, ULAW);
    harness.mini(a, 20, payloadOf(0));
    expect(harness.fullsDue(B)).toHaveLength(1);
  });
});

describe('a trunk frame', () => {
  it('gives each call its own voice, by the timestamps of its entries', () => {
    harness.full(a, 20, payloadOf(0));
    const bytes = encodeMetaTrunkFrame({
      timestamp: 777,
      withTimestamps: true,
      entries: [
        { sourceCall: 9999, timestamp: 40, payload: payloadOf(8) },
        { sourceCall: a.remoteCall, timestamp: 40, payload: payloadOf(1) },
      ],
    });
    expect(harness.plane.handleDatagram(bytes, a.remote, harness.nowMs)).toBe('media');
    expect(harness.minisTo(b).map(({ timestamp, payload }) => ({ timestamp, payload }))).toEqual([
      { timestamp: 1020, payload: payloadOf(1) },
    ]);
    expect(harness.counters.get('media.unknown-call')).toBe(1);
  });

  it("without timestamps is placed behind the voice before it by the trunk's clock", () => {
    harness.full(a, 400_000, payloadOf(0));
    for (let i = 1; i <= 3; i++) {
      harness.nowMs += 20 + (i === 2 ? 7 : 0);
      const bytes = encodeMetaTrunkFrame({
        timestamp: 50_000 + 20 * i,
        withTimestamps: false,
        entries: [{ sourceCall: a.remoteCall, payload: payloadOf(i) }],
      });
      harness.plane.handleDatagram(bytes, a.remote, harness.nowMs);
    }
    expect(heardByB().map(({ timestamp }) => timestamp)).toEqual([1000, 1020, 1040, 1060]);
  });

  it('that overruns its datagram is heard as far as it goes', () => {
    harness.full(a, 20, payloadOf(0));
    const bytes = encodeMetaTrunkFrame({
      timestamp: 1,
      withTimestamps: true,
      entries: [
        { sourceCall: a.remoteCall, timestamp: 40, payload: payloadOf(1) },
        { sourceCall: a.remoteCall, timestamp: 60, payload: payloadOf(2) },
      ],
    });
    harness.plane.handleDatagram(bytes.subarray(0, bytes.length - 1), a.remote, harness.nowMs);
    expect(harness.minisTo(b)).toHaveLength(1);
    expect(harness.counters.get('media.trunk-overrun')).toBe(1);
  });
});

describe('bad voice', () => {
  it.each([0, 1401, 4000])('of %i bytes is dropped and counted', (length) => {
    harness.full(a, 20, payloadOf(0));
    harness.mini(a, 40, payloadOf(1, length));
    expect(harness.minisTo(b)).toHaveLength(0);
    expect(harness.counters.get('media.bad-length')).toBe(1);
  });

  it('of an odd length passes as it is', () => {
    harness.full(a, 20, payloadOf(0));
    harness.mini(a, 40, payloadOf(1, 33));
    expect(harness.minisTo(b)[0]!.payload).toEqual(payloadOf(1, 33));
  });
});

describe('a path that loses, doubles and reorders', () => {
  it.each([1, 2, 3, 4, 5])('passes on every packet that came, once, with its own distance (seed %i)', (seed) => {
    const random = new SeededRandom(seed);
    const arrivals: { n: number; atMs: number }[] = [];
    for (let n = 1; n < 4000; n++) {
      if (random.next() < 0.05) continue;
      arrivals.push({ n, atMs: 20 * n + random.integer(120) });
      if (random.next() < 0.05) arrivals.push({ n, atMs: 20 * n + random.integer(120) });
    }
    arrivals.sort((x, y) => x.atMs - y.atMs);
    const start = harness.nowMs;
    harness.full(a, 20, payloadOf(0));
    for (const { n, atMs } of arrivals) {
      harness.nowMs = start + atMs;
      harness.mini(a, 20 + 20 * n, payloadOf(n));
    }
    const came = [0, ...new Set(arrivals.map(({ n }) => n).sort((x, y) => x - y))];
    const heard = heardByB();
    expect(heard.map(({ timestamp }) => timestamp)).toEqual(came.map((n) => start + 20 * n));
    expect(heard.every(({ payload }, i) => equalBytes(payload, payloadOf(came[i]!)))).toBe(true);
    const { received, lost } = harness.plane.statistics(A)!;
    expect(received).toBe(came.length);
    expect(received + lost).toBe(came.at(-1)! + 1);
  });
});

describe('three minutes of a call with a far end whose clock is ours', () => {
  it('lose no block and drift by nothing, over 0x8000 and the 16-bit wrap', () => {
    const start = harness.nowMs;
    for (let i = 0; i < 9000; i++) {
      harness.runTo(start + 20 * i + ((i * 13) % 9));
      const timestamp = 20 * (i + 1);
      if (i === 0) harness.full(a, timestamp, payloadOf(i));
      else harness.mini(a, timestamp, payloadOf(i));
    }
    const heard = heardByB();
    expect(heard).toHaveLength(9000);
    expect(heard.every(({ timestamp }, i) => timestamp === start + 20 * i)).toBe(true);
    expect(heard.every(({ payload }, i) => equalBytes(payload, payloadOf(i)))).toBe(true);
    expect(harness.fullsDue(B)).toHaveLength(1 + 5);
    const { lost, dropped, jitterMs } = harness.plane.statistics(A)!;
    expect({ lost, dropped }).toEqual({ lost: 0, dropped: 0 });
    expect(jitterMs).toBeGreaterThan(1);
    expect(jitterMs).toBeLessThan(6);
  });
});
