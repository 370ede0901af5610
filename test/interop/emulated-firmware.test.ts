import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { sine } from '../support/signal.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('the HAT as its firmware on an emulated microcontroller', () => {
  let appliance: Appliance;

  beforeAll(async () => {
    appliance = new Appliance({
      config: `
site: { id: copper, country: gb }
hat:
  port: emulator
  emulator: firmware
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }
    - { port: 4, kind: fxo, name: Town, context: town }
dialplan: |
  [office]
  exten => 202,1,Dial(LINE/2,60)
  exten => _0.,1,Dial(LINE/4/\${EXTEN:1},60)
  [town]
  exten => s,1,Dial(LINE/2,60)
`,
    });
    await appliance.start(60_000);
  });

  afterAll(() => appliance?.dispose());

  const tones = async (port: number) => (await appliance.line(port)).heard.tones.map(({ hz }) => Math.round(hz));
  const until = (what: string, condition: () => Promise<boolean>) =>
    waitUntil(what, 60_000, condition, () => appliance.log);

  it('is what status says it is', async () => {
    await until('the hello', async () => (await appliance.status()).hat?.up === true);
    expect((await appliance.status()).hat).toMatchObject({ runs: 'firmware', firmware: '1.3.0', reason: null });
    expect((await appliance.status()).lines).toMatchObject({ '1': { state: 'idle' }, '2': { state: 'idle' } });
    await until('the town line', async () => (await appliance.status()).lines['4']?.state === 'idle');
  });

  it('gives dial tone, takes pulses, rings in the cadence of the country and carries voices both ways', async () => {
    await appliance.lift(1);
    await until('dial tone', async () => (await tones(1)).join() === '350,440');
    await appliance.dial(1, '202', 'pulse');
    await until('ringing', async () => (await appliance.line(2)).ringing);
    expect(await appliance.line(2)).toMatchObject({ cadence: [400, 200, 400, 2000], callerId: '201' });
    await appliance.lift(2);
    await until('the call', async () => (await appliance.status()).calls[0]?.state === 'talking');
    await appliance.say(2, Int16Array.from(sine(1000, -10, 10_000)));
    await until('the voice of the other', async () => (await tones(1)).join() === '1000');
    await appliance.say(1, Int16Array.from(sine(700, -10, 10_000)));
    await until('the voice of the one', async () => (await tones(2)).join() === '700');
    await appliance.hangUp(2);
    await until('the end', async () => (await appliance.status()).calls.length === 0);
    await appliance.hangUp(1);
  });

  it('calls into the town, and is called from there with a caller ID', async () => {
    const town = async () => (await appliance.line(4)).town!;
    await appliance.lift(1);
    await until('dial tone', async () => (await tones(1)).join() === '350,440');
    await appliance.dial(1, '0123');
    await until('the number at the exchange', async () => (await town()).dialled === '123');
    await until('ringing there', async () => (await town()).exchange === 'calling');
    await appliance.drive(4, { answer: true });
    await until('the call', async () => (await appliance.status()).lines['1']?.state === 'talking');
    await appliance.drive(4, { clear: true });
    await until('the end', async () => (await town()).exchange === 'rest');
    await appliance.hangUp(1);
    await appliance.drive(4, { ring: { callerId: '02079460001' } });
    await until('ringing here', async () => (await appliance.line(2)).callerId === '02079460001');
    await appliance.lift(2);
    await until('they talk', async () => (await town()).exchange === 'talking');
    await appliance.hangUp(2);
    await until('the end of that', async () => (await town()).exchange === 'rest');
  });

  it('flashes, presses keys and shows its LEDs like any other', async () => {
    await appliance.lift(1);
    await until('dial tone', async () => (await tones(1)).join() === '350,440');
    await appliance.dial(1, '45');
    await until('no dial tone', async () => (await tones(1)).join() !== '350,440');
    await appliance.drive(1, { flash: true });
    await until('dial tone again', async () => (await tones(1)).join() === '350,440');
    await appliance.hangUp(1);
    const leds = await appliance.get<Record<string, { colour: string }>>('/api/emulator/leds');
    expect(leds['2']).toMatchObject({ colour: 'green' });
    expect((await appliance.request('POST', '/api/emulator/keypad', { press: '5' })).status).toBe(200);
    expect((await appliance.request('POST', '/api/emulator/keypad', { press: '5' })).status).toBe(409);
    await until('its statistics', async () => (await appliance.status()).hat?.underruns !== null);
    const { underruns, crcErrors, lateBlocks } = (await appliance.status()).hat!;
    expect({ underruns, crcErrors, lateBlocks }).toEqual({ underruns: 0, crcErrors: 0, lateBlocks: 0 });
  });
});
