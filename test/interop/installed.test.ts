import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, version } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { branchConfig, WEB } from '../support/branch-office.ts';
import { peerMissing } from '../support/peers.ts';
import { nodeProgram } from './peers/peer-store.ts';

const root = join(import.meta.dirname, '../..');

describe('the package, installed in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-installed-'));
  const command = join(folder, 'node_modules/branchline/dist/branchline.js');

  beforeAll(() => {
    const npm = (args: string[], cwd: string) =>
      execFileSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
    npm(['pack', '--pack-destination', folder], root);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    npm(['install', '--no-audit', '--no-fund', `./${tarball}`], folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('brings the licences of what it bundles, and no sources', () => {
    const files = readdirSync(join(folder, 'node_modules/branchline'), { recursive: true, encoding: 'utf8' });
    expect(files).toContain('dist/THIRD-PARTY-LICENSES.txt');
    expect(files.filter((name) => /(?<!\.d)\.tsx?$|^test/.test(name))).toEqual([]);
    expect(readFileSync(join(folder, 'node_modules/branchline/dist/THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(
      /^pino \d/m,
    );
  });

  for (const [name, node, missing] of [
    [version, execPath, false],
    ['v22', nodeProgram('22'), peerMissing('node22')],
    ['v24', nodeProgram('24'), peerMissing('node24')],
  ] as const) {
    describe.skipIf(missing)(`on Node ${name}`, () => {
      const run = (...args: string[]) => execFileSync(node, [command, ...args], { cwd: folder, encoding: 'utf8' });

      test('says its version', () => {
        const { version: packageVersion } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
          version: string;
        };
        expect(run('--version').trim()).toBe(packageVersion);
      });

      test('checks a configuration', () => {
        writeFileSync(join(folder, 'branchline.yaml'), branchConfig());
        run('check', 'branchline.yaml');
      });

      test('runs, serves its panel and its status, and ends on SIGTERM with 0', async () => {
        const appliance = new Appliance({ config: branchConfig(), web: WEB, command: [node, command] });
        try {
          await appliance.start();
          expect(Object.keys((await appliance.status()).lines)).toEqual(['1', '2']);
          expect(await (await appliance.request('GET', '/')).text()).toContain('<html');
          expect((await appliance.request('GET', '/healthz')).status).toBe(200);
          expect(await appliance.stop()).toBe(0);
        } finally {
          await appliance.dispose();
        }
      });
    });
  }
});

test('a copy of dist alone, elsewhere, has its native packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-dist-'));
  try {
    cpSync(join(root, 'dist'), folder, { recursive: true });
    const program = `const { createRequire } = require('node:module');
      const require2 = createRequire(${JSON.stringify(join(folder, 'branchline.js'))});
      const koffi = require2('koffi');
      const { SerialPort } = require2('serialport');
      const getpid = koffi.load(null).func('int getpid()');
      console.log(getpid() === process.pid, typeof SerialPort.list);`;
    expect(execFileSync(execPath, ['-e', program], { cwd: folder, encoding: 'utf8' })).toBe('true function\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
