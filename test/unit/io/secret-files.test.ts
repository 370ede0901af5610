import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeSealingKey, seal } from '../../../src/io/sealing.ts';
import { secretStore } from '../../../src/io/secret-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const store = secretStore(join(folder, 'branchline.yaml'), { HQ: 'from the environment' }, folder);

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function rsa(modulusLength: number) {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}

describe('sealed secrets', () => {
  test('are elsewhere where there is no key, and are opened by the key of the data directory', () => {
    const data = join(folder, 'data');
    const sealed = secretStore(join(folder, 'branchline.yaml'), {}, data);
    expect(sealed.open('AAAA')).toEqual({
      failure: `it is sealed, and ${data} has no key that could open it`,
      elsewhere: true,
    });
    const { publicKey } = makeSealingKey(data);
    expect(sealed.open(seal(publicKey, 's3cret')!)).toEqual({ text: 's3cret' });
    expect(sealed.open('AAAA')).toEqual({
      failure: 'it is sealed for another appliance, or damaged; seal it with the key of this one',
    });
  });
});

describe('secrets beside a configuration', () => {
  test('come from the environment and from files relative to it', () => {
    expect(store.env('HQ')).toBe('from the environment');
    expect(store.file(write('hq', 's3cret\n'))).toEqual({ text: 's3cret\n' });
    expect(store.file('absent')).toEqual({ failure: 'the file absent does not exist' });
    expect(store.file(write('log', 'x'.repeat(70_000)))).toEqual({
      failure: 'the file log is too large for a secret',
    });
  });
});

describe('keys of auth: rsa', () => {
  const keys = rsa(1_024);
  const publicFile = write('hq.pub', keys.publicKey);
  const privateFile = write('branch.key', keys.privateKey);

  test('are RSA keys of 1024 bits in PEM', () => {
    expect(store.key(publicFile, 'public')).toEqual({ text: keys.publicKey });
    expect(store.key(privateFile, 'private')).toEqual({ text: keys.privateKey });
  });

  test('are not mixed up', () => {
    expect(store.key(privateFile, 'public')).toEqual({
      failure: 'the file branch.key is not a public key in PEM; it must hold one',
    });
    expect(store.key(publicFile, 'private')).toEqual({
      failure: 'the file hq.pub is not a private key in PEM; it must hold one',
    });
  });

  test('of another size are refused, because no Asterisk takes them', () => {
    const long = write('long.pub', rsa(2_048).publicKey);
    expect(store.key(long, 'public')).toEqual({
      failure: 'the file long.pub is a key of 2048 bits; auth: rsa takes RSA keys of 1024 bits',
    });
  });

  test('of another kind, behind a passphrase, broken or missing are named for what they are', () => {
    const curve = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(store.key(write('curve.pub', curve.publicKey), 'public')).toEqual({
      failure: 'the file curve.pub is not an RSA key; auth: rsa takes RSA keys of 1024 bits',
    });
    const locked = generateKeyPairSync('rsa', {
      modulusLength: 1_024,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    const unreadable = 'is not a private key in PEM that can be read without a passphrase; it must hold one';
    expect(store.key(write('locked.key', locked.privateKey), 'private')).toEqual({
      failure: `the file locked.key ${unreadable}`,
    });
    expect(store.key(write('cut.key', keys.privateKey.slice(0, 200)), 'private')).toEqual({
      failure: `the file cut.key ${unreadable}`,
    });
    expect(store.key('absent.pub', 'public')).toEqual({ failure: 'the file absent.pub does not exist' });
  });
});
