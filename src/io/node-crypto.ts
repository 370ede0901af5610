import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  randomBytes,
  randomFillSync,
  sign,
  verify,
} from 'node:crypto';
import type { Crypto } from '../base/crypto.ts';

const ZERO_IV = new Uint8Array(16);

/** A Buffer as the plain array it is, since `slice` of a Buffer gives a view where pure code expects a copy. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Random bytes are had from the system a page at a time: each asking costs as much as writing a message. */
const pool = new Uint8Array(4_096);
let used = pool.length;

/** Bytes that are given once, and wiped from the pool. */
function takeRandom(length: number): Uint8Array {
  if (length > pool.length / 8) return plain(randomBytes(length));
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return bytes;
}

function digest(algorithm: string, data: Uint8Array): Uint8Array {
  return plain(hash(algorithm, data, 'buffer'));
}

function aes128Cbc(create: typeof createCipheriv | typeof createDecipheriv, key: Uint8Array, data: Uint8Array) {
  const cipher = create('aes-128-cbc', key, ZERO_IV);
  cipher.setAutoPadding(false);
  return plain(Buffer.concat([cipher.update(data), cipher.final()]));
}

/** `base/crypto.ts` on node:crypto. */
export const nodeCrypto: Crypto = {
  randomBytes: takeRandom,
  md5: (data) => digest('md5', data),
  sha1: (data) => digest('sha1', data),
  sha256: (data) => digest('sha256', data),
  hexDigest: (algorithm, text) => hash(algorithm, text, 'hex'),
  hmacSha1: (key, data) => plain(createHmac('sha1', key).update(data).digest()),
  hmacSha256: (key, data) => plain(createHmac('sha256', key).update(data).digest()),
  aes128CbcEncrypt: (key, data) => aes128Cbc(createCipheriv, key, data),
  aes128CbcDecrypt: (key, data) => aes128Cbc(createDecipheriv, key, data),
  aes128Ctr: (key, counter, data) => plain(createCipheriv('aes-128-ctr', key, counter).update(data)),
  rsaSha1Sign(privateKeyPem, data) {
    try {
      return plain(sign('sha1', data, createPrivateKey(privateKeyPem)));
    } catch {
      return undefined;
    }
  },
  rsaSha1Verify(publicKeyPem, data, signature) {
    try {
      return verify('sha1', data, createPublicKey(publicKeyPem), signature);
    } catch {
      return false;
    }
  },
};
