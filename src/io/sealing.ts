import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeFile } from './whole-file.ts';

/** The appliance's own key in its data directory. Whoever has it reads every secret that was sealed for this appliance. */
export const SEALING_KEY_FILE = 'sealing.key';

const VERSION = 1;
const KEY_LENGTH = 32;
const TAG_LENGTH = 16;
/** Version, the sender's key of this one box, tag. */
const OVERHEAD = 1 + KEY_LENGTH + TAG_LENGTH;
const INFO = 'branchline-sealed-v1';
/** What stands before the 32 bytes of a public key of X25519 in SPKI. [RFC8410 §4] */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** Opens what was sealed for one appliance. */
export interface SealingKey {
  /** Base64 of the 32 bytes of its public half: what secrets are sealed with. */
  readonly publicKey: string;
  /** The secret in a box of base64; undefined if it was sealed for another key or is damaged. */
  open(box: string): string | undefined;
}

/**
 * Seals `secret` for the appliance whose public key this is: X25519 with a key that is used once, HKDF-SHA-256,
 * AES-256-GCM. Base64 of version, public half of that key, ciphertext, tag. Undefined if `publicKey` is none.
 */
export function seal(publicKey: string, secret: string): string | undefined {
  const recipient = readPublicKey(publicKey);
  if (recipient === undefined) return undefined;
  const once = generateKeyPairSync('x25519');
  const sender = rawPublicKey(once.publicKey);
  const { key, nonce } = derive(once.privateKey, recipient, sender, rawPublicKey(recipient));
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), sender, body, cipher.getAuthTag()]).toString('base64');
}

/** A key for one purpose, which is gone with this process. */
export function passingKey(): SealingKey {
  return sealingKey(generateKeyPairSync('x25519').privateKey);
}

/** The key in `directory`; undefined if there is none, or none that can be read. */
export function readSealingKey(directory: string): SealingKey | undefined {
  try {
    return sealingKey(createPrivateKey(readFileSync(join(directory, SEALING_KEY_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

/** The key in `directory`, made if there is none yet. A directory that cannot be written to throws. */
export function makeSealingKey(directory: string): SealingKey {
  const file = join(directory, SEALING_KEY_FILE);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const { privateKey } = generateKeyPairSync('x25519');
  try {
    // Never in place of another: secrets may be sealed for that one.
    writeWholeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, { replace: false });
    return sealingKey(privateKey);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return sealingKey(createPrivateKey(readFileSync(file, 'utf8')));
  }
}

function sealingKey(privateKey: KeyObject): SealingKey {
  if (privateKey.asymmetricKeyType !== 'x25519') throw new Error('not a key of X25519');
  const recipient = rawPublicKey(createPublicKey(privateKey));
  return {
    publicKey: recipient.toString('base64'),
    open(box) {
      const bytes = Buffer.from(box, 'base64');
      if (bytes.length < OVERHEAD || bytes[0] !== VERSION) return undefined;
      const sender = bytes.subarray(1, 1 + KEY_LENGTH);
      try {
        const { key, nonce } = derive(privateKey, publicKeyOf(sender), sender, recipient);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
        decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
        const text = decipher.update(bytes.subarray(1 + KEY_LENGTH, -TAG_LENGTH));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function derive(own: KeyObject, other: KeyObject, sender: Uint8Array, recipient: Uint8Array) {
  const shared = diffieHellman({ privateKey: own, publicKey: other });
  const bytes = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([sender, recipient]), INFO, 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
}

function readPublicKey(base64: string): KeyObject | undefined {
  const raw = Buffer.from(base64, 'base64');
  return raw.length === KEY_LENGTH && raw.toString('base64') === base64.trim() ? publicKeyOf(raw) : undefined;
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length);
}
