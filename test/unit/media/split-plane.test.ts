import { SILENCE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Iax2StreamSpec, RoomSource } from '../../../src/base/media-port.ts';
import { RecordRing } from '../../../src/base/record-ring.ts';
import { planeLinkMemory } from '../../../src/media/plane-link.ts';
import { sine, toCodes, toneDbm0 } from '../../support/signal.ts';
import { farEnd, payloadOf } from './plane-harness.ts';
import { SplitHarness } from './split-harness.ts';

const A = 1;
const B = 2;
const LINE = 3;
const PORT = 1;
const SECOND_MS = 1000;

let harness: SplitHarness;
let a: Iax2StreamSpec;
let b: Iax2StreamSpec;

function hear(stream: number, source: number): void {
  harness.plane.hear(stream, { kind: 'stream', stream: source }, harness.nowMs);
}

function open(stream: number, spec: Iax2StreamSpec): void {
  harness.plane.open(stream, spec, harness.nowMs);
}

/** A says so many packets of 20 ms, the first one in a full frame. */
function talk(from: number, packets: number): void {
  for (let i = from; i < from + packets; i++) {
    if (i === 0) harness.full(a, 4000, payloadOf(0));
    else harness.mini(a, 4000 + 20 * i, payloadOf(i));
    harness.runTo(harness.nowMs + 20);
  }
}

function payloads(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => payloadOf(from + i));
}

beforeEach(() => {
  harness = new SplitHarness();
  a = farEnd(1);
  b = farEnd(2);
});

describe('IAX2 voice in the worker', () => {
  beforeEach(() => {
    open(A, a);
    open(B, b);
    hear(A, B);
    hear(B, A);
  });

  it('is relayed byte for byte in the tick in which it comes; full frames go to signalling besides', () => {
    talk(0, 50);
    expect(harness.events).toMatchObject([{ type: 'voice-full-due', stream: B, payload: payloadOf(0) }]);
    expect(harness.heardBy(b)).toEqual(payloads(1, 49));
    expect(harness.passed).toMatchObject([{ taken: true }]);
    expect(harness.sentByMain).toEqual([]);
  });

  it('what it counts and its last timestamp can be read on the main thread, also after the end', () => {
    talk(0, 50);
    expect(harness.plane.lastTimestamp(B)).toBeGreaterThan(900);
    expect(harness.plane.statistics(A)).toMatchObject({ received: expect.closeTo(50, -2), lost: 0 });
    harness.plane.close(A, harness.nowMs);
    harness.runTo(harness.nowMs + 20);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 50, lost: 0, dropped: 0 });
    expect(harness.plane.iax2Spec(A)).toBeUndefined();
    expect(harness.plane.iax2Spec(B)).toEqual(b);
  });

  it('a full voice frame that comes with the one that opens its stream is heard all the same', () => {
    const c = farEnd(3);
    harness.full(c, 100, payloadOf(1));
    harness.worker!.tick(harness.nowMs);
    // Signalling, which has the frame before it, opens the stream only now.
    open(4, c);
    hear(B, 4);
    harness.turn();
    harness.mini(c, 120, payloadOf(2));
    harness.runTo(harness.nowMs + 20);
    expect(harness.events).toMatchObject([{ type: 'voice-full-due', stream: B, payload: payloadOf(1) }]);
    expect(harness.heardBy(b)).toEqual([payloadOf(2)]);
  });

  it('a quelched stream is not sent, digits and formats are followed', () => {
    talk(0, 2);
    harness.plane.quelch(B, true);
    talk(2, 2);
    harness.plane.quelch(B, false);
    talk(4, 2);
    expect(harness.heardBy(b)).toEqual([payloadOf(1), payloadOf(4), payloadOf(5)]);
    harness.plane.hear(A, { kind: 'nothing' }, harness.nowMs);
    harness.plane.playDigit(A, '5', 100);
    harness.runTo(harness.nowMs + 200);
    const codes = Uint8Array.from(harness.heardBy(a).flatMap((payload) => [...payload]));
    expect(toneDbm0('ulaw', codes.subarray(0, 400), 770)).toBeGreaterThan(-20);
    harness.plane.setFormat(A, 8);
    harness.plane.hear(A, { kind: 'tone', pattern: { steps: [{ hz: [1000], ms: 0 }] } }, harness.nowMs);
    harness.runTo(harness.nowMs + 100);
    expect(harness.events.at(-1)).toMatchObject({ type: 'voice-full-due', stream: A, format: 8 });
  });

  it('counts reach the counters of the main thread', () => {
    harness.mini(farEnd(9), 20, payloadOf(1));
    harness.runTo(harness.nowMs + SECOND_MS);
    expect(harness.counters.get('media.unknown-call')).toBe(1);
  });

  it('every datagram is told while somebody wants to see it', () => {
    talk(0, 2);
    expect(harness.tapped).toEqual([]);
    harness.plane.setTapped(true);
    talk(2, 1);
    expect(harness.tapped).toEqual([
      { direction: 'in', remote: a.remote, length: 164, localPort: 0 },
      { direction: 'out', remote: b.remote, length: 164, localPort: 0 },
    ]);
    harness.plane.setTapped(false);
    talk(3, 1);
    expect(harness.tapped).toHaveLength(2);
  });

  it('after a sleep of 2 s the voice of that time is left out; its signalling is not', () => {
    talk(0, 10);
    for (let i = 10; i < 110; i++) harness.mini(a, 4000 + 20 * i, payloadOf(i));
    harness.arrive(Uint8Array.of(0x80, 1, 0, 2, 0, 0, 0, 0, 0, 0, 6, 2), a.remote);
    harness.nowMs += 2000;
    harness.turn();
    expect(harness.heardBy(b)).toEqual(payloads(1, 9));
    expect(harness.passed).toHaveLength(2);
    talk(110, 10);
    expect(harness.heardBy(b)).toEqual([...payloads(1, 9), ...payloads(110, 10)]);
    expect(harness.counters.get('media.backlog')).toBe(100);
  });

  it('after a sleep of 30 s the voice of that time is left out at once, too', () => {
    talk(0, 10);
    for (let i = 10; i < 1510; i++) harness.mini(a, 4000 + 20 * i, payloadOf(i & 0xff));
    harness.nowMs += 30_000;
    harness.turn();
    talk(1510, 10);
    expect(harness.heardBy(b)).toHaveLength(19);
    expect(harness.counters.get('media.backlog')).toBe(1500);
  });

  it('a worker that takes the place of one that died goes on with the calls that stand', () => {
    talk(0, 10);
    const before = harness.plane.lastTimestamp(B);
    harness.killWorker();
    harness.plane.quelch(A, true);
    harness.runTo(harness.nowMs + 200);
    harness.startWorker();
    talk(20, 10);
    // The first block goes in a full frame again, the others follow in mini frames.
    expect(harness.events.at(-1)).toMatchObject({ type: 'voice-full-due', stream: B, payload: payloadOf(20) });
    expect(harness.heardBy(b)).toEqual([...payloads(1, 9), ...payloads(21, 9)]);
    expect(harness.plane.lastTimestamp(B)).toBeGreaterThan(before);
    hear(A, B);
    harness.full(b, 4000, payloadOf(1));
    harness.runTo(harness.nowMs + 20);
    expect(harness.heardBy(a), 'A stays quelched').toEqual([]);
  });

  it('a worker that does not read is told to its keeper, and nothing is written any more', () => {
    harness.killWorker();
    harness.plane.attach({ ...planeLinkMemory(), commands: RecordRing.memory(1 << 12) }, harness.nowMs);
    for (let n = 0; n < 100; n++) harness.plane.noteSent(A, n);
    expect(harness.stuck).toBe(1);
  });
});

describe('streams of the main thread and of the worker', () => {
  const down = new Uint8Array(80);

  /** A line talks and hears for so long, block by block. */
  function exchange(
    ms: number,
    codes: (i: number) => Uint8Array = () => new Uint8Array(80).fill(SILENCE.ulaw),
  ): number[] {
    const heard: number[] = [];
    for (let i = 0; i < ms / 10; i++) {
      harness.runTo(harness.nowMs + 10);
      harness.plane.exchangeLineBlock(PORT, codes(i), down, harness.nowMs);
      heard.push(...down);
    }
    return heard;
  }

  it('a line and an IAX2 call hear each other', () => {
    open(A, a);
    harness.plane.open(LINE, { kind: 'line', port: PORT, law: 'ulaw' }, harness.nowMs);
    hear(A, LINE);
    hear(LINE, A);
    const said = toCodes('ulaw', sine(700, -10, SECOND_MS));
    const tone = toCodes('ulaw', sine(1300, -10, SECOND_MS));
    const heard = exchange(SECOND_MS, (i) => {
      if (i === 0) harness.full(a, 0, tone.slice(0, 160));
      else if (i % 2 === 0) harness.mini(a, 10 * i, tone.slice(80 * i, 80 * i + 160));
      return said.slice(80 * i, 80 * i + 80);
    });
    expect(toneDbm0('ulaw', Uint8Array.from(heard.slice(4000)), 1300)).toBeCloseTo(-10, 0);
    harness.runTo(harness.nowMs + 10);
    const [full] = harness.events;
    expect(full).toMatchObject({ type: 'voice-full-due', stream: A, payload: said.slice(0, 160) });
    const sent = harness.heardBy(a).flatMap((payload) => [...payload]);
    expect(sent).toEqual([...said.slice(160)]);
    expect(harness.plane.statistics(A)?.delayMs, 'the playout of the line').toBeGreaterThan(0);
  });

  it('an encrypted call stays on the main thread: its frames are passed on as they came, and it is bridged all the same', () => {
    harness.sealed.add(b.localCall);
    open(A, a);
    open(B, b);
    hear(A, B);
    hear(B, A);
    talk(0, 3);
    harness.full(b, 0, payloadOf(70));
    harness.runTo(harness.nowMs + 10);
    harness.mini(b, 20, payloadOf(71));
    harness.runTo(harness.nowMs + 10);
    expect(harness.passed.map(({ taken }) => taken)).toEqual([true, false, false]);
    expect(harness.heardBy(b, harness.sentByMain)).toEqual(payloads(1, 2));
    expect(harness.events).toMatchObject([
      { stream: B, payload: payloadOf(0) },
      { stream: A, payload: payloadOf(70) },
    ]);
    expect(harness.heardBy(a)).toEqual([payloadOf(71)]);
    harness.plane.close(B, harness.nowMs);
    harness.mini(b, 40, payloadOf(72));
    harness.runTo(harness.nowMs + SECOND_MS);
    expect(harness.passed, 'unknown mini frames are nobody’s now').toHaveLength(3);
  });

  it('a flood that the main thread cannot keep up with is lost and counted; voice between the pieces is not', () => {
    harness.sealed.add(b.localCall);
    open(A, a);
    open(B, b);
    hear(B, A);
    talk(0, 2);
    const junk = new Uint8Array(1400).fill(0xff);
    for (let n = 0; n < 1000; n++) harness.arrive(junk, { ip: '198.51.100.66', port: n + 1 });
    harness.worker!.tick(harness.nowMs);
    harness.mini(a, 4040, payloadOf(2));
    harness.worker!.tick(harness.nowMs);
    harness.runTo(harness.nowMs + SECOND_MS);
    expect(harness.counters.get('media.reports-full')).toBeGreaterThan(100);
    expect(harness.heardBy(b, harness.sentByMain)).toEqual(payloads(1, 2));
  });

  it('who stops hearing a stream of the other piece hears nothing of it from then on', () => {
    harness.sealed.add(b.localCall);
    open(A, a);
    open(B, b);
    hear(B, A);
    talk(0, 2);
    harness.mini(a, 4040, payloadOf(2));
    harness.worker!.tick(harness.nowMs);
    harness.plane.hear(B, { kind: 'nothing' }, harness.nowMs);
    harness.turn();
    expect(harness.heardBy(b, harness.sentByMain)).toEqual([payloadOf(1)]);
  });

  describe('a conference, which is in the worker,', () => {
    const ROOM = 90;
    const member: RoomSource = { kind: 'room', room: ROOM, says: true, hears: true, sayDb: 0, hearDb: 0 };
    const TONES = [500, 900, 1300];

    const toneOf = (hz: number, ms: number) => toCodes('ulaw', sine(hz, -10, ms));
    const say = (spec: Iax2StreamSpec, codes: Uint8Array, i: number) => {
      if (i % 2 !== 0) return;
      const payload = codes.slice(80 * i, 80 * i + 160);
      if (i === 0) harness.full(spec, 0, payload);
      else harness.mini(spec, 10 * i, payload);
    };
    /** Which of the tones are in the last quarter of a second. */
    const tonesIn = (codes: readonly number[]) =>
      TONES.filter((hz) => toneDbm0('ulaw', Uint8Array.from(codes.slice(-2000)), hz) > -20);
    const codesOf = (spec: Iax2StreamSpec) => harness.heardBy(spec).flatMap((payload) => [...payload]);
    const recorded = () => harness.events.filter((event) => event.type === 'recorded');

    beforeEach(() => {
      open(A, a);
      open(B, b);
      harness.plane.open(LINE, { kind: 'line', port: PORT, law: 'ulaw' }, harness.nowMs);
    });

    it('has members of both threads, each of whom hears all others', () => {
      for (const stream of [A, B, LINE]) harness.plane.hear(stream, member, harness.nowMs);
      const [ofA, ofB, ofLine] = TONES.map((hz) => toneOf(hz, 2 * SECOND_MS));
      const heard = exchange(2 * SECOND_MS, (i) => {
        say(a, ofA!, i);
        say(b, ofB!, i);
        if (i === 100) harness.plane.hear(B, { ...member, says: false }, harness.nowMs);
        return ofLine!.subarray(80 * i, 80 * i + 80);
      });
      expect(tonesIn(heard.slice(0, 8000)), 'the line hears both').toEqual([500, 900]);
      expect(tonesIn(heard), 'until B is muted').toEqual([500]);
      expect(tonesIn(codesOf(a).slice(0, 7000)), 'A hears B and the line, not itself').toEqual([900, 1300]);
      expect(tonesIn(codesOf(b)), 'B hears the others while it is muted').toEqual([500, 1300]);
      harness.plane.hear(A, { kind: 'nothing' }, harness.nowMs);
      const before = harness.heardBy(a).length;
      exchange(SECOND_MS);
      expect(harness.heardBy(a).length - before, 'who left hears no more').toBeLessThan(3);
    });

    it('goes on while the main thread does nothing', () => {
      for (const stream of [A, B]) harness.plane.hear(stream, member, harness.nowMs);
      const ofA = toneOf(500, SECOND_MS);
      for (let i = 0; i < 100; i++) {
        say(a, ofA, i);
        harness.nowMs += 10;
        harness.worker!.tick(harness.nowMs);
      }
      expect(tonesIn(codesOf(b))).toEqual([500]);
    });

    it('has lines alone in it', () => {
      const OTHER = 4;
      harness.plane.open(OTHER, { kind: 'line', port: PORT + 1, law: 'alaw' }, harness.nowMs);
      for (const stream of [LINE, OTHER]) harness.plane.hear(stream, member, harness.nowMs);
      for (const stream of [A, B]) harness.plane.close(stream, harness.nowMs);
      const tone = toCodes('alaw', sine(500, -10, SECOND_MS));
      const down = new Uint8Array(80);
      const heard = exchange(SECOND_MS, (i) => {
        harness.plane.exchangeLineBlock(PORT + 1, tone.subarray(80 * i, 80 * i + 80), down, harness.nowMs);
        return new Uint8Array(80).fill(SILENCE.ulaw);
      });
      expect(tonesIn(heard)).toEqual([500]);
      for (const stream of [LINE, OTHER]) harness.plane.close(stream, harness.nowMs);
      harness.turn();
      expect(harness.worker!.isIdle).toBe(true);
    });

    it('begins in a worker that had nothing to do, which is no clock that stood still', () => {
      for (const stream of [A, B]) harness.plane.close(stream, harness.nowMs);
      harness.runTo(harness.nowMs + SECOND_MS);
      harness.plane.hear(LINE, member, harness.nowMs);
      harness.runTo(harness.nowMs + SECOND_MS);
      expect(harness.worker!.isIdle).toBe(false);
      expect(harness.counters.get('media.stalled')).toBe(0);
    });

    it('goes on, with its recording, when another worker takes the place of one that died', () => {
      harness.plane.tellRoom(ROOM, { kind: 'record', on: true });
      for (const stream of [A, LINE]) harness.plane.hear(stream, member, harness.nowMs);
      const ofLine = toneOf(1300, 3 * SECOND_MS);
      const speak = (from: number, ms: number) =>
        exchange(ms, (i) => ofLine.subarray(80 * (from + i), 80 * (from + i) + 80));
      speak(0, 1_100);
      harness.killWorker();
      harness.startWorker();
      speak(110, 1_500);
      expect(tonesIn(codesOf(a))).toEqual([1300]);
      for (const stream of [A, LINE]) harness.plane.close(stream, harness.nowMs);
      harness.turn();
      const parts = recorded();
      expect(parts.map(({ last }) => last)).toEqual([false, false, true]);
      expect(parts.every(({ room }) => room === ROOM)).toBe(true);
      expect(tonesIn([...parts[1]!.payload])).toEqual([1300]);
    });

    it('ends its recording when its last member leaves while there is no worker', () => {
      harness.plane.tellRoom(ROOM, { kind: 'record', on: true });
      for (const stream of [A, B]) harness.plane.hear(stream, member, harness.nowMs);
      exchange(100);
      harness.killWorker();
      harness.plane.hear(A, { kind: 'nothing' }, harness.nowMs);
      harness.turn();
      expect(recorded()).toEqual([]);
      harness.plane.close(B, harness.nowMs);
      harness.turn();
      expect(recorded()).toEqual([{ type: 'recorded', room: ROOM, payload: new Uint8Array(), last: true }]);
    });

    it('has somebody who left it and came back', () => {
      for (const stream of [A, LINE]) harness.plane.hear(stream, member, harness.nowMs);
      exchange(100);
      harness.plane.hear(LINE, { kind: 'nothing' }, harness.nowMs);
      exchange(100);
      harness.plane.hear(LINE, member, harness.nowMs);
      const ofLine = toneOf(1300, SECOND_MS);
      exchange(SECOND_MS, (i) => ofLine.subarray(80 * i, 80 * i + 80));
      expect(tonesIn(codesOf(a))).toEqual([1300]);
    });
  });
});
