import { decodeSample, encodeSample, SILENCE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Address } from '../../../src/base/machine.ts';
import type { Iax2StreamSpec, RtpStreamSpec } from '../../../src/base/media-port.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import { ALAW, farEnd, PlaneHarness, payloadOf, type RtpPacket, rtpFarEnd } from './plane-harness.ts';

const A = 1;
const B = 2;
const START_MS = 1000;
const G722 = 4096;
const ILBC = 1024;

let harness: PlaneHarness;

beforeEach(() => {
  harness = new PlaneHarness();
  harness.nowMs = START_MS;
});

function open(
  stream: number,
  spec: RtpStreamSpec | Iax2StreamSpec | { kind: 'line'; port: number; law: 'ulaw' | 'alaw' },
) {
  harness.media.open(stream, spec, harness.nowMs);
}

function bridge(): void {
  harness.media.hear(A, { kind: 'stream', stream: B }, harness.nowMs);
  harness.media.hear(B, { kind: 'stream', stream: A }, harness.nowMs);
}

/** Packets of 20 ms one after another, each at its time; `n` counts on from before. */
function talk(
  spec: RtpStreamSpec,
  count: number,
  options: { from?: Address; first?: number; change?: Partial<RtpPacket> } = {},
) {
  const first = options.first ?? 0;
  for (let n = first; n < first + count; n++) {
    harness.runTo(START_MS + 20 * n);
    const packet = {
      payloadType: spec.payloadType,
      sequence: (500 + n) & 0xffff,
      timestamp: (9000 + 160 * n) >>> 0,
      payload: payloadOf(n),
    };
    harness.rtp(spec, { ...packet, ...options.change }, options.from);
  }
}

describe('voice between two RTP streams', () => {
  const a = rtpFarEnd(1);
  const b = rtpFarEnd(2);

  beforeEach(() => {
    open(A, a);
    open(B, b);
    bridge();
  });

  it('passes on byte for byte under our own SSRC, sequence and timestamps, the first packet marked [RFC3550 §5.1]', () => {
    talk(a, 50);
    const sent = harness.rtpFrom(b);
    expect(sent.map(({ payload }) => payload)).toEqual(Array.from({ length: 50 }, (_, n) => payloadOf(n)));
    expect(new Set(sent.map(({ ssrc }) => ssrc))).toEqual(new Set([b.ssrc]));
    expect(new Set(sent.map(({ to }) => to))).toEqual(new Set([b.remote]));
    expect(sent.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(49).fill(false)]);
    for (const [n, { sequence, timestamp }] of sent.entries()) {
      expect(sequence).toBe((b.firstSequence + n) & 0xffff);
      expect(timestamp).toBe((sent[0]!.timestamp + 160 * n) >>> 0);
    }
  });

  it('keeps what is missing, late or out of order as it is, for the receiver to judge', () => {
    for (const n of [0, 1, 4, 3, 9]) {
      harness.runTo(START_MS + 200);
      harness.rtp(a, { sequence: 500 + n, timestamp: 9000 + 160 * n, payload: payloadOf(n) });
    }
    const sent = harness.rtpFrom(b);
    expect(sent.map(({ sequence }) => (sequence - b.firstSequence) & 0xffff)).toEqual([0, 1, 4, 3, 9]);
    expect(sent.map(({ timestamp }) => (timestamp - sent[0]!.timestamp) / 160)).toEqual([0, 1, 4, 3, 9]);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 5, lost: 5, outOfOrder: 1 });
  });

  it('does not pass a duplicate on', () => {
    talk(a, 3);
    harness.rtp(a, { sequence: 501, timestamp: 9160, payload: payloadOf(1) });
    expect(harness.rtpFrom(b)).toHaveLength(3);
    expect(harness.counters.get('media.duplicate')).toBe(1);
  });

  it('goes on in sequence when the far end changes its SSRC [RFC3550 §8]', () => {
    talk(a, 5);
    for (let n = 5; n < 10; n++) {
      harness.runTo(START_MS + 20 * n);
      harness.rtp(a, { ssrc: 99, sequence: (40_000 + n) & 0xffff, timestamp: 77 + 160 * n, payload: payloadOf(n) });
    }
    const sent = harness.rtpFrom(b);
    expect(sent).toHaveLength(10);
    expect(sent.map(({ sequence }) => (sequence - b.firstSequence) & 0xffff)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sent.map(({ timestamp }) => ((timestamp - sent[0]!.timestamp) >>> 0) / 160)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 10, lost: 0 });
  });

  it('is sent to nobody while the far end does not want to hear, and heard from nobody who shall not speak', () => {
    harness.media.update(B, { ...b, sends: false }, harness.nowMs);
    talk(a, 3);
    expect(harness.rtpFrom(b)).toEqual([]);
    harness.media.update(B, b, harness.nowMs);
    harness.media.update(A, { ...a, receives: false }, harness.nowMs);
    talk(a, 3, { first: 3 });
    expect(harness.rtpFrom(b)).toEqual([]);
    expect(harness.counters.get('media.held')).toBe(3);
    harness.media.update(A, a, harness.nowMs);
    talk(a, 3, { first: 6 });
    expect(harness.rtpFrom(b).map(({ marker }) => marker)).toEqual([true, false, false]);
  });

  it('passes comfort noise on as such [RFC3389]', () => {
    talk(a, 2);
    harness.rtp(a, { payloadType: 13, sequence: 502, timestamp: 9320, payload: Uint8Array.of(60) });
    expect(harness.rtpFrom(b).at(-1)).toMatchObject({ payloadType: 13, payload: Uint8Array.of(60) });
  });

  it('drops what is no packet, of an unknown type, or of an impossible length, and says why', () => {
    harness.plane.handleRtp(a.localPort, Uint8Array.of(1, 2, 3), a.remote, harness.nowMs);
    harness.plane.handleRtp(10_998, Uint8Array.of(0x80, 0), a.remote, harness.nowMs);
    harness.rtp(a, { payloadType: 18, sequence: 1, timestamp: 1, payload: payloadOf(1) });
    harness.rtp(a, { sequence: 1, timestamp: 1, payload: new Uint8Array(0) });
    harness.rtp(a, { sequence: 2, timestamp: 2, payload: new Uint8Array(4000) });
    expect(harness.counters.snapshot()).toEqual({
      'media.bad-length': 2,
      'media.rtp-malformed': 1,
      'media.rtp-payload-type': 1,
      'media.rtp-unknown-port': 1,
    });
    expect(harness.rtpFrom(b)).toEqual([]);
  });

  it('is counted and dropped once the call is over', () => {
    talk(a, 2);
    harness.media.close(A, harness.nowMs);
    talk(a, 2, { first: 2 });
    expect(harness.counters.get('media.rtp-unknown-port')).toBe(2);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 2 });
  });
});

describe('where the far end is', () => {
  const b = rtpFarEnd(2);
  const stranger = { ip: '203.0.113.9', port: 6000 };
  let a: RtpStreamSpec;

  function openBoth(changes: Partial<RtpStreamSpec> = {}): void {
    a = rtpFarEnd(1, changes);
    open(A, a);
    open(B, b);
    bridge();
  }

  /** Where a packet of B goes to. */
  function whereTo(n: number): Address {
    harness.rtp(b, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) });
    return harness.rtpFrom(a).at(-1)!.to;
  }

  it('is where the SDP says until it is heard, then where its packets come from', () => {
    openBoth();
    const nat = { ip: a.remote.ip, port: 61_000 };
    expect(whereTo(1)).toEqual(a.remote);
    talk(a, 3, { from: nat });
    expect(whereTo(2)).toEqual(a.remote);
    talk(a, 2, { from: nat, first: 3 });
    expect(whereTo(3)).toEqual(nat);
    expect(harness.rtpFrom(b)).toHaveLength(5);
  });

  it('may be the address that its SIP messages come from, where the SDP has a private one', () => {
    openBoth({ remote: { ip: '10.0.0.7', port: 4000 }, signallingIp: '198.51.100.40' });
    const nat = { ip: '198.51.100.40', port: 61_000 };
    talk(a, 4, { from: nat });
    expect(whereTo(1)).toEqual(nat);
  });

  it('is not a stranger, however much it sends: the call is heard by none but its ends', () => {
    openBoth();
    talk(a, 50, { from: stranger });
    expect(harness.rtpFrom(b)).toEqual([]);
    expect(harness.counters.get('media.rtp-foreign')).toBe(50);
    expect(whereTo(1)).toEqual(a.remote);
  });

  it('stays where it was heard while it goes on speaking, though others send from its address', () => {
    openBoth();
    talk(a, 5);
    const other = { ip: a.remote.ip, port: 7777 };
    for (let n = 5; n < 60; n++) {
      talk(a, 1, { first: n });
      harness.rtp(a, { ssrc: 5, sequence: n, timestamp: 160 * n, payload: payloadOf(200) }, other);
    }
    expect(harness.counters.get('media.rtp-other-source')).toBe(55);
    expect(whereTo(1)).toEqual(a.remote);
    expect(harness.rtpFrom(b)).toHaveLength(60);
  });

  it('is found again after it fell silent and speaks from another port', () => {
    openBoth();
    talk(a, 5);
    const moved = { ip: a.remote.ip, port: 7777 };
    harness.runTo(START_MS + 1000);
    for (let n = 0; n < 8; n++)
      harness.rtp(a, { sequence: 505 + n, timestamp: 9800 + 160 * n, payload: payloadOf(n) }, moved);
    expect(whereTo(1)).toEqual(moved);
  });

  it('is learned anew when a re-INVITE names another address', () => {
    openBoth();
    talk(a, 5, { from: { ip: a.remote.ip, port: 61_000 } });
    const there = { ip: '198.51.100.77', port: 5004 };
    harness.media.update(A, { ...a, remote: there, signallingIp: there.ip }, harness.nowMs);
    expect(whereTo(1)).toEqual(there);
    talk(a, 1, { from: there, first: 5 });
    expect(harness.rtpFrom(b)).toHaveLength(6);
  });

  it('is anywhere only where that is configured, and then only after packets in sequence', () => {
    openBoth({ sources: 'any' });
    harness.rtp(a, { sequence: 9, timestamp: 0, payload: payloadOf(1) }, stranger);
    expect(harness.rtpFrom(b)).toEqual([]);
    talk(a, 5, { from: stranger });
    expect(whereTo(1)).toEqual(stranger);
  });
});

describe('packets of other lengths', () => {
  it.each([10, 20, 30, 40, 60])('of %i ms become packets of 20 ms of an IAX2 call, no code lost', (ptimeMs) => {
    const a = rtpFarEnd(1);
    const b = farEnd(2);
    open(A, a);
    open(B, b);
    bridge();
    const length = ptimeMs * 8;
    for (let n = 0; n * ptimeMs < 600; n++) {
      harness.runTo(START_MS + n * ptimeMs);
      harness.rtp(a, { sequence: n, timestamp: n * length, payload: payloadOf(n, length) });
    }
    const heard = [
      ...harness.fullsDue(B).map(({ payload }) => payload),
      ...harness.minisTo(b).map(({ payload }) => payload),
    ];
    expect(heard).toHaveLength(30);
    expect(new Set(heard.map((payload) => payload.length))).toEqual(new Set([160]));
    const whole = Array.from({ length: 600 / ptimeMs }, (_, n) => [...payloadOf(n, length)]).flat();
    expect(heard.flatMap((payload) => [...payload])).toEqual(whole);
  });

  it.each([10, 30, 60])('become what the far end wants: %i ms', (ptimeMs) => {
    const [a, b] = [rtpFarEnd(1), rtpFarEnd(2, { ptimeMs })];
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 30);
    const sent = harness.rtpFrom(b);
    expect(sent).toHaveLength(600 / ptimeMs);
    expect(sent.flatMap(({ payload }) => [...payload])).toEqual(
      Array.from({ length: 30 }, (_, n) => [...payloadOf(n)]).flat(),
    );
    for (const [n, { sequence, timestamp }] of sent.entries()) {
      expect(sequence).toBe((b.firstSequence + n) & 0xffff);
      expect(timestamp).toBe((sent[0]!.timestamp + n * ptimeMs * 8) >>> 0);
    }
  });

  it('lose one packet where one was lost, in numbers and in time', () => {
    const [a, b] = [rtpFarEnd(1), rtpFarEnd(2, { ptimeMs: 10 })];
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 2);
    talk(a, 2, { first: 3 });
    const sent = harness.rtpFrom(b).map(({ sequence }) => (sequence - b.firstSequence) & 0xffff);
    expect(sent).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
  });
});

describe('between RTP and an IAX2 call', () => {
  it('changes the law where the laws differ, and only then', () => {
    const a = rtpFarEnd(1, { codec: 'ulaw' });
    const b = farEnd(2, ALAW);
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 5);
    const expected = [...payloadOf(3)].map((code) => encodeSample('alaw', decodeSample('ulaw', code)));
    expect([...harness.minisTo(b)[2]!.payload]).toEqual(expected);
  });

  it('gives what comes by IAX2 numbers of its own, with the gaps of its timestamps', () => {
    const a = farEnd(1);
    const b = rtpFarEnd(2);
    open(A, a);
    open(B, b);
    bridge();
    harness.full(a, 4000, payloadOf(0));
    for (const n of [1, 2, 5, 4, 6]) {
      harness.runTo(START_MS + 20 * n);
      harness.mini(a, 4000 + 20 * n, payloadOf(n));
    }
    const sent = harness.rtpFrom(b);
    expect(sent.map(({ sequence }) => (sequence - b.firstSequence) & 0xffff)).toEqual([0, 1, 2, 5, 4, 6]);
    expect(sent.map(({ timestamp }) => ((timestamp - sent[0]!.timestamp) | 0) / 160)).toEqual([0, 1, 2, 5, 4, 6]);
    expect(sent[5]!.payload).toEqual(payloadOf(6));
  });

  it('begins a talk spurt, not a loss, after a long pause', () => {
    const a = farEnd(1);
    const b = rtpFarEnd(2);
    open(A, a);
    open(B, b);
    bridge();
    harness.full(a, 4000, payloadOf(0));
    harness.runTo(START_MS + 2000);
    harness.mini(a, 6000, payloadOf(1));
    const [first, second] = harness.rtpFrom(b);
    expect(second!.sequence).toBe((first!.sequence + 1) & 0xffff);
    expect(((second!.timestamp - first!.timestamp) >>> 0) / 8).toBe(2000);
    expect(second!.marker).toBe(true);
  });
});

describe('between RTP and a line', () => {
  const up = payloadOf(5, 80);
  const down = new Uint8Array(80);

  it('carries both ways: blocks become packets, packets blocks', () => {
    const a = rtpFarEnd(1, { ptimeMs: 30 });
    open(A, a);
    open(B, { kind: 'line', port: 1, law: 'ulaw' });
    bridge();
    const heard: number[] = [];
    for (let n = 0; n < 60; n++) {
      if (n % 2 === 0) talk(a, 1, { first: n / 2 });
      harness.runTo(START_MS + 10 * n);
      harness.plane.exchangeLineBlock(1, up, down, harness.nowMs);
      heard.push(...down);
    }
    const sent = harness.rtpFrom(a);
    expect(sent).toHaveLength(20);
    expect(sent[3]!.payload).toEqual(Uint8Array.from([...up, ...up, ...up]));
    const text = heard.join();
    expect(text).toContain([...payloadOf(10), ...payloadOf(11)].join());
  });

  it('sounds a tone at the pace of packets without any line', () => {
    const a = rtpFarEnd(1);
    open(A, a);
    harness.media.hear(A, { kind: 'tone', pattern: parseTonePattern('425')! }, harness.nowMs);
    harness.runTo(START_MS + 1000);
    const sent = harness.rtpFrom(a);
    expect(sent.length).toBeGreaterThanOrEqual(50);
    expect(sent.length).toBeLessThanOrEqual(51);
    expect(sent[9]!.payload.some((code) => code !== SILENCE.ulaw)).toBe(true);
    for (let n = 1; n < sent.length; n++) expect(sent[n]!.timestamp).toBe((sent[n - 1]!.timestamp + 160) >>> 0);
  });

  it('gives echo to who hears itself', () => {
    const a = rtpFarEnd(1);
    open(A, a);
    harness.media.hear(A, { kind: 'stream', stream: A }, harness.nowMs);
    talk(a, 10);
    expect(harness.rtpFrom(a).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 10 }, (_, n) => payloadOf(n)),
    );
  });
});

describe('a codec that can only be carried', () => {
  it('goes untouched between two streams that have it, under the payload type of each', () => {
    const a = rtpFarEnd(1, { codec: 'g722', payloadType: 9 });
    const b = rtpFarEnd(2, { codec: 'g722', payloadType: 109 });
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 5);
    expect(harness.rtpFrom(b).map(({ payload, payloadType }) => ({ payload, payloadType }))).toEqual(
      Array.from({ length: 5 }, (_, n) => ({ payload: payloadOf(n), payloadType: 109 })),
    );
  });

  it('goes untouched to an IAX2 call and back, 20 ms of it in 160 bytes at 8 per ms [RFC3551 §4.5.2]', () => {
    const a = rtpFarEnd(1, { codec: 'g722', payloadType: 9 });
    const b = farEnd(2, G722);
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 5);
    const [first] = harness.fullsDue(B);
    expect(first).toMatchObject({ format: G722, payload: payloadOf(0) });
    expect(harness.minisTo(b).map(({ timestamp, payload }) => ({ timestamp, payload }))).toEqual(
      [1, 2, 3, 4].map((n) => ({ timestamp: first!.timestamp + 20 * n, payload: payloadOf(n) })),
    );
    harness.full(b, 2_000, payloadOf(0));
    for (const n of [1, 2, 4]) harness.mini(b, 2_000 + 20 * n, payloadOf(n));
    const back = harness.rtpFrom(a);
    expect(back.map(({ payloadType, payload }) => ({ payloadType, payload }))).toEqual(
      [0, 1, 2, 4].map((n) => ({ payloadType: 9, payload: payloadOf(n) })),
    );
    const steps = back.map(({ timestamp, sequence }) => [
      timestamp - back[0]!.timestamp,
      (sequence - back[0]!.sequence) & 0xffff,
    ]);
    expect(steps).toEqual([0, 1, 2, 4].map((n) => [160 * n, n]));
  });

  it('of 30 ms in a packet comes from an IAX2 call without a gap in its sequence [RFC3952 §3]', () => {
    const a = rtpFarEnd(1, { codec: 'ilbc', payloadType: 97 });
    const b = farEnd(2, ILBC);
    open(A, a);
    open(B, b);
    bridge();
    const frame = new Uint8Array(50).fill(7);
    harness.full(b, 2_000, frame);
    for (const n of [1, 2, 3]) harness.mini(b, 2_000 + 30 * n, frame);
    const heard = harness.rtpFrom(a);
    const steps = heard.map(({ timestamp, sequence }) => [
      timestamp - heard[0]!.timestamp,
      (sequence - heard[0]!.sequence) & 0xffff,
    ]);
    expect(steps).toEqual([0, 1, 2, 3].map((n) => [240 * n, n]));
  });

  it('is dropped and counted where nobody can make sound of it', () => {
    const a = rtpFarEnd(1, { codec: 'g722', payloadType: 9 });
    open(A, a);
    open(B, { kind: 'line', port: 1, law: 'ulaw' });
    bridge();
    talk(a, 3);
    expect(harness.counters.get('media.cannot-transcode')).toBe(3);
  });
});

describe('digits', () => {
  const a = rtpFarEnd(1);

  /** An event packet: `duration` in samples. */
  function event(n: number, timestamp: number, digit: number, duration: number, end = false): void {
    const payload = Uint8Array.of(digit, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
    harness.rtp(a, { payloadType: 101, sequence: n, timestamp, payload });
  }

  it('come as telephone events: one begin, one end, whatever was repeated or lost [RFC4733 §2.5.2]', () => {
    open(A, a);
    event(1, 8000, 5, 160);
    event(2, 8000, 5, 320);
    for (const n of [4, 5, 6]) event(n, 8000, 5, 800, true);
    event(7, 9600, 11, 160);
    event(9, 12_000, 0, 160);
    for (const n of [10, 12]) event(n, 12_000, 0, 400, true);
    expect(harness.events).toEqual([
      { type: 'digit-begin', stream: A, digit: '5' },
      { type: 'digit-end', stream: A, digit: '5', durationMs: 100 },
      { type: 'digit-begin', stream: A, digit: '#' },
      { type: 'digit-end', stream: A, digit: '#', durationMs: 20 },
      { type: 'digit-begin', stream: A, digit: '0' },
      { type: 'digit-end', stream: A, digit: '0', durationMs: 50 },
    ]);
  });

  it('are known by their end alone where everything before it was lost', () => {
    open(A, a);
    event(9, 8000, 3, 800, true);
    expect(harness.events.map(({ type }) => type)).toEqual(['digit-begin', 'digit-end']);
  });

  it('end by themselves when their end was lost', () => {
    open(A, a);
    event(1, 8000, 7, 640);
    harness.runTo(START_MS + 400);
    expect(harness.events.at(-1)).toEqual({ type: 'digit-end', stream: A, digit: '7', durationMs: 80 });
  });

  it('may last longer than one segment can tell [RFC4733 §2.5.1.3]', () => {
    open(A, a);
    event(1, 0, 1, 0xffff);
    event(2, 0xffff, 1, 800, true);
    expect(harness.events).toEqual([
      { type: 'digit-begin', stream: A, digit: '1' },
      { type: 'digit-end', stream: A, digit: '1', durationMs: (0xffff + 800) / 8 },
    ]);
  });

  it('have a hook flash among them', () => {
    open(A, a);
    event(1, 8000, 16, 400, true);
    expect(harness.events).toEqual([{ type: 'flash', stream: A }]);
  });

  it('are sent as one event with one timestamp, a marked begin, updates and three ends [RFC4733 §2.5.1]', () => {
    open(A, a);
    harness.media.playDigit(A, '#', 100, harness.nowMs);
    harness.runTo(START_MS + 400);
    const sent = harness.rtpFrom(a);
    expect(new Set(sent.map(({ payloadType }) => payloadType))).toEqual(new Set([101]));
    expect(new Set(sent.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(sent.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(sent.length - 1).fill(false)]);
    expect(sent.map(({ sequence }) => (sequence - a.firstSequence) & 0xffff)).toEqual(sent.map((_, n) => n));
    const told = sent.map(({ payload }) => ({
      event: payload[0],
      end: payload[1]! >= 0x80,
      samples: payload[2]! * 256 + payload[3]!,
    }));
    expect(told.map(({ samples }) => samples)).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(told.map(({ end }) => end)).toEqual([false, false, false, false, true, true, true]);
    expect(new Set(told.map((one) => one.event))).toEqual(new Set([11]));
  });

  it('take the place of the voice while they sound, and come apart from each other', () => {
    const b = rtpFarEnd(2);
    open(A, a);
    open(B, b);
    bridge();
    talk(b, 5);
    harness.media.playDigit(A, '1', 80, harness.nowMs);
    harness.media.playDigit(A, '2', 80, harness.nowMs);
    talk(b, 60, { first: 5 });
    const sent = harness.rtpFrom(a);
    const digits = sent.filter(({ payloadType }) => payloadType === 101);
    const [first, second] = [
      digits.find(({ payload }) => payload[0] === 1)!,
      digits.find(({ payload }) => payload[0] === 2)!,
    ];
    expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(120);
    const [from, to] = [first.atMs, digits.at(-1)!.atMs];
    expect(sent.filter(({ payloadType, atMs }) => payloadType === 0 && atMs > from && atMs < to)).toEqual([]);
    const sequences = sent.map(({ sequence }) => (sequence - a.firstSequence) & 0xffff);
    expect(sequences).toEqual(sequences.map((_, n) => n));
    const after = sent.find(({ payloadType, atMs }) => payloadType === 0 && atMs > to)!;
    expect(after.marker).toBe(true);
    expect((after.timestamp - first.timestamp) >>> 0).toBeGreaterThan(0);
  });

  it('sound in the audio where the far end has no telephone events', () => {
    const plain = rtpFarEnd(1, { telephoneEventType: undefined });
    open(A, plain);
    harness.media.playDigit(A, '5', 100, harness.nowMs);
    harness.runTo(START_MS + 300);
    const sent = harness.rtpFrom(plain);
    expect(sent.length).toBeGreaterThan(5);
    expect(new Set(sent.map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
  });

  it('that are none are counted', () => {
    open(A, a);
    harness.media.playDigit(A, 'x', 100, harness.nowMs);
    expect(harness.counters.get('media.digit-not-played')).toBe(1);
  });
});

describe('reports', () => {
  const a = rtpFarEnd(1);
  const b = rtpFarEnd(2);

  it('go by the port of RTP where both sides have it so [RFC5761 §4]', () => {
    const muxed = rtpFarEnd(1, { remoteRtcpPort: a.remote.port });
    open(A, muxed);
    open(B, b);
    bridge();
    talk(b, 100);
    harness.runTo(START_MS + 20_000);
    const reports = harness.sentRtp.filter(({ localPort, bytes }) => localPort === a.localPort && bytes[1] === 200);
    expect(new Set(reports.map(({ to }) => `${to.ip}:${to.port}`))).toEqual(new Set([`${a.remote.ip}:4002`]));
    expect(harness.rtcpFrom(muxed)).toEqual([]);
  });

  it('tell on the odd port what was sent, heard and lost, and who we are [RFC3550 §6.4]', () => {
    open(A, a);
    open(B, b);
    bridge();
    talk(b, 400);
    for (let n = 0; n < 400; n++)
      if (n % 10 !== 9) harness.rtp(a, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) });
    harness.runTo(START_MS + 20_000);
    const reports = harness.rtcpFrom(a);
    expect(reports.length).toBeGreaterThanOrEqual(2);
    const last = reports.at(-1)!;
    expect(last.to).toEqual({ ip: a.remote.ip, port: a.remoteRtcpPort });
    const view = new DataView(last.bytes.buffer);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2)]).toEqual([0x81, 200, 12]);
    expect(view.getUint32(4)).toBe(a.ssrc);
    expect(view.getUint32(20)).toBe(400);
    expect(view.getUint32(24)).toBe(400 * 160);
    expect(view.getUint32(28)).toBe(77);
    expect(view.getUint32(32) & 0xff_ffff).toBe(39);
    expect(view.getUint32(36)).toBe(398);
    expect([view.getUint8(52), view.getUint8(53), view.getUint16(54)]).toEqual([0x81, 202, 4]);
    expect(last.bytes).toHaveLength(72);
  });

  it('of the far end give round trip, loss and jitter as it sees them', () => {
    open(A, a);
    open(B, b);
    bridge();
    talk(b, 400);
    const sr = harness.rtcpFrom(a).at(-1)!;
    const ntp = new DataView(sr.bytes.buffer).getUint32(10);
    harness.runTo(sr.atMs + 550);
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x81c90007);
    view.setUint32(4, 77);
    view.setUint32(8, a.ssrc);
    view.setUint32(12, 0x40000005);
    view.setUint32(20, 80);
    view.setUint32(24, ntp);
    view.setUint32(28, 0.5 * 65_536);
    harness.plane.handleRtp(a.localPort + 1, bytes, a.remote, harness.nowMs);
    const { rttMs, farLostPct, farJitterMs } = harness.plane.statistics(A)!;
    expect(rttMs).toBeCloseTo(50, 0);
    expect(farLostPct).toBe(25);
    expect(farJitterMs).toBe(10);
  });

  it('tell who asked for it how it sounds: loss in bursts and gaps, delay, scores [RFC3611 §4.7]', () => {
    const asking = rtpFarEnd(1, { wantsVoipMetrics: true });
    open(A, asking);
    open(B, b);
    bridge();
    for (let n = 0; n < 400; n++) {
      harness.runTo(START_MS + 20 * n);
      // Ten of twenty are lost from 100 on.
      if (n < 100 || n >= 120 || n % 2 === 0)
        harness.rtp(asking, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) });
    }
    harness.media.close(A, harness.nowMs);
    const last = harness.rtcpFrom(asking).at(-1)!.bytes;
    const at = last.length - 8 - 44;
    const view = new DataView(last.buffer, last.byteOffset + at);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2), view.getUint32(4)]).toEqual([
      ...[0x80, 207, 10, asking.ssrc],
    ]);
    expect([view.getUint8(8), view.getUint16(10), view.getUint32(12)]).toEqual([7, 8, 77]);
    const shares = [16, 17, 18, 19].map((offset) => view.getUint8(offset));
    expect(shares).toEqual([Math.floor((256 * 10) / 400), 0, Math.floor((256 * 10) / 19), 0]);
    expect(view.getUint16(20)).toBe(19 * 20);
    // The last sixteen may yet come out of order.
    expect(view.getUint16(22)).toBe((400 - 19 - 16) * 20);
    expect([view.getUint16(24), view.getUint16(26)]).toEqual([0, 20]);
    expect([28, 29, 30].map((offset) => view.getUint8(offset))).toEqual([127, 127, 127]);
    expect(view.getUint8(31)).toBe(16);
    const [rating, , listening, conversing] = [32, 33, 34, 35].map((offset) => view.getUint8(offset));
    expect(rating).toBeGreaterThan(40);
    expect(rating).toBeLessThan(70);
    expect(listening).toBeGreaterThanOrEqual(conversing!);
  });

  it('tell nobody else how it sounds, and stop when it is not asked for any more', () => {
    const kinds = () =>
      harness
        .rtcpFrom(a)
        .map(({ bytes }) => bytes.some((byte, i) => i % 4 === 1 && byte === 207 && bytes[i + 2] === 10));
    open(A, { ...a, wantsVoipMetrics: true });
    talk(a, 500);
    harness.media.update(A, a, harness.nowMs);
    const asked = kinds();
    talk(a, 500, { first: 500 });
    const after = kinds().slice(asked.length);
    expect(new Set(asked)).toEqual(new Set([true]));
    expect(new Set(after)).toEqual(new Set([false]));
  });

  it('of the far end say how we sound there; blocks of other kinds and of other sources are passed over [RFC3611 §3]', () => {
    open(A, a);
    talk(a, 3);
    const other = [4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    const block = (ssrc: number, discarded: number, mos: number) => {
      const bytes = new Uint8Array(36);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, 0x0700_0008);
      view.setUint32(4, ssrc);
      view.setUint8(9, discarded);
      view.setUint8(27, mos);
      return bytes;
    };
    const extended = (...blocks: readonly (readonly number[] | Uint8Array)[]) => {
      const body = blocks.flatMap((one) => [...one]);
      const report = [0x81, 201, 0, 7, 0, 0, 0, 77, 0, 0, 0, 0, ...Array<number>(20).fill(0)];
      report.splice(8, 4, ...[24, 16, 8, 0].map((shift) => (a.ssrc >>> shift) & 0xff));
      return Uint8Array.from([...report, 0x80, 207, 0, 1 + body.length / 4, 0, 0, 0, 77, ...body]);
    };
    const hear = (bytes: Uint8Array) => harness.plane.handleRtp(a.localPort + 1, bytes, a.remote, harness.nowMs);
    hear(extended(other, block(a.ssrc, 64, 38), block(5, 128, 12), other));
    expect(harness.plane.statistics(A)).toMatchObject({ farDiscardPct: 25, farMos: 3.8 });
    hear(extended(block(a.ssrc, 0, 127)));
    const { farDiscardPct, farMos } = harness.plane.statistics(A)!;
    expect([farDiscardPct, farMos]).toEqual([0, undefined]);
    expect(harness.counters.get('media.rtcp-malformed')).toBe(0);
    hear(extended([7, 0, 0, 9, 0, 0, 0, 1]));
    expect(harness.counters.get('media.rtcp-malformed')).toBe(1);
  });

  it('say goodbye with the last one', () => {
    open(A, a);
    talk(a, 3);
    harness.media.close(A, harness.nowMs);
    const [last] = harness.rtcpFrom(a);
    expect([...last!.bytes.subarray(-8, -6)]).toEqual([0x81, 203]);
  });

  it('that are none, or from strangers, are counted', () => {
    open(A, a);
    harness.plane.handleRtp(a.localPort + 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), a.remote, harness.nowMs);
    harness.plane.handleRtp(
      a.localPort + 1,
      Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1),
      { ip: '203.0.113.1', port: 1 },
      harness.nowMs,
    );
    expect(harness.counters.snapshot()).toEqual({ 'media.rtcp-malformed': 1, 'media.rtp-foreign': 1 });
  });
});
