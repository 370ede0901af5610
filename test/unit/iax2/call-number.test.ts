import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { CallNumbers, QUARANTINE_MS } from '../../../src/iax2/call-number.ts';

describe('call numbers', () => {
  it('are 2…32767, each once, until there is none left', () => {
    const numbers = new CallNumbers(new SeededRandom(1), { total: 40_000, perAddress: 40_000 });
    const seen = new Set<number>();
    for (let i = 0; i < 32_766; i++) seen.add(numbers.allot('a', 0)!);
    expect([seen.size, Math.min(...seen), Math.max(...seen)]).toEqual([32_766, 2, 32_767]);
    expect(numbers.allot('a', 0)).toBeUndefined();
  });

  it('rest for a minute before they are used again, and count against their address meanwhile', () => {
    const numbers = new CallNumbers(new SeededRandom(1), { total: 10, perAddress: 1 });
    const number = numbers.allot('a', 0)!;
    numbers.end(number, undefined, 1_000);
    expect(numbers.allot('a', 1_000 + QUARANTINE_MS - 1)).toBeUndefined();
    expect(numbers.allot('b', 1_000)).toBeDefined();
    expect(numbers.allot('a', 1_000 + QUARANTINE_MS)).toBeDefined();
    expect(numbers.quarantined(1_000 + QUARANTINE_MS)).toBe(0);
  });

  it('remember who had them for as long as they rest', () => {
    const numbers = new CallNumbers(new SeededRandom(1), { total: 10, perAddress: 10 });
    const number = numbers.allot('a', 0)!;
    const ended = { remoteKey: 'a:4569', remoteCall: 7, iseqno: 3, oseqno: 4 };
    numbers.end(number, ended, 0);
    expect(numbers.endedCall(number, QUARANTINE_MS - 1)).toEqual(ended);
    expect(numbers.endedCall(number, QUARANTINE_MS)).toBeUndefined();
  });

  it('are limited in all', () => {
    const numbers = new CallNumbers(new SeededRandom(1), { total: 2, perAddress: 10 });
    numbers.allot('a', 0);
    numbers.allot('b', 0);
    expect(numbers.allot('c', 0)).toBeUndefined();
  });

  it('given back twice are given back once', () => {
    const numbers = new CallNumbers(new SeededRandom(1), { total: 10, perAddress: 10 });
    const number = numbers.allot('a', 0)!;
    numbers.end(number, undefined, 0);
    numbers.end(number, undefined, 0);
    expect([numbers.heldBy('a'), numbers.inUse]).toEqual([1, 0]);
  });
});
