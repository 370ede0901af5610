import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSealingKey, readSealingKey, SEALING_KEY_FILE, seal } from '../../../src/io/sealing.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-sealing-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a sealed secret', () => {
  it.each(['s3cret', '', 'passé ü €', 'x'.repeat(4_000)])(
    'is opened by the key that it was sealed for: %j',
    (secret) => {
      const key = makeSealingKey(folder);
      expect(key.open(seal(key.publicKey, secret)!)).toBe(secret);
    },
  );

  it('does not show what it holds, and is another one each time', () => {
    const { publicKey } = makeSealingKey(folder);
    const [one, two] = [seal(publicKey, 'the-canary')!, seal(publicKey, 'the-canary')!];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('canary');
  });

  it('is not opened by another key', () => {
    const key = makeSealingKey(folder);
    const other = makeSealingKey(join(folder, 'other'));
    expect(other.open(seal(key.publicKey, 's3cret')!)).toBeUndefined();
  });

  it('is not opened once any bit of it is another, nor any part of it', () => {
    const key = makeSealingKey(folder);
    const box = Buffer.from(seal(key.publicKey, 'abc')!, 'base64');
    for (let bit = 0; bit < box.length * 8; bit++) {
      // X25519 ignores the highest bit of a public key; the key derived from its bytes does not.
      const changed = Buffer.from(box);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(key.open(changed.toString('base64'))).toBeUndefined();
    }
    for (let length = 0; length < box.length; length++)
      expect(key.open(box.subarray(0, length).toString('base64'))).toBeUndefined();
  });

  it.each(['', 'AAAA', 'not base64 at all', Buffer.alloc(33).toString('base64')])(
    'cannot be made with what is no public key: %j',
    (publicKey) => {
      expect(seal(publicKey, 's3cret')).toBeUndefined();
    },
  );

  it('of a public key of small order, with which all share a secret, is refused', () => {
    const key = makeSealingKey(folder);
    const box = Buffer.from(seal(key.publicKey, 'abc')!, 'base64');
    box.fill(0, 1, 33);
    expect(key.open(box.toString('base64'))).toBeUndefined();
  });
});

describe('the key of an appliance', () => {
  it('is made once, and is for its owner alone', () => {
    const { publicKey } = makeSealingKey(folder);
    expect(makeSealingKey(folder).publicKey).toBe(publicKey);
    expect(readSealingKey(folder)?.publicKey).toBe(publicKey);
    expect(statSync(join(folder, SEALING_KEY_FILE)).mode & 0o777).toBe(0o600);
  });

  it('is missing where none was made, and where it is damaged', () => {
    expect(readSealingKey(folder)).toBeUndefined();
    writeFileSync(join(folder, SEALING_KEY_FILE), 'nonsense');
    expect(readSealingKey(folder)).toBeUndefined();
  });

  it('that is damaged is not replaced by another', () => {
    writeFileSync(join(folder, SEALING_KEY_FILE), 'nonsense');
    expect(() => makeSealingKey(folder)).toThrow();
  });
});
