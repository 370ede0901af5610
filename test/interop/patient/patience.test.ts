import { afterEach, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { CENTRE, ROUTER, ROUTER_OUTSIDE, startBranch, startCentre } from '../../support/branch-office.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { UdpProxy } from '../../support/udp-proxy.ts';
import { pause } from '../../support/wait-until.ts';

describeAsterisk('what takes its time', (version) => {
  let centre: Asterisk | undefined;
  let office: Appliance | undefined;

  afterEach(async () => {
    await office?.dispose();
    await centre?.dispose();
    [centre, office] = [undefined, undefined];
  });

  test('registration survives a centre that stands still for 25 s', async () => {
    centre = await startCentre(version);
    office = await startBranch({ register: '{ refresh: 12s }' });
    await office.waitForRegistration('hq', 'registered', 5_000);
    centre.signal('SIGSTOP');
    const { trunks } = await office.waitForStatus(
      'hq to be unreachable',
      6_000,
      (it) => it.trunks['hq']?.reachable === false,
    );
    expect(trunks['hq']?.reason).toMatch(/\w.*/);
    await pause(20_000);
    centre.signal('SIGCONT');
    await office.waitForStatus('hq to be reachable again', 10_000, (it) => it.trunks['hq']?.reachable === true);
    await office.waitForRegistration('hq', 'registered', 20_000);
    await centre.waitForCli('iax2 show peers', /branch1.*OK \(\d+ ms\)/, 15_000);
  });

  test('a new port that only the router knows of is found with the next refresh', async () => {
    const router = await UdpProxy.open({
      listen: { ip: ROUTER, port: 4569 },
      target: { ip: CENTRE, port: 4569 },
      outerIp: ROUTER_OUTSIDE,
    });
    try {
      centre = await startCentre(version);
      office = await startBranch({ host: ROUTER, register: '{ refresh: 12s }' });
      await office.waitForRegistration('hq', 'registered', 5_000);
      await router.rebind();
      const apparent = `${ROUTER_OUTSIDE}:${router.outerPorts()[0]}`;
      await office.waitForStatus(
        'the new address',
        12_000,
        (it) => it.trunks['hq']?.registration?.apparent === apparent,
      );
    } finally {
      router.close();
    }
  });

  test('300 digits, more than the sequence numbers go round, reach the centre in order', async () => {
    const digits = Array.from({ length: 300 }, (_, i) => '1234567890*5'[(i * 7) % 12]!).join('');
    centre = await startCentre(version, { globals: `WANTED=${digits.length}` });
    office = await startBranch();
    await office.waitForRegistration('hq', 'registered', 5_000);
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '7607');
    await office.waitForLine(1, 'talking', 10_000);
    await office.dial(1, digits);
    const [, read] = await centre.waitForLog(/READ-DIGITS=([^=]*)=/, 120_000);
    expect(read).toBe(digits);
  });
});
