import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineWriter } from '../../../src/io/line-writer.ts';
import { waitUntil } from '../../support/wait-until.ts';

let directory: string;
let fd: number;
const written = () => readFileSync(join(directory, 'out'), 'utf8');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'branchline-lines-'));
  fd = openSync(join(directory, 'out'), 'w');
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

describe('LineWriter', () => {
  it('writes in order, by itself', async () => {
    const writer = new LineWriter(fd);
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i} é\n`);
    for (const [i, line] of lines.entries()) {
      writer.write(line);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil('every line', 2_000, () => written() === lines.join(''));
  });

  it('has written everything when flush returns', () => {
    const writer = new LineWriter(fd);
    writer.write('a\n');
    expect(written()).toBe('');
    writer.flush();
    expect(written()).toBe('a\n');
    writer.flush();
    expect(written()).toBe('a\n');
  });

  it('drops lines beyond a megabyte while nobody reads', () => {
    const writer = new LineWriter(fd);
    for (let i = 0; i < 3_000; i++) writer.write(`${'x'.repeat(1_000)}\n`);
    writer.flush();
    expect(written().length).toBeLessThanOrEqual(1 << 20);
    expect(written().length).toBeGreaterThan(1_000_000);
  });

  it('gives up on a reader that is gone', () => {
    const writer = new LineWriter(9_999);
    writer.write('a\n');
    expect(() => writer.flush()).not.toThrow();
  });

  it('writes what is pending when the process ends, by exit or by a bug', () => {
    const source = join(import.meta.dirname, '../../../src/io/line-writer.ts');
    const run = (end: string) => {
      const script = `import { LineWriter } from ${JSON.stringify(source)}; new LineWriter(1).write('last\\n'); ${end}`;
      return spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        encoding: 'utf8',
      });
    };
    expect(run('process.exit(3)')).toMatchObject({ stdout: 'last\n', status: 3 });
    expect(run('throw new Error("a bug")')).toMatchObject({ stdout: 'last\n', status: 1 });
  });
});
