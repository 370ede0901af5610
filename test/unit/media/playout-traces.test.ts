import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { PlayoutBuffer, type PlayoutCounts } from '../../../src/media/playout-buffer.ts';
import { noise, sine, toCodes } from '../../support/signal.ts';
import { BASE_MS, bursts, exponential, stalls, steady, uniform, type VoicePath } from '../../support/voice-path.ts';

interface Trace {
  readonly path: VoicePath;
  readonly minutes: number;
  /** How much faster the sender's clock runs than the reader's. */
  readonly ppm?: number;
  /** Talks without a pause, not even for breath. */
  readonly withoutPause?: boolean;
}

interface Verdict extends PlayoutCounts {
  readonly sent: number;
  readonly lost: number;
  /** Share of what came that was not heard. */
  readonly lateShare: number;
  /** From the sender's mouth to the reader's ear, without the packet's own 20 ms. */
  readonly meanDelayMs: number;
  readonly longestDelayMs: number;
}

const SPEECH = toCodes('ulaw', sine(440, -15, 20));
const BREATH = toCodes('ulaw', noise(-60, 20, 1));
/** Two seconds of talk, half a second of pause. */
const isPause = (n: number) => n % 125 >= 100;

function judge({ path, minutes, ppm = 0, withoutPause = false }: Trace): Verdict {
  const random = new SeededRandom(7);
  const count = minutes * 3000;
  const buffer = new PlayoutBuffer('ulaw');
  const block = new Uint8Array(80);
  const arrivals: { readonly n: number; readonly atMs: number; readonly delayMs: number }[] = [];
  let lost = 0;
  for (let n = 0; n < count; n++) {
    const delayMs = path(n, random);
    if (delayMs === undefined) lost++;
    else arrivals.push({ n, atMs: n * 20 * (1 - ppm / 1e6) + delayMs, delayMs });
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  let [taken, heard, sum, longest] = [0, 0, 0, 0];
  for (let nowMs = 3; taken < arrivals.length; nowMs += 10) {
    for (let next = arrivals[taken]; next !== undefined && next.atMs <= nowMs; next = arrivals[++taken]) {
      const { n, delayMs } = next;
      if (!buffer.put(isPause(n) && !withoutPause ? BREATH : SPEECH, 0, 160, 20 * n)) continue;
      heard++;
      sum += delayMs + buffer.delayMs;
      // While it settles it may be anywhere.
      if (n > 1000) longest = Math.max(longest, delayMs + buffer.delayMs);
    }
    buffer.read(block);
  }
  const lateShare = (arrivals.length - heard) / arrivals.length;
  return { ...buffer.counts, sent: count, lost, lateShare, meanDelayMs: sum / heard, longestDelayMs: longest };
}

describe('the playout buffer on a path', () => {
  it('without jitter loses nothing and waits 20 ms, no more than one block of the reader on top', () => {
    const verdict = judge({ path: steady, minutes: 5 });
    expect(verdict).toMatchObject({ lateShare: 0, concealedMs: 0, resyncs: 0 });
    expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(31);
  });

  it.each([
    [10, 0.001, 45],
    [30, 0.001, 65],
    [60, 0.001, 95],
    [120, 0.001, 150],
    [200, 0.01, 225],
  ])('with %i ms of jitter loses at most %d of all packets and delays by %i ms', (jitterMs, lateShare, delayMs) => {
    const verdict = judge({ path: uniform(jitterMs), minutes: 4 });
    expect(verdict.lateShare).toBeLessThan(lateShare);
    expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(delayMs);
    expect(verdict.resyncs).toBe(0);
  });

  it.each([5, 15, 30])(
    'with a few packets that are very late, %i ms on average, loses less than 1 in 100',
    (meanMs) => {
      const verdict = judge({ path: exponential(meanMs), minutes: 4 });
      expect(verdict.lateShare).toBeLessThan(0.01);
      expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(4.2 * meanMs + 40);
    },
  );

  it.each([0.01, 0.05, 0.2])('that loses %d of the packets conceals just that, without more delay', (loss) => {
    const verdict = judge({ path: uniform(5, loss), minutes: 4 });
    expect(verdict.lateShare).toBeLessThan(0.001);
    expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(42);
    const lostMs = 20 * verdict.lost;
    expect(verdict.concealedMs).toBeGreaterThan(0.9 * lostMs);
    expect(verdict.concealedMs).toBeLessThan(1.02 * lostMs + 100);
  });

  it('what was heard and what was not is all that came', () => {
    const { sent, lost, playedMs, skippedMs, lateShare } = judge({ path: exponential(30), minutes: 4, ppm: -200 });
    const cameMs = 20 * (sent - lost);
    expect(playedMs).toBeLessThan(cameMs);
    expect(playedMs).toBeGreaterThan(cameMs * (1 - 2 * lateShare) - skippedMs - 500);
  });

  it('that loses in bursts is followed through each of them', () => {
    const verdict = judge({ path: bursts(0.1, 5), minutes: 4 });
    expect(verdict.lost / verdict.sent).toBeGreaterThan(0.08);
    expect(verdict.lateShare).toBeLessThan(0.001);
    expect(verdict.resyncs).toBe(0);
    expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(45);
  });

  it.each([200, -200])('with a clock %i ppm off loses next to nothing, and the delay does not grow', (ppm) => {
    const verdict = judge({ path: uniform(10), minutes: 15, ppm });
    expect(verdict.lateShare).toBeLessThan(0.0005);
    expect(verdict.longestDelayMs - BASE_MS).toBeLessThan(75);
    // 200 ppm of 15 minutes is 180 ms, which must have been left out or put in.
    const slippedMs = Math.abs(verdict.skippedMs - verdict.insertedMs);
    expect(slippedMs).toBeGreaterThan(140);
    expect(slippedMs).toBeLessThan(220);
  });

  it.each([200, -200])('with a clock %i ppm off and nobody ever pausing the delay is bounded all the same', (ppm) => {
    const verdict = judge({ path: uniform(10), minutes: 12, ppm, withoutPause: true });
    expect(verdict.lateShare).toBeLessThan(0.01);
    expect(verdict.longestDelayMs - BASE_MS).toBeLessThan(150);
  });

  it('that becomes 150 ms longer and later shorter again loses less than a second, and the delay comes back', () => {
    const verdict = judge({
      path: (n, random) => BASE_MS + random.next() * 10 + (n >= 3000 && n < 6000 ? 150 : 0),
      minutes: 4,
    });
    expect(verdict.lateShare * verdict.sent).toBeLessThan(50);
    // A quarter of the time on the longer path, at most ten seconds of its delay after it.
    expect(verdict.meanDelayMs - BASE_MS - (150 * 3500) / 12_000).toBeLessThan(45);
    const after = judge({
      path: (n, random) => BASE_MS + random.next() * 10 + (n < 1500 ? 150 : 0),
      minutes: 4,
    });
    expect(after.meanDelayMs - BASE_MS).toBeLessThan(75);
  });

  it('that stalls for 300 ms now and then does not keep the delay of that', () => {
    const verdict = judge({
      path: stalls(300, 30_000),
      minutes: 4,
    });
    expect(verdict.lateShare).toBeLessThan(0.02);
    expect(verdict.meanDelayMs - BASE_MS).toBeLessThan(120);
  });
});
