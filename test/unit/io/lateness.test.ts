import { describe, expect, it } from 'vitest';
import { Lateness } from '../../../src/io/lateness.ts';

describe('lateness', () => {
  it('is nothing before the first reading', () => {
    expect(new Lateness().summary()).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  it('gives median and 99th percentile of the last readings and the longest of all', () => {
    const lateness = new Lateness(new ArrayBuffer(Lateness.bytes(100)));
    lateness.add(500);
    for (let i = 0; i < 100; i++) lateness.add(i / 10 + 0.014);
    expect(lateness.summary()).toEqual({ p50: 5.01, p99: 9.91, max: 500 });
  });

  it('is read on another thread than it is noted on', () => {
    const memory = new SharedArrayBuffer(Lateness.bytes(4));
    new Lateness(memory).add(3);
    expect(new Lateness(memory).summary()).toEqual({ p50: 3, p99: 3, max: 3 });
  });
});
