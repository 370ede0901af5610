import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { SecretStore } from '../../src/config/secret.ts';
import { ConfigurationDesk } from '../../src/configuration-desk.ts';
import { ConfigurationEditor } from '../../src/configuration-editor.ts';
import { systemClock } from '../../src/io/clock.ts';
import { Store } from '../../src/io/store.ts';
import type { Runnable } from '../../src/service-host.ts';
import { NEVER_PROVISIONED } from '../../src/status/provisioning-record.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call } from './status/readings.ts';

const TEXT = `# The office in Lyon
site: { id: lyon-01, country: fr, timezone: Europe/Paris }
hat:
  port: emulator
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
iax2:
  bind: 127.0.0.1:4569
  peers:
    hq: { type: friend, host: hq.example.net, username: lyon, secret: "never-shown", register: { refresh: 60s }, context: office }
dialplan: |
  [office]
  exten => 201,1,Dial(LINE/1,20)
  exten => 7,1,Dial(IAX2/me:also-never@hq/7,20)
web: { listen: "http://127.0.0.1:8080", auth: none }
`;

const SECRETS: SecretStore = {
  env: () => undefined,
  file: () => ({ failure: 'there are no files' }),
  key: () => ({ failure: 'there are no files' }),
  open: () => ({ failure: 'nothing is sealed' }),
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'branchline-editor-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function runnable(text: string): Runnable {
  const { configuration, dialplan, problems } = loadConfiguration(text, SECRETS);
  if (configuration === undefined || dialplan === undefined) throw new Error(problems[0]?.message);
  return { configuration, dialplan, text };
}

/** An office whose configuration is edited, and what of it is made to run. */
async function office() {
  const local = runnable(TEXT);
  let running = local;
  const desk = await ConfigurationDesk.open(
    {
      ...{ site: 'lyon-01', store: new Store(directory, silentLog), clock: systemClock, log: silentLog },
      verify: undefined,
      judge: () => ({ changes: [], trunks: [] }),
      reach: () => ({ trunks: [], broker: false }),
      file: () => 'file',
      apply: async (config) => {
        running = config === null ? local : runnable(config);
        return undefined;
      },
      tell: () => {},
    },
    NEVER_PROVISIONED,
  );
  const editor = new ConfigurationEditor({
    running: () => running,
    local: () => local,
    isProvisioned: () => running !== local,
    desk: () => desk,
    secrets: SECRETS,
    calls: () => [
      {
        ...call,
        since: '',
        started: '',
        legs: [{ kind: 'line', channel: 'LINE/1', lossPct: null, jitterMs: null, mos: null }],
      },
    ],
  });
  const read = editor.read();
  if ('failed' in read) throw new Error(read.failed);
  const apply = (text: string, version = read.version) =>
    editor.apply({ text, version, user: 'admin', confirmWithinMs: 60_000 });
  return { editor, desk, read, apply, running: () => running.text };
}

describe('ConfigurationEditor', () => {
  it('shows the text in force without a secret, and says where it is from', async () => {
    const { read } = await office();
    expect(read.text).toBe(TEXT.replace('never-shown', '***').replace('also-never', '***'));
    expect(read.source).toBe('file');
  });

  it('says what is wrong where the editor has it, and nothing of a secret', async () => {
    const { editor, read } = await office();
    const edited = read.text.replace(
      'register: { refresh: 60s }, context: office',
      'register: { refresh: 60s }, context: office, secrt: "new-one"',
    );
    const { problems, changes } = editor.check(edited);
    const line = edited.split('\n').findIndex((text) => text.includes('secrt')) + 1;
    expect(problems).toMatchObject([
      {
        line,
        column: edited.split('\n')[line - 1]!.indexOf('secrt') + 1,
        severity: 'error',
        message: expect.stringContaining('secret'),
      },
    ]);
    expect(changes).toEqual([]);
    expect(JSON.stringify(problems)).not.toMatch(/never|new-one/);
  });

  it('says what changes, whom it touches, and whether it takes another start', async () => {
    const { editor, read } = await office();
    expect(editor.check(read.text)).toMatchObject({
      problems: [],
      changes: [],
      touches: { restart: false, calls: [] },
    });
    const live = editor.check(read.text.replace('hq.example.net', 'hq.example.org'));
    expect(live.changes).toMatchObject([{ path: 'iax2.peers.hq.host.host', kind: 'changed', live: true }]);
    expect(live.touches).toEqual({ lines: [], phones: [], trunks: ['hq'], calls: [], restart: false });
    const renamed = editor.check(read.text.replace('"201", context', '"202", context'));
    expect(renamed.touches).toEqual({ lines: ['1'], phones: [], trunks: [], calls: [call.id], restart: false });
    const late = editor.check(read.text.replace('"201", context', '"201", fax: true, context'));
    expect(late.touches).toEqual({ lines: ['1'], phones: [], trunks: [], calls: [call.id], restart: true });
    const secret = editor.check(read.text.replace('secret: "***"', 'secret: "fresh"'));
    expect(secret.changes).toMatchObject([{ before: ['***'], after: ['***'] }]);
  });

  it('puts a change on trial with its secrets, and takes it back', async () => {
    const { editor, read, apply, running } = await office();
    expect(apply(read.text.replace('20)', '30)'))).toBeUndefined();
    await waitUntil('the trial', 2_000, () => editor.standing().phase === 'trial');
    expect(running()).toBe(TEXT.replace('20)', '30)'));
    expect(editor.standing()).toMatchObject({ by: 'panel', user: 'admin', unconfirmed: true, source: 'panel' });
    expect(apply(read.text)).toMatchObject({
      reason: 'conflict',
      error: expect.stringContaining('another configuration'),
    });
    const now = editor.read() as { version: string; text: string };
    expect(apply(now.text.replace('30)', '40)'), now.version)).toMatchObject({
      error: expect.stringContaining('wait'),
    });
    expect(editor.confirm()).toBeUndefined();
    expect(editor.standing().unconfirmed).toBe(false);
    expect(editor.rollBack()).toBeUndefined();
    await waitUntil('the end', 2_000, () => editor.standing().phase === 'idle');
    expect(running()).toBe(TEXT);
    expect(editor.standing()).toMatchObject({
      source: 'file',
      version: read.version,
      reported: { state: 'rolled-back' },
    });
    expect(editor.rollBack()).toBeDefined();
  });

  it('applies nothing that is wrong, locks somebody out, or changes nothing', async () => {
    const { read, apply, running } = await office();
    const wrong = apply(read.text.replace('fxs', 'fxx'));
    expect(wrong).toMatchObject({ reason: 'invalid', error: expect.stringMatching(/^line 6, column \d+: /) });
    expect(apply(read.text.replace('lyon-01', 'graz-02'))).toMatchObject({
      reason: 'invalid',
      error: expect.stringContaining('site.id is graz-02'),
    });
    expect(apply(read.text.replace('hq: {', 'hub: {').replace('@hq', '@hub'))).toMatchObject({
      reason: 'invalid',
      problems: [{ line: 10 }, { line: 14 }],
    });
    expect(apply(read.text)).toEqual({ reason: 'conflict', error: 'nothing is changed' });
    expect(running()).toBe(TEXT);
  });
});
