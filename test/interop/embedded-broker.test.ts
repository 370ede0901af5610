import { readFileSync, statSync } from 'node:fs';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a broker in the appliance', () => {
  const ip = loopbackAddress(49);
  const url = `mqtt://${ip}:1883`;
  const config = (broker: string) => `
site: { id: lyon-01, country: fr }
hat: { port: emulator, emulator: plain, lines: [{ port: 1, kind: fxs, extension: "201", context: office }] }
dialplan: |
  [office]
  exten => 600,1,Echo
mqtt: { ${broker} }
`;
  const appliance = new Appliance({
    config: config(`embedded: { listen: "${ip}:1883", users: { display: { password: canary-display } } }`),
  });
  const clients: MqttClient[] = [];
  const told = new Map<string, string>();

  beforeAll(async () => {
    await appliance.start();
    await appliance.waitForStatus('its broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected');
  });

  afterAll(async () => {
    for (const client of clients) await client.endAsync(true);
    await appliance.dispose();
  });

  async function login(username: string, password: string): Promise<MqttClient> {
    const client = await connectAsync(url, { username, password, protocolVersion: 4, reconnectPeriod: 0 }, false);
    client.on('error', () => {});
    client.on('message', (topic, payload) => told.set(topic, payload.toString()));
    clients.push(client);
    return client;
  }

  it('speaks 3.1.1 to the appliance itself, and logs no password', async () => {
    expect((await appliance.status()).mqtt).toMatchObject({ url, protocol: '3.1.1' });
    expect(appliance.log).not.toContain('canary-display');
  });

  it('shows everything to a user with the right password, and takes a command', async () => {
    const client = await login('display', 'canary-display');
    await client.subscribeAsync('branchline/#');
    await waitUntil('the line', 5_000, () => told.has('branchline/lyon-01/lines/1'));
    await client.publishAsync('branchline/lyon-01/cmd/identify', '{"id":"c1"}', { qos: 1 });
    const answer = await waitUntil('the answer', 5_000, () => told.get('branchline/lyon-01/reply/c1'));
    expect(JSON.parse(answer)).toMatchObject({ ok: true });
  });

  it('captures by command into a file on the box, and says where', async () => {
    const command = async (id: string, order: object) => {
      const body = JSON.stringify({ id, ...order });
      await clients[0]!.publishAsync('branchline/lyon-01/cmd/capture', body, { qos: 1 });
      const text = await waitUntil(`the answer ${id}`, 5_000, () => told.get(`branchline/lyon-01/reply/${id}`));
      return JSON.parse(text) as { ok: boolean; result?: Record<string, unknown>; error?: string };
    };
    expect(await command('k0', { action: 'stop' })).toMatchObject({ ok: false, error: 'no capture runs' });
    expect(await command('k1', { call: 'nobody' })).toMatchObject({ ok: false, error: 'there is no call nobody' });
    const file = String((await command('k2', { seconds: 60 })).result?.['file']);
    expect(file).toMatch(/\/data\/captures\/.*\.pcapng$/);
    expect(await command('k3', {})).toMatchObject({ ok: false, error: `a capture runs already, into ${file}` });
    const { result } = await command('k4', { action: 'stop' });
    expect(result).toEqual({ file, bytes: statSync(file).size, because: 'asked' });
    expect(readFileSync(file).readUInt32LE(0)).toBe(0x0a0d0d0a);
  });

  it.each([
    ['display', 'wrong'],
    ['nobody', 'canary-display'],
    ['lyon-01', ''],
    ['constructor', ''],
  ])('refuses %s with %j', async (username, password) => {
    await expect(login(username, password)).rejects.toThrow(/refused/i);
  });

  it('lets nobody speak in the name of the appliance', async () => {
    const forger = await login('display', 'canary-display');
    forger.publish('branchline/lyon-01/state', '{"state":"offline"}', { qos: 1, retain: true });
    await waitUntil('the forger to be thrown out', 5_000, () => !forger.connected);
    expect(JSON.parse(told.get('branchline/lyon-01/state')!)).toMatchObject({ state: 'online' });
  });

  it('is there by configuration alone: without it nothing listens', async () => {
    appliance.configure(config('url: "mqtt://127.0.0.1:1"'));
    appliance.signal('SIGHUP');
    await waitUntil('the port to be free', 10_000, async () => {
      const late = await connectAsync(url, { username: 'display', reconnectPeriod: 0 }, false).catch(
        (error: Error) => error,
      );
      return late instanceof Error && /ECONNREFUSED/.test(String((late as NodeJS.ErrnoException).code ?? late.message));
    });
    appliance.configure(config(`embedded: { listen: "${ip}:1883" }`));
    appliance.signal('SIGHUP');
    await waitUntil('the broker again, for everybody', 10_000, async () => {
      const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 }, false).catch(() => undefined);
      await client?.endAsync(true);
      return client !== undefined;
    });
  });
});
