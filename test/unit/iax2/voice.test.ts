import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimestampUnwrapper, timestampDistance, VoiceClock, VoiceFraming } from '../../../src/iax2/voice.ts';

describe('the timestamps of sent voice', () => {
  it('are 20 ms apart, whatever the moment at which the ticks come [RFC5456 §8.1.1]', () => {
    const clock = new VoiceClock(1000);
    const ticks = [1100, 1123, 1139, 1165, 1195, 1200];
    expect(ticks.map((nowMs) => clock.stamp(nowMs, 20))).toEqual([100, 120, 140, 160, 180, 200]);
  });

  it('begin at a whole block, never at 0, which Asterisk cannot acknowledge', () => {
    expect(new VoiceClock(0).stamp(0, 20)).toBe(20);
    expect(new VoiceClock(0).stamp(101, 20)).toBe(120);
    expect(new VoiceClock(500).stamp(0, 20)).toBe(20);
  });

  it('are the real time again when the prediction is off by more than 160 ms', () => {
    const clock = new VoiceClock(0);
    clock.stamp(100, 20);
    expect(clock.stamp(120 + 160, 20)).toBe(121);
    expect(clock.stamp(141 + 161, 20)).toBe(320);
  });

  it('are the real time again after a pause, rounded up to a whole block', () => {
    const clock = new VoiceClock(0);
    clock.stamp(100, 20);
    clock.pause();
    expect(clock.stamp(133, 20)).toBe(140);
  });

  it('follow the real clock when the source drifts, 1 ms per block, without a jump', () => {
    const clock = new VoiceClock(0);
    let last = clock.stamp(100, 20);
    for (let block = 1; block < 100_000; block++) {
      // A source that is 0.01 % fast: its 20 ms take 19.998 ms.
      const nowMs = 100 + block * 19.998;
      const timestamp = clock.stamp(nowMs, 20);
      expect(Math.abs(timestamp - last - 20)).toBeLessThanOrEqual(1);
      expect(Math.abs(timestamp - nowMs)).toBeLessThanOrEqual(45);
      last = timestamp;
    }
  });

  it('are greater than those of other frames sent in between, and keep to their grid', () => {
    const clock = new VoiceClock(0);
    clock.stamp(100, 20);
    for (const other of [103, 106, 125]) clock.note(other);
    clock.note(90);
    expect(clock.last).toBe(125);
    expect(clock.stamp(120, 20)).toBe(126);
    expect(clock.stamp(140, 20)).toBe(140);
  });

  it('can be followed by another thread from any time on', () => {
    const clock = new VoiceClock(0);
    const cells = new Float64Array(3);
    clock.stamp(100, 20);
    clock.keepLastIn(cells, 1);
    expect([...cells]).toEqual([0, 100, 0]);
    expect(clock.stamp(120, 20)).toBe(120);
    clock.note(2 ** 32 - 1 - 2 ** 31);
    expect([...cells]).toEqual([0, 2 ** 31 - 1, 0]);
  });

  it('go on through the wrap of 32 bits', () => {
    const clock = new VoiceClock(0);
    const start = 2 ** 32 - 40;
    for (const earlier of [2 ** 31 - 1, start - 20]) clock.note(earlier);
    const stamps = [0, 1, 2, 3].map((block) => clock.stamp(start + 20 * block, 20));
    expect(stamps.map((stamp) => timestampDistance(stamp, stamps[0]!))).toEqual([0, 20, 40, 60]);
    expect(stamps[3]).toBeLessThan(100);
  });

  it('are never used twice and never go back, whatever happens in between', () => {
    const step = fc.record({ elapsedMs: fc.nat(400), otherAhead: fc.option(fc.nat(50)), pause: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VoiceClock(0);
        let nowMs = 0;
        for (const { elapsedMs, otherAhead, pause } of steps) {
          nowMs += elapsedMs;
          if (pause) clock.pause();
          if (otherAhead !== null) clock.note(clock.last + otherAhead);
          const before = clock.last;
          expect(clock.stamp(nowMs, 20)).toBeGreaterThan(before);
        }
      }),
      { seed: 5456 },
    );
  });

  it('begin anew after a transfer', () => {
    const clock = new VoiceClock(0);
    clock.stamp(5000, 20);
    clock.restart(5000);
    expect(clock.last).toBe(0);
    expect(clock.stamp(5030, 20)).toBe(40);
  });
});

describe('full or mini', () => {
  it('the first block is full, the next ones are minis [RFC5456 §8.1.2]', () => {
    const framing = new VoiceFraming();
    expect([20, 40, 60].map((timestamp) => framing.next(timestamp, 4))).toEqual(['full', 'mini', 'mini']);
  });

  it('a block with another codec is full', () => {
    const framing = new VoiceFraming();
    framing.next(20, 4);
    expect([framing.next(40, 8), framing.next(60, 8), framing.next(80, 4)]).toEqual(['full', 'mini', 'full']);
  });

  it('the block that crosses a 0x8000 boundary is a mini, and the one after it full', () => {
    for (const boundary of [0x8000, 0x1_0000, 0x1_8000, 0x8000_0000]) {
      const framing = new VoiceFraming();
      framing.next(boundary - 40, 4);
      const kinds = [-20, 0, 20, 40].map((offset) => framing.next(boundary + offset, 4));
      expect(kinds).toEqual(['mini', 'mini', 'full', 'mini']);
    }
  });

  it('a block after a silence in which two wraps passed is full, after one it can still be a mini', () => {
    const framing = new VoiceFraming();
    framing.next(0xfff0, 4);
    expect(framing.next(0x1_fff0, 4)).toBe('mini');
    framing.next(0x1_fff4, 4);
    expect(framing.next(0x3_0000, 4)).toBe('full');
    expect(framing.next(0x3_0014, 4)).toBe('mini');
  });

  it('goes on through the wrap of 32 bits', () => {
    const framing = new VoiceFraming();
    framing.next(0xffff_ffec, 4);
    expect([framing.next(0, 4), framing.next(20, 4), framing.next(40, 4)]).toEqual(['mini', 'full', 'mini']);
  });

  it('the block after a restart is full', () => {
    const framing = new VoiceFraming();
    framing.next(20, 4);
    framing.restart();
    expect(framing.next(40, 4)).toBe('full');
  });
});

describe('the timestamps of received minis', () => {
  function unwrapperAt(last: number): TimestampUnwrapper {
    const unwrapper = new TimestampUnwrapper();
    unwrapper.note(last);
    return unwrapper;
  }

  it.each([
    [0xfff0, 0x0004, 0x1_0004, 'the wrap'],
    [0x1_0004, 0xfff0, 0xfff0, 'a late block from before the wrap'],
    [0x1_fff0, 0x3a80, 0x2_3a80, '15 s of loss over the wrap'],
    [0x1_1000, 0x5000, 0x1_5000, '16 s of loss within the epoch'],
    [0x1_5000, 0x4fec, 0x1_4fec, 'reordering'],
    [0x0100, 0xfff0, 0xfff0, 'long silence at the beginning of a call'],
    [0xffff_fff0, 0x0004, 4, 'the wrap of 32 bits'],
    [0x1_0000, 0x0000, 0x1_0000, 'a repetition'],
  ])('after %d a mini of %d is %d: %s [RFC5456 §8.1.2]', (last, low, timestamp) => {
    expect(unwrapperAt(last).unwrap(low)).toBe(timestamp);
  });

  it('go on for ever without a single full frame', () => {
    const unwrapper = unwrapperAt(20);
    for (let timestamp = 40; timestamp < 10 * 0x1_0000; timestamp += 20)
      expect(unwrapper.unwrap(timestamp & 0xffff)).toBe(timestamp);
  });

  it('are right under loss of up to 15 s and reordering of up to 200 ms', () => {
    const gap = fc.oneof({ weight: 9, arbitrary: fc.constant(20) }, fc.integer({ min: 20, max: 15_000 }));
    const step = fc.record({ gap, late: fc.nat(200) });
    fc.assert(
      fc.property(fc.nat(0xf000_0000), fc.array(step, { maxLength: 300 }), (start, steps) => {
        const unwrapper = unwrapperAt(start + 1000);
        let newest = start + 1000;
        for (const { gap, late } of steps) {
          newest += gap;
          for (const timestamp of [newest, newest - late]) expect(unwrapper.unwrap(timestamp & 0xffff)).toBe(timestamp);
        }
      }),
      { seed: 5456 },
    );
  });

  it('are unwrapped around the newest full frame, not around an older one', () => {
    const unwrapper = unwrapperAt(0x3_0000);
    unwrapper.note(0x1_0000);
    expect(unwrapper.unwrap(0x20)).toBe(0x3_0020);
  });

  it('of video have 15 bits', () => {
    expect(unwrapperAt(0x7ff0).unwrapVideo(0x0004)).toBe(0x8004);
    expect(unwrapperAt(0x8004).unwrapVideo(0x7ff0)).toBe(0x7ff0);
    expect(unwrapperAt(0x1_8000).unwrapVideo(0x0010)).toBe(0x1_8010);
  });

  it('begin anew after a transfer', () => {
    const unwrapper = unwrapperAt(0x5_0000);
    unwrapper.restart();
    expect(unwrapper.unwrap(0x40)).toBe(0x40);
  });
});
