import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench } from './terminal-double.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

describe('the command line', () => {
  test('lists its commands, and only those that do something', async () => {
    const { code, out } = await bench.execute(['--help']);
    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}([a-z-]+) /gm)].map((match) => match[1])).toEqual([
      'demo',
      'run',
      'check',
      'route',
      'import-asterisk',
      'status',
      'call',
      'hangup',
      'cdr',
      'fleet',
      'keygen',
      'seal',
      'hash-password',
      'capture',
    ]);
  });

  test('keygen makes no half of a pair beside a key that is there', async () => {
    const name = join(bench.folder, 'pair');
    writeFileSync(`${name}.pub`, 'mine');
    expect(await bench.execute(['keygen', name])).toMatchObject({
      code: 1,
      err: `branchline: ${name}.pub is there already; it stays as it is\n`,
    });
    expect(existsSync(`${name}.key`)).toBe(false);
    expect(readFileSync(`${name}.pub`, 'utf8')).toBe('mine');
  });

  test.each(['', 'keys/'])('keygen takes no name that is none: %j', async (name) => {
    expect(await bench.execute(['keygen', name])).toMatchObject({
      code: 2,
      err: `branchline: "${name}" names no file; a name is a path without its ending, such as ops\n`,
    });
  });

  test('keygen says why it can write no key', async () => {
    const name = join(bench.folder, 'none/ops');
    expect(await bench.execute(['keygen', name])).toMatchObject({
      code: 1,
      err: `branchline: cannot write ${name}.key: its folder does not exist\n`,
    });
  });

  test.each(['demo', 'run', 'check', 'route', 'status', 'call', 'hangup', 'cdr', 'seal', 'capture'])(
    '%s has a help',
    async (command) => {
      const { code, out } = await bench.execute([command, '--help']);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: branchline ${command}`));
    },
  );

  test.each([
    [[]],
    [['bogus']],
    [['bogus', '--help']],
    [['fleet', 'bogus', '--help']],
    [['check']],
    [['check', 'a', 'b']],
    [['check', '--bogus', 'a']],
    [['route', '1']],
    [['call', '1']],
    [['hangup']],
    [['run', '--config']],
  ])('ends with 2 for %j, and says why on stderr', async (argv) => {
    const { code, out, err } = await bench.execute(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
  });

  test('prints its version', async () => {
    expect(await bench.execute(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });

  test('ends as the demo ends', async () => {
    bench.roots.demo = async () => 1;
    expect((await bench.execute(['demo'])).code).toBe(1);
  });

  test('lets a bug be seen', async () => {
    bench.roots.demo = () => Promise.reject(new TypeError('a bug'));
    await expect(bench.execute(['demo'])).rejects.toThrow('a bug');
  });
});
