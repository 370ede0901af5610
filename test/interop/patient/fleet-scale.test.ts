import { afterAll, expect, it } from 'vitest';
import { HeadOffice, outcomes } from '../../support/head-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { describeWithPeers } from '../../support/peers.ts';

describeWithPeers('a thousand appliances at one mosquitto', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(71), 1883, 'allow_anonymous true\nmax_queued_messages 0\n');
  const office = new HeadOffice(1_000, broker.url);
  afterAll(async () => {
    await office.dispose();
    await broker.dispose();
  });

  it('are in the live table of the fleet, and each applies once what is pushed to all', async () => {
    await broker.start();
    office.fleet.start();
    const sites = await office.listed();
    expect(sites.every(({ trunks }) => trunks.reached === 1 && trunks.all === 1)).toBe(true);
    const push = office.push(7, 250);
    const code = await push.exit(120_000);
    expect({ code, err: push.stderr }).toEqual({ code: 0, err: '' });
    expect(outcomes(push).filter(({ outcome }) => outcome === 'applied')).toHaveLength(1_000);
    expect([...office.fleet.applied.values()].every((revisions) => revisions.join() === '7')).toBe(true);
  });
});
