import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CaptureEnd, CaptureFiles } from '../../../src/io/capture-files.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
let clock: VirtualClock;
let ends: CaptureEnd[];
let give: ((bytes: Uint8Array) => void) | undefined;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'branchline-captures-')), 'captures');
  clock = new VirtualClock();
  ends = [];
  give = undefined;
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const source = (_: string | undefined, take: (bytes: Uint8Array) => void) => {
  take(Uint8Array.of(1, 2, 3));
  give = take;
  return () => {
    give = undefined;
  };
};
const files = () => new CaptureFiles(folder, clock, () => {});
const order = { seconds: 60, megabytes: 0.1 };
const start = (captures: CaptureFiles) => captures.start(order, source, (end) => ends.push(end)) as { file: string };

describe('a capture into a file of the box', () => {
  test('ends by itself after its time, and only our own user may read it', () => {
    const { file } = start(files());
    give!(new Uint8Array(7));
    clock.advance(59_999);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends).toEqual([{ file, bytes: 10, because: 'time' }]);
    expect(give).toBeUndefined();
    expect(readFileSync(file)).toHaveLength(10);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('ends before it is larger than it may be, with whole pieces', () => {
    const { file } = start(files());
    for (let i = 0; i < 200; i++) give?.(new Uint8Array(1_000));
    expect(ends).toEqual([{ file, bytes: 99_003, because: 'size' }]);
    expect(statSync(file).size).toBe(99_003);
  });

  test('ends when it is asked to, once', () => {
    const captures = files();
    const { file } = start(captures);
    expect(captures.stop()).toEqual({ file, bytes: 3, because: 'asked' });
    expect(captures.stop()).toBeUndefined();
    clock.advance(120_000);
    expect(ends).toHaveLength(1);
  });

  test('is the only one that runs', () => {
    const captures = files();
    const { file } = start(captures);
    expect(start(captures)).toEqual({ failed: `a capture runs already, into ${file}` });
  });

  test('takes the place of the oldest of five', () => {
    const captures = files();
    const made: string[] = [];
    for (let i = 0; i < 7; i++) {
      made.push(start(captures).file);
      captures.stop();
      clock.advance(1_000);
    }
    expect(readdirSync(folder)).toHaveLength(5);
    expect(made.map((file) => existsSync(file))).toEqual([false, false, true, true, true, true, true]);
  });

  test('is refused with its reason where there is no place for it', () => {
    writeFileSync(folder, '');
    expect(start(files())).toEqual({ failed: expect.stringMatching(/^cannot write .*\.pcapng: /) });
  });
});
