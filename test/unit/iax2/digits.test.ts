import { describe, expect, it } from 'vitest';
import { DigitReceiver } from '../../../src/iax2/digit-receiver.ts';
import { DigitSender } from '../../../src/iax2/digit-sender.ts';

describe('sending digits', () => {
  it('begins and ends one after the other, with a pause between, however fast they are asked for', () => {
    const sender = new DigitSender();
    sender.add('1', 80, 0);
    sender.add('2', 100, 0);
    const steps: string[] = [];
    for (let at = sender.nextDeadline(); at !== undefined; at = sender.nextDeadline()) {
      const step = sender.take(at);
      if (step !== undefined) steps.push(`${at} ${step.type} ${step.digit}`);
    }
    expect(steps).toEqual(['0 begin 1', '80 end 1', '140 begin 2', '240 end 2']);
  });

  it('keeps the pause for a digit that is asked for just after another', () => {
    const sender = new DigitSender();
    sender.add('1', 80, 0);
    sender.take(0);
    sender.take(80);
    sender.add('2', 80, 81);
    expect(sender.take(81)).toBeUndefined();
    expect(sender.nextDeadline()).toBe(140);
    expect(sender.take(140)).toEqual({ type: 'begin', digit: '2' });
  });

  it('refuses more than can be meant', () => {
    const sender = new DigitSender();
    const taken = Array.from({ length: 600 }, () => sender.add('1', 80, 0));
    expect(taken.filter(Boolean)).toHaveLength(512);
  });
});

describe('hearing digits [RFC5456 §6.10.1] [RFC5456 §8.2.1]', () => {
  it('takes their length from their timestamps', () => {
    const receiver = new DigitReceiver();
    expect(receiver.begin('5', 1_000, 0)).toEqual([{ type: 'digit-begin', digit: '5' }]);
    expect(receiver.end('5', 1_090, 500)).toEqual([{ type: 'digit', digit: '5', durationMs: 90 }]);
  });

  it('takes their length from the clock where timestamps say that nobody pressed that briefly', () => {
    const receiver = new DigitReceiver();
    receiver.begin('5', 1_000, 0);
    expect(receiver.end('5', 1_003, 100)).toEqual([{ type: 'digit', digit: '5', durationMs: 100 }]);
  });

  it('a digit without a begin, or with that of another, is begun and ended at once', () => {
    const receiver = new DigitReceiver();
    const lone = [
      { type: 'digit-begin', digit: '7' },
      { type: 'digit', digit: '7', durationMs: 80 },
    ];
    expect(receiver.end('7', 5, 5)).toEqual(lone);
    receiver.begin('6', 10, 10);
    expect(receiver.end('7', 90, 90)).toEqual(lone);
  });
});
