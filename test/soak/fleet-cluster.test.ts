import { afterAll, expect, it } from 'vitest';
import { HeadOffice, outcomes } from '../support/head-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { NatsCluster } from '../support/nats-cluster.ts';
import { describeWithPeers } from '../support/peers.ts';
import { waitUntil } from '../support/wait-until.ts';

describeWithPeers('two hundred appliances at a NATS cluster of three', ['nats-server'], () => {
  const cluster = new NatsCluster([72, 73, 74].map(loopbackAddress), loopbackAddress(75));
  const office = new HeadOffice(200, cluster.url);
  afterAll(async () => {
    await office.dispose();
    await cluster.dispose();
  });

  it('each apply once what is pushed to all, though a node is killed in the middle of it', async () => {
    await cluster.start();
    office.fleet.start();
    await office.listed();
    const push = office.push(9, 20);
    await waitUntil('a part of the fleet to be done', 60_000, () => outcomes(push).length >= 25);
    await cluster.kill(1);
    const code = await push.exit(200_000);
    expect({ code, err: push.stderr }).toEqual({ code: 0, err: '' });
    expect(outcomes(push).filter(({ outcome }) => outcome === 'applied')).toHaveLength(200);
    expect([...office.fleet.applied.values()].every((revisions) => revisions.join() === '9')).toBe(true);
  });
});
