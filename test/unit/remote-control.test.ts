import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { ConfigurationDesk, readProvisioning } from '../../src/configuration-desk.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { BrokerConnection, DeliverableMessage } from '../../src/io/mqtt.ts';
import { Store } from '../../src/io/store.ts';
import { RemoteControl, type RemoteControlOptions } from '../../src/remote-control.ts';
import type { Happening } from '../../src/status/event.ts';
import { NEVER_PROVISIONED } from '../../src/status/provisioning-record.ts';
import { waitUntil } from '../support/wait-until.ts';

const ROOT = 'branchline/lyon-01/';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'branchline-remote-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A remote control on the disk of this test, with what it did, told and answered. */
async function open({ isManaged = false, ...options }: Partial<RemoteControlOptions> & { isManaged?: boolean } = {}) {
  const done: string[] = [];
  const told: Happening[] = [];
  const sent: DeliverableMessage[] = [];
  const filters: string[] = [];
  const store = new Store(directory, silentLog);
  const common = { site: 'lyon-01', store, clock: systemClock, log: silentLog };
  const tell: RemoteControlOptions['tell'] = options.tell ?? ((happening) => told.push(happening));
  const desk = await ConfigurationDesk.open(
    {
      ...common,
      verify: isManaged ? () => false : undefined,
      judge: () => ({ faults: [] }),
      reach: () => ({ trunks: [], broker: true }),
      file: () => '',
      apply: async () => undefined,
      tell,
    },
    await readProvisioning(store, systemClock, silentLog),
  );
  const remote = await RemoteControl.open({
    ...common,
    authority: () => ({ kind: 'broker' }),
    desk,
    perform: {
      restart: () => ({}),
      reload: () => ({ error: 'the configuration has errors' }),
      identify: () => ({}),
      originate: ({ from, to }) => {
        done.push(`${from} calls ${to}`);
        return { result: { call: 'c1' } };
      },
      capture: () => ({ result: { file: '/data/captures/a.pcapng' } }),
      hangup: () => ({}),
    },
    tell,
    ...options,
  });
  const connection: BrokerConnection = {
    publish: () => {},
    subscribe: (added) => void filters.push(...added),
    deliver: (message, delivered) => {
      sent.push(message);
      delivered('taken');
    },
  };
  remote.handleConnected(connection);
  const command = async (verb: string, body: object | string, replyTo = {}) => {
    const before = sent.length;
    remote.handleMessage(`${ROOT}cmd/${verb}`, typeof body === 'string' ? body : JSON.stringify(body), false, replyTo);
    await waitUntil('an answer', 2_000, () => sent.length > before);
    return { topic: sent.at(-1)!.topic, ...(JSON.parse(sent.at(-1)!.payload) as object) };
  };
  return { remote, desk, connection, command, done, told, sent, filters, store };
}

describe('RemoteControl', () => {
  it('carries a command out, answers it and has it audited', async () => {
    const { command, done, told } = await open();
    const order = { id: 'a', from: '201', to: '600' };
    expect(await command('originate', order)).toEqual({
      topic: `${ROOT}reply/a`,
      id: 'a',
      verb: 'originate',
      ok: true,
      result: { call: 'c1' },
    });
    expect(done).toEqual(['201 calls 600']);
    expect(told).toMatchObject([
      { kind: 'command', what: 'originate', severity: 'info', details: { id: 'a', ok: true } },
    ]);
    expect(await command('reload', { id: 'b' })).toMatchObject({ ok: false, error: 'the configuration has errors' });
    expect(told[1]).toMatchObject({ what: 'reload', severity: 'warn', details: { ok: false } });
  });

  it('answers where it is asked to, with what the question was named with', async () => {
    const { command, sent } = await open();
    const correlation = new Uint8Array([1, 2]);
    expect((await command('identify', { id: 'a' }, { responseTopic: 'ops/1', correlation })).topic).toBe('ops/1');
    expect(sent[0]!.correlation).toBe(correlation);
  });

  it('does what comes twice once, answers alike, and takes no id for two things', async () => {
    const first = await open();
    const order = { id: 'a', from: '201', to: '600' };
    const answer = await first.command('originate', order);
    expect(await first.command('originate', order)).toEqual(answer);
    await first.store.settle();
    const second = await open();
    expect(await second.command('originate', order)).toEqual(answer);
    expect(await second.command('restart', { id: 'a' })).toMatchObject({
      ok: false,
      error: 'the id a was used for originate before',
    });
    expect([...first.done, ...second.done]).toEqual(['201 calls 600']);
  });

  it('does not do again what was interrupted', async () => {
    const first = await open({
      perform: { ...({} as RemoteControlOptions['perform']), restart: () => new Promise(() => {}) },
    });
    first.remote.handleMessage(`${ROOT}cmd/restart`, '{"id":"a"}', false, {});
    await waitUntil('the note', 2_000, async () =>
      (await first.store.read('commands.json', (text) => text))?.includes('"a"'),
    );
    const second = await open();
    second.remote.handleMessage(`${ROOT}cmd/restart`, '{"id":"a"}', false, {});
    await second.command('identify', { id: 'b' });
    expect(second.told.map(({ what }) => what)).toEqual(['identify']);
  });

  it('passes over what is retained, and audits what it refuses without an id', async () => {
    const { remote, done, sent, told } = await open();
    remote.handleMessage(`${ROOT}cmd/originate`, '{"id":"a","from":"201","to":"600"}', true, {});
    remote.handleMessage(`${ROOT}cmd/<script>`, 'nonsense', false, {});
    await waitUntil('the audit', 2_000, () => told.length > 0);
    expect(told).toMatchObject([{ what: 'unknown', severity: 'warn', details: { id: null, ok: false } }]);
    expect(done).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('audits whoever makes up commands as one, so that he does not fill the outbox with ever other names', async () => {
    const { remote, told } = await open();
    const verb = `a${'b'.repeat(5_000)}`;
    remote.handleMessage(`${ROOT}cmd/teapot`, '{"id":"a"}', false, {});
    remote.handleMessage(`${ROOT}cmd/${verb}`, '{"id":"b"}', false, {});
    await waitUntil('the audit', 2_000, () => told.length > 1);
    expect(told.map(({ what }) => what)).toEqual(['unknown', 'unknown']);
    expect(told[0]?.message).toContain('there is no command teapot; there are restart, ');
    expect(told[1]?.message.length).toBeLessThan(300);
  });

  it('takes no command without a signature where one is asked for', async () => {
    const { remote, done, told } = await open({ authority: () => ({ kind: 'signed', verify: () => false }) });
    remote.handleMessage(`${ROOT}cmd/originate`, '{"id":"a","from":"201","to":"600"}', false, {});
    await waitUntil('the audit', 2_000, () => told.length > 0);
    expect(done).toEqual([]);
  });

  it('tells an outcome at the next start when a power cut came before its event was kept, and never again after', async () => {
    const candidate = { revision: 7, config: '', confirm: 'auto', confirmWithinMs: 1, trunks: [], changes: [] };
    const record = { ...NEVER_PROVISIONED, highestJudged: 7, candidate };
    await new Store(directory, silentLog).write('provisioning.json', JSON.stringify(record));
    const ids: (string | undefined)[] = [];
    const start = async (isKept: boolean) => {
      const tell: RemoteControlOptions['tell'] = ({ what }, keeping) => {
        expect(what).toBe('rolled-back');
        ids.push(keeping?.id);
        if (isKept) keeping?.settled();
      };
      const { desk, store } = await open({ isManaged: true, tell });
      desk.stop();
      await store.settle();
    };
    await start(false);
    await start(true);
    await start(true);
    expect(ids).toEqual([expect.stringMatching(/^lyon-01-config-7-rolled-back-/), ids[0]]);
  });

  it('asks for configurations only where they may come from head office', async () => {
    expect((await open()).filters).toEqual([`${ROOT}config/reported`, `${ROOT}cmd/+`]);
    const { remote, desk, filters, sent, told } = await open({ isManaged: true });
    expect(filters).toEqual([`${ROOT}config/reported`, `${ROOT}cmd/+`, `${ROOT}config/desired`]);
    expect(remote.isWipe(`${ROOT}config/reported`, '')).toBe(false);
    remote.handleMessage(`${ROOT}config/desired`, 'nonsense', true, {});
    expect(sent[0]).toMatchObject({ topic: `${ROOT}config/reported`, retain: true });
    expect(told).toMatchObject([{ kind: 'config', what: 'rejected', severity: 'warn' }]);
    desk.stop();
  });

  it('knows what somebody clears of its report from the report itself, and takes neither for an order', async () => {
    const { remote, desk, sent, told } = await open({ isManaged: true });
    remote.handleMessage(`${ROOT}config/desired`, 'nonsense', true, {});
    const report = sent[0]!.payload;
    expect(remote.isWipe(`${ROOT}config/reported`, '')).toBe(true);
    expect(remote.isWipe(`${ROOT}config/reported`, report)).toBe(false);
    expect(remote.isWipe(`${ROOT}config/desired`, '')).toBe(false);
    remote.handleMessage(`${ROOT}config/reported`, report, false, {});
    expect(told).toHaveLength(1);
    expect(sent).toHaveLength(1);
    desk.stop();
  });
});
