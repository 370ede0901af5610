import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { Journal } from '../../../src/io/journal.ts';
import { CSV_HEADER } from '../../../src/status/cdr.ts';
import { formatMessage } from '../../../src/status/outbox.ts';
import type { Cdr } from '../../../src/status/schema.ts';
import { Bench } from './terminal-double.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

const record: Cdr = {
  kind: 'call',
  id: 'id-1',
  site: 'lyon-01',
  callId: '1767225600-1',
  from: '201',
  to: '7123',
  start: '2026-01-01T00:00:00.000Z',
  answer: null,
  end: '2026-01-01T00:00:05.000Z',
  durationMs: 5000,
  talkMs: 0,
  cause: 'user-busy',
  q850: 17,
  emergency: false,
  forwardedBy: null,
};
const LINE =
  'call,id-1,lyon-01,1767225600-1,201,7123,2026-01-01T00:00:00.000Z,,2026-01-01T00:00:05.000Z,5000,0,user-busy,17,,,,,,,,0,';

async function fill() {
  const { journal } = await Journal.open(join(bench.folder, 'outbox'), silentLog);
  const messages = [
    { id: 'id-1', topic: 'cdr', payload: JSON.stringify(record) },
    { id: 'e-1', topic: 'events', payload: '{}' },
    { id: 'id-2', topic: 'cdr', payload: 'damaged' },
  ] as const;
  await journal.append(messages.map((message) => ({ id: message.id, text: formatMessage(message) })));
  await journal.close();
}

describe('branchline cdr export', () => {
  it('prints the records that wait, and nothing else, as CSV', async () => {
    await fill();
    expect(await bench.execute(['cdr', 'export', '--data', bench.folder])).toEqual({
      code: 0,
      out: `${CSV_HEADER}\n${LINE}\n`,
      err: '',
    });
  });

  it('prints them as lines of JSON, or writes them to a file', async () => {
    await fill();
    const json = await bench.execute(['cdr', 'export', '--data', bench.folder, '--json']);
    expect(JSON.parse(json.out)).toEqual(record);
    const file = join(bench.folder, 'records.csv');
    expect(await bench.execute(['cdr', 'export', '--data', bench.folder, '-o', file])).toMatchObject({
      code: 0,
      out: '',
    });
    expect(readFileSync(file, 'utf8')).toBe(`${CSV_HEADER}\n${LINE}\n`);
  });

  it('says so when there is no outbox, or the file cannot be written', async () => {
    expect(await bench.execute(['cdr', 'export', '--data', bench.folder])).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not exist'),
    });
    await fill();
    const nowhere = join(bench.folder, 'none/records.csv');
    expect(await bench.execute(['cdr', 'export', '--data', bench.folder, '-o', nowhere])).toMatchObject({
      code: 1,
      err: `branchline: cannot write ${nowhere}: its folder does not exist\n`,
    });
  });
});
