import { describe, expect, it } from 'vitest';
import { FULL_SCALE_DBM0, levelDbm0 } from '../../../../firmware-bridge/emulator/sound.ts';
import { measureTones } from '../../../../firmware-bridge/emulator/tone-meter.ts';

function sines(tones: readonly (readonly [hz: number, dbm0: number])[], samples = 1600): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    tones.reduce(
      (sum, [hz, dbm0]) =>
        sum + 32_767 * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20) * Math.sin((2 * Math.PI * hz * i) / 8000 + hz),
      0,
    ),
  );
}

describe('measureTones', () => {
  it.each([
    [[[1004, 0]]],
    [[[440, -13]]],
    [
      [
        [350, -13],
        [440, -13],
      ],
    ],
    [
      [
        [413, -13],
        [438, -13],
      ],
    ],
    [
      [
        [480, -13],
        [620, -13],
      ],
    ],
    [
      [
        [697, -9],
        [1633, -7],
      ],
    ],
    [
      [
        [1400, -9],
        [2060, -9],
        [2450, -9],
        [2600, -9],
      ],
    ],
  ] as const)('measures %j to 2 Hz and 0.5 dB', (tones) => {
    const measured = measureTones(sines(tones));
    expect(measured.length).toBe(tones.length);
    for (const [i, [hz, dbm0]] of tones.entries()) {
      expect(Math.abs(measured[i]!.hz - hz)).toBeLessThan(2);
      expect(Math.abs(measured[i]!.dbm0 - dbm0)).toBeLessThan(0.5);
    }
  });

  it('measures single tones to 0.5 Hz and 0.1 dB over the voice band', () => {
    for (let hz = 300; hz <= 3400; hz += 37) {
      const [one, ...more] = measureTones(sines([[hz, -20]]));
      expect(more).toEqual([]);
      expect(Math.abs(one!.hz - hz)).toBeLessThan(0.5);
      expect(Math.abs(one!.dbm0 + 20)).toBeLessThan(0.15);
    }
  });

  it('finds nothing in silence, in faint sound and in nothing', () => {
    expect(measureTones(new Int16Array(1600))).toEqual([]);
    expect(measureTones(sines([[1000, -60]]))).toEqual([]);
    expect(measureTones(new Int16Array(0))).toEqual([]);
  });

  it('makes one tone of one that begins within the stretch', () => {
    const samples = sines([[440, -13]]);
    for (const start of [400, 800, 1000]) {
      const late = samples.slice().fill(0, 0, start);
      expect(measureTones(late).map((tone) => Math.round(tone.hz / 10))).toEqual([44]);
    }
  });
});

describe('levelDbm0', () => {
  it('is 3.17 for a sine of full scale, and −90 for silence', () => {
    expect(levelDbm0(sines([[1000, 3.17]], 8000))).toBeCloseTo(3.2, 1);
    expect(levelDbm0(sines([[1000, -13]], 8000))).toBeCloseTo(-13, 1);
    expect(levelDbm0(new Int16Array(100))).toBe(-90);
    expect(levelDbm0(new Int16Array(0))).toBe(-90);
  });
});
