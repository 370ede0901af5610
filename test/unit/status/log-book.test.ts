import { expect, it } from 'vitest';
import { type Log, silentLog } from '../../../src/base/log.ts';
import { LogBook, type LogEntry, logEntrySchema } from '../../../src/status/log-book.ts';

const AT = '2026-01-01T00:00:00.000Z';

it('hands every entry on, and remembers those that are not for developers', () => {
  const passed: string[] = [];
  const next: Log = (level, part, message) => passed.push(`${level} ${part} ${message}`);
  const book = new LogBook(next, () => AT);
  book.log('debug', 'iax2', 'A frame came.');
  book.log('warn', 'iax2', 'A peer is gone.', { peer: 'hq', since: undefined, lost: 3 });
  expect(passed).toEqual(['debug iax2 A frame came.', 'warn iax2 A peer is gone.']);
  const entry = {
    id: 1,
    at: AT,
    level: 'warn',
    part: 'iax2',
    message: 'A peer is gone.',
    fields: { peer: 'hq', lost: 3 },
  };
  expect(book.entries()).toEqual([entry]);
  expect(logEntrySchema.strict().parse(entry)).toEqual(entry);
  expect(book.entries('error')).toEqual([]);
});

it('takes no more memory however much is logged, and however long it is', () => {
  const book = new LogBook(silentLog, () => AT);
  const fields = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, 'x'.repeat(10_000)]));
  for (let index = 0; index < 2_000; index++) book.log('info', 'main', 'y'.repeat(10_000), fields);
  const entries = book.entries();
  expect(entries).toHaveLength(500);
  expect(entries.at(-1)!.id).toBe(2_000);
  expect(JSON.stringify(entries[0]).length).toBeLessThan(8_000);
});

it('tells who follows of each, until that ends', () => {
  const book = new LogBook(silentLog, () => AT);
  const heard: LogEntry[] = [];
  const stop = book.follow((entry) => heard.push(entry));
  book.log('info', 'main', 'one');
  stop();
  book.log('info', 'main', 'two');
  expect(heard.map(({ message }) => message)).toEqual(['one']);
});
