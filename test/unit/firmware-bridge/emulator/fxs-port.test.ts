import { describe, expect, it } from 'vitest';
import { FxsPort } from '../../../../firmware-bridge/emulator/fxs-port.ts';

/** Lengths of the stretches with and without ringing voltage, from the start, on-hook for `ms`. */
function ringing(port: FxsPort, ms: number): number[] {
  const stretches: number[] = [];
  let last = false;
  for (let i = 0; i < ms; i++) {
    if (port.ringVoltage !== last || stretches.length === 0) stretches.push(0);
    last = port.ringVoltage;
    stretches[stretches.length - 1]!++;
    port.step(false);
  }
  return stretches;
}

describe('FxsPort', () => {
  it('puts ringing voltage on the line in the cadence it was told, to the millisecond', () => {
    const port = new FxsPort();
    port.command({ type: 'ring', cadence: [400, 200, 400, 2000] });
    expect(ringing(port, 6400)).toEqual([400, 200, 400, 2000, 400, 200, 400, 2000, 400]);
  });

  it('does not begin again when it is told to ring twice', () => {
    const port = new FxsPort();
    port.command({ type: 'ring', cadence: [1500, 3500] });
    ringing(port, 1000);
    port.command({ type: 'ring', cadence: [1500, 3500] });
    expect(ringing(port, 1000)).toEqual([500, 500]);
  });

  it('stops ringing by itself within 200 ms of an answer', () => {
    const port = new FxsPort();
    port.command({ type: 'ring', cadence: [1500, 3500] });
    ringing(port, 300);
    let trippedAfterMs = 0;
    while (port.ringVoltage) {
      port.step(true);
      trippedAfterMs++;
    }
    expect(trippedAfterMs).toBeLessThanOrEqual(200);
    expect(port.cadence).toBeUndefined();
    expect(port.hook).toBe('off');
  });

  it('does not ring a lifted handset, nor a cadence without length', () => {
    const port = new FxsPort();
    port.command({ type: 'ring', cadence: [0, 0] });
    expect(port.cadence).toBeUndefined();
    for (let i = 0; i < 100; i++) port.step(true);
    port.command({ type: 'ring', cadence: [1500, 3500] });
    expect(port.ringVoltage).toBe(false);
  });

  it('interrupts the loop for as long as it was told, and does not take that for a hang-up', () => {
    const port = new FxsPort();
    for (let i = 0; i < 100; i++) port.step(true);
    port.command({ type: 'cpc', ms: 500 });
    let interruptedMs = 0;
    const events = [];
    for (let i = 0; i < 3000; i++) {
      if (!port.powered) interruptedMs++;
      const event = port.step(port.powered);
      if (event !== undefined) events.push(event);
    }
    expect(interruptedMs).toBe(500);
    expect(events).toEqual([]);
    expect(port.hook).toBe('off');
  });
});
