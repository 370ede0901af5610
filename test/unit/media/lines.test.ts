import { decodeSample, encodeSample, levelDbm0, SILENCE, TRANSCODE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Law, Source, StreamId } from '../../../src/base/media-port.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import { MILLIWATT, MILLIWATT_DBM0 } from '../../../src/media/tone-generator.ts';
import { blocksOf, join, mix, silence, sine, toCodes, toneDbm0 } from '../../support/signal.ts';
import { ALAW, farEnd, PlaneHarness, payloadOf, ULAW } from './plane-harness.ts';

const LINE = 1;
const OTHER_LINE = 2;
const CALL = 3;
const OTHER_CALL = 4;
const PORT = 1;
const OTHER_PORT = 2;

let harness: PlaneHarness;
const call = farEnd(1);

beforeEach(() => {
  harness = new PlaneHarness();
  harness.nowMs = 1000;
});

function openLine(stream: StreamId, port: number, law: Law = 'ulaw'): void {
  harness.media.open(stream, { kind: 'line', port, law }, harness.nowMs);
}

function hear(stream: StreamId, source: Source): void {
  harness.media.hear(stream, source, harness.nowMs);
}

/** Runs a line for as long as it has something to say; gives what it heard meanwhile. */
function talk(port: number, said: Uint8Array): Uint8Array {
  const heard = new Uint8Array(said.length);
  for (const [i, up] of blocksOf(said, 80).entries()) {
    harness.runTo(harness.nowMs + 10);
    harness.plane.exchangeLineBlock(port, up, heard.subarray(80 * i, 80 * i + 80), harness.nowMs);
    harness.drain();
  }
  return heard;
}

function listen(port: number, ms: number, law: Law = 'ulaw'): Uint8Array {
  return talk(port, new Uint8Array(8 * ms).fill(SILENCE[law]));
}

/** Noise-like codes in which no digit can be found. */
function speech(ms: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: 8 * ms }, (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 13) & 0xff);
}

describe('a line', () => {
  it('hears silence of its law until it has a source', () => {
    openLine(LINE, PORT, 'alaw');
    expect(listen(PORT, 50, 'alaw').every((code) => code === SILENCE.alaw)).toBe(true);
  });

  it('hears a tone at the level asked for', () => {
    openLine(LINE, PORT);
    hear(LINE, { kind: 'tone', pattern: parseTonePattern('350+440')!, dbm0: -20 });
    const heard = listen(PORT, 1000);
    expect(toneDbm0('ulaw', heard, 350)).toBeCloseTo(-20, 0);
    expect(toneDbm0('ulaw', heard, 440)).toBeCloseTo(-20, 0);
  });

  it('hears what it was told to hear before it was opened', () => {
    hear(LINE, { kind: 'tone', pattern: MILLIWATT, dbm0: MILLIWATT_DBM0 });
    openLine(LINE, PORT);
    expect(levelDbm0('ulaw', listen(PORT, 100))).toBeCloseTo(0, 0);
  });

  it('hears itself at once and byte for byte: echo', () => {
    openLine(LINE, PORT);
    hear(LINE, { kind: 'stream', stream: LINE });
    const said = speech(200);
    expect(talk(PORT, said)).toEqual(said);
  });

  it('is unknown by its port before it is opened and after it was closed', () => {
    const down = new Uint8Array(80).fill(1);
    const exchange = () => harness.plane.exchangeLineBlock(PORT, new Uint8Array(80), down, harness.nowMs);
    expect(exchange()).toBe(false);
    openLine(LINE, PORT);
    expect(exchange()).toBe(true);
    harness.media.close(LINE, harness.nowMs);
    expect(exchange()).toBe(false);
  });

  it('opened under a new stream is not closed by closing the old one', () => {
    openLine(LINE, PORT);
    openLine(OTHER_LINE, PORT);
    harness.media.close(LINE, harness.nowMs);
    expect(harness.plane.exchangeLineBlock(PORT, new Uint8Array(80), new Uint8Array(80), 0)).toBe(true);
  });

  it('refuses blocks of another length than 80', () => {
    openLine(LINE, PORT);
    expect(harness.plane.exchangeLineBlock(PORT, new Uint8Array(79), new Uint8Array(80), 0)).toBe(false);
    expect(harness.counters.get('media.bad-block')).toBe(1);
  });
});

describe('two lines that hear each other', () => {
  /** Exchanges both lines block by block, as a HAT does. */
  function converse(a: Uint8Array, b: Uint8Array): [Uint8Array, Uint8Array] {
    const [heardByA, heardByB] = [new Uint8Array(a.length), new Uint8Array(b.length)];
    for (let at = 0; at < a.length; at += 80) {
      harness.nowMs += 10;
      harness.plane.exchangeLineBlock(PORT, a.subarray(at, at + 80), heardByA.subarray(at, at + 80), harness.nowMs);
      harness.plane.exchangeLineBlock(
        OTHER_PORT,
        b.subarray(at, at + 80),
        heardByB.subarray(at, at + 80),
        harness.nowMs,
      );
    }
    return [heardByA, heardByB];
  }

  it('do so byte for byte with at most one block of delay', () => {
    openLine(LINE, PORT);
    openLine(OTHER_LINE, OTHER_PORT);
    hear(LINE, { kind: 'stream', stream: OTHER_LINE });
    hear(OTHER_LINE, { kind: 'stream', stream: LINE });
    const [a, b] = [speech(2000, 1), speech(2000, 9)];
    const [heardByA, heardByB] = converse(a, b);
    expect(heardByB).toEqual(a);
    expect(heardByA.subarray(80)).toEqual(b.subarray(0, -80));
  });

  it('of different laws hear each other transcoded', () => {
    openLine(LINE, PORT, 'ulaw');
    openLine(OTHER_LINE, OTHER_PORT, 'alaw');
    hear(OTHER_LINE, { kind: 'stream', stream: LINE });
    const a = speech(100);
    expect(converse(a, a)[1]).toEqual(a.map((code) => TRANSCODE.ulaw[code]!));
  });

  it('hear silence, not the last block for ever, when the other stops', () => {
    openLine(LINE, PORT);
    openLine(OTHER_LINE, OTHER_PORT);
    hear(OTHER_LINE, { kind: 'stream', stream: LINE });
    talk(PORT, speech(10));
    expect(
      listen(OTHER_PORT, 30)
        .subarray(80)
        .every((code) => code === SILENCE.ulaw),
    ).toBe(true);
  });

  it('hear nothing from the other once it is closed', () => {
    openLine(LINE, PORT);
    openLine(OTHER_LINE, OTHER_PORT);
    hear(OTHER_LINE, { kind: 'stream', stream: LINE });
    talk(PORT, speech(10));
    harness.media.close(LINE, harness.nowMs);
    expect(listen(OTHER_PORT, 30).every((code) => code === SILENCE.ulaw)).toBe(true);
  });
});

describe('a line and an IAX2 call', () => {
  function bridge(law: Law = 'ulaw', format = ULAW): void {
    openLine(LINE, PORT, law);
    harness.openIax2(CALL, { ...call, format });
    hear(LINE, { kind: 'stream', stream: CALL });
    hear(CALL, { kind: 'stream', stream: LINE });
  }

  /** All that the call's far end was sent. */
  function sent(): { timestamp: number; payload: Uint8Array }[] {
    const fulls = harness.fullsDue(CALL).map(({ timestamp, payload }) => ({ timestamp, payload }));
    return [...fulls, ...harness.minisTo(call)].map(({ timestamp, payload }) => ({ timestamp, payload }));
  }

  it('the call hears two blocks of the line as one packet of 20 ms', () => {
    bridge();
    const said = speech(400);
    talk(PORT, said);
    expect(sent().map(({ payload }) => payload)).toEqual(blocksOf(said, 160));
    const timestamps = sent().map(({ timestamp }) => timestamp);
    expect(timestamps).toEqual(timestamps.map((_, i) => 1020 + 20 * i));
  });

  it('timestamps do not tremble when blocks come late', () => {
    bridge();
    const block = speech(10);
    const down = new Uint8Array(80);
    for (let i = 1; i <= 100; i++) {
      const lateMs = (i * 7) % 9;
      harness.plane.exchangeLineBlock(PORT, block, down, 1000 + 10 * i + lateMs);
    }
    const timestamps = sent().map(({ timestamp }) => timestamp);
    const steps = timestamps.slice(1).map((timestamp, i) => timestamp - timestamps[i]!);
    expect(new Set(steps)).toEqual(new Set([20]));
  });

  it('the line hears the call 40 ms after it came', () => {
    bridge();
    const said = blocksOf(speech(200), 160);
    const heard: number[] = [];
    said.forEach((payload, i) => {
      if (i === 0) harness.full(call, 400, payload);
      else harness.mini(call, 400 + 20 * i, payload);
      heard.push(...listen(PORT, 20));
    });
    heard.push(...listen(PORT, 40));
    expect(blocksOf(Uint8Array.from(heard).subarray(320), 160)).toEqual(said);
    expect(harness.plane.statistics(CALL)).toMatchObject({ received: 10, lost: 0, late: 0, delayMs: 40 });
  });

  it('are transcoded where their laws differ', () => {
    bridge('ulaw', ALAW);
    talk(PORT, speech(20));
    expect(sent()[0]!.payload).toEqual(speech(20).map((code) => TRANSCODE.ulaw[code]!));
    harness.full({ ...call, format: ALAW }, 20, payloadOf(1));
    const heard = listen(PORT, 60).subarray(320);
    expect(heard).toEqual(payloadOf(1).map((code) => encodeSample('ulaw', decodeSample('alaw', code))));
  });

  it('the line hears silence and the packet counts where a codec is not G.711', () => {
    bridge('ulaw', 256);
    harness.full({ ...call, format: 256 }, 20, payloadOf(1, 20));
    talk(PORT, speech(20));
    expect(harness.counters.get('media.cannot-transcode')).toBe(3);
  });

  it('a packet that is too late is counted for the call', () => {
    bridge();
    harness.full(call, 20, payloadOf(0));
    listen(PORT, 100);
    harness.mini(call, 40, payloadOf(1));
    expect(harness.plane.statistics(CALL)).toMatchObject({ received: 2, late: 1 });
  });

  it('in a three-minute call no block is lost and the delay does not grow', () => {
    bridge();
    const start = harness.nowMs;
    const down = new Uint8Array(80);
    const heard: number[] = [];
    for (let i = 0; i < 18_000; i++) {
      harness.runTo(start + 10 * i);
      if (i === 0) harness.full(call, 20, new Uint8Array(160).fill(0));
      else if (i % 2 === 0) harness.mini(call, 20 + 10 * i, new Uint8Array(160).fill((i / 2) % 200));
      harness.plane.exchangeLineBlock(PORT, new Uint8Array(80).fill(i % 200), down, harness.nowMs);
      harness.drain();
      heard.push(down[0]!);
    }
    // When it has seen that the path has no jitter, the delay goes down from 40 to 20 ms.
    expect(heard.slice(400)).toEqual(Array.from({ length: 17_600 }, (_, i) => ((i + 398) >> 1) % 200));
    const { received, lost, late, delayMs } = harness.plane.statistics(CALL)!;
    expect({ received, lost, late, delayMs }).toEqual({ received: 9000, lost: 0, late: 0, delayMs: 20 });
    expect(sent()).toHaveLength(9000);
    expect(harness.plane.lastTimestamp(CALL)).toBe(start + 180_000);
  });

  it('after a stall of two seconds a backlog of the line is not sent as a burst', () => {
    bridge();
    talk(PORT, speech(100));
    const before = sent().length;
    harness.nowMs += 2000;
    const down = new Uint8Array(80);
    for (let i = 0; i < 200; i++) harness.plane.exchangeLineBlock(PORT, speech(10), down, harness.nowMs);
    harness.drain();
    expect(sent().length - before).toBeLessThanOrEqual(5);
    expect(harness.plane.lastTimestamp(CALL)).toBeLessThanOrEqual(harness.nowMs + 80);
    expect(harness.counters.get('media.source-too-fast')).toBeGreaterThan(80);
  });
});

describe('a tone to an IAX2 call', () => {
  beforeEach(() => {
    harness.openIax2(CALL, call);
    hear(CALL, { kind: 'tone', pattern: MILLIWATT, dbm0: MILLIWATT_DBM0 });
  });

  function payloads(): Uint8Array[] {
    harness.drain();
    return [...harness.fullsDue(CALL), ...harness.minisTo(call)].map(({ payload }) => payload);
  }

  it('goes out every 20 ms at its level', () => {
    harness.runTo(2000);
    expect(payloads()).toHaveLength(50);
    const codes = Uint8Array.from(payloads().flatMap((payload) => [...payload]));
    expect(levelDbm0('ulaw', codes)).toBeCloseTo(0, 1);
    expect(toneDbm0('ulaw', codes, 1004)).toBeCloseTo(0, 1);
    expect(harness.minisTo(call).map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: 49 }, (_, i) => 1040 + 20 * i),
    );
  });

  it('loses nothing by a clock that wakes up to 9 ms late', () => {
    for (let nowMs = 1000; nowMs <= 3000; nowMs += 10) {
      harness.nowMs = nowMs + ((nowMs / 10) % 10);
      harness.plane.tick(harness.nowMs);
    }
    expect(payloads().length).toBeGreaterThanOrEqual(99);
  });

  it('sends one packet, not a hundred, after a stall of two seconds, and goes on in time', () => {
    harness.runTo(1100);
    const before = payloads().length;
    harness.nowMs = 3100;
    harness.plane.handleTimeout(3100);
    harness.plane.handleTimeout(3100);
    expect(payloads()).toHaveLength(before + 1);
    harness.runTo(3200);
    expect(payloads()).toHaveLength(before + 6);
    expect(harness.plane.lastTimestamp(CALL)).toBeGreaterThanOrEqual(3180);
  });

  it('stops when the call hears nothing any more', () => {
    harness.runTo(1100);
    hear(CALL, { kind: 'nothing' });
    const before = payloads().length;
    harness.runTo(1500);
    expect(payloads()).toHaveLength(before);
  });

  it('goes on in the other law when the codec changes', () => {
    harness.runTo(1100);
    harness.plane.setFormat(CALL, ALAW);
    harness.runTo(2100);
    const due = harness.fullsDue(CALL);
    expect(due.map(({ format }) => format)).toEqual([ULAW, ALAW]);
    const codes = Uint8Array.from(
      harness
        .minisTo(call)
        .slice(-40)
        .flatMap(({ payload }) => [...payload]),
    );
    expect(levelDbm0('alaw', codes)).toBeCloseTo(0, 1);
  });
});

describe('a digit laid over what is heard', () => {
  it('is heard by a line in place of its source, which goes on behind it', () => {
    openLine(LINE, PORT);
    hear(LINE, { kind: 'tone', pattern: parseTonePattern('425')! });
    harness.media.playDigit(LINE, '5', 100, harness.nowMs);
    const heard = listen(PORT, 400);
    expect(toneDbm0('ulaw', heard.subarray(80, 720), 770)).toBeCloseTo(-9, 0);
    expect(toneDbm0('ulaw', heard.subarray(80, 720), 1336)).toBeCloseTo(-7, 0);
    expect(toneDbm0('ulaw', heard.subarray(80, 720), 425)).toBeLessThan(-40);
    expect(toneDbm0('ulaw', heard.subarray(1600), 425)).toBeCloseTo(-13, 0);
  });

  it('is sent to an IAX2 call that hears nothing', () => {
    harness.openIax2(CALL, call);
    harness.media.playDigit(CALL, '1', 100, harness.nowMs);
    harness.runTo(1500);
    const codes = [...harness.fullsDue(CALL), ...harness.minisTo(call)].flatMap(({ payload }) => [...payload]);
    expect(toneDbm0('ulaw', Uint8Array.from(codes).subarray(0, 800), 697)).toBeCloseTo(-9, 0);
    expect(codes.length).toBeGreaterThanOrEqual(8 * 160);
    expect(codes.length).toBeLessThanOrEqual(8 * 200);
  });

  it('replaces relayed voice on an IAX2 call until it is over', () => {
    harness.openIax2(CALL, call);
    const other = farEnd(2);
    harness.openIax2(OTHER_CALL, other);
    hear(CALL, { kind: 'stream', stream: OTHER_CALL });
    const voice = new Uint8Array(160).fill(0x11);
    harness.full(other, 20, voice);
    harness.media.playDigit(CALL, '#', 80, harness.nowMs);
    for (let i = 2; i < 30; i++) {
      harness.runTo(harness.nowMs + 20);
      harness.mini(other, 20 * i, voice);
    }
    const frames = harness.minisTo(call);
    const relayed = frames.map(({ payload }) => payload.every((code) => code === 0x11));
    expect(relayed.indexOf(true)).toBeGreaterThanOrEqual(7);
    expect(relayed.slice(relayed.indexOf(true)).every(Boolean)).toBe(true);
    const timestamps = frames.map(({ timestamp }) => timestamp);
    expect(timestamps).toEqual([...new Set(timestamps)].sort((x, y) => x - y));
  });

  it("is sent on the line's clock to a call that hears a line", () => {
    openLine(LINE, PORT);
    harness.openIax2(CALL, call);
    hear(CALL, { kind: 'stream', stream: LINE });
    talk(PORT, speech(60));
    harness.media.playDigit(CALL, '9', 100, harness.nowMs);
    talk(PORT, speech(500));
    const frames = [...harness.fullsDue(CALL), ...harness.minisTo(call)];
    expect(frames).toHaveLength(28);
    expect(
      toneDbm0('ulaw', Uint8Array.from(frames.slice(3, 8).flatMap(({ payload }) => [...payload])), 852),
    ).toBeGreaterThan(-10);
  });

  it('that is none, or that a codec cannot carry, is counted', () => {
    openLine(LINE, PORT);
    harness.media.playDigit(LINE, 'x', 100, harness.nowMs);
    harness.openIax2(CALL, { ...call, format: 256 });
    harness.media.playDigit(CALL, '1', 100, harness.nowMs);
    expect(harness.counters.get('media.digit-not-played')).toBe(2);
  });
});

describe('a digit in what a line says', () => {
  const digit = mix(sine(770, -9, 100), sine(1209, -7, 100));

  it('is told when it begins and when it ends', () => {
    openLine(LINE, PORT);
    talk(PORT, toCodes('ulaw', join(silence(33), digit, silence(67))));
    expect(harness.events).toEqual([
      { type: 'digit-begin', stream: LINE, digit: '4' },
      { type: 'digit-end', stream: LINE, digit: '4', durationMs: expect.closeTo(100, -1) },
    ]);
  });

  it('is not heard by the other side for 20 ms or more', () => {
    openLine(LINE, PORT);
    hear(LINE, { kind: 'stream', stream: LINE });
    const heard = talk(PORT, toCodes('ulaw', join(silence(33), digit, silence(67))));
    const sounding = blocksOf(heard, 8).filter((ms) => ms.some((code) => decodeSample('ulaw', code) !== 0));
    expect(sounding.length).toBeLessThan(20);
  });

  it('stays in the sound of a fax machine, whose tones are never silenced', () => {
    harness.media.open(LINE, { kind: 'line', port: PORT, law: 'ulaw', fax: true }, harness.nowMs);
    hear(LINE, { kind: 'stream', stream: LINE });
    const said = toCodes('ulaw', join(silence(33), digit, silence(67)));
    expect(talk(PORT, said)).toEqual(said);
  });
});
