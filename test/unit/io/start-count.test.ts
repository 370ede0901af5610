import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartCount } from '../../../src/io/start-count.ts';
import { waitUntil } from '../../support/wait-until.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-starts-'));
  file = join(folder, 'starts');
  writeFileSync(file, '1.1.0 1\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('StartCount', () => {
  it('forgets the starts that failed once the release has served for long enough', async () => {
    new StartCount(file, 3_600_000).noteServing();
    new StartCount(undefined, 0).noteServing();
    expect(existsSync(file)).toBe(true);
    new StartCount(file, 1).noteServing();
    await waitUntil('the count to be gone', 10_000, () => !existsSync(file));
  });

  it('forgets them at an end that the release tells, also where there is nothing to forget', async () => {
    await new StartCount(file).forget();
    expect(existsSync(file)).toBe(false);
    await new StartCount(file).forget();
    await new StartCount(join(file, 'nowhere')).forget();
    await new StartCount(undefined).forget();
  });
});
