import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { CENTRE, centreFiles, startBranch } from '../../support/branch-office.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { pause } from '../../support/wait-until.ts';

/** Asterisk 16 does not survive a Local channel that begins in a context with a switch: it is entered by Goto. */
const VIA_BRANCH = `
[to-switch]
exten => _X.,1,Answer()
 same => n,Goto(via-branch,\${EXTEN},1)
[via-branch]
switch => IAX2/branch1
`;

describeAsterisk('switch => [RFC5456 §6.8]', (version) => {
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    const files = centreFiles();
    const extensions = `${files['extensions.conf']}${VIA_BRANCH}`;
    centre = await startAsterisk({ version, bind: CENTRE, files: { ...files, 'extensions.conf': extensions } });
    office = await startBranch({ dialplan: 'switch => IAX2/hq/from-branch\n' });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterEach(async () => {
    await centre.cli('channel request hangup all');
    await office.rest(1);
    await centre.waitForCli('core show channels count', /0 active channels/, 10_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
  });

  async function dialFrom1(number: string): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, number);
  }

  test('finds a number that only the centre has, and calls it there', async () => {
    await dialFrom1('601');
    await office.waitForLine(1, 'talking', 15_000);
    await waitForTone(office, 1, { hz: 1004 });
  });

  test('gives the tone of an unknown number where the centre has none, either', async () => {
    await dialFrom1('655');
    await office.waitForLine(1, 'congestion', 15_000);
    expect(await centre.channelCount()).toBe(0);
  });

  test('of our own dialplan is not asked for a number that we have', async () => {
    await centre.cli('iax2 set debug on');
    const from = centre.log().length;
    await dialFrom1('202');
    await office.waitForLine(2, 'ringing', 10_000);
    await centre.cli('iax2 set debug off');
    expect(centre.log().slice(from)).not.toMatch(/DPREQ/);
  });

  test('at the centre finds a number of ours, and rings here', async () => {
    await centre.originate('Local/201@to-switch', { application: 'Wait', data: '20' });
    await office.waitForLine(1, 'ringing', 8_000);
    await office.lift(1);
    await office.waitForLine(1, 'talking', 3_000);
  });

  test('at the centre learns that we do not have a number, without a call', async () => {
    await centre.cli('iax2 set debug on');
    const from = centre.log().length;
    await centre.originate('Local/399@to-switch', { application: 'Wait', data: '2' });
    await centre.waitForLog(/DIALPLAN STATUS : 4/, 8_000, from);
    await centre.cli('iax2 set debug off');
    await pause(500);
    const { calls, lines } = await office.status();
    expect(calls).toEqual([]);
    expect(lines['1']?.state).toBe('idle');
  });
});
