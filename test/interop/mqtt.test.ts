import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { MqttVersion } from '../../src/io/mqtt.ts';
import type { Delivery } from '../../src/status/outbox.ts';
import { StatusPublisher } from '../../src/status/publisher.ts';
import { publishTo } from '../support/broker-link.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { watchBroker } from '../support/mqtt-watcher.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Program } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';
import { line, trunk } from '../unit/status/readings.ts';

const readings = () => ({ trunks: { hq: trunk }, lines: { 1: line }, calls: [] });

describeWithPeers('mosquitto', ['mosquitto'], () => {
  const ip = loopbackAddress(40);
  const url = `mqtt://${ip}:1883`;
  const secure = `mqtt://${ip}:1884`;
  let directory: string;
  let broker: Program;
  const stops: (() => Promise<unknown>)[] = [];

  async function startBroker() {
    broker = new Program('mosquitto', 'mosquitto', ['-v', '-c', join(directory, 'mosquitto.conf')]);
    await broker.waitFor('it to listen', 10_000, () => broker.stderr.includes('running'));
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'branchline-mosquitto-'));
    const passwords = new Program('mosquitto_passwd', 'mosquitto_passwd', [
      '-b',
      '-c',
      join(directory, 'passwords'),
      'lyon-01',
      'right',
    ]);
    expect(await passwords.exit()).toBe(0);
    writeFileSync(
      join(directory, 'mosquitto.conf'),
      `per_listener_settings true\nuser root\nlistener 1883 ${ip}\nallow_anonymous true\n` +
        `listener 1884 ${ip}\nallow_anonymous false\npassword_file ${join(directory, 'passwords')}\n`,
    );
    await startBroker();
  });

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  afterAll(async () => {
    await broker?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function publish(at: string, options: Parameters<typeof publishTo>[2] = {}) {
    const appliance = publishTo(at, readings(), options);
    stops.push(appliance.stop);
    appliance.link.start();
    return appliance;
  }

  async function watch() {
    const watcher = await watchBroker(url);
    stops.push(watcher.close);
    return watcher;
  }

  it('is spoken to in MQTT 5', async () => {
    const { link } = publish(url);
    await waitUntil('the connection', 5_000, () => link.status().state === 'connected');
    expect(link.status().protocol).toBe('5');
  });

  it('keeps birth and state for those who come later, and clears what an earlier configuration left', async () => {
    const before = await watch();
    await before.publish('branchline/lyon-01/trunks/old', '{}');
    const { link } = publish(url);
    await waitUntil('the old trunk to go', 5_000, () => !before.topics.has('branchline/lyon-01/trunks/old'));
    expect(link.status().state).toBe('connected');
    const late = await watch();
    await waitUntil('the retained state', 5_000, () => late.topics.size >= 5);
    expect(late.json('branchline/lyon-01/state')).toMatchObject({ state: 'online' });
    expect(late.json('branchline/lyon-01/lines/1')).toMatchObject({ state: 'idle', extension: '201' });
    expect(late.messages.every((message) => message.retained)).toBe(true);
  });

  it('says offline for us when the connection breaks, and we say online again with another session', async () => {
    const watcher = await watch();
    const { link } = publish(url);
    await waitUntil('online', 5_000, () => watcher.json('branchline/lyon-01/state')?.['state'] === 'online');
    const first = watcher.json('branchline/lyon-01/state')!['session'];
    // A second client of the same name makes the broker drop the first one and publish its will.
    const usurper = publish(url);
    await waitUntil('the takeover', 5_000, () => usurper.link.status().state === 'connected');
    await usurper.stop();
    await waitUntil('our return', 5_000, () => {
      const state = watcher.json('branchline/lyon-01/state');
      return link.status().state === 'connected' && state?.['state'] === 'online' && state['session'] !== first;
    });
    const states = watcher.messages.flatMap(({ topic, payload }) =>
      topic === 'branchline/lyon-01/state' ? [JSON.parse(payload) as { state: string; session: string }] : [],
    );
    expect(states).toContainEqual(expect.objectContaining({ state: 'offline', session: first }));
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is ended by %s and started again: everything is retained there again',
    async (signal) => {
      const { link } = publish(url);
      await waitUntil('the connection', 5_000, () => link.status().state === 'connected');
      broker.signal(signal);
      await waitUntil('the loss', 5_000, () => link.status().state === 'waiting');
      expect(link.status().reason).toMatch(/^(connection lost|cannot connect): /);
      await startBroker();
      const watcher = await watch();
      await waitUntil('the snapshot', 10_000, () => watcher.topics.has('branchline/lyon-01/trunks/hq'));
      expect(watcher.json('branchline/lyon-01/state')).toMatchObject({ state: 'online' });
    },
  );

  it('does not send us back what we tell, once it has given us what it retained', async () => {
    const before = await watch();
    await before.publish('branchline/lyon-01/lines/8', '{}');
    const heard: string[] = [];
    const current = readings();
    const appliance = publishTo(url, current);
    stops.push(appliance.stop);
    const { handleMessage } = StatusPublisher.prototype;
    vi.spyOn(StatusPublisher.prototype, 'handleMessage').mockImplementation(function (
      this: StatusPublisher,
      ...message
    ) {
      heard.push(message[0]);
      handleMessage.apply(this, message);
    });
    const logged = broker.stderr.length;
    appliance.link.start();
    await waitUntil('the old line to go', 5_000, () => !before.topics.has('branchline/lyon-01/lines/8'));
    const subscriptions = () => broker.stderr.slice(logged).match(/Sending SUBACK to lyon-01/g)?.length ?? 0;
    await waitUntil('it to hear only others', 5_000, () => subscriptions() === 3);
    // Behind all that the broker had for it before.
    await before.publish('branchline/lyon-01/lines/7', '{}', false);
    await waitUntil('the last of it', 5_000, () => heard.includes('branchline/lyon-01/lines/7'));
    heard.length = 0;
    current.lines[1] = { ...line, state: 'talking', hook: 'off' };
    appliance.look();
    await waitUntil('the change', 5_000, () => before.json('branchline/lyon-01/lines/1')?.['state'] === 'talking');
    await before.publish('branchline/lyon-01/lines/9', '{}');
    await waitUntil('the word of another', 5_000, () => heard.length > 0);
    expect(heard).toEqual(['branchline/lyon-01/lines/9']);
  });

  it('gives in MQTT 3.1.1 no word of whether somebody listens, and in MQTT 5 it does', async () => {
    const deliver = async (version: MqttVersion) => {
      const deliveries: Delivery[] = [];
      const { link } = publish(url, {
        versions: new Map([[url, version]]),
        onConnected: (connection) =>
          connection.deliver(
            { topic: 'branchline/lyon-01/cdr', payload: '{}', correlation: new Uint8Array([1]) },
            (it) => deliveries.push(it),
          ),
      });
      await waitUntil('the acknowledgement', 5_000, () => deliveries.length > 0);
      expect(link.status().protocol).toBe(version === 5 ? '5' : '3.1.1');
      return deliveries;
    };
    expect(await deliver(5)).toEqual(['unheard']);
    expect(await deliver(4)).toEqual(['taken']);
  });

  it('refuses a wrong password: the reason is told, without the password', async () => {
    const { link, log } = publish(secure, { username: 'lyon-01', password: 'wr0ng' });
    await waitUntil('the refusal', 5_000, () => link.status().state === 'waiting');
    expect(link.status().reason).toMatch(/not authori[sz]ed|bad user/i);
    expect(log.join('\n')).not.toContain('wr0ng');
  });

  it('takes the right password', async () => {
    const { link } = publish(secure, { username: 'lyon-01', password: 'right' });
    await waitUntil('the connection', 5_000, () => link.status().state === 'connected');
  });
});
