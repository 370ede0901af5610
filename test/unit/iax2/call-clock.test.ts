import { describe, expect, it } from 'vitest';
import { CallClock } from '../../../src/iax2/call-clock.ts';

describe('timestamps of a call [RFC5456 §8.1.1]', () => {
  it('begin at 3, since Asterisk cannot acknowledge 0, on a grid of 20 ms', () => {
    const clock = new CallClock(1_007);
    expect(clock.epochMs).toBe(1_000);
    expect(new CallClock(1_000).stampGenuine(1_000)).toBe(3);
    expect(clock.stampGenuine(1_007)).toBe(7);
  });

  it('of IAX frames are real time, and grow by 3 where that stands still', () => {
    const clock = new CallClock(0);
    expect([clock.stampGenuine(500), clock.stampGenuine(500), clock.stampGenuine(900)]).toEqual([500, 503, 900]);
  });

  it('of control frames stay just behind the voice before them', () => {
    let voice = 1_000;
    const clock = new CallClock(0, () => voice);
    expect(clock.stampInStream(1_090)).toBe(1_003);
    voice = 1_020;
    expect(clock.stampInStream(1_095)).toBe(1_023);
  });

  it('of control frames are real time after a silence', () => {
    const clock = new CallClock(0, () => 1_000);
    expect(clock.stampInStream(1_161)).toBe(1_161);
  });

  it('never go back, even where voice runs ahead of the clock', () => {
    const clock = new CallClock(0, () => 5_000);
    expect(clock.stampInStream(1_000)).toBe(5_003);
    expect(clock.stampGenuine(1_000)).toBe(5_006);
  });

  it('of the end of a digit tell how long it was', () => {
    const clock = new CallClock(0);
    const began = clock.stampInStream(200);
    expect(clock.stampAfter(began, 90) - began).toBe(90);
  });
});
