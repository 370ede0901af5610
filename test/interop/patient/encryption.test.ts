import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { clearest, loudestDbm0, strongestHz, toneDbm0 } from '../../support/audio.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { noise, sine } from '../../support/signal.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** 160 codes behind the call number, the timestamp among what is encrypted: padded to 12 blocks of AES. */
const SEALED_MINI_LENGTH = 194;
const CLEAR_MINI_LENGTH = 164;
/** Blocks of each direction that are looked at. */
const ENOUGH = 150;

describeAsterisk(
  'a call that is encrypted',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture | undefined;

    beforeAll(async () => {
      centre = await startCentre(version, { peer: 'encryption=aes128\nforceencryption=yes' });
      office = await startBranch({ hq: 'encryption: aes128' });
      await office.waitForRegistration('hq', 'registered', 5_000);
    });

    afterEach(async () => {
      await centre.cli('channel request hangup all');
      await office.rest(1);
      await centre.waitForCli('core show channels count', /0 active channels/, 5_000);
      await capture?.dispose();
      capture = undefined;
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
    });

    async function dialFrom1(number: string): Promise<void> {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, number);
      await office.waitForLine(1, 'talking', 10_000);
    }

    test('brings every word back, and shows none of it on the way', async () => {
      capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
      await dialFrom1('7600');
      await office.say(1, Int16Array.from(noise(-15, 4_000, 7)));
      await waitUntil('its echo', 10_000, async () => loudestDbm0(await office.heard(1, 4)) > -17);
      await capture.waitForFrames(2 * ENOUGH);
      await capture.stop();
      for (const from of [BRANCH, CENTRE]) {
        const lengths = (await capture.payloads(`ip.src == ${from} && iax2`))
          .filter((bytes) => (bytes[0]! & 0x80) === 0)
          .map(({ length }) => length);
        expect(lengths).not.toContain(CLEAR_MINI_LENGTH);
        expect(lengths.filter((length) => length === SEALED_MINI_LENGTH).length).toBeGreaterThan(ENOUGH);
      }
    });

    test('keeps the level of what the centre sends', async () => {
      await dialFrom1('7601');
      await waitForTone(office, 1, { hz: 1004, dbm0: 0, isAlone: true, seconds: 2 });
    });

    test('comes from the centre, too, and keeps the level of what the branch sends', async () => {
      const recording = centre.path('spool', 'talk');
      await centre.cli(`dialplan set global RECORDING ${recording}`);
      await centre.originate('IAX2/branch1/201', { extension: '610@from-branch' });
      await office.waitForLine(1, 'ringing', 3_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 2_000);
      await office.say(1, Int16Array.from(sine(850, -10, 5_000)));
      const samples = await centre.waitForRecording(recording);
      const spoken = clearest(samples, 850);
      expect(strongestHz(spoken)).toBeCloseTo(850, 0);
      expect(Math.abs(toneDbm0(spoken, 850) - -10)).toBeLessThan(0.5);
    });
  },
  ['tshark'],
);

describeAsterisk('a centre that does not encrypt', (version) => {
  test('gets no call of a branch that must', async () => {
    await using centre = { it: await startCentre(version), [Symbol.asyncDispose]: () => centre.it.dispose() };
    await using office = {
      it: await startBranch({ hq: 'encryption: aes128' }),
      [Symbol.asyncDispose]: () => office.it.dispose(),
    };
    await office.it.waitForRegistration('hq', 'registered', 5_000);
    await office.it.lift(1);
    await office.it.waitForLine(1, 'dial-tone', 2_000);
    await office.it.dial(1, '7601');
    await office.it.waitForStatus('the call to fail', 10_000, (it) => it.lines['1']?.state === 'congestion');
    expect(await centre.it.channelCount()).toBe(0);
  });
});
