import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize, relative, resolve } from 'node:path';
import type { AsteriskFiles } from '../config/asterisk/files.ts';
import { reasonOf } from './secret-files.ts';

/** What a string of Node holds, with room to spare; no configuration is as large. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Where the files are that an `#include` names by its whole path, if `directory` is a copy from another machine. */
const HOME = '/etc/asterisk';

/** The files of an Asterisk whose configuration folder, or a copy of it, is `directory`. */
export function asteriskFiles(directory: string): AsteriskFiles {
  const locate = (path: string) => {
    if (!isAbsolute(path)) return join(directory, path);
    const own = relative(HOME, normalize(path));
    const copy = join(directory, own);
    return !own.startsWith('..') && (/[*?[]/.test(own) || isFile(copy)) ? copy : path;
  };
  const nameOf = (path: string) => {
    const own = relative(directory, path);
    return own === '' || own.startsWith('..') ? path : own;
  };
  return {
    read(path) {
      const place = locate(path);
      try {
        const { size } = statSync(place);
        // A pipe or a device would never end.
        if (!isFile(place)) return { failure: 'is not a regular file' };
        if (size > MAX_BYTES) return { failure: 'is larger than any configuration' };
        return { ...decode(readFileSync(place)), identity: realpathSync(place) };
      } catch (error) {
        return { failure: reasonOf(error) };
      }
    },
    expand(pattern) {
      if (!/[*?[]/.test(pattern)) return [pattern];
      return expand(locate(pattern)).map(nameOf);
    },
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** UTF-8 unless it cannot be that. */
function decode(bytes: Buffer): { text: string; isLegacy?: true } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), isLegacy: true };
  }
}

/** The regular files that a pattern stands for, a folder at a time; a name that begins with a dot must be written out. */
function expand(pattern: string): string[] {
  const [root, ...parts] = pattern.split('/');
  let paths = [root === '' ? '/' : root!];
  for (const part of parts) {
    const wanted = /[*?[]/.test(part) ? globToRegExp(part) : undefined;
    paths = paths.flatMap((path) => {
      if (wanted === undefined) return [join(path, part)];
      const names = namesIn(path).filter((name) => part.startsWith('.') === name.startsWith('.') && wanted.test(name));
      return names.sort().map((name) => join(path, name));
    });
  }
  return paths.filter(isFile);
}

/** `*`, `?` and `[a-z]` of one name; a bracket that is never closed is a bracket. */
function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\[!?[^\]]+\]|[^A-Za-z0-9_]/g, (piece) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (piece.length > 1) return `[${piece.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
    return `\\${piece}`;
  });
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /(?!)/;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where the RSA keys of an Asterisk are, beside its configuration or in its own place; the whole path of one, if it is there. */
export function findAsteriskKey(directory: string, name: string): string | undefined {
  if (name.includes('/')) return undefined;
  return [join(directory, 'keys'), '/var/lib/asterisk/keys', '/usr/share/asterisk/keys']
    .map((folder) => resolve(folder, name))
    .find(isFile);
}
