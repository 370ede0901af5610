import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file that only its owner may read, all of it or nothing. One that is there already stays as it is (`EEXIST`),
 * unless it may be replaced. Throws what the system says.
 */
export function writeWholeFile(file: string, text: string, { replace }: { readonly replace: boolean }): void {
  const temporary = `${file}.${process.pid}.new`;
  // A process that had our number may have left one behind.
  rmSync(temporary, { force: true });
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
    if (replace) renameSync(temporary, file);
    else linkSync(temporary, file);
  } finally {
    closeSync(handle);
    rmSync(temporary, { force: true });
  }
}
