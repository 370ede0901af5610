import { execFileSync } from 'node:child_process';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';

const MODULE = new URL('../../../src/io/worker-threads.ts', import.meta.url);

/** Starts a thread, then allots much of which some survives; prints the size of its own young generation in KiB. */
const PROGRAM = `
import { once } from 'node:events';
import { getHeapSpaceStatistics } from 'node:v8';
import { keepYoungGenerationsSmall, startWorker } from ${JSON.stringify(MODULE.href)};
keepYoungGenerationsSmall();
const worker = startWorker(new URL('data:text/javascript,'), {});
await Promise.all([once(worker, 'online'), once(worker, 'exit')]);
const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 1024;
const before = size();
const kept = [];
for (let i = 0; i < 1_000_000; i++) kept[i % 50_000] = { i, list: [i] };
console.log(JSON.stringify({ before, after: size() }));
`;

test('the young generation of the main thread stays as it is when a thread has started', () => {
  const printed = execFileSync(
    execPath,
    ['-C', 'development', '--import', 'tsx', '--input-type=module', '-e', PROGRAM],
    { encoding: 'utf8' },
  );
  const { before, after } = JSON.parse(printed) as { before: number; after: number };
  expect(after).toBe(before);
});
