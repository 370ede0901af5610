import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('the keypad and the LEDs of the box', () => {
  let appliance: Appliance;

  beforeAll(async () => {
    appliance = new Appliance({
      config: `
site: { id: keys, country: fr }
hat:
  port: emulator
  emulator: plain
  lines: [{ port: 1, kind: fxs, extension: "201", context: office }]
  keypad: { "1": status, "2": night-mode, "9": identify, "*": restart, "0": factory-reset }
dialplan: |
  [office]
  exten => 600,1,GotoIf($["\${NIGHT}" = "1"]?closed,1)
  exten => 600,2,Answer
  exten => 600,3,Milliwatt
  exten => closed,1,Busy
`,
    });
    await appliance.start();
  });

  afterAll(() => appliance?.dispose());

  const until = (what: string, condition: () => boolean | Promise<boolean>) =>
    waitUntil(what, 20_000, condition, () => appliance.log);
  /** Presses a key, as soon as it is up. */
  const press = (key: string, ms = 80) =>
    until(`key ${key} to be up`, async () => {
      const { status } = await appliance.request('POST', '/api/emulator/keypad', { press: key, ms });
      return status === 200;
    });
  const colours = async () => {
    const leds = await appliance.get<Record<string, { colour: string }>>('/api/emulator/leds');
    return Object.values(leds).map(({ colour }) => colour);
  };
  const route = async () =>
    (await appliance.get<{ steps: { application: string }[] }>('/api/route?number=600&from=line/1')).steps
      .map(({ application }) => application)
      .join(' ');

  it('show the lines, and who the box is when the key for that is pressed', async () => {
    await until('a line that is ready', async () => (await colours()).join() === 'green,off,off,off');
    await press('9');
    await until('every LED', async () => (await colours()).join() === 'white,white,white,white');
  });

  it('switch to night service and back, which the dialplan sees', async () => {
    expect(await route()).toContain('Milliwatt');
    await press('2');
    await until('the night', async () => (await colours())[2] === 'blue');
    expect(await route()).toContain('Busy');
    await until('the log', () => appliance.log.includes('Night service is on.'));
    await press('2');
    await until('the day', () => appliance.log.includes('Night service is off.'));
    expect(await route()).toContain('Milliwatt');
  });

  it('restart the switch when their key is held; night service is as it was', async () => {
    await press('2');
    await until('the night', async () => (await route()).includes('Busy'));
    const { uptimeMs } = await appliance.status();
    await press('*', 1_200);
    await until('a new start', async () => {
      try {
        return (await appliance.status()).uptimeMs < uptimeMs;
      } catch {
        return false;
      }
    });
    await until('the night again', async () => (await route()).includes('Busy'));
  });

  it('forget what the box has learned when the key for that is held twice', async () => {
    const learned = join(appliance.folder, 'data/bindings.json');
    writeFileSync(learned, '[]\n');
    await press('0', 1_200);
    await until('the warning', async () => (await colours()).every((colour) => colour === 'red'));
    expect(existsSync(learned)).toBe(true);
    await press('0', 1_200);
    await until('the reset', () => appliance.log.includes('Factory reset: this box has forgotten'));
    await until('the line to be ready again', async () => {
      try {
        return (await colours()).join() === 'green,off,off,off';
      } catch {
        return false;
      }
    });
    expect(existsSync(learned)).toBe(false);
    await until('the day', async () => (await route()).includes('Milliwatt'));
  });
});
