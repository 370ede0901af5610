import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWholeFile } from '../../../src/io/whole-file.ts';

describe('writeWholeFile', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whole-file-'));
    file = join(folder, 'key');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes what only its owner may read, and leaves nothing beside it', () => {
    writeWholeFile(file, 'new', { replace: false });
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['new', 0o600]);
    expect(readdirSync(folder)).toEqual(['key']);
  });

  it('leaves a file as it is unless it may be replaced', () => {
    writeFileSync(file, 'old');
    expect(() => writeWholeFile(file, 'new', { replace: false })).toThrow('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe('old');
    writeWholeFile(file, 'new', { replace: true });
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['new', ['key']]);
  });

  it('is not held up by what a process of the same number left behind', () => {
    writeFileSync(`${file}.${pid}.new`, 'half');
    writeWholeFile(file, 'new', { replace: false });
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['new', ['key']]);
  });
});
