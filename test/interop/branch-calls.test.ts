import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { levelDbm0, loudestDbm0, toneDbm0 } from '../support/audio.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../support/branch-office.ts';
import { Capture } from '../support/capture.ts';
import { describeAsterisk } from '../support/peers.ts';
import { noise } from '../support/signal.ts';
import { waitForTone } from '../support/tone-heard.ts';
import { voiceFrom } from '../support/voice-of.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

/** Blocks of 20 ms as text; of a noise no two are alike, silence is left out. */
function distinctBlocks(voice: Uint8Array): string[] {
  const blocks = Array.from({ length: voice.length / 160 }, (_, i) =>
    Buffer.from(voice.subarray(i * 160, i * 160 + 160)).toString('hex'),
  );
  return blocks.filter((block) => new Set(block.match(/../g)).size > 20);
}

describeAsterisk(
  'a branch line dials',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture | undefined;

    beforeAll(async () => {
      centre = await startCentre(version);
      office = await startBranch({
        dialplan: `exten => 613,1,Set(CALLERID(ton)=33)
 same => n,Set(CALLERID(pres)=allowed_passed_screen)
 same => n,Set(CALLERID(ani2)=27)
 same => n,Dial(IAX2/hq/613)`,
      });
      await office.waitForRegistration('hq', 'registered', 5_000);
    });

    afterEach(async () => {
      await office.rest(1, 2);
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
    }

    test('Echo(), and every block that it sent comes back byte for byte', async () => {
      capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
      await dialFrom1('7600');
      await office.waitForLine(1, 'talking', 10_000);
      // A second more than is looked for: where the machine stands still, the blocks of that time are left out.
      await office.say(1, Int16Array.from(noise(-15, 4_000, 7)));
      const isLoud = async () => levelDbm0(await office.heard(1, 0.5)) > -17;
      await waitUntil('the echo', 5_000, isLoud);
      await waitUntil('the end of it', 10_000, async () => levelDbm0(await office.heard(1, 1)) < -60);
      await capture.stop();
      const sent = distinctBlocks(await voiceFrom(capture, BRANCH));
      const returned = distinctBlocks(await voiceFrom(capture, CENTRE));
      expect(sent.length).toBeGreaterThanOrEqual(150);
      // Each block is as it was sent, none comes twice. On a busy machine Asterisk's threads may overtake each other.
      const few = Math.ceil(0.04 * sent.length);
      expect(returned.filter((block) => !sent.includes(block))).toEqual([]);
      expect(new Set(returned).size).toBe(returned.length);
      expect(returned.length).toBeGreaterThanOrEqual(sent.length - few);
      const overtaken = returned.filter((block, i) => i > 0 && sent.indexOf(block) < sent.indexOf(returned[i - 1]!));
      expect(overtaken.length).toBeLessThanOrEqual(few);
      expect(loudestDbm0(await office.heard(1, 5))).toBeGreaterThan(-17);
    });

    test('a number whose type of number, presentation and ANI II digits the centre is told', async () => {
      await dialFrom1('613');
      await centre.waitForLog(/CALLER=201 TON=33 PRES=allowed_passed_screen ANI2=27\./, 5_000);
    });

    test('Milliwatt(), and hears 1004 Hz at 0 dBm0', async () => {
      await dialFrom1('7601');
      await office.waitForLine(1, 'talking', 10_000);
      await waitForTone(office, 1, { hz: 1004, dbm0: 0, isAlone: true, seconds: 2 });
    });

    test('with pulses', async () => {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '7601', 'pulse');
      await office.waitForLine(1, 'talking', 15_000);
    });

    test('a number that rings: hears ringback, then is through', async () => {
      await dialFrom1('7615');
      await office.waitForLine(1, 'calling', 5_000);
      await office.waitForStatus('the call to ring', 5_000, (it) => it.calls[0]?.state === 'ringing');
      await waitUntil('French ringback', 5_000, async () => toneDbm0(await office.heard(1, 0.4), 440) > -30);
      await centre.cli('dialplan set global GO 1');
      await office.waitForLine(1, 'talking', 5_000);
    });

    test('and hangs up: the centre has no channel left', async () => {
      await dialFrom1('7601');
      await office.waitForLine(1, 'talking', 10_000);
      await office.hangUp(1);
      await centre.waitForCli('core show channels count', /0 active channels/, 2_000);
      await office.waitForLine(1, 'idle', 2_000);
    });

    test('and the centre hangs up: the caller hears congestion and then hangs up', async () => {
      await dialFrom1('7606');
      await office.waitForLine(1, 'talking', 10_000);
      await office.waitForStatus(
        'line 1 to be released',
        5_000,
        (it) => it.calls.length === 0 && it.lines['1']?.state !== 'talking',
      );
    });

    test('and flashes: holds the centre, calls the other line, joins all three, and leaves the two to each other', async () => {
      await dialFrom1('7601');
      await office.waitForLine(1, 'talking', 10_000);
      await office.drive(1, { flash: true });
      await waitUntil('the dial tone alone', 5_000, async () => {
        const heard = await office.heard(1, 0.4);
        return toneDbm0(heard, 440) > -25 && toneDbm0(heard, 1004) < -40;
      });
      await office.dial(1, '202');
      await office.waitForLine(2, 'ringing', 5_000);
      await office.lift(2);
      await office.waitForLine(2, 'talking', 3_000);
      await pause(500);
      expect(toneDbm0(await office.heard(2, 0.3), 1004)).toBeLessThan(-40);

      await office.drive(1, { flash: true });
      const hearsCentre = async (port: number) => toneDbm0(await office.heard(port, 0.4), 1004) > -3;
      for (const port of [1, 2]) await waitUntil(`line ${port} to hear the centre`, 5_000, () => hearsCentre(port));

      await office.hangUp(1);
      await office.waitForLine(1, 'idle', 3_000);
      await pause(1_000);
      await waitUntil('line 2 to hear the centre still', 3_000, () => hearsCentre(2));
      await office.hangUp(2);
      await centre.waitForCli('core show channels count', /0 active channels/, 3_000);
    });

    test('the other line of the branch, without the centre', async () => {
      await dialFrom1('202');
      await office.waitForLine(2, 'ringing', 5_000);
      await office.lift(2);
      await office.waitForLine(2, 'talking', 2_000);
      expect(await centre.channelCount()).toBe(0);
      await office.say(1, Int16Array.from(noise(-15, 3_000, 3)));
      await waitUntil('line 2 to hear line 1', 5_000, async () => loudestDbm0(await office.heard(2, 1.5)) > -17);
    });
  },
  ['tshark'],
);
