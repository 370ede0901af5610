import { describe, expect, it } from 'vitest';
import type { TonePattern } from '../../../src/base/tone-pattern.ts';
import { COUNTRIES, countryProfile, digitOfPulses, HOWLER_DBM0 } from '../../../src/lines/country-profile.ts';

const ALL = [
  ...['us', 'gb', 'de', 'fr', 'it', 'es', 'nl', 'be', 'ch', 'at', 'se', 'no', 'dk'],
  ...['fi', 'pl', 'pt', 'ru', 'au', 'nz', 'jp', 'cn', 'in', 'br', 'mx', 'za', 'il'],
];

describe('country profiles', () => {
  it('has 26 countries', () => {
    expect([...COUNTRIES].sort()).toEqual([...ALL].sort());
  });

  it('knows no country that is not in the table', () => {
    expect(countryProfile('uk')).toBeUndefined();
    expect(countryProfile('toString')).toBeUndefined();
  });

  it.each(ALL)('%s: every tone sounds, loops within 20 s and stays in the voice band', (country) => {
    const profile = countryProfile(country)!;
    const tones: Record<string, TonePattern | undefined> = { ...profile.tones };
    for (const [name, pattern] of Object.entries(tones)) {
      if (pattern === undefined) continue;
      const hz = pattern.steps.flatMap((step) => step.hz);
      expect(hz.length, name).toBeGreaterThan(0);
      for (const one of hz) expect(one, name).toBeGreaterThanOrEqual(300);
      for (const one of hz) expect(one, name).toBeLessThanOrEqual(3400);
      const loop = pattern.steps.filter((step) => step.once !== true).reduce((sum, step) => sum + step.ms, 0);
      expect(loop, name).toBeLessThanOrEqual(20_000);
    }
  });

  it.each(ALL)('%s: rings and pauses in turn, and tells pulse, flash and hang-up apart', (country) => {
    const { ringCadence, timing } = countryProfile(country)!;
    expect(ringCadence.length % 2).toBe(0);
    expect(Math.min(...ringCadence)).toBeGreaterThanOrEqual(200);
    expect(timing.pulseBreakMinMs).toBeLessThan(timing.pulseBreakMaxMs);
    expect(timing.flashMinMs).toBeLessThan(timing.flashMaxMs);
    expect(timing.flashMaxMs).toBeGreaterThan(timing.pulseBreakMaxMs);
    expect(timing.hangupMs).toBeGreaterThan(timing.flashMaxMs);
  });

  it('gives the cadences that callers and called know', () => {
    expect(countryProfile('us')!.ringCadence).toEqual([2000, 4000]);
    expect(countryProfile('gb')!.ringCadence).toEqual([400, 200, 400, 2000]);
    expect(countryProfile('fr')!.ringCadence).toEqual([1500, 3500]);
    expect(countryProfile('fr')!.tones.dial.steps).toEqual([{ hz: [440], ms: 0 }]);
    expect(countryProfile('us')!.tones.busy.steps).toEqual([
      { hz: [480, 620], ms: 500 },
      { hz: [], ms: 500 },
    ]);
  });

  it('codes µ-law where the network does, A-law elsewhere', () => {
    const ulaw = COUNTRIES.filter((country) => countryProfile(country)!.law === 'ulaw');
    expect(ulaw).toEqual(['us', 'jp']);
  });

  it('sounds the howler as loud as full scale lets it, and not louder', () => {
    const peak = 4 * 10 ** ((HOWLER_DBM0 - 3.17) / 20);
    expect(peak).toBeLessThanOrEqual(1);
    expect(peak).toBeGreaterThan(0.95);
  });
});

describe('rotary dials', () => {
  it.each([
    ['plain', 1, '1'],
    ['plain', 9, '9'],
    ['plain', 10, '0'],
    ['from-ten', 10, '0'],
    ['from-ten', 9, '1'],
    ['from-ten', 1, '9'],
    ['one-more', 1, '0'],
    ['one-more', 2, '1'],
    ['one-more', 10, '9'],
    ['plain', 0, undefined],
    ['plain', 11, undefined],
    ['one-more', 1.5, undefined],
  ] as const)('%s: %s breaks are %s', (count, breaks, digit) => {
    expect(digitOfPulses(breaks, count)).toBe(digit);
  });
});
