import { execPath, getuid } from 'node:process';
import { afterEach, expect, test } from 'vitest';
import { Appliance, bundle } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import {
  branchConfig,
  CENTRE,
  ROUTER,
  ROUTER_OUTSIDE,
  startBranch,
  startCentre,
  WEB,
} from '../../support/branch-office.ts';
import { NetworkNamespace } from '../../support/network-namespace.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { UdpProxy } from '../../support/udp-proxy.ts';

describeAsterisk('a branch behind a router', (version) => {
  let centre: Asterisk | undefined;
  let office: Appliance | undefined;
  let router: UdpProxy | undefined;

  afterEach(async () => {
    await office?.dispose();
    await centre?.dispose();
    router?.close();
    [centre, office, router] = [undefined, undefined, undefined];
  });

  async function set(register: string): Promise<{ centre: Asterisk; office: Appliance; router: UdpProxy }> {
    router = await UdpProxy.open({
      listen: { ip: ROUTER, port: 4569 },
      target: { ip: CENTRE, port: 4569 },
      outerIp: ROUTER_OUTSIDE,
    });
    centre = await startCentre(version);
    office = await startBranch({ host: ROUTER, register });
    await office.waitForRegistration('hq', 'registered', 5_000);
    return { centre, office, router };
  }

  const apparent = (port: number) => `${ROUTER_OUTSIDE}:${port}`;

  test('learns from the centre how it is seen', async () => {
    const { office, router } = await set('{ refresh: 60s }');
    expect((await office.trunk('hq')).registration?.apparent).toBe(apparent(router.outerPorts()[0]!));
  });

  test('is registered at its new port within 10 s when only the router knows of the change', async () => {
    const { centre, office, router } = await set('{ refresh: 60s, every: 8s }');
    await router.rebind();
    const [port] = router.outerPorts();
    await office.waitForStatus(
      'the new address',
      10_000,
      (it) => it.trunks['hq']?.registration?.apparent === apparent(port!),
    );
    await centre.waitForCli('iax2 show peers', new RegExp(`branch1.*\\s${port}\\s`), 5_000);
    await centre.originate('IAX2/branch1/201', { application: 'Wait', data: '5' });
    await office.waitForLine(1, 'ringing', 3_000);
  });

  test('registers over a line that loses, delays, doubles and reorders', async () => {
    const { centre, office, router } = await set('{ refresh: 12s }');
    router.impair({ loss: 0.1, duplicate: 0.2, delayMs: 20, jitterMs: 60 });
    await office.stop();
    await office.start();
    await office.waitForRegistration('hq', 'registered', 30_000);
    await centre.originate('IAX2/branch1/201', { application: 'Wait', data: '20' });
    await office.waitForLine(1, 'ringing', 15_000);
  });
});

/** Hosts of their own take root. */
const privileged = getuid?.() === 0;

describeAsterisk(
  privileged ? 'a branch whose own address changes' : 'a branch whose own address changes (without root)',
  (version) => {
    test.skipIf(!privileged)(
      'registers at once, long before its refresh, and is known at its new address',
      async () => {
        const host = new NetworkNamespace();
        let centre: Asterisk | undefined;
        let office: Appliance | undefined;
        try {
          host.setAddress(2);
          centre = await startCentre(version, {}, host.outside);
          office = new Appliance({
            config: branchConfig({ host: host.outside, bind: '0.0.0.0:4569', register: '{ refresh: 3600s }' }).replace(
              WEB,
              '127.0.0.1:8080',
            ),
            command: host.command(execPath, bundle),
          });
          await office.start();
          await office.waitForRegistration('hq', 'registered', 5_000);
          expect((await office.trunk('hq')).registration?.apparent).toBe(`${host.address(2)}:4569`);

          host.setAddress(3);
          const shown = new RegExp(`branch1\\S*\\s+${host.address(3).replaceAll('.', '\\.')}\\s`);
          await centre.waitForCli('iax2 show peers', shown, 10_000);
          await office.waitForStatus(
            'the new address',
            5_000,
            (it) => it.trunks['hq']?.registration?.apparent === `${host.address(3)}:4569`,
          );
          await centre.originate('IAX2/branch1/201', { application: 'Wait', data: '5' });
          await office.waitForLine(1, 'ringing', 3_000);
        } finally {
          await office?.dispose();
          await centre?.dispose();
          host.dispose();
        }
      },
    );
  },
  ['iproute2'],
);
