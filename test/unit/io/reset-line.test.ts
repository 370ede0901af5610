import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ResetLine } from '../../../src/io/reset-line.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-reset-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('pulls the line for 50 ms, however often it is asked meanwhile', async () => {
  const path = join(folder, 'brightness');
  writeFileSync(path, '0');
  const clock = new VirtualClock();
  const logged: string[] = [];
  const line = new ResetLine(path, clock, (_level, _part, message) => logged.push(message));
  line.pull();
  line.pull();
  await waitUntil('the pull', 5_000, () => clock.pending === 1);
  expect(readFileSync(path, 'utf8')).toBe('1');
  clock.advance(50);
  await waitUntil('the release', 5_000, () => readFileSync(path, 'utf8') === '0');
  expect(logged).toEqual(['The reset line of the HAT was pulled.']);
});

it('says so where there is none, and makes no file in its place', async () => {
  const path = join(folder, 'none');
  const logged: string[] = [];
  new ResetLine(path, new VirtualClock(), (_level, _part, message) => logged.push(message)).pull();
  await waitUntil('the complaint', 5_000, () => logged.length > 0);
  expect(logged[0]).toMatch(/cannot be pulled: ENOENT/);
  expect(() => readFileSync(path)).toThrow();
});
