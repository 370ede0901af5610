import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Appliance, bundle } from '../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../support/asterisk.ts';
import { Baresip } from '../support/baresip.ts';
import { BRANCH, CENTRE, SECRET, startCentre, WEB } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';
import { waitForTone } from '../support/tone-heard.ts';
import { PHONE_SECRET, wholeOffice } from '../unit/config/asterisk/whole-office.ts';
import { asteriskFolder } from './peers/peer-store.ts';

const run = promisify(execFile);

/** The command as it is shipped. Gives what it told. */
async function branchline(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(execPath, [bundle, ...args], { maxBuffer: 64 * 1024 * 1024 });
}

describeAsterisk('the import of its configuration', (version) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'branchline-import-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('of the files that its package has gives a configuration that check accepts', async () => {
    const file = join(folder, 'samples.yaml');
    const { stderr } = await branchline('import-asterisk', join(asteriskFolder(version), 'etc/asterisk'), '-o', file);
    expect(stderr).toMatch(/^extensions.conf:\d+: VoiceMail is not available/m);
    expect((await branchline('check', file)).stdout).toMatch(/: valid/);
  });

  test('of the files that its package has, all that is commented out switched on, as well', async () => {
    const samples = join(asteriskFolder(version), 'etc/asterisk');
    const wanted = join(folder, 'switched-on');
    mkdirSync(wanted);
    const names =
      'iax sip pjsip pjsip_wizard extensions chan_dahdi dundi features res_parking queues confbridge meetme acl rtp users voicemail';
    for (const name of names.split(' ')) {
      const path = join(samples, `${name}.conf`);
      if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
      writeFileSync(
        join(wanted, `${name}.conf`),
        readFileSync(path, 'latin1').replace(/^;+ ?(?=\[|[a-zA-Z_]+ *=|#include)/gm, ''),
      );
    }
    const file = join(folder, 'switched-on.yaml');
    await branchline('import-asterisk', wanted, '-o', file);
    expect((await branchline('check', file)).stdout).toMatch(/: valid/);
  });
});

describeAsterisk(
  'an office that had it for its own',
  (version) => {
    const files = wholeOffice({ bind: BRANCH, headOffice: CENTRE, secret: SECRET });
    let folder: string;
    let centre: Asterisk;
    let office: Appliance;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'branchline-import-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      centre = await startCentre(version);
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    test('registered at head office with these files', async () => {
      const { 'asterisk.conf': _, ...own } = files;
      const before = await startAsterisk({ version, bind: BRANCH, files: own });
      try {
        await centre.waitForCli('iax2 show peers', new RegExp(`branch1\\S*\\s+${BRANCH}`), 15_000);
        expect(await before.cli('dialplan show 7600@office')).toContain("'_7XXX' =>");
      } finally {
        await before.dispose();
      }
    });

    test('registers there, calls and is called with what the import makes of them', async () => {
      const file = join(folder, 'branchline.yaml');
      await branchline('import-asterisk', folder, '-o', file);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const imported = readFileSync(file, 'utf8');
      // There is no HAT in this test, and it must see the telephones.
      const config = imported
        .replace('port: /dev/ttyAMA0', 'port: emulator\n  emulator: plain')
        .replace(/^dialplan:/m, `web: { listen: "http://${WEB}", auth: none }\ndialplan:`);
      office = new Appliance({ config, web: WEB });
      await office.start();
      await office.waitForRegistration('hq', 'registered', 10_000);
      await centre.waitForCli('iax2 show peers', new RegExp(`branch1\\S*\\s+${BRANCH}`), 5_000);

      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '7601');
      await office.waitForLine(1, 'talking', 10_000);
      await waitForTone(office, 1, { hz: 1004 });
      await office.rest(1);

      await centre.originate('IAX2/branch1/202', { application: 'Milliwatt' });
      await office.waitForLine(2, 'ringing', 5_000);
      await office.lift(2);
      await office.waitForLine(2, 'talking', 5_000);
      await waitForTone(office, 2, { hz: 1004 });
      await office.rest(2);
    });

    test('has its SIP phone, and the queue that rings it and the first line', async () => {
      const desk = await Baresip.start({ user: '211', secret: PHONE_SECRET, server: `${BRANCH}:5060` });
      try {
        await office.waitForStatus(
          'the phone to be registered',
          10_000,
          ({ phones }) => phones['211']?.state === 'registered',
        );
        await office.lift(2);
        await office.waitForLine(2, 'dial-tone', 2_000);
        await office.dial(2, '250');
        await desk.waitForEvent('CALL_INCOMING');
        await office.waitForLine(1, 'ringing', 5_000);
        await desk.command('accept');
        await office.waitForLine(2, 'talking', 10_000);
        await waitForTone(office, 2, { hz: 700 });
      } finally {
        await office.rest(1, 2);
        await desk.dispose();
      }
    });
  },
  ['baresip'],
);
