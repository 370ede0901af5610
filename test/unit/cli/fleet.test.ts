import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startEmbeddedBroker } from '../../../src/io/broker.ts';
import { generateSigningKeys, signatureVerifier } from '../../../src/io/signing.ts';
import { desiredSchema, type Reported } from '../../../src/status/provisioning-record.ts';
import { openEnvelope } from '../../../src/status/signed.ts';
import { Bench } from './terminal-double.ts';

const TEMPLATE = `site: { id: "{{site}}", country: fr }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})})
  exten => 9,1,Dial(IAX2/hq/{{number}})
iax2: { peers: { hq: { type: peer, host: "{{host}}" } } }
`;
const at = '2026-01-01T00:00:00.000Z';
const keys = generateSigningKeys();

let bench: Bench;
let broker: EmbeddedBroker;
let key: string;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  bench = new Bench();
  broker = await startEmbeddedBroker({ ip: '127.0.0.1', port: 0 });
  key = bench.write('ops.key', keys.privateKey);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await broker.close();
  bench.dispose();
});

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 20)));
const fleet = (...args: string[]) => bench.execute(['fleet', ...args, '--broker', broker.url], { pause });

/** An appliance as its broker sees it, which ends every document that it trusts as `outcome`. */
async function appliance(site: string, outcome: Reported['state'] = 'applied', log: string[] = []) {
  const client = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
  stops.push(() => client.endAsync(true));
  const root = `branchline/${site}`;
  const say = (topic: string, body: object) =>
    client.publishAsync(`${root}/${topic}`, JSON.stringify(body), { qos: 1, retain: true });
  const verify = signatureVerifier(keys.publicKey);
  client.on('message', (topic, payload) => {
    if (topic.startsWith(`${root}/cmd/`)) {
      const { id, ...args } = JSON.parse(payload.toString()) as { id: string };
      const verb = topic.slice(`${root}/cmd/`.length);
      log.push(`${site} ${verb} ${JSON.stringify(args)}`);
      const answer = verb === 'confirm' ? { ok: true } : { ok: false, error: 'no configuration is on trial' };
      void client.publishAsync(`${root}/reply/${id}`, JSON.stringify({ id, verb, ...answer }));
      return;
    }
    if (typeof verify !== 'function') throw new Error('not a key');
    const opened = openEnvelope(payload.toString(), 'config', verify);
    if ('fault' in opened) throw new Error(opened.fault.message);
    const { revision, config } = desiredSchema.parse(opened.content);
    log.push(`${site} gets ${revision}: ${/host: "(.*)"/.exec(config)?.[1]}`);
    const errors = outcome === 'applied' ? [] : [{ path: '', message: 'the broker was not reached' }];
    void say('config/reported', { revision, state: outcome, running: null, changes: [], errors, at });
  });
  await client.subscribeAsync([`${root}/config/desired`, `${root}/cmd/+`], { qos: 1 });
  await say('state', { state: 'online', session: 's', at });
}

describe('branchline fleet', () => {
  it('lists who is there, as a table and as JSON', async () => {
    await appliance('lyon-01');
    await appliance('graz-02');
    const { code, out } = await fleet('list');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual(['SITE', 'graz-02', 'lyon-01', '']);
    expect(JSON.parse((await fleet('list', '--json')).out)).toMatchObject([{ site: 'graz-02', state: 'online' }, {}]);
  });

  it('knows when all that is retained has come, although a fleet never falls silent', async () => {
    await appliance('lyon-01');
    const chatter = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    stops.push(() => chatter.endAsync(true));
    const talking = setInterval(() => chatter.publish('branchline/graz-02/lines/1', '{}'), 50);
    const startedMs = performance.now();
    const listed = await fleet('list').finally(() => clearInterval(talking));
    expect(listed.out).toContain('lyon-01');
    // Ten seconds are what it waits at the longest.
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  });

  it.each(['http://broker.example', 'broker.example:1883', 'mqtt://', 'mqtt://me:geheim@broker.example'])(
    'does not take %s for a broker, and repeats no password',
    async (url) => {
      const { code, err } = await bench.execute(['fleet', 'list', '--broker', url], { pause });
      expect([code, err]).toEqual([
        2,
        'branchline: --broker is no address of a broker; allowed: mqtt://, mqtts://, ws:// or wss:// with a host, with or without :port; --username and --password-file say who we are\n',
      ]);
    },
  );

  it('says everything of one, and that it does not know another', async () => {
    await appliance('lyon-01');
    expect(JSON.parse((await fleet('status', 'lyon-01', '--json')).out)).toEqual({
      state: { state: 'online', session: 's', at },
    });
    expect(await fleet('status', 'nowhere')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing is known'),
    });
  });

  it('pushes a template with the values of each site, signed, first to one and then to the others', async () => {
    const log: string[] = [];
    for (const site of ['a', 'b', 'c']) await appliance(site, 'applied', log);
    const file = bench.write('office.yaml', TEMPLATE);
    const values = bench.write(
      'values.yaml',
      'a: { host: a.net, number: 1 }\nb: { host: b.net, number: 2 }\nc: { host: c.net, number: 3 }\n',
    );
    const pushed = await fleet('push', file, '--key', key, '--all', '--values', values, '--revision', '5');
    expect(pushed).toEqual({ code: 0, out: 'a  applied\nb  applied\nc  applied\n', err: '' });
    expect(log[0]).toBe('a gets 5: a.net');
    expect(log.toSorted()).toEqual(['a gets 5: a.net', 'b gets 5: b.net', 'c gets 5: c.net']);
    const diff = await fleet(
      'diff',
      bench.write('next.yaml', TEMPLATE.replace('{{host}}', 'x.net')),
      '--site',
      'b',
      '--values',
      values,
    );
    expect(diff.out).toBe('~ iax2.peers.hq.host.host: "b.net" → "x.net"\n');
    expect((await fleet('diff', file, '--site', 'b', '--values', values)).out).toBe('nothing: it is as revision 5\n');
  });

  it('stops where one does not keep it, and says who did not get it', async () => {
    const log: string[] = [];
    await appliance('a', 'rolled-back', log);
    await appliance('b', 'applied', log);
    const file = bench.write('office.yaml', 'site: { id: "{{site}}", country: fr }\n');
    const pushed = await fleet('push', file, '--key', key, '--site', 'a', 'b', '--revision', '5');
    expect(pushed).toMatchObject({ code: 1, out: 'a  rolled-back: the broker was not reached\n' });
    expect(pushed.err).toContain('revision 5: 1 of 1 did not keep it; 1 did not get it');
    expect(log).toHaveLength(1);
  });

  it.each([
    ['a value is missing', TEMPLATE, ['--site', 'a'], 'a has no value for number, host'],
    ['the configuration is wrong', 'site: { id: "{{site}}", country: xx }\n', ['--site', 'a'], ':1:27: '],
    ['it names another site', 'site: { id: b, country: fr }\n', ['--site', 'a'], 'has site.id b, not a'],
    [
      'a secret would lie at the broker in clear',
      `site: { id: a, country: fr }\niax2: { peers: { hq: { type: peer, host: h, secret: canary-1 } } }\ndialplan: |\n  [c]\n  exten => 1,1,Dial(IAX2/u:canary-2@hq/1)\n`,
      ['--site', 'a'],
      'the broker would keep secrets in clear: iax2.peers.hq.secret[0], dialplan; seal them with `branchline fleet seal a`',
    ],
    ['nobody is named', 'site: { id: a, country: fr }\n', [], 'name sites with --site'],
  ])('pushes nothing when %s', async (_, text, more, message) => {
    const log: string[] = [];
    await appliance('a', 'applied', log);
    const pushed = await fleet('push', bench.write('office.yaml', text), '--key', key, ...more);
    expect(pushed).toMatchObject({ code: 2, err: expect.stringContaining(message) });
    expect(pushed.err).not.toContain('canary');
    expect(log).toEqual([]);
  });

  it('takes secrets that are elsewhere, or sealed', async () => {
    const log: string[] = [];
    await appliance('a', 'applied', log);
    const peer = (name: string, secret: string) => `${name}: { type: peer, host: "h", secret: ${secret} }`;
    const peers = [peer('b', '{ env: B }'), peer('c', '{ file: c }'), peer('d', '{ sealed: AAAA }')].join(', ');
    const file = bench.write('office.yaml', `site: { id: a, country: fr }\niax2: { peers: { ${peers} } }\n`);
    expect(await fleet('push', file, '--key', key, '--site', 'a')).toMatchObject({ code: 0, out: 'a  applied\n' });
  });

  it('confirms and rolls back, and says why not', async () => {
    const log: string[] = [];
    await appliance('a', 'applied', log);
    expect(await fleet('confirm', 'a', '--revision', '5')).toEqual({ code: 0, out: 'a  done\n', err: '' });
    expect(await fleet('rollback', 'a')).toMatchObject({ code: 1, out: 'a  no configuration is on trial\n' });
    expect(log).toEqual(['a confirm {"revision":5}', 'a rollback {}']);
  });

  it('exports the list as CSV, and the configurations that were pushed for their owner alone', async () => {
    await appliance('a');
    await appliance('b');
    const file = bench.write('office.yaml', TEMPLATE);
    const values = bench.write('values.yaml', 'a: { host: a.net, number: 1 }\n');
    await fleet('push', file, '--key', key, '--site', 'a', '--values', values, '--revision', '5');
    const folder = join(bench.folder, 'export');
    const exported = await fleet('export', '--configurations', folder);
    expect(exported.out).toBe(
      'site,state,since,version,trunksReached,trunks,linesInUse,lines,running,reported,reportedRevision,desiredRevision\n' +
        `a,online,${at},,0,0,0,0,,applied,5,5\n` +
        `b,online,${at},,0,0,0,0,,,,\n`,
    );
    expect(readdirSync(folder)).toEqual(['a.yaml']);
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toContain('host: "a.net"');
    expect(statSync(join(folder, 'a.yaml')).mode & 0o777).toBe(0o600);
    const [first = ''] = (await fleet('export', '--json')).out.split('\n');
    expect(JSON.parse(first)).toMatchObject({ site: 'a', desiredRevision: 5 });
  });

  it('says that there is no broker', async () => {
    const nowhere = await bench.execute(['fleet', 'list', '--broker', 'mqtt://127.0.0.1:1'], { pause });
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('cannot connect to the broker') });
  });
});

describe('branchline keygen', () => {
  it('writes a pair of keys that nobody else may read, and never over another', async () => {
    const name = join(bench.folder, 'team');
    expect((await bench.execute(['keygen', name])).code).toBe(0);
    expect(statSync(`${name}.key`).mode & 0o777).toBe(0o600);
    expect(await bench.execute(['keygen', name])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
    expect((await bench.execute(['keygen', join(bench.folder, 'iax'), '--rsa'])).code).toBe(0);
  });
});
