import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';

/**
 * Small documents that must survive a power cut at any instant: each write goes to a temporary file, is flushed to the
 * disk and renamed over the old one, whose content stays as `<name>.previous`. Not being able to save never throws: it
 * is logged and given back, and what needed no disk goes on.
 */
export class Store {
  private readonly writes = new Map<string, Promise<StoreFailure | undefined>>();

  constructor(
    private readonly directory: string,
    private readonly log: Log,
  ) {}

  /**
   * Reads `name`. `parse` gives undefined (or throws) for text that is not whole and valid: then the previous content
   * is used, and the damaged file is set aside as `<name>.damaged`. Undefined if there is nothing to use.
   */
  async read<T>(name: string, parse: (text: string) => T | undefined): Promise<T | undefined> {
    const path = this.pathOf(name);
    const current = await readText(path);
    if (current !== undefined) {
      const value = attempt(parse, current);
      if (value !== undefined) return value;
      this.log('warn', 'store', `${path} is damaged; using the content before it`, {});
      await rename(path, `${path}.damaged`).catch(() => {});
    }
    const previous = await readText(`${path}.previous`);
    return previous === undefined ? undefined : attempt(parse, previous);
  }

  /** Writes `text`. Writes of one name happen one after the other, in the order they were asked for. */
  write(name: string, text: string): Promise<StoreFailure | undefined> {
    const before = this.writes.get(name) ?? Promise.resolve(undefined);
    const write = before.then(() => this.replace(this.pathOf(name), text));
    this.writes.set(name, write);
    void write.then(() => {
      if (this.writes.get(name) === write) this.writes.delete(name);
    });
    return write;
  }

  /** Forgets `name` and what it was before. */
  async remove(name: string): Promise<void> {
    await this.writes.get(name);
    const path = this.pathOf(name);
    for (const file of [path, `${path}.previous`]) await rm(file, { force: true }).catch(() => {});
  }

  /** Resolves once everything asked for so far is on the disk or has failed. */
  async settle(): Promise<void> {
    await Promise.all(this.writes.values());
  }

  private pathOf(name: string): string {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new Error(`not a name for a stored file: ${name}`);
    return join(this.directory, name);
  }

  private async replace(path: string, text: string): Promise<StoreFailure | undefined> {
    const temporary = `${path}.new`;
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o750 });
      await writeFlushed(temporary, text);
      await keepPrevious(path);
      await rename(temporary, path);
      await flushDirectory(this.directory);
      return undefined;
    } catch (error) {
      const reason = `cannot save ${path}: ${(error as Error).message}`;
      this.log('error', 'store', reason, {});
      await rm(temporary, { force: true }).catch(() => {});
      return { failed: reason };
    }
  }
}

export interface StoreFailure {
  readonly failed: string;
}

function attempt<T>(parse: (text: string) => T | undefined, text: string): T | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A file that is on the disk when this resolves; its name is when its folder is flushed. */
export async function writeFlushed(path: string, text: string, openFile = open): Promise<void> {
  await withFile(await openFile(path, 'w', 0o640), async (file) => {
    await file.writeFile(text);
    await file.sync();
  });
}

/** A second name for the old file, so that there is no instant without a whole one. */
async function keepPrevious(path: string): Promise<void> {
  const second = `${path}.previous.new`;
  try {
    await rm(second, { force: true });
    await link(path, second);
    await rename(second, `${path}.previous`);
    // Where the previous one is this file already, as after a kill right here, renaming leaves both names. [POSIX rename]
    await rm(second, { force: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return;
    // File systems without hard links: the old file moves, and a cut before the next rename is read from there.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') await rename(path, `${path}.previous`);
    else throw error;
  }
}

export async function flushDirectory(path: string, openFile = open): Promise<void> {
  await withFile(await openFile(path, constants.O_RDONLY), (directory) => directory.sync());
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
