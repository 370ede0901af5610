import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { startAppliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { branchConfig, centreFiles, WEB } from '../../support/branch-office.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { waitForTone } from '../../support/tone-heard.ts';

/** The one IPv6 address that every machine has; the two ends differ in their ports. */
const CENTRE = '[::1]:4569';
const BRANCH = '[::1]:4570';
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe.skipIf(!hasIpv6)(`over IPv6${hasIpv6 ? '' : ' (without ::1)'}`, () => {
  describeAsterisk('a branch', (version) => {
    let centre: Asterisk;
    let office: Appliance;

    beforeAll(async () => {
      centre = await startAsterisk({ version, bind: CENTRE, files: centreFiles() });
      office = await startAppliance({ config: branchConfig({ host: `"${CENTRE}"`, bind: `"${BRANCH}"` }), web: WEB });
      await office.waitForRegistration('hq', 'registered', 5_000);
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
    });

    test('is registered, and told its own address', async () => {
      const { registration, address } = await office.trunk('hq');
      expect([address, registration?.apparent]).toEqual([CENTRE, BRANCH]);
    });

    test('calls and is called', async () => {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '7601');
      await office.waitForLine(1, 'talking', 10_000);
      await waitForTone(office, 1, { hz: 1004 });
      await office.rest(1);
      await centre.originate('IAX2/branch1/201', { application: 'Milliwatt' });
      await office.waitForLine(1, 'ringing', 10_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 5_000);
      await centre.cli('channel request hangup all');
      await office.rest(1);
    });
  });
});
