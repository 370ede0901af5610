import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope, signerOf } from '../../../src/cli/fleet-broker.ts';
import { generateSigningKeys } from '../../../src/io/signing.ts';
import { answerSchema } from '../../../src/status/command.ts';
import { type Event, eventSchema } from '../../../src/status/event.ts';
import { type Reported, reportedSchema } from '../../../src/status/provisioning-record.ts';
import { Appliance } from '../../support/appliance.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { waitUntil } from '../../support/wait-until.ts';

const ROOT = 'branchline/lyon-01';
const DESIRED = `${ROOT}/config/desired`;
const CANARY = 'c4nary';

describeWithPeers('documents and commands that are wrong, over mosquitto', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(48), 1883);
  const [keys, strangers] = [generateSigningKeys(), generateSigningKeys()];
  // Others that run beside this have the port of SIP on addresses of theirs.
  const listen = `udp://${loopbackAddress(49)}:5060`;
  const phone = (secret: string) =>
    `sip: { listen: ["${listen}"], phones: { "211": { secret: ${secret}, context: office } } }`;

  /** A configuration with a secret in it, and what is wrong with it. */
  const config = ({
    mqtt = `provisioning: { publicKey: ops.pub }`,
    site = 'lyon-01',
    more = phone(`${CANARY}-phone`),
  }) => `
site: { id: ${site}, country: fr }
dialplan: |
  [office]
  exten => 601,1,Echo
mqtt: { url: "${broker.url}", password: ${CANARY}-broker, username: lyon-01, ${mqtt} }
${more}
`;
  const appliance = new Appliance({ config: config({}).replace('601', '600') });
  const data = join(appliance.folder, 'data');
  let watcher: Awaited<ReturnType<typeof watchBroker>>;
  let applied = '';
  let [sign, forge] = [(_content: object): string => '', (_content: object): string => ''];

  beforeAll(async () => {
    for (const [name, { privateKey, publicKey }] of Object.entries({ ops: keys, stranger: strangers })) {
      writeFileSync(join(appliance.folder, `${name}.key`), privateKey);
      writeFileSync(join(appliance.folder, `${name}.pub`), publicKey);
    }
    const signer = (name: string) => signerOf(join(appliance.folder, `${name}.key`));
    sign = (content) => envelope('config', content, signer('ops'));
    forge = (content) => envelope('config', content, signer('stranger'));
    await broker.start();
    watcher = await watchBroker(broker.url);
    await appliance.start();
    await appliance.waitForStatus('the broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected');
    applied = document(20, config({}));
    await watcher.publish(DESIRED, applied);
    await reportOf(20, 'applied');
  });

  afterAll(async () => {
    await watcher?.close();
    await appliance.dispose();
    await broker.dispose();
  });

  function document(revision: number, text: string, more: object = {}): string {
    return sign({ site: 'lyon-01', revision, confirmWithin: '2s', config: text, ...more });
  }

  const reports = () =>
    watcher.messages
      .filter(({ topic }) => topic === `${ROOT}/config/reported`)
      .map(({ payload }) => reportedSchema.parse(JSON.parse(payload)));

  const reportOf = (revision: number | null, state: Reported['state'], after = 0) =>
    waitUntil(
      `revision ${revision} to be ${state}`,
      10_000,
      () =>
        reports()
          .slice(after)
          .find((it) => it.revision === revision && it.state === state),
      () => `${JSON.stringify(reports().slice(after))}\n${appliance.log.slice(-2_000)}`,
    );

  const events = (): Event[] =>
    watcher.messages
      .filter(({ topic }) => topic === `${ROOT}/events`)
      .map(({ payload }) => eventSchema.parse(JSON.parse(payload)));

  async function runs601(): Promise<boolean> {
    const response = await appliance.request('GET', '/api/route?number=601&from=office');
    return (await response.text()).includes('Echo');
  }

  /** What was signed stands under another signature. */
  function resigned(): string {
    const [one, other] = [document(90, config({})), document(91, config({ site: 'x' }))].map(
      (text) => JSON.parse(text) as object & { signature: string },
    );
    return JSON.stringify({ ...one, signature: other!.signature });
  }

  it.each<[what: string, payload: () => string, revision: number | null, path: string, why: RegExp]>([
    ['is not JSON', () => `${CANARY}{`, null, '', /not JSON/],
    ['is no envelope', () => JSON.stringify({ document: CANARY }), null, '', /document, signature, keyId/],
    [
      'has no base64',
      () => JSON.stringify({ document: `${CANARY}!`, signature: '', keyId: '' }),
      null,
      'document',
      /base64/,
    ],
    ['has 10 MB', () => CANARY.repeat((10 << 20) / CANARY.length), null, '', /larger than/],
    [
      'is signed by a stranger',
      () => forge({ site: 'lyon-01', revision: 89, config: config({}) }),
      null,
      'signature',
      /not by the key/,
    ],
    ['is signed over other bytes', resigned, null, 'signature', /document was changed/],
    ['is for another site', () => document(88, config({}), { site: 'graz-02' }), null, 'site', /this is lyon-01/],
    [
      'has a key that nobody knows',
      () => document(87, config({}), { pasword: CANARY }),
      null,
      '',
      /[Uu]nrecognized.*pasword/,
    ],
    ['has no configuration', () => document(86, config({}), { config: [CANARY] }), null, 'config', /string/],
    ['is older than what runs', () => document(19, config({})), 19, 'revision', /higher/],
    [
      'has a configuration that is not YAML',
      () => document(21, `site: { id: lyon-01\n${phone(`*${CANARY}`)}`),
      21,
      'config:',
      /YAML|allowed|expected|closed/,
    ],
    [
      'has a secret that is no text',
      () => document(22, config({ more: phone(`[[${CANARY}]]`) })),
      22,
      'config:',
      /secret|allowed/,
    ],
    [
      'has a key under its secret',
      () => document(23, config({ more: phone(`{ fle: ${CANARY} }`) })),
      23,
      'config:',
      /./,
    ],
    [
      'names a secret that is missing',
      () => document(24, config({ more: phone('{ file: nowhere.secret }') })),
      24,
      'config:',
      /nowhere\.secret/,
    ],
    [
      'has a secret sealed for another',
      () => document(25, config({ more: phone('{ sealed: AAAA }') })),
      25,
      'config:',
      /./,
    ],
    [
      'cuts it off from MQTT',
      () => document(26, 'site: { id: lyon-01, country: fr }\n'),
      26,
      'config',
      /never be changed again/,
    ],
    [
      'takes head office its way in',
      () => document(27, config({ mqtt: 'homeAssistant: true' })),
      27,
      'config',
      /never be changed again/,
    ],
    [
      'hands it to another head office',
      () => document(28, config({ mqtt: 'provisioning: { publicKey: stranger.pub }' })),
      28,
      'config',
      /key is changed on the box/,
    ],
    ['is the one that runs, played again', () => applied, 20, 'revision', /judged before/],
    ['gives it another name', () => document(29, config({ site: 'graz-02' })), 29, 'config', /renamed on the box/],
  ])(
    'a document that %s: reported with its place, an event, and what runs stays',
    async (_, payload, revision, path, why) => {
      const before = { reports: reports().length, events: events().length };
      await watcher.publish(DESIRED, payload());
      const report = await reportOf(revision, 'rejected', before.reports);
      expect(report.running).toBe(20);
      expect(report.errors[0]!.path).toMatch(path.endsWith(':') ? /^config:\d+:\d+$/ : new RegExp(`^${path}$`));
      expect(report.errors[0]!.message).toMatch(why);
      const event = await waitUntil('the event', 5_000, () =>
        events()
          .slice(before.events)
          .find(({ what }) => what === 'rejected'),
      );
      expect(event).toMatchObject({ kind: 'config', severity: 'warn', details: { revision } });
      expect(await runs601()).toBe(true);
    },
  );

  it.each<[what: string, verb: string, payload: () => string, error: RegExp]>([
    ['is not JSON', 'identify', () => `${CANARY}{`, /not a JSON object/],
    [
      'has 10 MB',
      'identify',
      () => `{"id":"large","seconds":"${CANARY.repeat((10 << 20) / CANARY.length)}"}`,
      /too large/,
    ],
    ['has no id', 'identify', () => JSON.stringify({ pin: CANARY }), /needs an id/],
    [
      'has a key that nobody knows',
      'identify',
      () => JSON.stringify({ id: 'x1', secret: CANARY }),
      /secret is unknown here/,
    ],
    ['has a value out of range', 'identify', () => JSON.stringify({ id: 'x2', seconds: 1e9 }), /600/],
    ['is none', 'explode', () => JSON.stringify({ id: 'x3' }), /there is no command explode/],
  ])('a command that %s: refused, audited, and answered where it has an id', async (_, verb, payload, error) => {
    const before = events().length;
    const text = payload();
    await watcher.publish(`${ROOT}/cmd/${verb}`, text, false);
    const event = await waitUntil('the audit', 5_000, () =>
      events()
        .slice(before)
        .find(({ kind }) => kind === 'command'),
    );
    expect(event).toMatchObject({ severity: 'warn', details: { ok: false } });
    expect(event.message).toMatch(error);
    const { id } = event.details;
    if (typeof id !== 'string') return;
    const answer = await waitUntil('the answer', 5_000, () => watcher.json(`${ROOT}/reply/${id}`));
    expect(answerSchema.parse(answer)).toMatchObject({ id, verb, ok: false, error: expect.stringMatching(error) });
  });

  it('no secret of theirs, nor of one that is applied, is in the log, on a topic, in an answer or in a file but those that hold what runs', async () => {
    await watcher.publish(DESIRED, document(40, config({ more: phone(`${CANARY}-changed`) })));
    expect((await reportOf(40, 'applied')).changes).toEqual([expect.stringContaining('sip.phones.211.secret')]);
    const told = watcher.messages.filter(({ topic }) => topic !== DESIRED && !topic.includes('/cmd/'));
    expect(told.length).toBeGreaterThan(50);
    expect(told.filter(({ payload }) => payload.includes(CANARY)).map(({ topic }) => topic)).toEqual([]);
    expect(appliance.log).toContain('rejected');
    expect(appliance.log).not.toContain(CANARY);
    for (const path of ['/api/status', '/metrics', '/api/route?number=601&from=office']) {
      expect(await (await appliance.request('GET', path)).text()).not.toContain(CANARY);
    }
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes(CANARY));
    expect(holding.map(({ name }) => name).filter((name) => !name.startsWith('provisioning.json'))).toEqual([]);
  });
});
