import { beforeEach, describe, expect, it } from 'vitest';
import type { Iax2StreamSpec, TrunkMode } from '../../../src/base/media-port.ts';
import { decodeFrame } from '../../../src/iax2/frame.ts';
import { isMalformed } from '../../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame, type MetaTrunkFrame } from '../../../src/iax2/meta-trunk.ts';
import { TRUNK_MTU } from '../../../src/media/trunk-sender.ts';
import { farEnd, PlaneHarness, payloadOf } from './plane-harness.ts';

const CENTRE = { ip: '192.0.2.200', port: 4569 };

let harness: PlaneHarness;

beforeEach(() => {
  harness = new PlaneHarness();
  harness.nowMs = 1010;
});

/** The n-th call: stream n hears stream 100 + n, whose far end is a switch without trunk. */
function openPair(n: number, trunk: TrunkMode = 'timestamps', remote = CENTRE): void {
  const spec: Iax2StreamSpec = { ...farEnd(n), remote, trunk, epochMs: harness.nowMs };
  harness.openIax2(n, spec);
  harness.openIax2(100 + n, farEnd(100 + n));
  harness.media.hear(n, { kind: 'stream', stream: 100 + n }, harness.nowMs);
}

/** Block `k` of the n-th call comes in; block 0 as a full frame. */
function say(n: number, k: number, payload = payloadOf(k)): void {
  const from = farEnd(100 + n);
  if (k === 0) harness.full(from, 20, payload);
  else harness.mini(from, 20 * k + 20, payload);
}

function trunkFrames(remote = CENTRE): (MetaTrunkFrame & { atMs: number; length: number })[] {
  return harness.sent
    .filter(({ to }) => to === remote)
    .map(({ bytes, atMs }) => {
      const frame = decodeMetaTrunkFrame(bytes);
      if (isMalformed(frame)) throw new Error(frame.reason);
      return { ...frame, atMs, length: bytes.length };
    });
}

/** Opens calls 1…count, each of which has sent its first block as a full frame. */
function openCalls(count: number, mode: TrunkMode = 'timestamps'): void {
  for (let n = 1; n <= count; n++) {
    openPair(n, mode);
    say(n, 0);
  }
  expect(harness.fullsDue(1)).toHaveLength(1);
  expect(trunkFrames()).toEqual([]);
}

describe('a trunk', () => {
  it('carries what all calls have said in one datagram, the oldest call first [RFC5456 §8.1.3.2]', () => {
    openCalls(3);
    for (const n of [3, 1, 2]) say(n, 1, payloadOf(n));
    harness.runTo(1020);
    const [frame, ...more] = trunkFrames();
    expect(more).toEqual([]);
    expect(frame).toMatchObject({ timestamp: 0, withTimestamps: true, atMs: 1020 });
    expect(frame!.entries.map(({ sourceCall }) => sourceCall)).toEqual([101, 102, 103]);
    expect(frame!.entries.map(({ payload }) => payload)).toEqual([1, 2, 3].map((n) => payloadOf(n)));
    const full = harness.fullsDue(1)[0]!;
    expect(frame!.entries[0]!.timestamp).toBe((full.timestamp + 20) & 0xffff);
  });

  it('sends nothing when nobody said anything', () => {
    openCalls(2);
    harness.runTo(2000);
    expect(trunkFrames()).toEqual([]);
  });

  it('with timestamps sends what waits as soon as two blocks do, within 5 ms', () => {
    openCalls(4);
    for (const [n, atMs] of [
      [1, 1011],
      [2, 1021],
      [3, 1027],
      [4, 1028],
    ] as const) {
      harness.runTo(atMs);
      say(n, 1);
    }
    harness.runTo(1060);
    expect(trunkFrames().map(({ atMs, entries }) => [atMs, entries.map(({ sourceCall }) => sourceCall)])).toEqual([
      [1020, [101]],
      [1030, [102, 103, 104]],
    ]);
  });

  it('lets no block wait for another one for more than 20 ms', () => {
    openCalls(2);
    say(1, 1);
    harness.runTo(1026);
    say(2, 1);
    harness.runTo(1100);
    expect(trunkFrames().map(({ atMs }) => atMs)).toEqual([1020, 1040]);
  });

  it('sends what a call says that is alone in it within 5 ms, at whatever time it comes', () => {
    openCalls(1);
    for (let k = 1; k <= 50; k++) {
      harness.runTo(1007 + 20 * k);
      say(1, k);
    }
    harness.runTo(2100);
    const waits = trunkFrames().map(({ atMs }, i) => atMs - (1027 + 20 * i));
    expect(waits).toHaveLength(50);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5);
  });

  it('sends at most half as many datagrams as its calls say blocks', () => {
    openCalls(10);
    for (let ms = 0; ms < 1000; ms++) {
      harness.runTo(1011 + ms);
      if (ms % 2 === 0) say(1 + ((ms / 2) % 10), 1 + Math.floor(ms / 20));
    }
    harness.runTo(2100);
    expect(trunkFrames().flatMap(({ entries }) => entries)).toHaveLength(500);
    expect(trunkFrames().length).toBeLessThanOrEqual(250);
  });

  it.each([
    [10, 6, 200],
    [25, 5, 250],
    [50, 5, 450],
  ])(
    'keeps no block of %i calls for more than %i ms, in no more than %i datagrams a second',
    (calls, longestMs, most) => {
      openCalls(calls);
      harness.runTo(2000);
      const saidMs = new Map<string, number>();
      // Each call has its own place in the 20 ms, as calls have that begin when somebody dials.
      for (let ms = 0; ms < 1000; ms++) {
        harness.runTo(2000 + ms);
        for (let n = 1; n <= calls; n++) {
          if ((n * 7) % 20 !== ms % 20) continue;
          const k = 1 + Math.floor(ms / 20);
          say(n, k);
          saidMs.set(`${100 + n} ${k}`, harness.nowMs);
        }
      }
      harness.runTo(3100);
      const frames = trunkFrames();
      const heard = new Map<number, number>();
      const waits = frames.flatMap(({ atMs, entries }) =>
        entries.map(({ sourceCall }) => {
          const k = (heard.get(sourceCall) ?? 0) + 1;
          heard.set(sourceCall, k);
          return atMs - saidMs.get(`${sourceCall} ${k}`)!;
        }),
      );
      expect(waits).toHaveLength(50 * calls);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longestMs);
      expect(frames.length).toBeLessThanOrEqual(most);
    },
  );

  it('with timestamps sends all that a call has said', () => {
    openCalls(1);
    say(1, 1);
    say(1, 2);
    harness.runTo(1020);
    expect(trunkFrames().map(({ entries }) => entries.length)).toEqual([2]);
  });

  it('without timestamps sends one block of a call each 20 ms, and counts these from 0', () => {
    openCalls(2, 'plain');
    say(1, 1, payloadOf(1));
    say(1, 2, payloadOf(2));
    say(2, 1, payloadOf(3));
    harness.runTo(1060);
    const frames = trunkFrames();
    expect(frames.map(({ timestamp, withTimestamps }) => [timestamp, withTimestamps])).toEqual([
      [0, false],
      [20, false],
    ]);
    expect(frames.map(({ entries }) => entries.map(({ sourceCall, payload }) => [sourceCall, payload]))).toEqual([
      [
        [101, payloadOf(1)],
        [102, payloadOf(3)],
      ],
      [[101, payloadOf(2)]],
    ]);
  });

  it('keeps its clock on the grid though a beat is served late, and leaves out beats that were slept through', () => {
    openCalls(1, 'plain');
    say(1, 1);
    harness.runTo(1020);
    say(1, 2);
    harness.nowMs = 1127;
    harness.plane.handleTimeout(1127);
    expect(trunkFrames().map(({ timestamp }) => timestamp)).toEqual([0, 100]);
  });

  it('begins its clock anew when it was idle for so long that the receiver has forgotten it', () => {
    openCalls(1, 'plain');
    say(1, 1);
    harness.runTo(1040);
    say(1, 2);
    harness.runTo(6000);
    say(1, 3);
    harness.runTo(6100);
    say(1, 4);
    harness.runTo(6200);
    expect(trunkFrames().map(({ timestamp }) => timestamp)).toEqual([0, 40, 0, 100]);
  });

  it.each([
    ['timestamps', 8],
    ['plain', 8],
    ['timestamps', 40],
  ] as const)('in %s mode puts %i calls in as few datagrams as the MTU allows', (mode, count) => {
    openCalls(count, mode);
    for (let n = 1; n <= count; n++) say(n, 1);
    harness.runTo(1020);
    const frames = trunkFrames();
    expect(frames.map(({ entries }) => entries.length)).toEqual([
      ...new Array<number>(Math.floor(count / 7)).fill(7),
      count % 7,
    ]);
    for (const { length } of frames) expect(length).toBeLessThanOrEqual(TRUNK_MTU);
    expect(frames.flatMap(({ entries }) => entries.map(({ sourceCall }) => sourceCall))).toEqual(
      Array.from({ length: count }, (_, i) => 101 + i),
    );
  });

  it('says nothing more of a call once it is closed, not even what it had said before', () => {
    openCalls(2);
    say(1, 1);
    say(2, 1);
    harness.media.close(1, harness.nowMs);
    harness.runTo(1020);
    expect(trunkFrames().map(({ entries }) => entries.map(({ sourceCall }) => sourceCall))).toEqual([[102]]);
  });

  it('takes a call once though its stream is opened again', () => {
    openCalls(1);
    const spec: Iax2StreamSpec = { ...farEnd(1), remote: CENTRE, trunk: 'timestamps', epochMs: harness.nowMs };
    say(1, 1);
    harness.openIax2(1, spec);
    harness.runTo(1040);
    expect(trunkFrames()).toEqual([]);
  });

  it('is another one to each peer', () => {
    const other = { ip: '192.0.2.201', port: 4569 };
    openPair(1);
    openPair(2, 'plain', other);
    for (const k of [0, 1]) for (const n of [1, 2]) say(n, k);
    harness.runTo(1020);
    expect(trunkFrames().map(({ withTimestamps }) => withTimestamps)).toEqual([true]);
    expect(trunkFrames(other).map(({ withTimestamps }) => withTimestamps)).toEqual([false]);
  });

  it('leaves a block that is too long for any trunk frame to a mini frame', () => {
    openCalls(1);
    say(1, 1, payloadOf(1, 1300));
    const bytes = harness.sent.find(({ to }) => to === CENTRE)!.bytes;
    expect(decodeFrame(bytes)).toMatchObject({ type: 'mini', sourceCall: 101 });
  });

  it('drops the oldest of a backlog, since nobody would play it', () => {
    openCalls(1);
    for (let k = 1; k <= 6; k++) say(1, k, payloadOf(k));
    harness.runTo(1020);
    expect(trunkFrames()[0]!.entries.map(({ payload }) => payload)).toEqual([3, 4, 5, 6].map((k) => payloadOf(k)));
    expect(harness.counters.get('media.trunk-backlog')).toBe(2);
  });
});

describe('a trunk between two planes', () => {
  it.each(['timestamps', 'plain'] as const)('in %s mode brings every block of 40 calls over, in order', (mode) => {
    const receiver = new PlaneHarness();
    for (let n = 1; n <= 40; n++) {
      openPair(n, mode);
      const spec: Iax2StreamSpec = { ...farEnd(n), remote: CENTRE, localCall: 5000 + n, remoteCall: 100 + n };
      receiver.openIax2(n, spec);
      receiver.openIax2(200 + n, { ...farEnd(n), localCall: 300 + n });
      receiver.media.hear(200 + n, { kind: 'stream', stream: n }, 0);
    }
    for (let k = 0; k <= 100; k++) {
      for (let n = 1; n <= 40; n++) say(n, k, payloadOf(k));
      if (k === 0)
        for (let n = 1; n <= 40; n++) {
          const { timestamp, payload } = harness.fullsDue(n)[0]!;
          receiver.full({ ...farEnd(n), remote: CENTRE, localCall: 5000 + n, remoteCall: 100 + n }, timestamp, payload);
        }
      const from = harness.sent.length;
      harness.runTo(1020 + 20 * k);
      receiver.nowMs = harness.nowMs;
      for (const { bytes } of harness.sent.slice(from)) receiver.plane.handleDatagram(bytes, CENTRE, receiver.nowMs);
    }
    for (let n = 1; n <= 40; n++)
      expect(receiver.plane.statistics(n)).toMatchObject({ received: 101, lost: 0, outOfOrder: 0, dropped: 0 });
    expect(receiver.sent.length).toBe(40 * 100);
  });
});
