import { describe, expect, test } from 'vitest';
import { DatagramPace } from '../../../src/io/datagram-pace.ts';

/** Whether each of some windows of 50 ms, with so many datagrams in it one by one, ends with a beat. */
function paced(counts: readonly number[]): boolean[] {
  const pace = new DatagramPace();
  pace.note(0, 0);
  return counts.map((count, window) => {
    for (let n = 0; n < count; n++) pace.note(1, 50 * window + 1);
    pace.note(0, 50 * (window + 1));
    return pace.isFast;
  });
}

describe('the pace of datagrams', () => {
  test('asks for a beat from 25 in 50 ms on', () => {
    expect(paced([0, 1, 24, 25])).toEqual([false, false, false, true]);
  });

  test('asks for it until less than 10 come', () => {
    expect(paced([200, 24, 10, 9, 24])).toEqual([true, true, true, false, false]);
  });

  test('is judged by all that came since it was judged, however late that is', () => {
    const pace = new DatagramPace();
    pace.note(0, 0);
    pace.note(24, 10);
    expect(pace.isFast).toBe(false);
    pace.note(1, 5_000);
    expect(pace.isFast).toBe(true);
  });
});
