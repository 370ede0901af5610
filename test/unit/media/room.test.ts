import { SILENCE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RoomSource } from '../../../src/base/media-port.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import { sine, toCodes, toneDbm0 } from '../../support/signal.ts';
import { ALAW, farEnd, PlaneHarness, rtpFarEnd } from './plane-harness.ts';

const ROOM = 90;
const MEMBER: RoomSource = { kind: 'room', room: ROOM, says: true, hears: true, sayDb: 0, hearDb: 0 };
const SECOND_MS = 1000;

/** By IAX2 in A-law, by RTP in packets of 30 ms, and a line: what each says and the frequency that it says it with. */
const IAX2 = 1;
const RTP = 2;
const LINE = 3;
const HZ: Readonly<Record<number, number>> = { [IAX2]: 500, [RTP]: 900, [LINE]: 1700 };

let harness: PlaneHarness;
const iax2 = farEnd(1, ALAW);
const rtp = rtpFarEnd(2, { ptimeMs: 30 });
const down = new Uint8Array(80);
let heardByLine: number[];

function enter(stream: number, changes: Partial<RoomSource> = {}): void {
  harness.media.hear(stream, { ...MEMBER, ...changes }, harness.nowMs);
}

/** All three talk at −10 dBm0, but for those who are silent. */
function talk(ms: number, silent: readonly number[] = []): void {
  const says = (stream: number, law: 'ulaw' | 'alaw') =>
    silent.includes(stream) ? new Uint8Array(8 * ms).fill(SILENCE[law]) : toCodes(law, sine(HZ[stream]!, -10, ms));
  const [a, b, c] = [says(IAX2, 'alaw'), says(RTP, 'ulaw'), says(LINE, 'ulaw')];
  const startMs = harness.nowMs;
  for (let at = 0; at < ms; at += 10) {
    harness.runTo(startMs + at);
    const n = (startMs + at) / 20;
    if (Number.isInteger(n)) {
      const payload = a.slice(8 * at, 8 * at + 160);
      if (at === 0) harness.full(iax2, startMs, payload);
      else harness.mini(iax2, startMs + at, payload);
      harness.rtp(rtp, { sequence: n & 0xffff, timestamp: 160 * n, payload: b.slice(8 * at, 8 * at + 160) });
    }
    if (harness.plane.exchangeLineBlock(1, c.slice(8 * at, 8 * at + 80), down, harness.nowMs))
      heardByLine.push(...down);
  }
}

/** Levels of the three frequencies in the last half of what each has heard, dBm0, to whole dB; −60 and less is none. */
function heard(): Record<'iax2' | 'rtp' | 'line', (number | null)[]> {
  const levels = (law: 'ulaw' | 'alaw', codes: readonly number[]) => {
    const half = Uint8Array.from(codes.slice(-4000));
    return [IAX2, RTP, LINE].map((stream) => {
      const dbm0 = toneDbm0(law, half, HZ[stream]!);
      return dbm0 >= -40 ? Math.round(dbm0) : null;
    });
  };
  return {
    iax2: levels(
      'alaw',
      harness.minisTo(iax2).flatMap(({ payload }) => [...payload]),
    ),
    rtp: levels(
      'ulaw',
      harness.rtpFrom(rtp).flatMap(({ payload }) => [...payload]),
    ),
    line: levels('ulaw', heardByLine),
  };
}

beforeEach(() => {
  harness = new PlaneHarness();
  harness.nowMs = 1000;
  heardByLine = [];
  harness.media.open(IAX2, iax2, harness.nowMs);
  harness.media.open(RTP, rtp, harness.nowMs);
  harness.media.open(LINE, { kind: 'line', port: 1, law: 'ulaw' }, harness.nowMs);
  for (const stream of [IAX2, RTP, LINE]) enter(stream);
});

describe('a room', () => {
  it('lets every member hear all others and not itself, whatever it came by and in which law', () => {
    talk(SECOND_MS);
    expect(heard()).toEqual({ iax2: [null, -10, -10], rtp: [-10, null, -10], line: [-10, -10, null] });
  });

  it('sends each member a packet for each 20 ms, in its own length, also while nobody speaks', () => {
    talk(SECOND_MS, [IAX2, RTP, LINE]);
    const minis = harness.minisTo(iax2).length + harness.fullsDue(IAX2).length;
    expect(minis).toBeGreaterThanOrEqual(49);
    expect(minis).toBeLessThanOrEqual(51);
    const packets = harness.rtpFrom(rtp);
    expect(packets.length).toBeGreaterThanOrEqual(32);
    expect(new Set(packets.map(({ payload }) => payload.length))).toEqual(new Set([240]));
    expect(new Set(packets.flatMap(({ payload }) => [...payload]))).toEqual(new Set([SILENCE.ulaw]));
  });

  it.each([0, 4, 9, 13, 19])(
    'has voice wait 20 ms from the tick on at which it had not come yet, %i ms behind a block that was mixed',
    (behindMs) => {
      const [speaker, hearer] = [farEnd(4), farEnd(5)];
      for (const [stream, spec] of [[4, speaker] as const, [5, hearer] as const]) {
        harness.media.open(stream, spec, harness.nowMs);
        enter(stream);
      }
      const startMs = 1_000 + behindMs;
      const loudMs = startMs + 20 * 100;
      for (let n = 0; n < 110; n++) {
        harness.runTo(startMs + 20 * n);
        const payload = new Uint8Array(160).fill(startMs + 20 * n === loudMs ? 0x2a : SILENCE.ulaw);
        if (n === 0) harness.full(speaker, 20 * n, payload);
        else harness.mini(speaker, 20 * n, payload);
      }
      harness.runTo(loudMs + 100);
      const [first] = harness.minisTo(hearer).flatMap(({ payload, atMs }) => {
        const at = payload.findIndex((code) => code !== SILENCE.ulaw);
        return at < 0 ? [] : [atMs + at / 8 - loudMs];
      });
      expect(first).toBeGreaterThanOrEqual(15);
      expect(first).toBeLessThanOrEqual(behindMs === 0 ? 20 : 16);
    },
  );

  it('does not hear who is muted, and is not heard by who is deaf', () => {
    enter(IAX2, { says: false });
    enter(RTP, { hears: false });
    talk(SECOND_MS);
    expect(heard()).toMatchObject({ iax2: [null, -10, -10], line: [null, -10, null] });
    expect(harness.rtpFrom(rtp)).toEqual([]);
    enter(IAX2);
    talk(SECOND_MS);
    expect(heard()).toMatchObject({ line: [-10, -10, null] });
  });

  it('turns a member up for the others, and the others down for a member', () => {
    enter(IAX2, { sayDb: 6 });
    enter(LINE, { hearDb: -6 });
    talk(SECOND_MS);
    expect(heard()).toEqual({ iax2: [null, -10, -10], rtp: [-4, null, -10], line: [-10, -16, null] });
  });

  it('is left by who hears something else or is closed, and goes on without it', () => {
    harness.media.hear(IAX2, { kind: 'nothing' }, harness.nowMs);
    harness.media.close(RTP, harness.nowMs);
    talk(SECOND_MS);
    expect(heard()).toEqual({ iax2: [null, null, null], rtp: [null, null, null], line: [null, null, null] });
    enter(IAX2);
    talk(SECOND_MS);
    expect(heard()).toMatchObject({ iax2: [null, null, -10], line: [-10, null, null] });
  });

  it('is apart from other rooms', () => {
    enter(LINE, { room: 91 });
    talk(SECOND_MS);
    expect(heard()).toEqual({ iax2: [null, -10, null], rtp: [-10, null, null], line: [null, null, null] });
  });

  it('sounds for all at once, once', () => {
    harness.media.tellRoom(ROOM, { kind: 'sound', pattern: parseTonePattern('900/500')! }, harness.nowMs);
    talk(600, [IAX2, RTP, LINE]);
    const sounded = harness.minisTo(iax2).flatMap(({ payload }) => [...payload]);
    expect(toneDbm0('alaw', Uint8Array.from(sounded.slice(800, 3200)), 900)).toBeCloseTo(-13, 0);
    talk(SECOND_MS, [IAX2, RTP, LINE]);
    expect(heard()).toEqual({ iax2: [null, null, null], rtp: [null, null, null], line: [null, null, null] });
  });

  it('gives what is said in it by the second while it is recorded, all members in it', () => {
    harness.media.tellRoom(ROOM, { kind: 'record', on: true }, harness.nowMs);
    talk(2500);
    harness.media.tellRoom(ROOM, { kind: 'record', on: false }, harness.nowMs);
    harness.drain();
    const recorded = harness.events.filter((event) => event.type === 'recorded');
    expect(recorded.map(({ payload, last }) => [payload.length, last])).toEqual([
      [8000, false],
      [8000, false],
      [expect.any(Number), true],
    ]);
    for (const hz of Object.values(HZ)) expect(toneDbm0('ulaw', recorded[1]!.payload, hz)).toBeCloseTo(-10, 0);
    harness.media.tellRoom(ROOM, { kind: 'record', on: true }, harness.nowMs);
    for (const stream of [IAX2, RTP, LINE]) harness.media.close(stream, harness.nowMs);
    harness.drain();
    expect(harness.events.at(-1)).toMatchObject({ type: 'recorded', last: true });
  });

  it('leaves out what it slept through, and does not make up for it in a burst', () => {
    talk(500);
    const before = harness.rtpFrom(rtp).length;
    harness.nowMs += 2000;
    harness.plane.handleTimeout(harness.nowMs);
    expect(harness.rtpFrom(rtp).length - before).toBeLessThanOrEqual(1);
    harness.nowMs = Math.ceil(harness.nowMs / 20) * 20;
    talk(SECOND_MS);
    expect(heard()).toMatchObject({ iax2: [null, -10, -10], line: [-10, -10, null] });
  });

  it('carries those who only listen as well as those who speak', () => {
    const streams = Array.from({ length: 40 }, (_, i) => 100 + i);
    for (const stream of streams) {
      harness.media.open(
        stream,
        rtpFarEnd(stream, { remote: { ip: `203.0.113.${stream}`, port: 4000 }, signallingIp: `203.0.113.${stream}` }),
        harness.nowMs,
      );
      enter(stream);
    }
    talk(SECOND_MS);
    expect(heard()).toEqual({ iax2: [null, -10, -10], rtp: [-10, null, -10], line: [-10, -10, null] });
    const listener = harness.rtpFrom(rtpFarEnd(120)).flatMap(({ payload }) => [...payload]);
    for (const hz of Object.values(HZ))
      expect(toneDbm0('ulaw', Uint8Array.from(listener.slice(-4000)), hz)).toBeCloseTo(-10, 0);
  });
});
