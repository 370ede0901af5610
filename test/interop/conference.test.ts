import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'node-pcm-codecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { toneDbm0 } from '../support/audio.ts';
import { startBranch, startCentre } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';
import { sine } from '../support/signal.ts';
import { waitUntil } from '../support/wait-until.ts';

const ROOM = `conferences: { "600": { pin: "4711", announce: false, record: true } }\n`;
const DIALPLAN = `[from-hq]
exten => _9XXX,1,MeetMe(\${EXTEN:1},,4711)
`;

describeAsterisk('a conference', (version) => {
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    centre = await startCentre(version);
    office = await startBranch({ dialplan: DIALPLAN, sections: ROOM });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
  });

  async function enter(line: number): Promise<void> {
    await office.lift(line);
    await office.waitForLine(line, 'dial-tone', 3_000);
    await office.dial(line, '600');
    await office.waitForLine(line, 'talking', 10_000);
    await office.dial(line, '4711');
  }

  const heardDbm0 = async (line: number, hz: number) => toneDbm0(await office.heard(line, 0.5), hz);

  test('lets everybody hear all others and not themselves, a caller of the centre too, and is recorded', async () => {
    await enter(1);
    await enter(2);
    await centre.originate('IAX2/branch1/9600', { application: 'Milliwatt' });
    await office.say(1, Int16Array.from(sine(850, -12, 8_000)));
    const isNear = async (line: number, hz: number, dbm0: number) => Math.abs((await heardDbm0(line, hz)) - dbm0) < 1;
    await waitUntil('line 2 to hear line 1', 10_000, () => isNear(2, 850, -12));
    await waitUntil('line 2 to hear the centre', 10_000, () => isNear(2, 1_004, 0));
    await waitUntil('line 1 to hear the centre', 10_000, () => isNear(1, 1_004, 0));
    expect(await heardDbm0(1, 850)).toBeLessThan(-40);
    await centre.cli('channel request hangup all');
    await office.rest(1, 2);
    const folder = join(office.folder, 'data/recordings');
    const name = await waitUntil('the recording', 5_000, () =>
      existsSync(folder) ? readdirSync(folder)[0] : undefined,
    );
    expect(name).toMatch(/^600-.*\.wav$/);
    const wav = await waitUntil('it to be whole', 5_000, () => {
      const bytes = readFileSync(join(folder, name));
      return bytes.length > 58 && bytes.length === 58 + bytes.readUInt32LE(54) ? bytes : undefined;
    });
    const samples = new Int16Array(wav.readUInt32LE(54));
    decode('ulaw', wav.subarray(58), samples);
    for (const hz of [850, 1_004]) expect(toneDbm0(samples, hz)).toBeGreaterThan(-25);
  });
});
