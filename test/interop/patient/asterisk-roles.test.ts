import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { clearest, strongestHz } from '../../support/audio.ts';
import { BRANCH, CENTRE, centreFiles, SECRET, startBranch, startCentre } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { noise } from '../../support/signal.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

/** Calls that the centre sends in go back to it: the branch joins two of its calls. */
const LOOP = `[from-hq]
exten => _9XXX,1,Dial(IAX2/hq/\${EXTEN:1},60)
`;

const TEXT_FRAME = 7;
/** Of one call, while every fifth datagram is lost. */
const ATTEMPTS = 4;

describeAsterisk('an Asterisk that registers here', (version) => {
  let tower: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    const files = centreFiles();
    const iax = files['iax.conf']!.replace('[branch1]', `register => tower:its-own@${BRANCH}\n[branch1]`);
    tower = await startAsterisk({
      version,
      bind: CENTRE,
      files: {
        ...files,
        'iax.conf': iax
          .replace('host=dynamic', `host=${BRANCH}`)
          .replace('username=hq', 'username=tower')
          .replace(`secret=${SECRET}`, 'secret=its-own'),
      },
    });
    const peers = `    tower:
      username: branch1
      secret: its-own
      context: from-hq
      qualify: { every: 2s, timeout: 1s }
`;
    office = await startBranch({ peers, dialplan: `exten => _8XXX,1,Dial(IAX2/tower/\${EXTEN:1},30)\n` });
  });

  afterEach(async () => {
    await tower.cli('channel request hangup all');
    await office.rest(1);
    await tower.waitForCli('core show channels count', /0 active channels/, 10_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await tower?.dispose();
  });

  test('is known at its address, and can be reached', async () => {
    const { trunks } = await office.waitForStatus('the tower', 30_000, (it) => it.trunks['tower']?.reachable === true);
    expect(trunks['tower']).toMatchObject({ address: `${CENTRE}:4569`, reason: null });
    await tower.waitForLog(/Registered IAX2 to/, 10_000);
  });

  test('calls us, and is heard', async () => {
    await tower.originate('IAX2/branch1/201', { application: 'Milliwatt' });
    await office.waitForLine(1, 'ringing', 4_000);
    await office.lift(1);
    await waitForTone(office, 1, { hz: 1004 });
  });

  test('is called by us', async () => {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '8601');
    await office.waitForLine(1, 'talking', 8_000);
    await waitForTone(office, 1, { hz: 1004 });
  });

  test('is gone when it says so', async () => {
    await tower.stop();
    await office.waitForStatus('the tower to be gone', 10_000, (it) => it.trunks['tower']?.reachable !== true);
    await tower.start();
    await office.waitForStatus('the tower to be back', 30_000, (it) => it.trunks['tower']?.reachable === true);
  });
});

describeAsterisk(
  'text',
  (version) => {
    test('goes from a call of the centre through the branch into another, untouched [RFC5456 §6.10.4]', async () => {
      const files = centreFiles();
      const sending =
        'exten => 620,1,Answer()\n same => n,Wait(1)\n same => n,SendText(Grüße aus der Zentrale)\n same => n,Verbose(1,TEXT-SENT)\nexten => 621,1,Answer()\n same => n,Wait(60)\n';
      const extensions = files['extensions.conf']!.replace('[to-branch]', `${sending}[to-branch]`);
      const centre = await startAsterisk({ version, bind: CENTRE, files: { ...files, 'extensions.conf': extensions } });
      const office = await startBranch({ dialplan: LOOP });
      const capture = await Capture.start(`udp port 4569 and src host ${BRANCH}`);
      try {
        await office.waitForRegistration('hq', 'registered', 5_000);
        await centre.originate('IAX2/branch1/9621', { extension: '620@from-branch' });
        // Its end comes behind the text, on each of the two calls.
        await centre.waitForLog(/TEXT-SENT/, 10_000);
        await office.waitForNoCalls(10_000);
        await capture.stop();
        const frames = await capture.payloads('iax2');
        const texts = frames
          .filter((bytes) => bytes.length > 12 && bytes[0]! >= 0x80 && bytes[10] === TEXT_FRAME)
          .map((bytes) => new TextDecoder().decode(bytes.subarray(12)).replace(/\0+$/, ''));
        expect(new Set(texts)).toEqual(new Set(['Grüße aus der Zentrale']));
      } finally {
        await capture.dispose();
        await office.dispose();
        await centre.dispose();
      }
    });
  },
  ['tshark'],
);

/** Dials from line 1, and says whether the call was answered or came to nothing. */
async function reaches(office: Appliance, number: string): Promise<boolean> {
  await office.lift(1);
  await office.waitForLine(1, 'dial-tone', 2_000);
  await office.dial(1, number);
  const { lines } = await office.waitForStatus('an answer or none', 30_000, (it) =>
    ['talking', 'congestion', 'busy', 'howler', 'lockout'].includes(it.lines['1']!.state),
  );
  return lines['1']!.state === 'talking';
}

/** The centre calls line 1; says whether that rings, or the centre has given the call up. */
async function isRung(centre: Asterisk, office: Appliance): Promise<boolean> {
  await centre.originate('IAX2/branch1/201', { application: 'Wait', data: '3' });
  const wasThere = /[1-9]\d* active channels?/;
  let begun = false;
  const outcome = await waitUntil('the bell, or the end of the call', 30_000, async () => {
    if ((await office.status()).lines['1']!.state === 'ringing') return 'rings';
    const isThere = wasThere.test(await centre.cli('core show channels count'));
    begun ||= isThere;
    return begun && !isThere ? 'given up' : undefined;
  });
  return outcome === 'rings';
}

describeAsterisk('a centre of which every fifth datagram is lost', (version) => {
  test('registers us, talks, and both ends agree on every end', async () => {
    // With qualify it would take us for unreachable now and then, and not call.
    const centre = await startCentre(version, { peer: 'qualify=no' });
    const office = await startBranch();
    try {
      await office.waitForRegistration('hq', 'registered', 5_000);
      await centre.cli('iax2 test losspct 20');
      for (let call = 0; call < 3; call++) {
        // Asterisk gives a call up when a frame was lost five times: then one dials again.
        for (let attempt = 1; !(await reaches(office, '7600')); attempt++) {
          expect(attempt).toBeLessThan(ATTEMPTS);
          await office.hangUp(1);
          await office.waitForLine(1, 'idle', 5_000);
          await centre.waitForCli('core show channels count', /0 active channels/, 30_000);
        }
        await office.say(1, Int16Array.from(noise(-15, 1_000, call)));
        await pause(1_500);
        await office.hangUp(1);
        await office.waitForNoCalls(5_000);
        await office.waitForLine(1, 'idle', 5_000);
        await centre.waitForCli('core show channels count', /0 active channels/, 30_000);
      }
      for (let call = 0; call < 3; call++) {
        for (let attempt = 1; !(await isRung(centre, office)); attempt++) expect(attempt).toBeLessThan(ATTEMPTS);
        await office.lift(1);
        await office.waitForLine(1, 'talking', 5_000);
        // The end is the centre's: its HANGUP is sent again until we have it.
        await office.waitForNoCalls(45_000);
        await office.hangUp(1);
        await office.waitForLine(1, 'idle', 5_000);
        await centre.waitForCli('core show channels count', /0 active channels/, 30_000);
      }
      await centre.cli('iax2 test losspct 0');
      expect((await office.trunk('hq')).registration?.state).toBe('registered');
    } finally {
      await office.dispose();
      await centre.dispose();
    }
  });
});

describe('codecs', () => {
  describeAsterisk('agreed', (version) => {
    const cases = [
      { ours: '[ulaw, alaw]', theirs: 'ulaw\nallow=alaw', agreed: 'ulaw', order: 'host' },
      { ours: '[alaw, ulaw]', theirs: 'ulaw\nallow=alaw', agreed: 'alaw', order: 'host' },
      { ours: '[alaw]', theirs: 'ulaw\nallow=alaw', agreed: 'alaw', order: 'host' },
      { ours: '[gsm, alaw]', theirs: 'alaw\nallow=gsm', agreed: 'gsm', order: 'host' },
      { ours: '[alaw, ulaw]', theirs: 'ulaw\nallow=alaw', agreed: 'ulaw', order: 'caller' },
      { ours: '[alaw, ulaw]', theirs: 'ulaw\nallow=alaw', agreed: 'ulaw', order: 'reqonly' },
    ];
    test.each(cases)(
      'by a call that comes in: ours are $ours, theirs $theirs, and by the order of $order it is $agreed [RFC5456 §8.6.35]',
      async ({ ours, theirs, agreed, order }) => {
        const centre = await startCentre(version, { peer: `disallow=all\nallow=${theirs}` });
        const office = await startBranch({ codecs: ours, hq: `codecPriority: ${order}`, dialplan: LOOP });
        try {
          await office.waitForRegistration('hq', 'registered', 5_000);
          await centre.originate('IAX2/branch1/9601', { application: 'Wait', data: '20' });
          const shown = await centre.waitForCli('iax2 show channels', new RegExp(`branch1.*\\b${agreed}\\b`), 5_000);
          expect(shown[0]).toContain(agreed);
        } finally {
          await office.dispose();
          await centre.dispose();
        }
      },
    );

    test('that we cannot decode pass through the switch as they are', async () => {
      const centre = await startCentre(version, { peer: 'disallow=all\nallow=gsm' });
      const office = await startBranch({ codecs: '[gsm]', dialplan: LOOP });
      try {
        await office.waitForRegistration('hq', 'registered', 5_000);
        const recording = centre.path('spool', 'talk');
        await centre.cli(`dialplan set global RECORDING ${recording}`);
        await centre.originate('IAX2/branch1/9610', { application: 'Milliwatt' });
        await centre.waitForCli('iax2 show channels', /gsm/, 5_000);
        const samples = await centre.waitForRecording(recording);
        expect(strongestHz(clearest(samples, 1004))).toBeCloseTo(1004, -1);
        const formats = await centre.cli('iax2 show channels');
        expect(formats).not.toMatch(/ulaw|alaw/);
      } finally {
        await office.dispose();
        await centre.dispose();
      }
    });
  });
});
