import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { KeyUse, SecretStore } from '../config/secret.ts';
import { readSealingKey } from './sealing.ts';

/** Longer than any key; keeps a path to a device or a log from filling the memory. */
const MAX_SECRET_BYTES = 64 * 1024;

/** What Asterisk takes, and no other; the signature of a longer key would not fit into an information element. */
const KEY_BITS = 1_024;

/**
 * Secrets of a configuration in a file: from the environment, from files beside it, and sealed for the appliance whose
 * state is in `dataDirectory`.
 */
export function secretStore(
  configurationFile: string,
  environment: NodeJS.ProcessEnv,
  dataDirectory: string,
): SecretStore {
  const folder = dirname(resolve(configurationFile));
  const file = (path: string) => {
    try {
      const text = readFileSync(resolve(folder, path), 'utf8');
      return text.length > MAX_SECRET_BYTES ? { failure: `the file ${path} is too large for a secret` } : { text };
    } catch (error) {
      return { failure: `the file ${path} ${reasonOf(error)}` };
    }
  };
  return {
    env: (name) => environment[name],
    file,
    key(path, use) {
      const read = file(path);
      const fault = 'failure' in read ? undefined : faultOfKey(read.text, use);
      return fault === undefined ? read : { failure: `the file ${path} ${fault}` };
    },
    open(box) {
      const key = readSealingKey(dataDirectory);
      if (key === undefined) {
        const failure = `it is sealed, and ${dataDirectory} has no key that could open it`;
        return { failure, elsewhere: true };
      }
      const text = key.open(box);
      return text === undefined
        ? { failure: 'it is sealed for another appliance, or damaged; seal it with the key of this one' }
        : { text };
    },
  };
}

/** Why this is no key for IAX2, as the end of a sentence that begins with the file's name. */
function faultOfKey(pem: string, use: KeyUse): string | undefined {
  // From a private key, a public one could be had: whoever has mixed up the files shall hear of it.
  const isPrivate = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem);
  let key: KeyObject;
  try {
    if (isPrivate !== (use === 'private')) return `is not a ${use} key in PEM; it must hold one`;
    key = use === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    return `is not a ${use} key in PEM that can be read without a passphrase; it must hold one`;
  }
  if (key.asymmetricKeyType !== 'rsa') return `is not an RSA key; auth: rsa takes RSA keys of ${KEY_BITS} bits`;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return bits === KEY_BITS ? undefined : `is a key of ${bits} bits; auth: rsa takes RSA keys of ${KEY_BITS} bits`;
}

/** Why a file could not be read, as the end of a sentence that begins with its name. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be read (${code ?? 'unknown error'})`;
}
