import { createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startEmbeddedBroker } from '../../../src/io/broker.ts';
import { publishTo } from '../../support/broker-link.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { line, trunk } from '../status/readings.ts';

const readings = () => ({ trunks: { hq: trunk }, lines: { 1: line, 2: line }, calls: [] });

let broker: EmbeddedBroker;
beforeEach(async () => {
  broker = await startEmbeddedBroker({ ip: '127.0.0.1', port: 0 });
});
afterEach(() => broker.close());

describe('BrokerLink with a broker of MQTT 3.1.1 only', () => {
  it('falls back from MQTT 5 at once, remembers it, and says so', async () => {
    const { link, versions, stop } = publishTo(broker.url, readings());
    link.start();
    await waitUntil('the connection', 2_000, () => link.status().state === 'connected');
    expect(link.status()).toMatchObject({ protocol: '3.1.1', reason: null, url: broker.url });
    expect(versions.get(broker.url)).toBe(4);
    await stop();
    expect(link.status().state).toBe('stopped');
  });

  it('publishes its birth and its state, clears what is left over, and goes offline cleanly', async () => {
    const watcher = await watchBroker(broker.url);
    await watcher.publish('branchline/lyon-01/lines/9', '{"state":"idle"}');
    await watcher.publish('branchline/other/lines/9', '{"state":"idle"}');
    const { link, stop } = publishTo(broker.url, readings());
    link.start();
    await waitUntil('the left-over to go', 2_000, () => !watcher.topics.has('branchline/lyon-01/lines/9'));
    await waitUntil('the trunk', 2_000, () => watcher.topics.has('branchline/lyon-01/trunks/hq'));
    expect([...watcher.topics.keys()].sort()).toEqual([
      'branchline/lyon-01/health',
      'branchline/lyon-01/lines/1',
      'branchline/lyon-01/lines/2',
      'branchline/lyon-01/phones/211',
      'branchline/lyon-01/state',
      'branchline/lyon-01/trunks/hq',
      'branchline/other/lines/9',
    ]);
    const birth = watcher.json('branchline/lyon-01/state')!;
    expect(birth).toMatchObject({ state: 'online' });
    await stop();
    await waitUntil('offline', 2_000, () => watcher.json('branchline/lyon-01/state')?.['state'] === 'offline');
    expect(watcher.json('branchline/lyon-01/state')).toMatchObject({ session: birth['session'] });
    await watcher.close();
  });

  it('comes back after a restart of the broker, with a new session and everything retained', async () => {
    const current = readings();
    const { link, look, stop } = publishTo(broker.url, current);
    link.start();
    await waitUntil('the connection', 2_000, () => link.status().state === 'connected');
    const port = Number(new URL(broker.url).port);
    await broker.close();
    await waitUntil('the loss to be noticed', 2_000, () => link.status().state === 'waiting');
    expect(link.status().reason).toMatch(/^(connection lost|cannot connect): /);
    current.lines[1] = { ...line, state: 'talking', hook: 'off' };
    look();
    broker = await startEmbeddedBroker({ ip: '127.0.0.1', port });
    const watcher = await watchBroker(broker.url);
    await waitUntil('the state', 5_000, () => watcher.json('branchline/lyon-01/lines/1')?.['state'] === 'talking');
    await stop();
    await watcher.close();
  });
});

describe('a subscription that the broker refuses for a while', () => {
  it('is asked for again, alone, until it is granted', async () => {
    const asked: string[] = [];
    const aedes = await Aedes.createBroker({
      authorizeSubscribe: (_client, subscription, done) => {
        asked.push(subscription.topic);
        const isRefused = subscription.topic === 'wanted' && asked.length < 4;
        done(null, isRefused ? null : subscription);
      },
    });
    const server = createServer(aedes.handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const heard: string[] = [];
    const { link, log, stop } = publishTo(`mqtt://127.0.0.1:${port}`, readings(), {
      onConnected: (connection) => connection.subscribe(['granted', 'wanted'], { qos: 1 }),
      onMessage: (topic, payload) => heard.push(`${topic} ${payload}`),
    });
    link.start();
    await waitUntil('the third time', 5_000, () => asked.length >= 4);
    expect(asked).toEqual(['granted', 'wanted', 'wanted', 'wanted']);
    expect(log.filter((line) => line.includes('refuses a subscription'))).toHaveLength(2);
    const watcher = await watchBroker(`mqtt://127.0.0.1:${port}`);
    await waitUntil('what was wanted', 5_000, async () => {
      await watcher.publish('wanted', 'at last', false);
      return heard.includes('wanted at last');
    });
    await watcher.close();
    await stop();
    await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
  });
});

describe('BrokerLink', () => {
  it.each(['mqtts://127.0.0.1:1', 'wss://127.0.0.1:1/mqtt'])(
    'goes on trying %s with certificates that cannot be read, says why, and throws nothing',
    async (url) => {
      const { link, log, stop } = publishTo(url, readings(), { tls: { ca: 'no PEM', cert: 'no PEM', key: 'no PEM' } });
      expect(() => link.start()).not.toThrow();
      await waitUntil('another try', 10_000, () => log.filter((line) => line.includes('cannot connect')).length > 0);
      expect(link.status()).toMatchObject({ state: 'waiting', reason: expect.stringContaining('TLS: ') });
      await stop();
      expect(link.status().state).toBe('stopped');
    },
  );

  it('tries for ever while nobody listens, and stops at once when told', async () => {
    const url = 'mqtt://someone:s3cret-in-url@127.0.0.1:1';
    const { link, log, stop } = publishTo(url, readings(), { username: 'lyon', password: 's3cret-word' });
    link.start();
    await waitUntil('a failure', 2_000, () => link.status().state === 'waiting');
    expect(link.status()).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED'), protocol: null });
    expect(link.status().url).toBe('mqtt://127.0.0.1:1');
    await stop();
    expect(link.status()).toMatchObject({ state: 'stopped', reason: null });
    expect(log.join('\n')).not.toMatch(/s3cret/);
  });

  it('asks an unknown broker again in 3.1.1 when it closes on MQTT 5 without a word', async () => {
    const versions: (number | undefined)[] = [];
    const mute: Server = createServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        // CONNECT: fixed header, "MQTT" with its length, then the version. [MQTT-3.1.2]
        versions.push(bytes[bytes.indexOf('MQTT') + 4]);
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const { link, stop } = publishTo(`mqtt://127.0.0.1:${port}`, readings());
    link.start();
    await waitUntil('two attempts', 2_000, () => versions.length >= 2);
    expect(versions.slice(0, 2)).toEqual([5, 4]);
    await stop();
    await new Promise((resolve) => mute.close(resolve));
  });
});
