import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { strongestHz, toneDbm0 } from '../support/audio.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../support/branch-office.ts';
import { Capture } from '../support/capture.ts';
import { describeAsterisk } from '../support/peers.ts';
import { pause } from '../support/wait-until.ts';

describeAsterisk(
  'a call of 140 s',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture;

    beforeAll(async () => {
      capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
      centre = await startCentre(version);
      office = await startBranch();
      await office.waitForRegistration('hq', 'registered', 5_000);
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
      await capture?.dispose();
    });

    /** The whole second until now is one tone: a lost, doubled or shifted block would show beside it. */
    async function isCleanMilliwatt(): Promise<boolean> {
      const heard = await office.heard(1, 1);
      const beside = Math.max(...[600, 850, 1250, 1700].map((hz) => toneDbm0(heard, hz)));
      return Math.abs(strongestHz(heard) - 1004) < 1 && beside < -35;
    }

    test('sounds clean through the wraps of the mini timestamp at 65.5 s and 131 s, and past 0x8000 between', async () => {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '7601');
      await office.waitForLine(1, 'talking', 10_000);
      const startMs = performance.now();
      const unclean: number[] = [];
      for (let second = 2; second <= 140; second += 2) {
        await pause(startMs + second * 1_000 - performance.now());
        if (!(await isCleanMilliwatt())) unclean.push(second);
      }
      // A machine that was busy for a moment may have lost a block. What breaks at a wrap stays broken after it.
      console.log(`Asterisk ${version}: seconds that were not clean: ${unclean.join(', ') || 'none'}`);
      expect(unclean.length).toBeLessThanOrEqual(7);
      expect(unclean.filter((second) => unclean.includes(second + 2) && unclean.includes(second + 4))).toEqual([]);
      const { calls } = await office.status();
      expect(calls).toHaveLength(1);
      const iax2 = calls[0]?.legs.find((leg) => leg.kind === 'iax2');
      expect(iax2?.lossPct).toBeLessThan(1);
      await office.hangUp(1);
      await office.waitForNoCalls();
      await centre.waitForCli('core show channels count', /0 active channels/, 3_000);
      await capture.stop();
      expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
      // A full voice frame at every crossing of 0x8000: 32.8, 65.5, 98.3 and 131 s, besides the first.
      expect(
        await capture.count(`ip.src == ${BRANCH} && iax2.type == 2 && iax2.packet_type == 1`),
      ).toBeGreaterThanOrEqual(5);
    });
  },
  ['tshark'],
);
