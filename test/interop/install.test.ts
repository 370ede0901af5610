import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildDebianPackage } from '../../scripts/debian-package.ts';

const script = join(import.meta.dirname, '../../deploy/install.sh');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'branchline-install-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function install(environment: NodeJS.ProcessEnv = {}): { status: number | null; stderr: string } {
  return spawnSync('sh', [script], { env: { ...process.env, DESTDIR: root, ...environment }, encoding: 'utf8' });
}

test('the install script lays out a program that runs, a unit, an account and an example configuration', () => {
  expect(install()).toMatchObject({ status: 0, stderr: '' });
  const program = join(root, 'usr/bin/branchline');
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(existsSync(join(root, 'usr/lib/systemd/system/branchline.service'))).toBe(true);
  expect(readFileSync(join(root, 'usr/lib/sysusers.d/branchline.conf'), 'utf8')).toMatch(/^u branchline /m);
  const configuration = join(root, 'etc/branchline/branchline.yaml');
  expect(statSync(configuration).mode & 0o777).toBe(0o640);
  writeFileSync(join(root, 'etc/branchline/hq.secret'), 'x');
  expect(spawnSync(program, ['check', configuration], { encoding: 'utf8' }).stdout).toBe(`${configuration}: valid\n`);
});

test('what the install script lays out can be read by the account of the service, whatever the umask', () => {
  const { status } = spawnSync('sh', ['-c', `umask 077; exec sh ${script}`], {
    env: { ...process.env, DESTDIR: root },
  });
  expect(status).toBe(0);
  const closed = spawnSync('find', [root, '-mindepth', '1', '!', '-perm', '-o=r'], { encoding: 'utf8' }).stdout;
  expect(closed).toBe(`${join(root, 'etc/branchline/branchline.yaml')}\n`);
});

test('the guide comes along, and its links lead somewhere', () => {
  install();
  const doc = join(root, 'usr/share/doc/branchline');
  const guide = readFileSync(join(doc, 'README.md'), 'utf8');
  for (const [, link] of guide.matchAll(/\]\((docs\/guide[^)]+|docs\/reference[^)]+|deploy[^)]+)\)/g))
    expect(existsSync(join(doc, link!)), link).toBe(true);
});

test('the install script run again updates the program, counts more than a release of head office, and leaves the configuration', () => {
  install();
  const configuration = join(root, 'etc/branchline/branchline.yaml');
  const stray = join(root, 'usr/lib/branchline/of-the-old-release.js');
  writeFileSync(configuration, 'site: { id: mine }\n');
  writeFileSync(stray, '');
  const current = join(root, 'var/lib/branchline/releases/current');
  mkdirSync(dirname(current), { recursive: true });
  writeFileSync(current, '0.0.1\n');
  expect(install().status).toBe(0);
  expect(readFileSync(configuration, 'utf8')).toBe('site: { id: mine }\n');
  expect(existsSync(stray)).toBe(false);
  expect(existsSync(current)).toBe(false);
});

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;
test.runIf(hasDpkg)('the Debian package lays out the same, without a configuration, and is the same each time', () => {
  const file = buildDebianPackage('1.2.0-rc.1', `${process.platform}-${process.arch}`, root)!;
  expect(basename(file)).toMatch(/^branchline_1\.2\.0~rc\.1_(amd64|arm64|armhf)\.deb$/);
  const bytes = readFileSync(file);
  expect(buildDebianPackage('1.2.0-rc.1', `${process.platform}-${process.arch}`, root)).toBe(file);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  const unpacked = join(root, 'unpacked');
  expect(spawnSync('dpkg-deb', ['-x', file, unpacked]).status).toBe(0);
  expect(existsSync(join(unpacked, 'etc'))).toBe(false);
  // What dpkg does next, but for the account and the service.
  const configured = spawnSync(join(import.meta.dirname, '../../deploy/postinst'), ['configure'], {
    env: { ...process.env, DESTDIR: unpacked },
  });
  expect(configured.status).toBe(0);
  install();
  const list = (folder: string) => spawnSync('find', ['.', '-type', 'f'], { cwd: folder, encoding: 'utf8' }).stdout;
  const own = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^\.\/(usr|etc)/.test(line))
      .sort();
  expect(own(list(unpacked))).toEqual(own(list(root)));
});

test('the install script says that Node is missing or too old, and changes nothing', () => {
  const old = join(root, 'old');
  mkdirSync(old);
  writeFileSync(join(old, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const result = install({ PATH: `${old}:${process.env['PATH']}` });
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('Node.js 20.19 or newer is needed');
  expect(existsSync(join(root, 'usr'))).toBe(false);
});
