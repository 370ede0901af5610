import { beforeEach, describe, expect, it } from 'vitest';
import { type ControlResult, EmulatorControl, type PhoneReport } from '../../../../firmware-bridge/emulator/control.ts';
import { PlainHat } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import { decodeWav, encodeWav } from '../../../../firmware-bridge/emulator/wav.ts';
import type { Emulator } from '../../../../src/panel/emulator.ts';

let hat: PlainHat;
let control: EmulatorControl;
let nowMs: number;

beforeEach(() => {
  nowMs = 0;
  hat = new PlainHat({ ports: [1, 2], exchange: (_port, up, down) => down.set(up) });
  hat.command({ type: 'audio', ports: [1, 2], law: 'ulaw' });
  hat.tick(nowMs);
  control = new EmulatorControl(hat);
});

function live(ms: number): void {
  for (const end = nowMs + ms; nowMs < end; ) hat.tick((nowMs += 10));
}

function given<Value>(result: ControlResult<Value>): Value {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function phone(port: number): PhoneReport {
  return given(control.line(port));
}

function wavOf(samples: Int16Array, rateHz = 8000): string {
  return Buffer.from(encodeWav({ samples, rateHz })).toString('base64');
}

describe('EmulatorControl', () => {
  it('is what the panel drives', () => {
    const emulator: Emulator = control;
    expect(emulator.board).toMatchObject({ name: 'branchline-hat-4', sockets: 4, phones: [1, 2] });
  });

  it('reports a phone that lies on the hook', () => {
    expect(phone(1)).toEqual({
      hook: 'on',
      ringing: false,
      cadence: [],
      callerId: null,
      callerName: null,
      lamp: false,
      heard: { tones: [], levelDbm0: -90 },
    });
  });

  it('has no phone where there is none', () => {
    const refusal = { ok: false, status: 404, error: 'There is no emulated phone on line 3.' };
    expect(control.line(3)).toEqual(refusal);
    expect(control.heardWav(3, 1)).toEqual(refusal);
    expect(control.apply(3, { hook: 'off' })).toEqual(refusal);
    expect(control.listen(3, () => {})).toBeUndefined();
  });

  it('reports ringing with cadence and caller', () => {
    const callerId = { number: '7123', name: 'Head office' };
    hat.command({ type: 'line', port: 2, command: { type: 'ring', cadence: [1500, 3500], callerId } });
    live(2000);
    expect(phone(2)).toMatchObject({ hook: 'on', ringing: true, cadence: [1500, 3500] });
    expect(phone(2)).toMatchObject({ callerId: '7123', callerName: 'Head office' });
  });

  it('lifts, says, hears the tone at its level, and puts down', () => {
    expect(control.apply(1, { hook: 'off' })).toMatchObject({ ok: true, value: { hook: 'off' } });
    const peak = 32_768 * 10 ** ((-10 - 3.17) / 20);
    const sine = Int16Array.from({ length: 8000 }, (_, i) => peak * Math.sin((2 * Math.PI * 1000 * i) / 8000));
    expect(control.apply(1, { say: wavOf(sine) })).toMatchObject({ ok: true });
    live(1000);
    const { heard } = phone(1);
    expect(heard.tones).toHaveLength(1);
    expect(heard.tones[0]!.hz).toBeCloseTo(1000, 0);
    expect(heard.tones[0]!.dbm0).toBeCloseTo(-10, 0);
    expect(heard.levelDbm0).toBeCloseTo(-10, 0);
    control.apply(1, { hook: 'on' });
    live(300);
    expect(phone(1)).toMatchObject({ hook: 'on', heard: { tones: [], levelDbm0: -90 } });
  });

  it('gives the last seconds as a WAV of exactly that length, silence in front', () => {
    control.apply(1, { hook: 'off' });
    control.apply(1, { dial: '1' });
    live(560);
    const wav = decodeWav(given(control.heardWav(1, 3)));
    if ('problem' in wav) throw new Error(wav.problem);
    expect(wav.rateHz).toBe(8000);
    expect(wav.samples).toHaveLength(24_000);
    expect(wav.samples.subarray(0, 20_000).every((sample) => sample === 0)).toBe(true);
    expect(control.heardWav(1, 0)).toMatchObject({ status: 400 });
    expect(control.heardWav(1, 61)).toMatchObject({ status: 400 });
    expect(control.heardWav(1, Number.NaN)).toMatchObject({ status: 400 });
    expect(wav.samples.subarray(20_000).some((sample) => sample !== 0)).toBe(true);
  });

  it('takes a WAV of another rate', () => {
    control.apply(1, { hook: 'off' });
    const sine = Int16Array.from({ length: 44_100 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 700 * i) / 44_100));
    expect(control.apply(1, { say: wavOf(sine, 44_100) })).toMatchObject({ ok: true });
    live(1000);
    expect(Math.round(phone(1).heard.tones[0]!.hz)).toBe(700);
  });

  it.each([[{ flash: true }], [{ dial: '1' }], [{ say: wavOf(new Int16Array(8)) }]])(
    'refuses %j on the hook',
    (body) => {
      expect(control.apply(1, body)).toEqual({ ok: false, status: 409, error: 'The handset is on the hook.' });
    },
  );

  it.each([
    [null, 'The body must be an object.'],
    [[], 'The body must be an object.'],
    [{}, 'Exactly one of hook, flash, dial, say is needed.'],
    [{ hook: 'off', dial: '1' }, 'Exactly one of hook, flash, dial, say is needed.'],
    [{ as: 'dtmf' }, 'Exactly one of hook, flash, dial, say is needed.'],
    [{ hok: 'off' }, '"hok" is unknown; allowed: hook, flash, dial, say.'],
    [{ hook: 'up' }, '"hook" must be "off" or "on".'],
    [{ hook: 'off', as: 'dtmf' }, '"as" goes with "dial" only.'],
    [{ flash: 1 }, '"flash" must be true.'],
    [{ dial: '' }, '"dial" must be 1 to 1000 of 0-9, A-D, * and #.'],
    [{ dial: '12x' }, '"dial" must be 1 to 1000 of 0-9, A-D, * and #.'],
    [{ dial: '1'.repeat(1001) }, '"dial" must be 1 to 1000 of 0-9, A-D, * and #.'],
    [{ dial: '*1', as: 'pulse' }, '"dial" must be 1 to 1000 of 0-9.'],
    [{ dial: 12 }, '"dial" must be 1 to 1000 of 0-9, A-D, * and #.'],
    [{ dial: '1', as: 'tone' }, '"as" must be "dtmf" or "pulse".'],
    [{ say: 'no base64' }, '"say" must be a WAV file in base64.'],
    [{ say: 'AAAA' }, '"say": Not a RIFF WAVE file.'],
  ])('refuses %j with the reason', (body, error) => {
    control.apply(1, { hook: 'off' });
    expect(control.apply(1, body)).toEqual({ ok: false, status: 400, error });
  });

  it('does not let a phone be told more than 10 minutes ahead', () => {
    control.apply(1, { hook: 'off' });
    const minute = wavOf(new Int16Array(480_000));
    const results = Array.from({ length: 12 }, () => control.apply(1, { say: minute }));
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    expect(results.at(-1)).toMatchObject({ status: 409 });
  });

  it('flashes for as long as the country of the line wants', () => {
    control.apply(1, { hook: 'off' });
    live(500);
    control.apply(1, { flash: true });
    live(1500);
    const events = [];
    for (let event = hat.poll(); event !== undefined; event = hat.poll()) events.push(event);
    expect(events.at(-1)).toMatchObject({ event: { type: 'flash', ms: 650 } });
  });

  it('presses keys and shows lights', () => {
    expect(control.keypad({ press: '1', ms: 80 })).toMatchObject({ ok: true });
    expect(control.keypad({ press: '1' })).toEqual({ ok: false, status: 409, error: 'Key 1 is down already.' });
    expect(control.keypad({ press: 'x' })).toMatchObject({ status: 400 });
    expect(control.keypad({ press: '2', ms: 0 })).toMatchObject({ status: 400 });
    expect(control.keypad({ key: '2' })).toMatchObject({ status: 400 });
    expect(control.keypad(7)).toMatchObject({ status: 400 });
    hat.command({ type: 'led', led: 1, light: { colour: 'green', onMs: 1000, offMs: 0 } });
    expect(control.leds()['1']).toEqual({ colour: 'green', onMs: 1000, offMs: 0 });
    expect(Object.keys(control.leds())).toEqual(['1', '2', '3', '4']);
  });
});
