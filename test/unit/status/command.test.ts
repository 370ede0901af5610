import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { answerTopic, CommandLedger, type Receiver, readCommand } from '../../../src/status/command.ts';
import { signedBytes } from '../../../src/status/signed.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const open: Receiver = { site: 'lyon-01', authority: { kind: 'broker' }, wallMs: NOON };
const keys = generateKeyPairSync('ed25519');
const signed: Receiver = {
  ...open,
  authority: { kind: 'signed', verify: (bytes, signature) => verify(null, bytes, keys.publicKey, signature) },
};

function signedCommand(more: object = {}) {
  const content = { site: 'lyon-01', verb: 'restart', id: 'c1', expires: '2026-01-01T12:10:00Z', ...more };
  const bytes = Buffer.from(JSON.stringify(content));
  const signature = sign(null, signedBytes('command', bytes), keys.privateKey).toString('base64');
  return JSON.stringify({ document: bytes.toString('base64'), signature, keyId: 'ops' });
}

describe('a command', () => {
  it.each([
    ['restart', {}, {}],
    ['identify', {}, { seconds: 30 }],
    ['originate', { from: '201', to: '7123' }, { from: '201', to: '7123' }],
    ['hangup', { call: '1-1' }, { call: '1-1' }],
    ['capture', {}, { action: 'start', seconds: 60, megabytes: 20 }],
    ['capture', { action: 'stop' }, { action: 'stop', seconds: 60, megabytes: 20 }],
    ['confirm', { revision: 7 }, { revision: 7 }],
    ['rollback', {}, {}],
  ])('%s is read with its id and what it takes', (verb, more, args) => {
    const payload = JSON.stringify({ id: 'c1', ...more });
    expect(readCommand(verb, payload, open)).toEqual({ command: { id: 'c1', verb, args } });
  });

  it.each([
    ['is not JSON', 'restart', 'now!', '', undefined],
    ['is no object', 'restart', '[]', '', undefined],
    ['has no id', 'restart', '{}', 'id', undefined],
    ['has an id that would be several levels of a topic', 'restart', '{"id":"a/b"}', 'id', undefined],
    ['is unknown', 'explode', '{"id":"c1"}', '', 'c1'],
    ['is a name of every object', 'constructor', '{"id":"c1"}', '', 'c1'],
    ['lacks what it needs', 'originate', '{"id":"c1","from":"201"}', 'to', 'c1'],
    ['would capture for a day', 'capture', '{"id":"c1","seconds":86400}', 'seconds', 'c1'],
    ['would fill the disk', 'capture', '{"id":"c1","megabytes":10000}', 'megabytes', 'c1'],
    ['has a key too many', 'restart', '{"id":"c1","force":true}', '', 'c1'],
    ['is huge', 'restart', 'x'.repeat(70_000), '', undefined],
  ])('that %s is refused with where and why', (_, verb, payload, path, id) => {
    expect(readCommand(verb, payload, open)).toEqual({
      fault: { path, message: expect.any(String) },
      ...(id === undefined ? {} : { id }),
    });
  });

  it.each([
    ['originate', { from: '201' }, 'to', 'it is missing'],
    ['originate', { from: 201, to: '1' }, 'from', 'it must be text'],
    ['originate', { from: '', to: '1' }, 'from', 'it must have at least 1 character'],
    ['hangup', { call: 'x'.repeat(65) }, 'call', 'it must have at most 64 characters'],
    ['identify', { seconds: 0 }, 'seconds', 'it must be at least 1'],
    ['identify', { seconds: 1e9 }, 'seconds', 'it must be at most 600'],
    ['identify', { seconds: 'x' }, 'seconds', 'it must be a number'],
    ['confirm', { revision: 1.5 }, 'revision', 'it must be a whole number'],
    ['capture', { action: 'pause' }, 'action', 'it must be start or stop'],
    ['hangup', { call: '1', all: true, now: 1 }, '', 'all and now are unknown here'],
  ])('%s %j is refused in words that an operator reads', (verb, more, path, message) => {
    const payload = JSON.stringify({ id: 'c1', ...more });
    expect(readCommand(verb, payload, open)).toEqual({ id: 'c1', fault: { path, message } });
  });

  it('that lacks the signature of an update is answered where other commands need none', () => {
    expect(readCommand('update', '{"id":"c1"}', open)).toMatchObject({ id: 'c1', fault: { path: '' } });
    expect(readCommand('update', '{"id":"c1"}', signed)).not.toHaveProperty('id');
  });

  it('that updates the program is taken with a signature alone, also where others need none', () => {
    const release = { url: 'https://ops.example/r.tar.gz', version: '1.1.0', platform: 'linux-arm64' };
    const archive = { sha256: 'a'.repeat(64), bytes: 1000 };
    const plain = JSON.stringify({ id: 'c1', ...release, ...archive });
    const payload = signedCommand({ verb: 'update', ...release, ...archive });
    const { verify: check } = signed.authority;
    const guarded: Receiver = { ...open, authority: { kind: 'broker', verify: check! } };
    expect(readCommand('update', payload, guarded)).toEqual({
      command: {
        id: 'c1',
        verb: 'update',
        args: { ...release, ...archive, allowOlder: false, confirmWithin: 300_000 },
      },
    });
    expect(readCommand('update', plain, guarded)).toMatchObject({ fault: { path: '' } });
    expect(readCommand('update', payload, open)).toMatchObject({
      fault: { message: expect.stringContaining('publicKey names no key') },
    });
    for (const wrong of [
      { version: '../x' },
      { url: 'ftp://ops/r' },
      { sha256: 'A' },
      { bytes: 0 },
      { version: '1' },
    ]) {
      const [path] = Object.keys(wrong);
      const other = signedCommand({ verb: 'update', ...release, ...archive, ...wrong });
      expect(readCommand('update', other, guarded)).toMatchObject({ id: 'c1', fault: { path } });
    }
  });

  it('is taken with a good signature where one is asked for', () => {
    expect(readCommand('restart', signedCommand(), signed)).toEqual({
      command: { id: 'c1', verb: 'restart', args: {} },
    });
  });

  it.each([
    ['without a signature', '{"id":"c1"}', ''],
    ['for another site', signedCommand({ site: 'graz-02' }), 'site'],
    ['signed as another verb', signedCommand({ verb: 'reload' }), 'verb'],
    ['that has expired', signedCommand({ expires: '2026-01-01T11:59:59Z' }), 'expires'],
    ['that never expires', signedCommand({ expires: '2027-01-01T00:00:00Z' }), 'expires'],
    ['without an expiry', signedCommand({ expires: undefined }), 'expires'],
  ])('%s is refused where one is asked for', (_, payload, path) => {
    expect(readCommand('restart', payload, signed)).toEqual({ fault: { path, message: expect.any(String) } });
  });
});

describe('the answer to a command', () => {
  const root = 'branchline/lyon-01/';

  it('goes where the asker wants it, or to a topic of its id', () => {
    expect(answerTopic(root, 'c1', 'ops/answers')).toBe('ops/answers');
    expect(answerTopic(root, 'c.1', undefined)).toBe('branchline/lyon-01/reply/c%2E1');
  });

  it.each(['branchline/graz-02/cmd/restart', 'branchline/lyon-01/config/desired', 'a/#', 'a/+/b', 'x'.repeat(300)])(
    'does not go to %s, where it would be an order or cannot be published',
    (topic) => {
      expect(answerTopic(root, 'c1', topic)).toBe('branchline/lyon-01/reply/c1');
    },
  );
});

describe('CommandLedger', () => {
  const command = (id: string) => ({ id, verb: 'restart', args: {} }) as const;

  it('knows after a restart what was done, and what was begun and not answered', () => {
    const ledger = new CommandLedger();
    ledger.begin(command('a'));
    ledger.finish({ id: 'a', verb: 'restart', ok: true });
    ledger.begin(command('b'));
    const again = CommandLedger.parse(ledger.format())!;
    expect(again.find('a')).toEqual({ verb: 'restart', answer: { id: 'a', verb: 'restart', ok: true } });
    expect(again.find('b')).toEqual({ verb: 'restart', answer: null });
    expect(again.find('c')).toBeUndefined();
  });

  it('forgets the oldest of more than 256, and reads nothing that it did not write', () => {
    const ledger = new CommandLedger();
    for (let n = 0; n < 300; n++) ledger.begin(command(`c${n}`));
    expect(ledger.find('c43')).toBeUndefined();
    expect(ledger.find('c44')).toBeDefined();
    expect(CommandLedger.parse('{}')).toBeUndefined();
    expect(CommandLedger.parse('torn')).toBeUndefined();
  });
});
