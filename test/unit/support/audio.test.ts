import { describe, expect, test } from 'vitest';
import { formatWav, levelDbm0, parseWav, strongestHz, toneDbm0 } from '../../support/audio.ts';
import { mix, sine } from '../../support/signal.ts';

const samples = (signal: Float64Array) => Int16Array.from(signal);

describe('WAV', () => {
  test('is read as it was written', () => {
    const written = samples(sine(440, -10, 100));
    expect(parseWav(formatWav(written))).toEqual({ sampleRateHz: 8000, samples: written });
  });

  test('is read with other chunks before the samples', () => {
    const plain = formatWav(Int16Array.of(1, -2, 3));
    const list = Uint8Array.of(0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0);
    const bytes = Buffer.concat([plain.subarray(0, 36), list, plain.subarray(36)]);
    expect(parseWav(bytes).samples).toEqual(Int16Array.of(1, -2, 3));
  });

  test('of another kind is refused', () => {
    const stereo = formatWav(new Int16Array(4));
    stereo[22] = 2;
    expect(() => parseWav(stereo)).toThrow('2 × 16 bits');
    expect(() => parseWav(new Uint8Array(60))).toThrow('no WAV');
  });
});

describe('measuring', () => {
  test('finds level and frequency of a tone', () => {
    const tone = samples(sine(1004, -6, 1_000));
    expect(levelDbm0(tone)).toBeCloseTo(-6, 1);
    expect(toneDbm0(tone, 1004)).toBeCloseTo(-6, 1);
    expect(strongestHz(tone)).toBeCloseTo(1004, 1);
  });

  test('tells neighbours apart, and silence from sound', () => {
    const two = samples(mix(sine(697, -10, 500), sine(1209, -8, 500)));
    expect(toneDbm0(two, 697)).toBeCloseTo(-10, 1);
    expect(toneDbm0(two, 1209)).toBeCloseTo(-8, 1);
    expect(toneDbm0(two, 941)).toBeLessThan(-50);
    expect(levelDbm0(new Int16Array(800))).toBe(Number.NEGATIVE_INFINITY);
  });
});
