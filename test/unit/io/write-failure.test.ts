import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whyNotWritten } from '../../../src/io/write-failure.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-write-'));
  writeFileSync(join(folder, 'file'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

function failureOf(path: string): string {
  try {
    writeFileSync(path, '');
  } catch (error) {
    return whyNotWritten(error);
  }
  return 'written';
}

describe('why a file cannot be written', () => {
  it('is told without the words of the operating system', () => {
    expect(failureOf(join(folder, 'none/x'))).toBe('its folder does not exist');
    expect(failureOf(join(folder, 'file/x'))).toBe('what it is to stand in is no folder');
    expect(failureOf(folder)).toBe('it is a folder');
  });

  it.each([
    ['EACCES', 'this user may not write there'],
    ['EPERM', 'this user may not write there'],
    ['EROFS', 'the disk is read-only'],
    ['ENOSPC', 'the disk is full'],
    ['EMFILE', 'EMFILE: too many open files'],
  ])('is %s: %s', (code, expected) => {
    expect(whyNotWritten(Object.assign(new Error('EMFILE: too many open files'), { code }))).toBe(expected);
  });
});
