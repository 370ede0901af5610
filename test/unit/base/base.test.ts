import { describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { RateLimitedLog } from '../../../src/base/log.ts';
import { earliest, formatAddress, sameAddress } from '../../../src/base/machine.ts';
import { Queue } from '../../../src/base/queue.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { distance8, inWindow8, next8 } from '../../../src/base/sequence.ts';
import { Timers } from '../../../src/base/timers.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';

describe('addresses', () => {
  it('print as operators write them', () => {
    expect(formatAddress({ ip: '192.0.2.1', port: 4569 })).toBe('192.0.2.1:4569');
    expect(formatAddress({ ip: '2001:db8::1', port: 4569 })).toBe('[2001:db8::1]:4569');
  });

  it('are the same when address and port are', () => {
    expect(sameAddress({ ip: '192.0.2.1', port: 1 }, { ip: '192.0.2.1', port: 1 })).toBe(true);
    expect(sameAddress({ ip: '192.0.2.1', port: 1 }, { ip: '192.0.2.1', port: 2 })).toBe(false);
  });
});

describe('deadlines', () => {
  it('compare with none as later than any', () => {
    expect(earliest(undefined, 5)).toBe(5);
    expect(earliest(7, undefined)).toBe(7);
    expect(earliest(7, 5)).toBe(5);
    expect(earliest(undefined, undefined)).toBeUndefined();
  });
});

describe('named timers', () => {
  it('come due earliest first, each once', () => {
    const timers = new Timers<'a' | 'b' | 'c'>();
    timers.set('a', 30);
    timers.set('b', 10);
    timers.set('c', 50);
    expect(timers.next()).toBe(10);
    expect([...timers.due(30)]).toEqual(['b', 'a']);
    expect([...timers.due(30)]).toEqual([]);
    expect(timers.next()).toBe(50);
    timers.clearAll();
    expect(timers.size).toBe(0);
    expect(timers.next()).toBeUndefined();
  });

  it('give a timer that is set again while due timers are taken only if it is due again', () => {
    const timers = new Timers<'a'>();
    timers.set('a', 10);
    const seen: number[] = [];
    for (const _ of timers.due(25)) {
      seen.push(1);
      if (seen.length === 1) timers.set('a', 20);
      else timers.set('a', 30);
    }
    expect(seen).toHaveLength(2);
    expect(timers.at('a')).toBe(30);
  });
});

describe('a queue', () => {
  it('gives first in first out and is empty in the end', () => {
    const queue = new Queue<number>();
    for (let i = 0; i < 5; i++) queue.push(i);
    expect(queue.shift()).toBe(0);
    queue.push(5);
    expect(queue.length).toBe(5);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([1, 2, 3, 4, 5]);
    expect(queue.shift()).toBeUndefined();
  });
});

describe('sequence numbers modulo 256', () => {
  it('wrap from 255 to 0 [RFC5456 §7]', () => {
    expect(next8(255)).toBe(0);
    expect(distance8(2, 254)).toBe(4);
  });

  it('lie in a window that wraps', () => {
    expect(inWindow8(255, 250, 4)).toBe(true);
    expect(inWindow8(3, 250, 4)).toBe(true);
    expect(inWindow8(4, 250, 4)).toBe(false);
    expect(inWindow8(249, 250, 4)).toBe(false);
    expect(inWindow8(7, 7, 7)).toBe(false);
  });
});

describe('counters', () => {
  it('count by reason and print in order', () => {
    const counters = new Counters();
    counters.increment('iax2.unknown-call');
    counters.increment('iax2.malformed', 2);
    counters.increment('iax2.unknown-call');
    expect(counters.snapshot()).toEqual({ 'iax2.malformed': 2, 'iax2.unknown-call': 2 });
    expect(counters.get('sip.malformed')).toBe(0);
  });
});

describe('a rate-limited log', () => {
  it('logs a reason once per interval and then tells how many it left out', () => {
    const lines: unknown[] = [];
    const log = new RateLimitedLog(
      (level, part, message, fields) => lines.push([level, part, message, fields]),
      'iax2',
      1000,
    );
    for (const at of [0, 10, 999, 1000]) log.warn('bad-frame', 'A frame is malformed.', at, { from: 'x' });
    log.warn('other', 'Another.', 5);
    expect(lines).toEqual([
      ['warn', 'iax2', 'A frame is malformed.', { from: 'x', reason: 'bad-frame' }],
      ['warn', 'iax2', 'A frame is malformed.', { from: 'x', reason: 'bad-frame', suppressed: 2 }],
      ['warn', 'iax2', 'Another.', { reason: 'other' }],
    ]);
  });
});

describe('seeded random numbers', () => {
  it('repeat from their seed and fill their range', () => {
    const a = new SeededRandom(7);
    const b = new SeededRandom(7);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const value = a.integer(10);
      expect(value).toBe(b.integer(10));
      seen.add(value);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('tone patterns', () => {
  it.each([
    ['425', [{ hz: [425], ms: 0 }]],
    [
      '440+480/2000,0/4000',
      [
        { hz: [440, 480], ms: 2000 },
        { hz: [], ms: 4000 },
      ],
    ],
    ['400*25/1000', [{ hz: [400], modulationHz: 25, ms: 1000 }]],
    [
      '!350+440/100, !0/100,350+440',
      [
        { hz: [350, 440], ms: 100, once: true },
        { hz: [], ms: 100, once: true },
        { hz: [350, 440], ms: 0 },
      ],
    ],
  ])('read %j', (text, steps) => {
    expect(parseTonePattern(text)).toEqual({ steps });
  });

  it.each(['', 'dial', '440+', '440/x', '440//1', '4000/100', '1,,2'])('do not read %j', (text) => {
    expect(parseTonePattern(text)).toBeUndefined();
  });
});
