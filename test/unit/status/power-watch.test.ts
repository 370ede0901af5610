import { describe, expect, it } from 'vitest';
import { PowerWatch } from '../../../src/status/power-watch.ts';

const well = { undervoltage: false, undervoltageSinceBoot: false, throttled: false, throttledSinceBoot: false };
const weak = { ...well, undervoltage: true, undervoltageSinceBoot: true };

describe('PowerWatch', () => {
  const whatOf = (...healths: Parameters<PowerWatch['note']>[0][]) => {
    const watch = new PowerWatch();
    return healths.map((power) => watch.note(power).map(({ what, details }) => `${what} ${details['lasts']}`));
  };

  it('tells once that the supply became too weak, and once that it is over', () => {
    const over = { ...weak, undervoltage: false };
    expect(whatOf(well, weak, weak, over, over)).toEqual([
      [],
      ['undervoltage true'],
      [],
      ['undervoltage-over false'],
      [],
    ]);
  });

  it('tells a supply that is too weak from the start', () => {
    expect(whatOf(weak)).toEqual([['undervoltage true']]);
  });

  it('tells of a dip that was over before it was looked', () => {
    expect(whatOf(well, { ...well, throttledSinceBoot: true })).toEqual([[], ['throttled false']]);
  });

  it('tells nothing of what was before its start, nor where the machine does not say', () => {
    const unknown = { undervoltage: null, undervoltageSinceBoot: null, throttled: null, throttledSinceBoot: null };
    expect(whatOf({ ...weak, undervoltage: false }, unknown, null, undefined)).toEqual([[], [], [], []]);
  });
});
