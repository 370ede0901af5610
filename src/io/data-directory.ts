import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes the data directory of an appliance, and what it stands in, where it is missing; undefined when it can be used,
 * else why not, in one sentence.
 *
 * @remarks Level by level: `mkdir` with `recursive` tries for ever where the kernel says that nothing can be made, as
 * below /proc.
 */
export async function makeDataDirectory(path: string): Promise<string | undefined> {
  try {
    await makeLevel(resolve(path));
    if (!(await stat(path)).isDirectory())
      return `the data directory ${path} is no directory; name another with --data`;
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `the data directory ${path} cannot be used: ${(code !== undefined && REASONS[code]) || message}`;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is on a file system that is read only',
  ENOTDIR: 'a part of its path is a file',
  ENOENT: 'nothing can be made there',
  ENOSPC: 'the disk is full',
};

async function makeLevel(path: string): Promise<void> {
  if (await exists(path)) return;
  await makeLevel(dirname(path));
  await mkdir(path, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
