import { describe, expect, it } from 'vitest';
import { BlockClock } from '../../../../firmware-bridge/emulator/block-clock.ts';

describe('BlockClock', () => {
  it('begins with the first question and gives each block once', () => {
    const clock = new BlockClock(10);
    expect(clock.nextDeadline()).toBe(0);
    expect([1000, 1009, 1010, 1010, 1035].map((nowMs) => clock.take(nowMs))).toEqual([0, 0, 1, 0, 2]);
    expect(clock.nextDeadline()).toBe(1040);
  });

  it('leaves out what a stall of more than five blocks has missed', () => {
    const clock = new BlockClock(10);
    clock.take(0);
    expect(clock.take(200)).toBe(5);
    expect(clock.stalledBlocks).toBe(15);
    expect(clock.nextDeadline()).toBe(210);
    expect(clock.take(210)).toBe(1);
  });

  it('does nothing when time seems to go back', () => {
    const clock = new BlockClock(10);
    clock.take(100);
    expect(clock.take(50)).toBe(0);
    expect(clock.take(120)).toBe(2);
  });
});
