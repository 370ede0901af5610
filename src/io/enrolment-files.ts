import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { reasonOf } from './secret-files.ts';

/** Where the configuration that head office gave at the enrolment is, with the key that it trusts beside it. */
export const ENROLLED_FOLDER = 'enrolled';

export function enrolledConfiguration(dataDirectory: string): string {
  return join(dataDirectory, ENROLLED_FOLDER, 'branchline.yaml');
}

/** The text of the file that a box is enrolled with; undefined if there is none. */
export function readEnrolmentFile(path: string): { readonly text: string } | { readonly failure: string } | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { failure: `${path} ${reasonOf(error)}` };
  }
}

/** Takes the code out of the file, or with `all` the whole file away; its bytes are overwritten. Gives why not. */
export function consumeEnrolmentFile(path: string, all: boolean): string | undefined {
  try {
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, 'utf8');
    overwrite(path, '#'.repeat(Buffer.byteLength(text)));
    if (all) rmSync(path);
    else overwrite(path, withoutCode(text));
    return undefined;
  } catch (error) {
    return `the code cannot be taken out of ${path}: ${(error as Error).message}`;
  }
}

function withoutCode(text: string): string {
  const document = parseDocument(text, { logLevel: 'error' });
  document.delete('code');
  return document.toString();
}

/** In place: a new file would leave the old bytes on the disk for sure, and not just perhaps, as flash does. */
function overwrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  try {
    const length = writeSync(file, text, 0);
    ftruncateSync(file, length);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Keeps the configuration with its files, all of them or none: the folder gets its name when it is complete. */
export function keepEnrolled(dataDirectory: string, files: Readonly<Record<string, string>>): void {
  const folder = join(dataDirectory, ENROLLED_FOLDER);
  const temporary = `${folder}.new`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true, mode: 0o750 });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(temporary, name), text, { mode: 0o640, flush: true });
  flushFolder(temporary);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
  flushFolder(dataDirectory);
}

function flushFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
