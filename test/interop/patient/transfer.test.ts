import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { clearest, strongestHz } from '../../support/audio.ts';
import { BRANCH, CENTRE, centreFiles, SECRET, startBranch } from '../../support/branch-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { describeAsterisk } from '../../support/peers.ts';

const EAST = loopbackAddress(5);

/** From either centre through the branch to the other. */
const DIALPLAN = `[from-hq]
exten => _9XXX,1,Dial(IAX2/east/\${EXTEN:1},60)
`;

describeAsterisk('transfers', (version) => {
  let hq: Asterisk;
  let east: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    const files = centreFiles();
    const extensions = files['extensions.conf']!.replace(
      '[to-branch]',
      'exten => 630,1,Answer()\n same => n,Wait(1)\n same => n,Transfer(202@from-hq)\n[to-branch]',
    );
    hq = await startAsterisk({ version, bind: CENTRE, files: { ...files, 'extensions.conf': extensions } });
    const fixed = files['iax.conf']!.replace('host=dynamic', `host=${BRANCH}`);
    east = await startAsterisk({ version, bind: EAST, files: { ...files, 'iax.conf': fixed } });
    const transfer = `transfer: { mode: MODE, targets: [${CENTRE}, ${EAST}] }`;
    office = await startBranch({
      hq: transfer.replace('MODE', 'full'),
      peers: `    east:
      host: ${EAST}
      username: branch1
      secret: ${SECRET}
      context: from-hq
      ${transfer.replace('MODE', 'full')}
`,
      dialplan: DIALPLAN,
    });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterEach(async () => {
    for (const centre of [hq, east]) {
      await centre.cli('channel request hangup all');
      await centre.waitForCli('core show channels count', /0 active channels/, 20_000);
    }
    await office.rest(1, 2);
  });

  afterAll(async () => {
    await office?.dispose();
    await east?.dispose();
    await hq?.dispose();
  });

  test('a caller that the centre sends on (TRANSFER) is connected to another telephone [RFC5456 §6.4.6]', async () => {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '7630');
    await office.waitForLine(2, 'ringing', 10_000);
    await office.lift(2);
    await office.waitForLine(2, 'talking', 5_000);
    const { calls } = await office.waitForStatus('the two lines alone', 5_000, (it) => it.calls[0]?.legs.length === 2);
    expect(calls[0]?.legs.map(({ channel }) => channel)).toEqual(['LINE/1', 'LINE/2']);
    await hq.waitForCli('core show channels count', /0 active channels/, 5_000);
  });

  test('two centres that talk through us go on without us, and hear each other [RFC5456 §6.5]', async () => {
    const recording = hq.path('spool', 'talk');
    await hq.cli(`dialplan set global RECORDING ${recording}`);
    await hq.originate('IAX2/branch1/9601', { extension: '610@from-branch' });
    await hq.waitForCli('iax2 show channels', new RegExp(EAST.replaceAll('.', '\\.')), 10_000);
    await east.waitForCli('iax2 show channels', new RegExp(CENTRE.replaceAll('.', '\\.')), 10_000);
    await office.waitForNoCalls(15_000);
    const samples = await hq.waitForRecording(recording);
    expect(strongestHz(clearest(samples.subarray(-8_000), 1004, 4_000))).toBeCloseTo(1004, 0);
    await hq.cli('channel request hangup all');
    await east.waitForCli('core show channels count', /0 active channels/, 10_000);
  });
});
