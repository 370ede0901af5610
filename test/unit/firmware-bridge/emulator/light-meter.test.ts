import { describe, expect, it } from 'vitest';
import { LightMeter } from '../../../../firmware-bridge/emulator/light-meter.ts';
import type { LightColour } from '../../../../firmware-bridge/hat-client.ts';

function measure(...stretches: readonly (readonly [LightColour, number])[]) {
  const meter = new LightMeter();
  for (const [colour, ms] of stretches) for (let i = 0; i < ms; i++) meter.step(colour);
  return meter.light;
}

describe('LightMeter', () => {
  it('is dark before anything is lit', () => {
    expect(measure(['off', 5000])).toEqual({ colour: 'off', onMs: 0, offMs: 0 });
  });

  it('sees a steady light at once', () => {
    expect(measure(['off', 100], ['green', 1])).toMatchObject({ colour: 'green', offMs: 0 });
  });

  it('measures blinking, in its dark part, too', () => {
    const blinking = { colour: 'amber', onMs: 300, offMs: 700 };
    expect(measure(['off', 50], ['amber', 300], ['off', 700], ['amber', 10])).toEqual(blinking);
    expect(measure(['off', 700], ['amber', 300], ['off', 200])).toEqual(blinking);
  });

  it('sees when blinking has ended', () => {
    expect(measure(['off', 100], ['red', 100], ['off', 3500])).toMatchObject({ colour: 'off' });
    expect(measure(['off', 100], ['red', 100], ['off', 100], ['red', 3500])).toMatchObject({ colour: 'red', offMs: 0 });
  });
});
