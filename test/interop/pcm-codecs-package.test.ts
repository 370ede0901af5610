import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, version } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peerMissing } from '../support/peers.ts';
import { nodeProgram } from './peers/peer-store.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'node-pcm-codecs-'));
const installed = join(folder, 'node_modules/node-pcm-codecs');

/** Two who speak µ-law and one who is silent in A-law: what each of them hears, in steps of its own law. */
const USE = `
const mixer = createMixer({ members: 3, samples: 160 });
mixer.setLaw(2, 'alaw');
mixer.input(0).fill(encodeSample('ulaw', 16000));
mixer.input(1).fill(encodeSample('ulaw', 8000));
mixer.input(2).fill(encodeSample('alaw', 0));
mixer.mix(3);
const heard = [0, 1, 2].map((member) => decodeSample(member === 2 ? 'alaw' : 'ulaw', mixer.output(member)[159]));
console.log(mixer.implementation, ...heard);`;

const NAMES = '{ createMixer, decodeSample, encodeSample }';
const PROGRAMS = {
  'use.mjs': `import ${NAMES} from 'node-pcm-codecs';${USE}`,
  'use.cjs': `const ${NAMES} = require('node-pcm-codecs');${USE}`,
  'use.mts': `import { createMixer, type Law, type Mixer } from 'node-pcm-codecs';
const law: Law = 'alaw';
const mixer: Mixer = createMixer({ members: 3, samples: 160 });
mixer.setLaw(2, law);
export const heard: Uint8Array = mixer.output(0);
// @ts-expect-error: no such law
mixer.setLaw(2, 'g722');`,
};

beforeAll(() => {
  const npm = (args: string[], cwd: string) => execFileSync('npm', [...args, '--loglevel=error'], { cwd });
  npm(['pack', '--pack-destination', folder], join(root, 'src/node-pcm-codecs'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  npm(['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], folder);
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('node-pcm-codecs, installed from its tarball without a network', () => {
  test('brings what it runs, its types, README and licence, no sources and no other package', () => {
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    expect(readdirSync(join(installed, 'dist')).filter((name) => !/\.(?:js|d\.ts)$/.test(name))).toEqual([]);
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'node-pcm-codecs',
    ]);
  });

  test('has each file that a condition of others can ask for', () => {
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: { '.': Record<string, string> };
    };
    // The sources stand under a condition that nobody sets but this repository: bundlers set `development` by themselves.
    const { 'node-pcm-codecs-source': source, ...others } = exports['.'];
    expect(source).toBe('./src/index.ts');
    expect(Object.keys(others)).toEqual(['types', 'default']);
    for (const file of Object.values(others)) expect(existsSync(join(installed, file)), file).toBe(true);
  });

  test('has types that a strict program is checked by', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
    execFileSync(execPath, [tsc, ...strict, 'use.mts'], { cwd: folder, encoding: 'utf8' });
  });

  for (const [name, node, missing] of [
    [version, execPath, false],
    ['v22', nodeProgram('22'), peerMissing('node22')],
    ['v24', nodeProgram('24'), peerMissing('node24')],
  ] as const) {
    const run = (...args: string[]) =>
      execFileSync(node, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

    test.skipIf(missing).each([
      ['import', 'simd', ['use.mjs']],
      ['require', 'simd', ['use.cjs']],
      ['import without WebAssembly', 'plain', ['--jitless', 'use.mjs']],
      ['import where a bundler would develop', 'simd', ['-C', 'development', 'use.mjs']],
    ])(`mixes on Node ${name}, by %s`, (_, implementation, args) => {
      expect(run(...args)).toBe(`${implementation} 7932 15996 24064`);
    });
  }
});
