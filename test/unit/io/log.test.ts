import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLog } from '../../../src/io/log.ts';
import { waitUntil } from '../../support/wait-until.ts';

it('writes by itself soon', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'branchline-log-'));
  const path = join(directory, 'log');
  const fd = openSync(path, 'w');
  openLog({ level: 'info', fd }).log('info', 'main', 'hello');
  await waitUntil('the entry', 2_000, () => readFileSync(path, 'utf8').endsWith('"msg":"hello"}\n'));
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

it('writes one line of JSON per entry at or above its level', () => {
  const directory = mkdtempSync(join(tmpdir(), 'branchline-log-'));
  const path = join(directory, 'log');
  const fd = openSync(path, 'w');
  const sink = openLog({ level: 'info', fd });
  sink.log('debug', 'iax2', 'not this one');
  sink.log('warn', 'iax2', 'a line\nbreak', { peer: 'hq', count: 3 });
  sink.log('error', 'store', 'full');
  sink.flush();
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  closeSync(fd);
  rmSync(directory, { recursive: true });
  expect(lines).toEqual([
    { level: 'warn', time: expect.stringMatching(/^20.*Z$/), part: 'iax2', peer: 'hq', count: 3, msg: 'a line\nbreak' },
    { level: 'error', time: expect.any(String), part: 'store', msg: 'full' },
  ]);
});
