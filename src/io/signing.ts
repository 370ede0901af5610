import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { VerifySignature } from '../status/signed.ts';

/** A pair of keys as PEM texts. */
export interface SigningKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

export function generateSigningKeys(): SigningKeys {
  return generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** 2048 bits, as PEM texts. */
export function generateRsaKeys(): SigningKeys {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** Checks signatures with the public key of a PEM text, or says why that is none. */
export function signatureVerifier(pem: string): VerifySignature | { readonly failure: string } {
  const key = readKey(createPublicKey, pem);
  if (key === undefined || pem.includes('PRIVATE KEY')) return { failure: 'is not an Ed25519 public key in PEM form' };
  return (bytes, signature) => verify(null, bytes, key, signature);
}

/** Signs as the holder of one key. */
export interface DocumentSigner {
  /** Tells keys apart. */
  readonly keyId: string;
  /** What signatures are checked with, PEM. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Signs with the private key of a PEM text. */
export function documentSigner(pem: string): DocumentSigner | { readonly failure: string } {
  const key = readKey(createPrivateKey, pem);
  if (key === undefined) return { failure: 'is not an Ed25519 private key in PEM form' };
  const publicKey = createPublicKey(key);
  return {
    keyId: keyIdOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (bytes) => sign(null, bytes, key),
  };
}

function readKey(read: (pem: string) => KeyObject, pem: string): KeyObject | undefined {
  try {
    const key = read(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}
