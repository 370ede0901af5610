import { connect, createServer, type Server } from 'node:net';
import { execPath } from 'node:process';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FleetSite } from '../../../src/status/fleet.ts';
import { bundle } from '../../support/appliance.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { pause } from '../../support/wait-until.ts';

/** The first byte of a PUBACK. */
const PUBACK = 0x40;
const STANDSTILL_MS = 1_500;
/** A laptop that wakes has its network a little later. */
const NETWORK_MS = 300;

describeWithPeers('branchline fleet on a machine that sleeps, with mosquitto', ['mosquitto'], () => {
  const ip = loopbackAddress(50);
  // One message is on its way at a time: the others come when the one before is acknowledged.
  const broker = new Mosquitto(ip, 1883, 'allow_anonymous true\n', 'max_inflight_messages 1\n');
  const sites = ['graz-02', 'lyon-01', 'oslo-03'];
  let asleep: Program | undefined;
  let relay: Server;

  beforeAll(async () => {
    await broker.start();
    const offices = await connectAsync(broker.url);
    for (const site of sites)
      await offices.publishAsync(
        `branchline/${site}/state`,
        '{"state":"online","session":"s","at":"2026-01-01T00:00:00Z"}',
        {
          qos: 1,
          retain: true,
        },
      );
    await offices.endAsync();
    relay = createServer((near) => {
      const far = connect(1883, ip);
      near.on('data', async (bytes) => {
        near.pause();
        if (bytes[0] === PUBACK && asleep !== undefined) await sleep(asleep);
        far.write(bytes);
        near.resume();
      });
      far.pipe(near);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(1884, ip, resolve));
  });

  afterAll(async () => {
    relay?.close();
    await broker.dispose();
  });

  /** Stops it in the midst of its reading, once. */
  async function sleep(program: Program): Promise<void> {
    asleep = undefined;
    await pause(50);
    program.signal('SIGSTOP');
    await pause(STANDSTILL_MS);
    program.signal('SIGCONT');
    await pause(NETWORK_MS);
  }

  it('lists every office although it slept while the broker told of them', async () => {
    const listing = new Program('fleet', execPath, [
      bundle,
      'fleet',
      'list',
      '--json',
      '--broker',
      `mqtt://${ip}:1884`,
    ]);
    asleep = listing;
    expect(await listing.exit(20_000)).toBe(0);
    expect(asleep).toBeUndefined();
    const listed = JSON.parse(listing.stdout) as FleetSite[];
    expect(listed.map(({ site, state }) => [site, state])).toEqual(sites.map((site) => [site, 'online']));
  });
});
