import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDataDirectory } from '../../../src/io/data-directory.ts';

describe('the data directory', () => {
  const root = mkdtempSync(join(tmpdir(), 'branchline-data-'));
  afterAll(() => rmSync(root, { recursive: true }));

  it('is made with all that it stands in, for its user and group alone, and is taken as it is the next time', async () => {
    const path = join(root, 'a', 'b');
    expect(await makeDataDirectory(path)).toBeUndefined();
    expect(statSync(path).mode & 0o007).toBe(0);
    expect(await makeDataDirectory(path)).toBeUndefined();
  });

  it('is not a file, nor below one', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(await makeDataDirectory(file)).toBe(`the data directory ${file} is no directory; name another with --data`);
    expect(await makeDataDirectory(join(file, 'x', 'y'))).toContain('a part of its path is a file');
  });

  it('is refused at once where the kernel makes no directories', async () => {
    expect(await makeDataDirectory('/proc/branchline/data')).toContain('/proc/branchline/data cannot be used: ');
  });
});
