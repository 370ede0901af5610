import { describe, expect, it } from 'vitest';
import { EmulatorControl } from '../../../../firmware-bridge/emulator/control.ts';
import { PlainHat } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import { type ExchangeHabits, TownExchange } from '../../../../firmware-bridge/emulator/town-exchange.ts';
import type { HatEvent } from '../../../../firmware-bridge/hat-client.ts';
import type { TownLineCommand } from '../../../../src/base/line-port.ts';
import { parseTonePattern } from '../../../../src/base/tone-pattern.ts';

const tone = (text: string) => parseTonePattern(text)!;

const HABITS: ExchangeHabits = {
  tones: { dial: tone('440'), ringback: tone('440/1500,0/3500'), busy: tone('440/500,0/500') },
  cadence: [1500, 3500],
  callerId: 'v23',
};

function bench() {
  const hat = new PlainHat({
    ports: [1],
    townLines: new Map([[4, new TownExchange(HABITS)]]),
    exchange: () => {},
  });
  const control = new EmulatorControl(hat);
  const events: HatEvent[] = [];
  let nowMs = 0;
  const live = (ms: number) => {
    for (const end = nowMs + ms; nowMs < end; ) {
      hat.tick((nowMs += 10));
      for (let event = hat.poll(); event !== undefined; event = hat.poll()) events.push(event);
    }
  };
  hat.tick(0);
  live(50);
  const command = (it: TownLineCommand) => hat.command({ type: 'town-line', port: 4, command: it });
  const seen = () =>
    events.splice(0).flatMap((event) => (event.type === 'town-line' ? [JSON.stringify(event.event)] : []));
  return { hat, control, events, live, command, seen, exchange: hat.townLine(4)! };
}

describe('an emulated town line', () => {
  it('is told by the HAT, and shown on the board', () => {
    const { control, events } = bench();
    expect(events[0]).toMatchObject({
      type: 'hello',
      ports: [
        { port: 1, kind: 'fxs' },
        { port: 4, kind: 'fxo' },
      ],
    });
    expect(control.board).toMatchObject({ phones: [1], townLines: [4] });
  });

  it('rings with its cadence until the caller gives up', () => {
    const { control, live, seen } = bench();
    expect(control.apply(4, { ring: { callerId: '0472000099' } })).toMatchObject({
      ok: true,
      value: { hook: 'on', ringing: true, cadence: [1500, 3500], town: { exchange: 'ringing' } },
    });
    live(7_000);
    expect(seen()).toEqual([true, false, true, false].map((on) => JSON.stringify({ type: 'ringing', on })));
    expect(control.apply(4, { clear: true })).toMatchObject({ value: { ringing: false, town: { exchange: 'rest' } } });
    live(6_000);
    expect(seen()).toEqual([]);
  });

  it('reverses the polarity when the far end answers and clears', () => {
    const { control, command, live, seen, exchange } = bench();
    command({ type: 'loop', closed: true });
    live(100);
    expect(exchange.state).toBe('dial-tone');
    expect(control.apply(4, { answer: true })).toMatchObject({ ok: false, status: 409 });
    expect(control.apply(4, { clear: true })).toMatchObject({ ok: false, status: 409 });
    expect(control.apply(4, { ring: { callerId: '' } })).toMatchObject({ ok: false, status: 409 });
    command({ type: 'loop', closed: false });
    control.apply(4, { ring: {} });
    live(100);
    command({ type: 'loop', closed: true });
    live(100);
    expect(exchange.state).toBe('talking');
    seen();
    control.apply(4, { clear: true });
    live(100);
    expect(seen()).toEqual([JSON.stringify({ type: 'polarity', reversed: true })]);
    expect(exchange.state).toBe('cleared');
    command({ type: 'loop', closed: false });
    live(100);
    expect(exchange.state).toBe('rest');
  });

  it('has the voltage that it is given', () => {
    const { control, live, seen } = bench();
    for (const voltage of [9, 0, 0, 48]) expect(control.apply(4, { voltage })).toMatchObject({ ok: true });
    live(10);
    expect(seen()).toEqual([9, 0, 48].map((volts) => JSON.stringify({ type: 'voltage', volts })));
  });

  it.each([
    [{}, 400],
    [{ ring: {}, answer: true }, 400],
    [{ hook: 'off' }, 400],
    [{ ring: true }, 400],
    [{ ring: { callerId: 'x' } }, 400],
    [{ ring: { number: '1' } }, 400],
    [{ answer: false }, 400],
    [{ voltage: 12 }, 400],
    ['ring', 400],
  ])('refuses %j', (body, status) => {
    expect(bench().control.apply(4, body)).toMatchObject({ ok: false, status });
  });

  it('gives what its far end heard as a file', () => {
    const { control } = bench();
    expect(control.heardWav(4, 1)).toMatchObject({ ok: true });
    expect(control.heardWav(5, 1)).toMatchObject({ ok: false, status: 404 });
  });
});
