import { beforeEach, describe, expect, it } from 'vitest';
import type { Hop } from '../../../src/sip/hop.ts';
import { StrangerGate } from '../../../src/sip/stranger-gate.ts';

const hop = (n: number): Hop => ({ transport: 'udp', ip: `203.0.113.${n}`, port: 5060 });
let gate: StrangerGate;

beforeEach(() => {
  gate = new StrangerGate();
});

/** How many of so many messages pass. */
function passed(count: number, from: (i: number) => Hop, nowMs: number): number {
  let passes = 0;
  for (let i = 0; i < count; i++) if (gate.judge(from(i), nowMs) === undefined) passes++;
  return passes;
}

describe('the gate for strangers', () => {
  it('lets an office behind one address register at once, and a flood from it at thirty messages a second', () => {
    expect(passed(1_000, () => hop(1), 0)).toBe(150);
    expect(passed(1_000, () => hop(1), 1_000)).toBe(30);
    expect(gate.judge(hop(1), 1_000)).toBe('flood');
    expect(gate.judge(hop(2), 1_000)).toBeUndefined();
  });

  it('lets all strangers together in at a hundred a second', () => {
    expect(passed(2_000, (i) => hop(i % 200), 0)).toBe(400);
    expect(gate.judge(hop(201), 0)).toBe('flood-of-many');
    expect(passed(2_000, (i) => hop(i % 200), 1_000)).toBe(100);
  });

  it('is worth telling of once in ten minutes for each address, and once for all together', () => {
    expect(gate.isNews(hop(1), 'flood', 0)).toBe(true);
    expect(gate.isNews(hop(1), 'flood', 599_999)).toBe(false);
    expect(gate.isNews(hop(2), 'scanner', 599_999)).toBe(true);
    expect(gate.isNews(hop(1), 'flood', 600_000)).toBe(true);
    expect(gate.isNews(hop(1), 'flood-of-many', 0)).toBe(true);
    expect(gate.isNews(hop(2), 'flood-of-many', 1_000)).toBe(false);
  });

  it('remembers so many addresses and no more', () => {
    for (let i = 0; i < 10_000; i++) gate.judge({ ...hop(0), ip: `10.0.${i >> 8}.${i & 255}` }, 0);
    expect(gate.size).toBe(4_096);
  });
});
