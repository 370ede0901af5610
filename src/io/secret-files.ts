import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SecretStore } from '../config/secret.ts';

/** Longer than any key; keeps a path to a device or a log from filling the memory. */
const MAX_SECRET_BYTES = 64 * 1024;

/** Secrets of a configuration in a file: from the environment, and from files beside it. */
export function secretStore(configurationFile: string, environment: NodeJS.ProcessEnv): SecretStore {
  const folder = dirname(resolve(configurationFile));
  return {
    env: (name) => environment[name],
    file(path) {
      try {
        const text = readFileSync(resolve(folder, path), 'utf8');
        return text.length > MAX_SECRET_BYTES ? { failure: `the file ${path} is too large for a secret` } : { text };
      } catch (error) {
        return { failure: `the file ${path} ${reasonOf(error)}` };
      }
    },
  };
}

/** Why a file could not be read, as the end of a sentence that begins with its name. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be read (${code ?? 'unknown error'})`;
}
