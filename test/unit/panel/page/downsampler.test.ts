import { describe, expect, it } from 'vitest';
import { Downsampler } from '../../../../src/panel/page/downsampler.ts';

/** A second of a tone at half of full scale, brought to 8 kHz in the browser's blocks of 128 samples. */
function downsample(hz: number, fromHz: number): Int16Array {
  const downsampler = new Downsampler(fromHz, 8_000);
  const out: number[] = [];
  for (let at = 0; at < fromHz; at += 128) {
    const block = Float32Array.from({ length: 128 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (at + i)) / fromHz));
    out.push(...downsampler.push(block));
  }
  return Int16Array.from(out);
}

/** Root mean square of the settled middle, against a full sine of half scale, dB. */
function gainDb(samples: Int16Array): number {
  const middle = samples.subarray(1_000, 7_000);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(Math.max(power, 1e-9) / (16_384 ** 2 / 2));
}

describe.each([48_000, 44_100, 16_000])('Downsampler from %d Hz', (fromHz) => {
  it('gives 8000 samples a second, but for those that its filter still waits for', () => {
    const { length } = downsample(1_000, fromHz);
    expect(length).toBeGreaterThan(7_970);
    expect(length).toBeLessThanOrEqual(8_020);
  });

  it.each([300, 1_000, 3_000])('leaves %d Hz as it is', (hz) => {
    expect(Math.abs(gainDb(downsample(hz, fromHz)))).toBeLessThan(0.5);
  });

  it.each([4_600, 5_500, 7_000])('keeps %d Hz from folding back', (hz) => {
    expect(gainDb(downsample(hz, fromHz))).toBeLessThan(-35);
  });

  it('gives the tone itself', () => {
    const samples = downsample(1_000, fromHz);
    for (let i = 1_000; i < 2_000; i++) {
      const expected = 16_384 * Math.sin((2 * Math.PI * 1_000 * i) / 8_000);
      expect(Math.abs(samples[i]! - expected)).toBeLessThan(400);
    }
  });
});
