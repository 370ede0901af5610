import { afterAll, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeNetworkCut } from '../../support/network-cut.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { callsEnded, RecordOffice, recordsSeen, withoutRepeats } from '../../support/record-office.ts';
import { waitUntil } from '../../support/wait-until.ts';

const KILLS = 6;

describeWithPeers('the outbox of an office that is killed while it writes', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(45), 1883);
  const office = new RecordOffice(broker.url);
  const { appliance } = office;
  const random = new SeededRandom(7);

  afterAll(async () => {
    await appliance.dispose();
    await broker.dispose();
  });

  it('loses no record of a call whose end it told, nor one that was on its disk, and repeats them under their id', async () => {
    await broker.start();
    const watcher = await watchBroker(broker.url);
    const onDisk = new Set<string>();
    let rung = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await appliance.start();
      // Before its broker is there, and while it tells it.
      if (kill % 2 === 1)
        await appliance.waitForStatus('the broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected');
      const last = rung + 2 + random.integer(60);
      // The request under way when it dies fails.
      while (await office.ring().then(Boolean, () => false)) if (++rung === last) appliance.signal('SIGKILL');
      await appliance.stop();
      for (const { id } of await office.waiting()) onDisk.add(id);
    }
    expect(rung).toBeGreaterThan(KILLS);
    await appliance.start();
    await waitUntil('the outbox to be empty', 10_000, async () => (await office.waiting()).length === 0);
    const missing = () => {
      const came = new Set(recordsSeen(watcher).map(({ id }) => id));
      return [...onDisk].filter((id) => !came.has(id));
    };
    await waitUntil(
      'every record that was on the disk',
      5_000,
      () => missing().length === 0,
      () => `missing: ${missing()}`,
    );
    const records = withoutRepeats(recordsSeen(watcher));
    const calls = records.filter(({ kind }) => kind === 'call').map(({ callId }) => callId);
    expect(new Set(calls).size).toBe(calls.length);
    const ended = callsEnded(watcher);
    expect(ended.length).toBeGreaterThan(KILLS);
    expect(ended.filter((id) => !calls.includes(id))).toEqual([]);
    await watcher.close();
  });
});

describeNetworkCut(10);
