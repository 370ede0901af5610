import { parsePasswordHash } from '../base/password-hash.ts';
import type { Configuration } from './load.ts';
import { formatPath, type Path } from './problem.ts';
import { MASK, type Secret, type SecretStore } from './secret.ts';

/**
 * What is wrong with secrets that were looked up, and with the key that configurations are checked with: the appliance runs
 * all the same, and somebody is kept out. Never says what a secret is. A value that is only a mask was not looked up.
 */
export function checkSecretContents(
  { conferences, web, mqtt }: Configuration,
  store: Pick<SecretStore, 'file'>,
  warn: (path: Path, message: string) => void,
): void {
  const judge = (path: Path, secret: Secret | undefined, isRight: (text: string) => boolean, wrong: string) => {
    const text = secret?.reveal();
    if (text !== undefined && text !== '' && text !== MASK && !isRight(text))
      warn(path, `${formatPath(path)} ${wrong}`);
  };
  for (const [number, { pin, leaderPin }] of Object.entries(conferences)) {
    for (const [key, secret] of Object.entries({ pin, leaderPin }))
      judge(
        ['conferences', number, key],
        secret,
        (text) => /^[\d*]{1,32}$/.test(text),
        'cannot be dialled; allowed: digits and *, 32 at most',
      );
  }
  for (const [user, { passwordHash }] of Object.entries(web?.users ?? {}))
    judge(
      ['web', 'users', user, 'passwordHash'],
      passwordHash,
      (text) => parsePasswordHash(text) !== undefined,
      `is none, and nobody can log in as ${user}; allowed: what \`branchline hash-password\` prints`,
    );
  const key = mqtt?.provisioning?.publicKey;
  const fault = key === undefined ? undefined : keyFault(key, store);
  if (fault !== undefined)
    warn(
      ['mqtt', 'provisioning', 'publicKey'],
      `mqtt.provisioning.publicKey: ${fault}; no configuration is taken over MQTT`,
    );
}

function keyFault(path: string, store: Pick<SecretStore, 'file'>): string | undefined {
  const read = store.file(path);
  if ('failure' in read) return read.failure;
  const isKey = read.text === MASK || read.text.includes('-----BEGIN PUBLIC KEY-----');
  return isKey ? undefined : `${path} is no public key in PEM form, such as \`branchline keygen\` makes`;
}
