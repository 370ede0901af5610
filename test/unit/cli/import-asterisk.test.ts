import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bench } from './terminal-double.ts';

let bench: Bench;
let asterisk: string;
beforeEach(() => {
  bench = new Bench();
  asterisk = join(bench.folder, 'asterisk');
  mkdirSync(asterisk);
  writeFileSync(
    join(asterisk, 'iax.conf'),
    '[hq]\ntype=friend\nhost=hq.example\nusername=lyon\nsecret=s3cret-of-lyon\ncontext=from-hq\njitterbufer=yes\n',
  );
  writeFileSync(join(asterisk, 'extensions.conf'), '[from-hq]\n#include "custom/*.conf"\n');
  mkdirSync(join(asterisk, 'custom'));
  writeFileSync(
    join(asterisk, 'custom/1.conf'),
    Buffer.from('exten => 1,1,NoOp(caf\xe9)\nexten => 2,1,Nothing()\n', 'latin1'),
  );
});
afterEach(() => bench.dispose());

test('the configuration goes to stdout, what could not be carried over to stderr', async () => {
  const { code, out, err } = await bench.execute(['import-asterisk', asterisk, '--site', 'Lyon 01']);
  expect(code).toBe(0);
  expect(out).toContain('site: { id: lyon-01 }');
  expect(out).toContain('s3cret-of-lyon');
  expect(out).toContain('NoOp(café)');
  expect(err.split('\n')).toEqual([
    'custom/1.conf: changed: it is not UTF-8; it was read as Windows-1252, look at its accents',
    "custom/1.conf:2: there is no application 'Nothing'; the line does nothing, and the call goes on with the next priority",
    'iax.conf:7: jitterbufer has no place here; if jitterbuffer is meant, Asterisk passes over it, too',
    '0 lines, 1 IAX2 peer, 0 SIP phones, 0 SIP trunks, 1 context; not carried over: 2, changed: 1',
    '',
  ]);
});

test('a file is for its owner only, passes check, and is not overwritten unless that is said', async () => {
  const file = join(bench.folder, 'branchline.yaml');
  const first = await bench.execute(['import-asterisk', asterisk, '-o', file]);
  expect(first).toMatchObject({ code: 0, out: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await bench.execute(['check', file])).code).toBe(0);
  writeFileSync(file, 'mine');
  expect(await bench.execute(['import-asterisk', asterisk, '-o', file])).toEqual({
    code: 2,
    out: '',
    err: `branchline: ${file} is there already; it stays as it is unless --force replaces it\n`,
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect((await bench.execute(['import-asterisk', asterisk, '-o', file, '--force'])).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('hq.example');
});

test('secrets go into files of their own, which the configuration names', async () => {
  const file = join(bench.folder, 'branchline.yaml');
  const secrets = join(bench.folder, 'secrets');
  expect((await bench.execute(['import-asterisk', asterisk, '-o', file, '--secrets-dir', secrets])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('secret: { file: secrets/iax2-hq }');
  expect(readFileSync(file, 'utf8')).not.toContain('s3cret');
  expect(readFileSync(join(secrets, 'iax2-hq'), 'utf8')).toBe('s3cret-of-lyon\n');
  expect(statSync(join(secrets, 'iax2-hq')).mode & 0o777).toBe(0o600);
  expect((await bench.execute(['check', file])).code).toBe(0);
});

test('no secret takes the file of another', async () => {
  writeFileSync(
    join(asterisk, 'iax.conf'),
    '[hq]\ntype=user\nsecret=one-of-hq\nsecret=two-of-hq\n[hq-2]\ntype=user\nsecret=one-of-hq-2\n',
  );
  const file = join(bench.folder, 'branchline.yaml');
  const folder = join(bench.folder, 'secrets');
  await bench.execute(['import-asterisk', asterisk, '-o', file, '--secrets-dir', folder]);
  const named = [...readFileSync(file, 'utf8').matchAll(/file: secrets\/([\w.-]+)/g)].map(([, name]) => name!);
  expect(named.map((name) => readFileSync(join(folder, name), 'utf8').trim())).toEqual([
    'one-of-hq',
    'two-of-hq',
    'one-of-hq-2',
  ]);
});

test('keys that stand beside the configuration are named, or copied to the secrets', async () => {
  mkdirSync(join(asterisk, 'keys'));
  writeFileSync(join(asterisk, 'keys/hq.pub'), 'the key');
  writeFileSync(join(asterisk, 'iax.conf'), '[hq]\ntype=user\nauth=rsa\ninkeys=hq\ncontext=from-hq\n');
  const { out } = await bench.execute(['import-asterisk', asterisk]);
  expect(out).toContain(join(asterisk, 'keys/hq.pub'));
  const file = join(bench.folder, 'branchline.yaml');
  const secrets = join(bench.folder, 'secrets');
  await bench.execute(['import-asterisk', asterisk, '-o', file, '--secrets-dir', secrets]);
  expect(readFileSync(file, 'utf8')).toContain('secrets/hq.pub');
  expect(readFileSync(join(secrets, 'hq.pub'), 'utf8')).toBe('the key');
});

test('--json has the remarks, and the configuration unless it went to a file', async () => {
  const { code, out, err } = await bench.execute(['import-asterisk', asterisk, '--json']);
  const { configuration, remarks, counts } = JSON.parse(out);
  expect({ code, err, counts }).toEqual({
    code: 0,
    err: '',
    counts: { contexts: 1, lines: 0, peers: 1, phones: 0, trunks: 0 },
  });
  expect(configuration).toContain('hq.example');
  expect(remarks).toContainEqual({
    file: 'iax.conf',
    line: 7,
    kind: 'lost',
    message: 'jitterbufer has no place here; if jitterbuffer is meant, Asterisk passes over it, too',
  });
});

test('a folder that is none, or has nothing to read, is wrong usage; a file that cannot be written is a failure', async () => {
  const nowhere = join(bench.folder, 'nowhere');
  expect((await bench.execute(['import-asterisk', nowhere])).code).toBe(2);
  mkdirSync(nowhere);
  expect(await bench.execute(['import-asterisk', nowhere])).toMatchObject({ code: 2, out: '' });
  expect(await bench.execute(['import-asterisk', asterisk, '-o', join(bench.folder, 'a/b.yaml')])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('its folder does not exist'),
  });
  expect(existsSync(join(bench.folder, 'a'))).toBe(false);
});

test('folders, pipes and devices in the place of files are told, not waited for', async () => {
  mkdirSync(join(asterisk, 'dir.conf'));
  writeFileSync(
    join(asterisk, 'extensions.conf'),
    '[from-hq]\n#include dir.conf\n#include /dev/zero\n#include nothing.conf\n',
  );
  const { code, err } = await bench.execute(['import-asterisk', asterisk]);
  expect(code).toBe(0);
  expect(err).toContain('extensions.conf:2: dir.conf is not a regular file');
  expect(err).toContain('extensions.conf:3: /dev/zero is not a regular file');
  expect(err).toContain('extensions.conf:4: nothing.conf does not exist');
});
