import { afterEach, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { BRANCH, branch, branchConfig, startBranch, startCentre } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';
import { pause } from '../support/wait-until.ts';

describeAsterisk('registration', (version) => {
  let centre: Asterisk | undefined;
  let office: Appliance | undefined;

  afterEach(async () => {
    await office?.dispose();
    await centre?.dispose();
    [centre, office] = [undefined, undefined];
  });

  const shownAt = (address: string) => new RegExp(`branch1\\S*\\s+${address.replaceAll('.', '\\.')}\\s.*\\s4569\\s`);

  test('with call token and MD5 is shown by `iax2 show peers` with our address and port', async () => {
    centre = await startCentre(version);
    office = await startBranch();
    const { trunks } = await office.waitForRegistration('hq', 'registered', 5_000);
    expect(trunks['hq']).toMatchObject({ kind: 'iax2', reason: null });
    expect(trunks['hq']?.registration).toMatchObject({ refreshS: 60, apparent: `${BRANCH}:4569` });
    await centre.waitForCli('iax2 show peers', shownAt(BRANCH), 2_000);
    await centre.waitForCli('iax2 show peers', /branch1.*OK \(\d+ ms\)/, 5_000);
    const { trunks: later } = await office.waitForStatus(
      'hq to be reachable',
      5_000,
      (it) => it.trunks['hq']?.reachable === true,
    );
    expect(later['hq']?.rttMs).toBeGreaterThanOrEqual(0);
  });

  test('is refreshed before it expires', async () => {
    centre = await startCentre(version);
    office = await startBranch({ register: '{ refresh: 12s }' });
    await office.waitForRegistration('hq', 'registered', 5_000);
    const before = centre.log().length;
    await pause(14_000);
    await centre.waitForCli('iax2 show peers', shownAt(BRANCH), 1_000);
    expect(centre.log().slice(before)).not.toMatch(/Expiring|Unregistered IAX2/);
    expect((await office.trunk('hq')).registration?.state).toBe('registered');
  });

  test('is released at stop', async () => {
    centre = await startCentre(version);
    office = await startBranch();
    await centre.waitForCli('iax2 show peers', shownAt(BRANCH), 5_000);
    expect(await office.stop()).toBe(0);
    await centre.waitForCli('iax2 show peers', /branch1\S*\s+\(Unspecified\)|branch1\S*\s+\(null\)/, 3_000);
  });

  test('with a wrong secret is rejected, and the status says so in one sentence without the secret', async () => {
    centre = await startCentre(version);
    office = await startBranch({ secret: 'not-the-s3cret' });
    const { trunks } = await office.waitForRegistration('hq', 'rejected', 5_000);
    expect(trunks['hq']?.reason).toMatch(/\w.*/);
    expect(`${JSON.stringify(trunks)}${office.log}`).not.toContain('not-the-s3cret');
  });

  test('of an unknown user is rejected', async () => {
    centre = await startCentre(version);
    office = await startBranch({ username: 'branch9' });
    const { trunks } = await office.waitForRegistration('hq', 'rejected', 5_000);
    expect(trunks['hq']?.reason).toMatch(/\w.*/);
  });

  test('is tried again until a centre that is down at start comes up', async () => {
    office = branch();
    await office.start();
    const { trunks } = await office.waitForStatus(
      'hq to be unreachable',
      6_000,
      (it) => it.trunks['hq']?.reachable === false,
    );
    expect(trunks['hq']?.registration?.state).not.toBe('registered');
    expect(trunks['hq']?.reason).toMatch(/\w.*/);
    centre = await startCentre(version);
    await office.waitForRegistration('hq', 'registered', 30_000);
    await centre.waitForCli('iax2 show peers', shownAt(BRANCH), 1_000);
  });

  test('survives a restart of the centre', async () => {
    centre = await startCentre(version);
    office = await startBranch({ register: '{ refresh: 12s }' });
    await office.waitForRegistration('hq', 'registered', 5_000);
    await centre.stop();
    await office.waitForStatus('hq to be unreachable', 6_000, (it) => it.trunks['hq']?.reachable === false);
    await centre.start();
    await office.waitForStatus('hq to be reachable again', 10_000, (it) => it.trunks['hq']?.reachable === true);
    await office.waitForRegistration('hq', 'registered', 20_000);
    await centre.waitForCli('iax2 show peers', /branch1.*OK \(\d+ ms\)/, 15_000);
    await centre.originate('IAX2/branch1/201', { application: 'Wait', data: '5' });
    await office.waitForLine(1, 'ringing', 3_000);
  });

  test('takes up a corrected secret with the next start', async () => {
    centre = await startCentre(version);
    office = await startBranch({ secret: 'mistyped' });
    await office.waitForRegistration('hq', 'rejected', 5_000);
    await office.stop();
    office.configure(branchConfig());
    await office.start();
    await office.waitForRegistration('hq', 'registered', 5_000);
  });
});
