import { beforeEach, describe, expect, it } from 'vitest';
import { ArrivalStatistics } from '../../../src/media/arrival-statistics.ts';

let arrivals: ArrivalStatistics;

beforeEach(() => {
  arrivals = new ArrivalStatistics();
});

describe('arrival statistics', () => {
  it('count each packet once', () => {
    expect([0, 20, 20, 0, 40].map((timestamp) => arrivals.note(timestamp, 20, timestamp))).toEqual([
      'fresh',
      'fresh',
      'duplicate',
      'duplicate',
      'fresh',
    ]);
    expect(arrivals.received).toBe(3);
  });

  it('count what is missing as lost, until it comes late', () => {
    for (const timestamp of [0, 20, 100]) arrivals.note(timestamp, 20, timestamp);
    expect(arrivals.lost).toBe(3);
    arrivals.note(60, 20, 105);
    expect(arrivals).toMatchObject({ lost: 2, outOfOrder: 1 });
  });

  it('take a gap of more than a second for a pause', () => {
    for (const timestamp of [0, 20, 1060]) arrivals.note(timestamp, 20, timestamp);
    expect(arrivals.lost).toBe(0);
  });

  it('count packets of 30 ms by their length', () => {
    for (const timestamp of [0, 30, 120]) arrivals.note(timestamp, 30, timestamp);
    expect(arrivals.lost).toBe(2);
  });

  it('tell what is older than anyone would play, but believe the fifth in a row', () => {
    for (let i = 0; i < 100; i++) arrivals.note(20 * i, 20, 20 * i);
    expect(arrivals.note(1501, 20, 2000)).toBe('fresh');
    expect([1, 21, 41, 61, 81, 101].map((timestamp) => arrivals.note(timestamp, 20, 2000))).toEqual([
      'stale',
      'stale',
      'stale',
      'stale',
      'fresh',
      'fresh',
    ]);
  });

  it('have no jitter when packets come as they were sent', () => {
    for (let i = 0; i < 100; i++) arrivals.note(20 * i, 20, 5000 + 20 * i);
    expect(arrivals.jitterMs).toBe(0);
  });

  it('smooth jitter by a sixteenth for each packet [RFC3550 §6.4.1]', () => {
    arrivals.note(0, 20, 100);
    arrivals.note(20, 20, 136);
    expect(arrivals.jitterMs).toBe(1);
    arrivals.note(40, 20, 156);
    expect(arrivals.jitterMs).toBeCloseTo(15 / 16);
  });

  it('work across the wrap of 32-bit timestamps', () => {
    arrivals.note(2 ** 32 - 20, 20, 0);
    arrivals.note(0, 20, 20);
    arrivals.note(40, 20, 60);
    expect(arrivals).toMatchObject({ lost: 1, outOfOrder: 0 });
  });
});
