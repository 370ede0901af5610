import { parse } from 'yaml';
import type { AsteriskFiles } from '../../../../src/config/asterisk/files.ts';
import { type Imported, type ImportOptions, importAsterisk } from '../../../../src/config/asterisk/import.ts';
import { formatRemark } from '../../../../src/config/asterisk/remarks.ts';
import { loadConfiguration } from '../../../../src/config/load.ts';

/** Files by name; a pattern stands for those that begin like it. */
export function inMemory(files: Readonly<Record<string, string>>): AsteriskFiles {
  return {
    read: (path) => (files[path] === undefined ? { failure: 'does not exist' } : { text: files[path], identity: path }),
    expand: (pattern) =>
      pattern.includes('*')
        ? Object.keys(files).filter((name) => name.startsWith(pattern.slice(0, pattern.indexOf('*'))))
        : [pattern],
  };
}

export interface Office extends Imported {
  /** The document as plain values, its dialplan as lines without comments and blanks. */
  readonly document: Record<string, never>;
  readonly dialplan: readonly string[];
  readonly told: readonly string[];
}

/** Imports, and makes sure of what is always promised: the result is valid, and no remark is about nothing. */
export function importOffice(files: Readonly<Record<string, string>>, options: Partial<ImportOptions> = {}): Office {
  const imported = importAsterisk(inMemory(files), {
    site: undefined,
    heading: 'test',
    secretForm: (_, secret) => secret,
    findKey: () => undefined,
    ...options,
  });
  if (imported === undefined) throw new Error('nothing to import');
  const store = {
    env: () => 'x',
    file: () => ({ text: 'x' }),
    key: () => ({ text: 'x' }),
    open: () => ({ text: 'x' }),
  };
  const { problems } = loadConfiguration(imported.text, store);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0 || !imported.isValid)
    throw new Error(`${errors.map(({ line, message }) => `${line}: ${message}`).join('\n')}\n${imported.text}`);
  const [before = '', dialplan = ''] = imported.text.split('\ndialplan: |\n');
  return {
    ...imported,
    document: parse(before),
    dialplan: dialplan
      .split('\n')
      .map((line) => line.replace(/^ {2}/, ''))
      .filter((line) => line.trim() !== '' && !line.startsWith(';')),
    told: imported.remarks.map(formatRemark),
  };
}
