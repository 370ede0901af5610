import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { Store } from '../../../src/io/store.ts';

let directory: string;
let store: Store;
const json = (text: string): unknown => JSON.parse(text);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'branchline-store-'));
  store = new Store(directory, silentLog);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('Store', () => {
  it('reads back what was written, and nothing where nothing was', async () => {
    expect(await store.read('registrations.json', json)).toBeUndefined();
    expect(await store.write('registrations.json', '{"a":1}')).toBeUndefined();
    expect(await store.read('registrations.json', json)).toEqual({ a: 1 });
  });

  it('keeps the content before it and leaves no temporary file', async () => {
    await store.write('x.json', '1');
    await store.write('x.json', '2');
    await store.write('x.json', '3');
    expect((await readdir(directory)).sort()).toEqual(['x.json', 'x.json.previous']);
    expect(await readFile(join(directory, 'x.json.previous'), 'utf8')).toBe('2');
  });

  it('falls back to the content before a damaged file, and keeps it through the next write', async () => {
    await store.write('x.json', '1');
    await store.write('x.json', '2');
    await writeFile(join(directory, 'x.json'), '');
    expect(await store.read('x.json', json)).toBe(1);
    await store.write('x.json', '3');
    expect(await readFile(join(directory, 'x.json.previous'), 'utf8')).toBe('1');
    expect(await store.read('x.json', json)).toBe(3);
  });

  it('falls back when the file itself is missing, as after a cut between two renames', async () => {
    await store.write('x.json', '1');
    await store.write('x.json', '2');
    await rm(join(directory, 'x.json'));
    expect(await store.read('x.json', json)).toBe(1);
  });

  it('leaves nothing behind either when it was killed between keeping the old content and writing the new', async () => {
    await store.write('x.json', '1');
    await link(join(directory, 'x.json'), join(directory, 'x.json.previous'));
    await writeFile(join(directory, 'x.json.new'), 'hal');
    await store.write('x.json', '2');
    expect((await readdir(directory)).sort()).toEqual(['x.json', 'x.json.previous']);
    expect(await readFile(join(directory, 'x.json.previous'), 'utf8')).toBe('1');
  });

  it('writes one name in the order asked for', async () => {
    for (let i = 0; i < 20; i++) void store.write('x.json', String(i));
    await store.settle();
    expect(await store.read('x.json', json)).toBe(19);
  });

  it('gives a reason instead of throwing when it cannot write', async () => {
    await writeFile(join(directory, 'file'), '');
    const nowhere = new Store(join(directory, 'file'), silentLog);
    expect(await nowhere.write('x.json', '1')).toEqual({
      failed: expect.stringContaining(`cannot save ${join(directory, 'file', 'x.json')}`),
    });
  });

  it.each(['../x', 'a/b', '', '.hidden'])('refuses the name %j', async (name) => {
    await expect(store.read(name, json)).rejects.toThrow('not a name');
  });
});
