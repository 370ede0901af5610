import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentSigner, generateSigningKeys } from '../../../src/io/signing.ts';
import { type Answer, answerSchema } from '../../../src/status/command.ts';
import { type Event, eventSchema } from '../../../src/status/event.ts';
import { type Reported, reportedSchema } from '../../../src/status/provisioning-record.ts';
import { SIGNING_DOMAINS } from '../../../src/status/signed.ts';
import { Appliance, bundle } from '../../support/appliance.ts';
import { discoverySchema } from '../../support/home-assistant-schema.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

const ROOT = 'branchline/lyon-01';
/** Of what is to be kept: also a machine that stands still reaches the broker in this time. */
const KEPT = { confirmWithin: '60s' };
/** What takes another start. */
const THIRD_LINE = '\n    - { port: 3, kind: fxs, extension: "203", context: office }';

describeWithPeers('head office with mosquitto', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(42), 1883);
  const keys = generateSigningKeys();
  const config = (more: { dialplan?: string; url?: string; line?: string; extra?: string } = {}) => `
site: { id: lyon-01, country: fr }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }${more.line ?? ''}
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
  ${more.dialplan ?? ''}
mqtt: { url: "${more.url ?? broker.url}", homeAssistant: true, provisioning: { publicKey: ops.pub } }
${more.extra ?? ''}`;
  const appliance = new Appliance({ config: config() });
  let watcher: Awaited<ReturnType<typeof watchBroker>>;
  let client: MqttClient;

  beforeAll(async () => {
    writeFileSync(join(appliance.folder, 'ops.pub'), keys.publicKey);
    await broker.start();
    watcher = await watchBroker(broker.url);
    client = await connectAsync(broker.url, { protocolVersion: 5 });
    await client.subscribeAsync('ops/answers', { qos: 1 });
    await appliance.start();
    await connected();
  });

  afterAll(async () => {
    await watcher?.close();
    await client?.endAsync(true);
    await appliance.dispose();
    await broker.dispose();
  });

  const connected = () =>
    appliance.waitForStatus('the broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected' && mqtt.protocol === '5');

  function push(revision: number, text: string, more: object = {}, key = keys.privateKey) {
    const signer = documentSigner(key);
    if ('failure' in signer) throw new Error(signer.failure);
    const document = { site: 'lyon-01', revision, confirmWithin: '4s', ...more, config: text };
    const bytes = Buffer.from(JSON.stringify(document));
    const signature = signer.sign(Buffer.concat([Buffer.from(SIGNING_DOMAINS.config), bytes]));
    const envelope = {
      document: bytes.toString('base64'),
      signature: Buffer.from(signature).toString('base64'),
      keyId: signer.keyId,
    };
    return watcher.publish(`${ROOT}/config/desired`, JSON.stringify(envelope));
  }

  function reported(): Reported | undefined {
    const body = watcher.json(`${ROOT}/config/reported`);
    return body === undefined ? undefined : reportedSchema.parse(body);
  }

  const waitForReport = (revision: number | null, state: Reported['state'], timeoutMs = 15_000) =>
    waitUntil(
      `revision ${revision} to be ${state}`,
      timeoutMs,
      () => {
        const report = reported();
        return report?.revision === revision && report.state === state ? report : undefined;
      },
      () => `${JSON.stringify(reported())}\n${appliance.log.slice(-2_000)}`,
    );

  const events = (kind: Event['kind']) =>
    watcher.messages
      .filter(({ topic }) => topic === `${ROOT}/events`)
      .map(({ payload }) => eventSchema.parse(JSON.parse(payload)))
      .filter((event) => event.kind === kind);

  async function routes(number: string): Promise<boolean> {
    const response = await appliance.request('GET', `/api/route?number=${number}&from=line/1`);
    return /Echo/.test(await response.text());
  }

  async function command(verb: string, args: object = {}, id: string = randomUUID()): Promise<Answer> {
    const answers: Answer[] = [];
    const listener = (topic: string, payload: Buffer, packet: { properties?: { correlationData?: Buffer } }) => {
      if (topic === 'ops/answers' && packet.properties?.correlationData?.toString() === id)
        answers.push(answerSchema.parse(JSON.parse(payload.toString())));
    };
    client.on('message', listener);
    const properties = { responseTopic: 'ops/answers', correlationData: Buffer.from(id) };
    await client.publishAsync(`${ROOT}/cmd/${verb}`, JSON.stringify({ id, ...args }), { qos: 1, properties });
    const answer = await waitUntil(`the answer to ${verb}`, 5_000, () => answers[0]);
    client.off('message', listener);
    return answer;
  }

  it('finds it in Home Assistant, also when that starts again', async () => {
    const topic = 'homeassistant/device/branchline-lyon-01/config';
    const device = await waitUntil('the discovery', 5_000, () => watcher.json(topic));
    expect(discoverySchema.safeParse(device).error).toBeUndefined();
    expect(device['components']).toMatchObject({ 'line-1': { state_topic: `${ROOT}/lines/1` } });
    const heard = watcher.messages.length;
    await watcher.publish(topic, '');
    await watcher.publish('homeassistant/status', 'online', false);
    await isToldAgain(topic, heard);
    expect(watcher.json(topic)).toEqual(device);
  });

  describe('gives configurations', () => {
    it('that are applied without touching a call, kept once the broker is reached, and survive kill -9', async () => {
      await appliance.talk('202');
      await push(1, config({ dialplan: 'exten => 600,1,Echo' }), KEPT);
      expect(await waitForReport(1, 'pending-confirm')).toMatchObject({ running: null });
      expect(await routes('600')).toBe(true);
      expect(await waitForReport(1, 'applied')).toMatchObject({ running: 1, errors: [] });
      expect((await appliance.status()).calls).toHaveLength(1);
      await appliance.rest(1, 2);
      appliance.signal('SIGKILL');
      await appliance.stop();
      await appliance.start();
      expect(await routes('600')).toBe(true);
      await waitUntil('both events', 10_000, () => events('config').length >= 2);
      expect(events('config').map(({ what }) => what)).toEqual(['pending-confirm', 'applied']);
    });

    it('that cut it off from the broker: it comes back by itself, and says why', async () => {
      await connected();
      await push(2, config({ url: `mqtt://${loopbackAddress(42)}:9`, dialplan: 'exten => 601,1,Echo' }));
      const report = await waitForReport(2, 'rolled-back', 30_000);
      expect(report).toMatchObject({ running: 1 });
      expect(report.errors[0]!.message).toContain('the broker was not reached');
      expect(await routes('601')).toBe(false);
      expect(await routes('600')).toBe(true);
    });

    it('that are wrong: nothing changes, and each error is told with its place', async () => {
      await push(3, config({ dialplan: 'exten => 600,1,Ecko' }));
      const report = await waitForReport(3, 'rejected');
      expect(report.errors).toEqual([{ path: 'config:12:18', message: expect.stringContaining('Ecko') }]);
      await push(4, config({ extra: 'web: { listen: nowhere }' }));
      expect((await waitForReport(4, 'rejected')).errors[0]!.path).toMatch(/^config:14:/);
      await push(9, config(), {}, generateSigningKeys().privateKey);
      expect((await waitForReport(null, 'rejected')).errors[0]!.path).toBe('signature');
      expect(await routes('600')).toBe(true);
    });

    it('that need another start of a part: it waits for calls to end, then makes it, within the process', async () => {
      const { pid } = appliance;
      await appliance.talk('202');
      await push(5, config({ line: THIRD_LINE, dialplan: 'exten => 600,1,Echo' }), KEPT);
      await waitUntil('the log to be quiet', 2_000, async () => (await appliance.status()).calls.length === 1);
      expect((await appliance.status()).lines['3']).toBeUndefined();
      // Once the call is over it goes at once, and for a moment nobody answers.
      await Promise.allSettled([appliance.hangUp(1), appliance.hangUp(2)]);
      await waitForReport(5, 'applied', 20_000);
      expect((await appliance.status()).lines['3']?.extension).toBe('203');
      expect(appliance.pid).toBe(pid);
    });

    it('that cannot run: the one before runs again', async () => {
      await push(
        6,
        config({
          extra: 'web: { listen: "http://127.0.0.1:1", auth: none }\niax2: { bind: "192.0.2.1:4569", peers: {} }',
        }),
      );
      const report = await waitForReport(6, 'rolled-back', 20_000);
      expect(report.running).toBe(5);
      await appliance.waitForStatus('its return', 5_000, (status) => status.lines['3']?.extension === '203');
    });

    it('on trial when the power goes: the one before runs, and the document is not tried again', async () => {
      await push(7, config({ dialplan: 'exten => 602,1,Echo' }), { confirm: 'operator', confirmWithin: '10m' });
      await waitForReport(7, 'pending-confirm');
      appliance.signal('SIGKILL');
      await appliance.stop();
      await appliance.start();
      expect((await waitForReport(7, 'rolled-back')).running).toBe(5);
      await connected();
      expect(await routes('602')).toBe(false);
      expect(await routes('600')).toBe(true);
    });

    it('that an operator must confirm: it is kept with his word', async () => {
      await push(8, config({ dialplan: 'exten => 603,1,Echo' }), { confirm: 'operator', confirmWithin: '1m' });
      await waitForReport(8, 'pending-confirm');
      expect(await command('confirm', { revision: 7 })).toMatchObject({ ok: false });
      expect(await command('confirm', { revision: 8 })).toMatchObject({ ok: true });
      await waitForReport(8, 'applied');
      expect(await routes('603')).toBe(true);
    });
  });

  /** Waits until what was wiped after the first `from` messages is told again. */
  const isToldAgain = (topic: string, from: number) =>
    waitUntil(`${topic} to return`, 5_000, () => {
      const told = watcher.messages.slice(from).filter((message) => message.topic === topic);
      return told.slice(told.findIndex(({ payload }) => payload === '') + 1).some(({ payload }) => payload !== '');
    });

  it.each(['health', 'config/reported'])('wipes nothing but %s of an office: that is told again', async (name) => {
    const topic = `${ROOT}/${name}`;
    expect(watcher.topics.has(topic)).toBe(true);
    const heard = watcher.messages.length;
    await watcher.publish(topic, '');
    await isToldAgain(topic, heard);
  });

  it('wipes what the broker retained of an office: that tells all of it again', async () => {
    const retained = () =>
      [...watcher.topics.keys()].filter((topic) =>
        /^homeassistant\/device|\/(state|health|lines\/\d|config\/reported)$/.test(topic),
      );
    const before = retained();
    expect(before).toHaveLength(6);
    const report = reported();
    const heard = watcher.messages.length;
    for (const topic of before) await watcher.publish(topic, '');
    for (const topic of before) await isToldAgain(topic, heard);
    expect(reported()).toEqual(report);
  });

  describe('gives commands', () => {
    it('that make and end a call, are answered with correlation, and are audited', async () => {
      const made = await command('originate', { from: '201', to: '600' });
      expect(made).toMatchObject({ ok: true, verb: 'originate', result: { call: expect.any(String) } });
      await appliance.waitForLine(1, 'ringing', 5_000);
      expect(await command('hangup', { call: made.result!['call'] })).toMatchObject({ ok: true });
      await appliance.waitForNoCalls();
      expect(await command('hangup', { call: 'none' })).toMatchObject({ ok: false, error: 'there is no call none' });
      const audit = await waitUntil('the audit', 5_000, () => {
        const last = events('command').slice(-3);
        return last.at(-1)?.details['ok'] === false && last.at(-1)?.what === 'hangup' ? last : undefined;
      });
      expect(audit.map(({ what, details }) => [what, details['ok']])).toEqual([
        ['originate', true],
        ['hangup', true],
        ['hangup', false],
      ]);
    });

    it('that come twice and are done once', async () => {
      const first = await command('originate', { from: '201', to: '600' }, 'once');
      const again = await command('originate', { from: '201', to: '600' }, 'once');
      expect(again).toEqual(first);
      expect((await appliance.status()).calls).toHaveLength(1);
      await command('hangup', { call: first.result!['call'] });
      await appliance.waitForNoCalls();
    });

    it('without a response topic, answered on reply/<id>; retained ones are not done', async () => {
      await watcher.publish(`${ROOT}/cmd/identify`, '{"id":"blink","seconds":1}', false);
      await waitUntil('the answer', 5_000, () => watcher.json(`${ROOT}/reply/blink`)?.['ok'] === true);
      await watcher.publish(`${ROOT}/cmd/explode`, '{"id":"x1"}', false);
      await waitUntil('the refusal', 5_000, () => watcher.json(`${ROOT}/reply/x1`)?.['ok'] === false);
    });

    it('to restart: it answers, starts again with the configuration that it had, and does so once', async () => {
      const before = watcher.json(`${ROOT}/state`)!['session'];
      await watcher.publish(`${ROOT}/cmd/restart`, '{"id":"again"}', true);
      await waitUntil('the answer', 5_000, () => watcher.json(`${ROOT}/reply/again`)?.['ok'] === true);
      await waitUntil('another session', 10_000, () => {
        const state = watcher.json(`${ROOT}/state`);
        return state?.['state'] === 'online' && state['session'] !== before;
      });
      await connected();
      expect(await routes('603')).toBe(true);
      const restarts = () => events('command').filter(({ what }) => what === 'restart');
      await waitUntil('the audit', 5_000, () => restarts().length > 0);
      expect(restarts()).toHaveLength(1);
    });
  });

  describe('is at the other end of branchline fleet', () => {
    const run = async (...args: string[]) => {
      const program = new Program('branchline fleet', execPath, [bundle, 'fleet', ...args, '--broker', broker.url]);
      return { code: await program.exit(30_000), out: program.stdout, err: program.stderr };
    };

    it('which lists it, compares, pushes with a signature, and ends a trial', async () => {
      const key = join(appliance.folder, 'ops.key');
      writeFileSync(key, keys.privateKey);
      const file = join(appliance.folder, 'next.yaml');
      writeFileSync(file, config({ dialplan: 'exten => 604,1,Echo' }));
      const [site] = JSON.parse((await run('list', '--json')).out) as { state: string; reported: Reported }[];
      expect(site).toMatchObject({ site: 'lyon-01', state: 'online', reported: { revision: 8, state: 'applied' } });
      expect((await run('diff', file, '--site', 'lyon-01')).out).toContain('~ dialplan: ');
      const push = ['push', file, '--key', key, '--site', 'lyon-01', '--confirm-within', '60s'];
      expect(await run(...push)).toEqual({ code: 0, out: 'lyon-01  applied\n', err: '' });
      expect(await routes('604')).toBe(true);
      writeFileSync(file, config({ dialplan: 'exten => 605,1,Echo' }));
      expect(await run(...push, '--confirm', 'operator', '--confirm-within', '5m')).toMatchObject({
        code: 0,
        out: 'lyon-01  pending-confirm\n',
      });
      expect(await run('rollback', 'lyon-01')).toEqual({ code: 0, out: 'lyon-01  done\n', err: '' });
      await waitUntil('the rollback', 5_000, () => reported()?.state === 'rolled-back');
      expect(await routes('604')).toBe(true);
      expect(await routes('605')).toBe(false);
    });
  });
});
