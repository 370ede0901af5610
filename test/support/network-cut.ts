import { execPath, getuid } from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { bundle } from './appliance.ts';
import { Mosquitto } from './mosquitto.ts';
import { watchBroker } from './mqtt-watcher.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { describeWithPeers } from './peers.ts';
import { callsEnded, RecordOffice, recordsSeen, withoutRepeats } from './record-office.ts';
import { pause, waitUntil } from './wait-until.ts';

/** Hosts of their own take root. */
const privileged = getuid?.() === 0;

/** An office on a host of its own whose cable to head office is pulled for so long, while it goes on making calls. */
export function describeNetworkCut(seconds: number): void {
  const title = `an office that is cut off from its broker for ${seconds} s`;
  describeWithPeers(privileged ? title : `${title} (without root)`, ['mosquitto', 'iproute2'], () => {
    if (!privileged) {
      it.skip('needs root for a host of its own', () => {});
      return;
    }
    const host = new NetworkNamespace();
    const broker = new Mosquitto(host.outside, 1883);
    const office = new RecordOffice(broker.url, { command: host.command(execPath, bundle) });
    const { appliance } = office;

    afterAll(async () => {
      await appliance.dispose();
      await broker.dispose();
      host.dispose();
    });

    it('keeps its calls, and every record of those it made comes once, later', async () => {
      host.setAddress(2);
      await broker.start();
      const watcher = await watchBroker(broker.url);
      await appliance.start();
      await appliance.waitForStatus('the broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected');
      await office.talk();
      const [standing] = (await appliance.status()).calls;
      const rung = [await office.ring()];

      host.setCable(false);
      const cutMs = performance.now();
      while (performance.now() - cutMs < seconds * 1_000) {
        rung.push(await office.ring());
        await pause(100);
      }
      const { calls } = await appliance.status();
      expect(calls.map(({ id, state }) => [id, state])).toEqual([[standing!.id, 'talking']]);
      await waitUntil('the records on the disk', 5_000, async () => {
        const kept = new Set((await office.waiting()).map(({ callId }) => callId));
        return kept.size >= rung.length - 1;
      });
      host.setCable(true);

      rung.push(await office.ring(), standing!.id);
      await appliance.rest(1, 2);
      const callsRecorded = () =>
        withoutRepeats(recordsSeen(watcher)).flatMap(({ kind, callId }) => (kind === 'call' ? [callId] : []));
      // The last call's record may still be on its way to the disk: an outbox found empty does not say that all have come.
      const missing = () => rung.filter((id) => !callsRecorded().includes(id));
      await waitUntil(
        'every record',
        90_000,
        () => missing().length === 0,
        () => `missing: ${missing()}`,
      );
      await waitUntil('the outbox to be empty', 10_000, async () => (await office.waiting()).length === 0);
      expect(callsRecorded().sort()).toEqual(rung.sort());
      const records = withoutRepeats(recordsSeen(watcher));
      expect(records.filter(({ kind }) => kind === 'leg')).toHaveLength(rung.length + 1);
      expect(rung).toEqual(expect.arrayContaining(callsEnded(watcher)));
      expect(watcher.json('branchline/lyon-01/state')).toMatchObject({ state: 'online' });
      console.log(
        `${seconds} s cut off: ${rung.length} calls, ${records.length} records, ${recordsSeen(watcher).length} came`,
      );
      await watcher.close();
    });
  });
}
