import { beforeEach, describe, expect, it } from 'vitest';
import { farEnd, PlaneHarness, payloadOf, rtpFarEnd } from './plane-harness.ts';

const A = 1;
const B = 2;

let harness: PlaneHarness;

beforeEach(() => {
  harness = new PlaneHarness({ backlogMs: 60 });
  harness.nowMs = 1000;
});

/** Two ends of a kind that hear each other: how the first says block `n`, and which blocks the second has heard. */
const KINDS = {
  RTP: () => {
    const [a, b] = [rtpFarEnd(1), rtpFarEnd(2)];
    harness.media.open(A, a, harness.nowMs);
    harness.media.open(B, b, harness.nowMs);
    return {
      say: (n: number) => harness.rtp(a, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) }),
      heard: () => harness.rtpFrom(b).map(({ payload }) => payload),
    };
  },
  IAX2: () => {
    const [a, b] = [farEnd(1), farEnd(2)];
    harness.openIax2(A, a);
    harness.openIax2(B, b);
    return {
      say: (n: number) =>
        void (n === 0 ? harness.full(a, 20, payloadOf(n)) : harness.mini(a, 20 + 20 * n, payloadOf(n))),
      // The first block is signalling's.
      heard: () => [payloadOf(0), ...harness.minisTo(b).map(({ payload }) => payload)],
    };
  },
};

describe.each(['RTP', 'IAX2'] as const)('after 2 s in which nothing ran, %s', (kind) => {
  const blocks = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => payloadOf(from + i));

  function start() {
    const { say, heard } = KINDS[kind]();
    harness.media.hear(B, { kind: 'stream', stream: A }, harness.nowMs);
    const talk = (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        harness.runTo(1000 + 20 * n);
        say(n);
      }
    };
    talk(0, 10);
    harness.nowMs += 2000;
    return { say, heard, talk };
  }

  it('that waited is thrown away, though it comes in several turns with the clock between them', () => {
    const { say, heard, talk } = start();
    for (let n = 10; n < 50; n++) say(n);
    harness.runTo(harness.nowMs);
    for (let n = 50; n < 109; n++) say(n);
    expect(heard()).toEqual(blocks(0, 10));
    talk(113, 120);
    expect(heard()).toEqual([...blocks(0, 10), ...blocks(113, 120)]);
    expect(harness.counters.get('media.backlog')).toBe(99);
    expect(harness.counters.get('media.stalled')).toBe(1);
  });

  it('that waited is thrown away, though the clock is told first', () => {
    const { say, heard } = start();
    harness.runTo(harness.nowMs);
    for (let n = 10; n < 109; n++) say(n);
    expect(heard()).toEqual(blocks(0, 10));
  });
});
