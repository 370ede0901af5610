import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cdr } from '../../src/status/schema.ts';
import { cdrSchema } from '../../src/status/schema.ts';
import { Appliance, bundle } from '../support/appliance.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { watchBroker } from '../support/mqtt-watcher.ts';
import { describeWithPeers } from '../support/peers.ts';
import { waitUntil } from '../support/wait-until.ts';

const TOPIC = 'branchline/lyon-01/cdr';

describeWithPeers('records of calls with mosquitto', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(41), 1883);
  const appliance = new Appliance({
    config: `
site: { id: lyon-01, country: fr }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
mqtt: { url: "${broker.url}" }
`,
  });
  let watcher: Awaited<ReturnType<typeof watchBroker>> | undefined;

  beforeAll(async () => {
    await broker.start();
    await appliance.start();
  });

  afterAll(async () => {
    await watcher?.close();
    await appliance.dispose();
    await broker.dispose();
  });

  async function kill() {
    appliance.signal('SIGKILL');
    await appliance.stop();
  }

  /** 201 calls 202, they talk for a moment, and 201 hangs up. */
  async function call() {
    await appliance.talk('202');
    await appliance.rest(1, 2);
  }

  /** What waits on the disk. */
  function waiting(): Cdr[] {
    const data = join(appliance.folder, 'data');
    const text = execFileSync(execPath, [bundle, 'cdr', 'export', '--json', '--data', data], { encoding: 'utf8' });
    return text.split('\n').flatMap((line) => (line === '' ? [] : [cdrSchema.parse(JSON.parse(line))]));
  }

  const received = () =>
    (watcher?.messages ?? []).flatMap(({ topic, payload }) =>
      topic === TOPIC ? [cdrSchema.parse(JSON.parse(payload))] : [],
    );
  const idsOf = (records: readonly Cdr[]) => [...new Set(records.map(({ id }) => id))].sort();

  it('are kept while nobody listens, and through kill -9', async () => {
    await appliance.waitForStatus('the broker', 5_000, (status) => status.mqtt?.protocol === '5');
    await call();
    const records = await waitUntil('the records', 5_000, () => {
      const found = waiting();
      return found.length === 3 ? found : undefined;
    });
    expect(records.map(({ kind, from, to, cause }) => [kind, from, to, cause])).toEqual([
      ['leg', '201', '202', 'normal-clearing'],
      ['leg', '201', '202', 'normal-clearing'],
      ['call', '201', '202', 'normal-clearing'],
    ]);
    expect(records[2]!.talkMs).toBeGreaterThan(0);
    expect(records[0]).toMatchObject({ leg: { channel: 'LINE/1', direction: 'in' }, quality: { lossPct: 0 } });
    await kill();
    expect(waiting()).toEqual(records);
    watcher = await watchBroker(broker.url);
    await appliance.start();
    await waitUntil('the records', 10_000, () => received().length >= 3);
    expect(received()).toEqual(records);
    await waitUntil('the outbox to be empty', 5_000, () => waiting().length === 0);
  });

  it('are on the disk before the end of their call is told, which has its cause', async () => {
    await call();
    const end = await waitUntil('the end', 5_000, () =>
      watcher!.messages
        .filter(({ topic }) => topic.startsWith('branchline/lyon-01/calls/'))
        .map(({ payload }) => JSON.parse(payload) as { id: string; state: string; cause: string | null })
        .find(({ state }) => state === 'ending'),
    );
    expect(end.cause).toBe('normal-clearing');
    await waitUntil('the records', 5_000, () =>
      received().some(({ kind, callId }) => kind === 'call' && callId === end.id),
    );
  });

  it('are kept while the broker is away and the power goes; nothing is lost, and repeats have the same id', async () => {
    await watcher!.close();
    await broker.kill();
    await call();
    await waitUntil('the records', 5_000, () => waiting().length === 3);
    await kill();
    await appliance.start();
    await call();
    await waitUntil('the records', 5_000, () => waiting().length === 6);
    const expected = idsOf(waiting());
    await broker.start();
    watcher = await watchBroker(broker.url);
    await waitUntil('all of them', 75_000, () => idsOf(received()).length === 6);
    expect(idsOf(received())).toEqual(expected);
    await waitUntil('the outbox to be empty', 5_000, () => waiting().length === 0);
  });
});
