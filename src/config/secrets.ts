import type { Path } from './problem.ts';
import { type Resolved, Secret, SecretReference, type SecretSource, type SecretStore } from './secret.ts';

/** A secret that cannot be had; the sentence names where it should have been, never what it is. */
export interface SecretFailure {
  readonly path: Path;
  readonly message: string;
  /** It may be there where the document is to run. */
  readonly elsewhere?: true;
}

/** Looks up every secret in `value`. One that is missing is reported and stands as an empty `Secret`. */
export function resolveSecrets<T>(
  value: T,
  store: SecretStore,
): { readonly value: Resolved<T>; readonly failures: readonly SecretFailure[] } {
  const failures: SecretFailure[] = [];
  const resolve = (part: unknown, path: Path): unknown => {
    if (part instanceof SecretReference) {
      const found = lookUp(part.source, store);
      if (found instanceof Secret) return found;
      failures.push({ path, ...found });
      return new Secret('');
    }
    if (Array.isArray(part)) return part.map((item, index) => resolve(item, [...path, index]));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, resolve(item, [...path, key])]));
  };
  return { value: resolve(value, []) as Resolved<T>, failures };
}

function lookUp(source: SecretSource, store: SecretStore): Secret | Omit<SecretFailure, 'path'> {
  switch (source.kind) {
    case 'literal':
      return source.value;
    case 'env': {
      const value = store.env(source.name);
      if (value !== undefined && value !== '') return new Secret(value);
      const state = value === undefined ? 'not set' : 'empty';
      return { message: `the environment variable ${source.name} is ${state}; set it to the secret` };
    }
    case 'file': {
      const read = store.file(source.path);
      if ('failure' in read) return { message: `${read.failure}; the file must hold the secret` };
      const value = read.text.replace(/\r?\n$/, '');
      return value === ''
        ? { message: `the file ${source.path} is empty; it must hold the secret` }
        : new Secret(value);
    }
    case 'key': {
      const read = store.key(source.path, source.use);
      return 'failure' in read ? { message: read.failure } : new Secret(read.text);
    }
    case 'sealed': {
      const opened = store.open(source.box.reveal());
      if ('text' in opened)
        return opened.text === '' ? { message: 'what is sealed is empty' } : new Secret(opened.text);
      return { message: opened.failure, ...(opened.elsewhere === undefined ? {} : { elsewhere: opened.elsewhere }) };
    }
  }
}
