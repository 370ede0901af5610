import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { SuperminiClock } from '../../../src/media/supermini-clock.ts';

let clock: SuperminiClock;

beforeEach(() => {
  clock = new SuperminiClock();
  clock.noteVoice(1000, 20, 0);
});

describe('blocks in trunk frames without timestamps', () => {
  it("follow the full voice frame by the trunk's count, though they come a little early or late", () => {
    const arrivals = [20, 47, 60, 75, 100];
    expect(arrivals.map((nowMs, i) => clock.stamp(20 * i, 20, nowMs))).toEqual([1020, 1040, 1060, 1080, 1100]);
  });

  it('leave room for what was lost', () => {
    expect([0, 20, 80].map((at) => clock.stamp(at, 20, at + 20))).toEqual([1020, 1040, 1100]);
  });

  it('follow each other where two of a call are in one frame', () => {
    expect([
      clock.stamp(0, 20, 20),
      clock.stamp(20, 20, 40),
      clock.stamp(20, 20, 40),
      clock.stamp(60, 20, 80),
      clock.stamp(80, 20, 100),
    ]).toEqual([1020, 1040, 1060, 1080, 1100]);
  });

  it('follow each other where the sender counts a beat for every full frame, and goes back now and then', () => {
    const counts = [0, 120, 240, 360, 80, 200, 320];
    expect(counts.map((count, i) => clock.stamp(count, 20, 20 + 20 * i))).toEqual(counts.map((_, i) => 1020 + 20 * i));
  });

  it('have the time of a pause between them', () => {
    expect([clock.stamp(0, 20, 20), clock.stamp(0, 20, 6020), clock.stamp(20, 20, 6040)]).toEqual([1020, 7020, 7040]);
  });

  it('go on though the full frame at a crossing is sent again and comes late', () => {
    expect(clock.stamp(0, 20, 20)).toBe(1020);
    expect(clock.stamp(20, 20, 40)).toBe(1040);
    clock.noteVoice(1020, 20, 50);
    expect(clock.stamp(40, 20, 60)).toBe(1060);
  });

  it('go on behind a full frame that takes the place of one of them', () => {
    expect(clock.stamp(0, 20, 20)).toBe(1020);
    clock.noteVoice(1040, 20, 40);
    expect(clock.stamp(40, 20, 60)).toBe(1060);
  });

  it('are all in their places, and what is lost leaves its gap, over an hour with jitter and drift', () => {
    const random = new SeededRandom(3);
    let wrong = 0;
    for (let k = 1; k < 180_000; k++) {
      if (random.next() < 0.01) continue;
      const timestamp = clock.stamp(20 * k, 20, 20 * k * 1.0002 + random.integer(8));
      if (timestamp !== 1000 + 20 * k) wrong++;
    }
    expect(wrong / 180_000).toBeLessThan(0.02);
  });
});
