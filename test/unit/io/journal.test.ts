import * as nodeFiles from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { Journal, type JournalEntry, type JournalFiles, readJournal } from '../../../src/io/journal.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'branchline-journal-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const entry = (n: number, length = 0): JournalEntry => ({
  id: `r${n}`,
  text: `{"n":${n},"é":"${'x'.repeat(length)}"}`,
});
const idsOf = (entries: readonly JournalEntry[]) => entries.map(({ id }) => id);

describe('Journal', () => {
  it('has after a restart what was appended and not forgotten, in its order', async () => {
    const { journal, entries } = await Journal.open(directory, silentLog);
    expect(entries).toEqual([]);
    expect(await journal.append([entry(1), entry(2)])).toBeUndefined();
    expect(await journal.append([entry(3)])).toBeUndefined();
    await journal.forget(['r2', 'unknown']);
    await journal.close();
    expect(await readJournal(directory)).toEqual([entry(1), entry(3)]);
    expect((await Journal.open(directory, silentLog)).entries).toEqual([entry(1), entry(3)]);
  });

  it('gives the room back of what is forgotten', async () => {
    const { journal } = await Journal.open(directory, silentLog);
    for (let n = 0; n < 40; n++) await journal.append([entry(n, 10_000)]);
    expect((await readdir(directory)).length).toBeGreaterThan(2);
    await journal.forget(Array.from({ length: 40 }, (_, n) => `r${n}`));
    expect(await readdir(directory)).toHaveLength(1);
    await journal.close();
    await Journal.open(directory, silentLog);
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps every whole entry when the power is cut at any byte, and goes on behind it', async () => {
    const { journal } = await Journal.open(directory, silentLog);
    await journal.append([entry(1), entry(2)]);
    await journal.append([entry(3)]);
    await journal.forget(['r1']);
    await journal.append([entry(4)]);
    await journal.close();
    const [name = ''] = await readdir(directory);
    const bytes = await readFile(join(directory, name));
    const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x0a);
    expect(ends).toHaveLength(5);
    const whole = (length: number) => ends.filter((end) => end <= length).length;
    const expected = [[], ['r1'], ['r1', 'r2'], ['r1', 'r2', 'r3'], ['r2', 'r3'], ['r2', 'r3', 'r4']];
    for (let length = 0; length <= bytes.length; length++) {
      await rm(directory, { recursive: true });
      await nodeFiles.mkdir(directory);
      await writeFile(join(directory, name), bytes.subarray(0, length));
      const after = await Journal.open(directory, silentLog);
      expect(idsOf(after.entries), `cut at ${length}`).toEqual(expected[whole(length)]);
      await after.journal.append([entry(5)]);
      await after.journal.close();
      expect(idsOf(await readJournal(directory)), `cut at ${length}`).toEqual([...expected[whole(length)]!, 'r5']);
    }
  });

  it('passes over a line that was damaged', async () => {
    const { journal } = await Journal.open(directory, silentLog);
    await journal.append([entry(1), entry(2), entry(3)]);
    await journal.close();
    const [name = ''] = await readdir(directory);
    const text = await readFile(join(directory, name), 'utf8');
    await writeFile(join(directory, name), text.replace('"n\\":2', '"n\\":7'));
    expect(idsOf(await readJournal(directory))).toEqual(['r1', 'r3']);
  });

  it('says when the disk failed, at whichever operation, and loses nothing that was written before or is written after', async () => {
    let finished = false;
    for (let failing = 1; !finished; failing++) {
      const folder = join(directory, String(failing));
      await nodeFiles.mkdir(folder);
      const disk = failingAt(failing);
      const { journal } = await Journal.open(folder, silentLog, disk.files);
      const saved: string[] = [];
      for (let n = 1; n <= 5; n++) if ((await journal.append([entry(n)])) === undefined) saved.push(`r${n}`);
      await journal.close();
      const kept = idsOf(await readJournal(folder));
      expect(kept, `operation ${failing}`).toEqual(expect.arrayContaining(saved));
      finished = !disk.hasFailed();
      if (!finished) expect(saved).toHaveLength(4);
    }
  });

  it('cannot use a folder that is none: every append says so, and nothing throws', async () => {
    await writeFile(join(directory, 'file'), '');
    const { journal, entries } = await Journal.open(join(directory, 'file'), silentLog);
    expect(entries).toEqual([]);
    expect(await journal.append([entry(1)])).toEqual({ failed: expect.stringContaining('cannot write to') });
    await journal.forget(['r1']);
    await journal.close();
  });
});

/** A disk whose n-th operation fails as a full one does; a write that fails has written a part. */
function failingAt(failing: number) {
  let count = 0;
  const fails = () => ++count === failing;
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const open = async (...args: Parameters<typeof nodeFiles.open>) => {
    if (fails()) throw full();
    const file = await nodeFiles.open(...args);
    const append = file.appendFile.bind(file);
    for (const name of ['datasync', 'sync'] as const) {
      const real = file[name].bind(file);
      file[name] = async () => {
        if (fails()) throw full();
        return real();
      };
    }
    file.appendFile = async (data) => {
      if (!fails()) return append(data);
      await append((data as Buffer).subarray(0, 20));
      throw full();
    };
    return file;
  };
  const files: JournalFiles = { ...nodeFiles, open };
  return { files, hasFailed: () => count >= failing };
}
