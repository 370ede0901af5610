import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import { measureTones } from '../../firmware-bridge/emulator/tone-meter.ts';
import { TownExchange } from '../../firmware-bridge/emulator/town-exchange.ts';
import { exchangeHabits } from '../../src/line-settings.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { Appliance } from '../support/appliance.ts';
import { nativeFirmware } from '../support/firmware.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Pty } from '../support/pty.ts';
import { RealTimeHat } from '../support/real-time-hat.ts';
import { waitUntil } from '../support/wait-until.ts';

describeWithPeers('a HAT on a serial port', ['socat', 'gcc'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-serial-'));
  const device = join(folder, 'hat-uart');
  const resetLine = join(folder, 'reset');
  const town = new TownExchange(exchangeHabits(countryProfile('fr')!));
  let hat: RealTimeHat;
  let appliance: Appliance;

  beforeAll(async () => {
    writeFileSync(resetLine, '0');
    const board = new NativeBoard({ program: nativeFirmware('host'), ports: [1, 2] });
    hat = new RealTimeHat(device, board, [1, 2], town);
    appliance = new Appliance({
      config: `
site: { id: copper, country: fr }
hat:
  port: ${device}
  reset: ${resetLine}
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }
dialplan: |
  [office]
  exten => 202,1,Dial(LINE/2,20)
`,
    });
    await appliance.start();
  });

  afterAll(async () => {
    await appliance?.dispose();
    await hat?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const phone = (port: number) => hat.surroundings.phone(port)!;
  const tones = (port: number) => measureTones(phone(port).heard.last(1600)).map(({ hz }) => Math.round(hz));
  const hatStatus = async () => (await appliance.status()).hat!;
  const reaches = (port: number, state: string, withinMs = 10_000) =>
    waitUntil(
      `line ${port} to be ${state}`,
      withinMs,
      async () => (await appliance.status()).lines[port]?.state === state,
      () => appliance.log,
    );

  it('is no reason not to start when it is missing, and status says what is wrong', async () => {
    const missing = /hat-uart cannot be used: .*No such file/;
    await waitUntil('the reason', 10_000, async () => missing.test((await hatStatus()).reason ?? ''));
    expect(await hatStatus()).toMatchObject({ up: false, runs: 'hardware', port: device });
    expect((await appliance.status()).lines['1']).toMatchObject({ state: 'out-of-service' });
  });

  it('serves its lines within 3 s of being plugged in: dial tone, ringing, a call', async () => {
    await hat.plugIn();
    await reaches(1, 'idle', 3_000);
    expect(await hatStatus()).toMatchObject({ up: true, reason: null, board: 'branchline-hat-4', firmware: '1.3.0' });
    phone(1).lift();
    await waitUntil('dial tone', 10_000, () => tones(1).includes(440));
    phone(1).dialTones('202');
    await waitUntil('ringing', 10_000, () => phone(2).bell);
    phone(2).lift();
    await reaches(1, 'talking');
    phone(2).say(Int16Array.from({ length: 80_000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 1000 * i) / 8000)));
    await waitUntil('the voice of the other', 10_000, () => tones(1).includes(1000));
  });

  it('pulled out in a call takes its lines out of service, and plugged in again has them back within 3 s', async () => {
    await hat.pullOut();
    await reaches(1, 'out-of-service', 5_000);
    await appliance.waitForNoCalls();
    expect(await hatStatus()).toMatchObject({ up: false });
    phone(1).putDown();
    phone(2).putDown();
    await hat.plugIn();
    await reaches(1, 'idle', 3_000);
    await reaches(2, 'idle', 3_000);
    expect((await hatStatus()).reopenings).toBeGreaterThan(0);
    phone(1).lift();
    await waitUntil('dial tone', 10_000, () => tones(1).includes(440));
    phone(1).putDown();
  });

  it('that hangs is given up, its reset line is pulled, and it is back when it answers', async () => {
    hat.hangs = true;
    await reaches(2, 'out-of-service', 5_000);
    await waitUntil('the reset line', 10_000, () => appliance.log.includes('The reset line of the HAT was pulled'));
    await waitUntil('the line to be let go', 5_000, () => readFileSync(resetLine, 'utf8') === '0');
    hat.hangs = false;
    await reaches(2, 'idle', 3_000);
    expect((await hatStatus()).resetLine).toBeGreaterThan(0);
  });

  it('whose host is killed gives line 1 the town line, where emergency calls go, and has it back with the next start', async () => {
    appliance.signal('SIGKILL');
    await waitUntil('the relay', 10_000, () => !hat.surroundings.relay);
    phone(1).lift();
    await waitUntil('the dial tone of the town', 10_000, () => town.isSeized && tones(1).includes(440));
    phone(1).dialTones('112');
    await waitUntil('the call to help', 10_000, () => town.dialled === '112');
    phone(1).putDown();
    await waitUntil('the end of it', 10_000, () => !town.isSeized);
    await appliance.start();
    await reaches(1, 'idle');
    await waitUntil('the relay', 10_000, () => hat.surroundings.relay);
  });

  it('at another baud rate is named as such', async () => {
    await hat.pullOut();
    const noise = await Pty.open(device);
    const babble = setInterval(() => noise.write(Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) | 1)), 20);
    try {
      await waitUntil('the reason', 10_000, async () => /another baud rate/.test((await hatStatus()).reason ?? ''));
    } finally {
      clearInterval(babble);
      await noise.close();
    }
  });
});
