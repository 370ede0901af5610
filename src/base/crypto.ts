/**
 * The cryptography that protocol machines need, synchronous and handed in: `io/` implements it on node:crypto,
 * simulations with a seeded source of randomness.
 */
export interface Crypto {
  randomBytes(length: number): Uint8Array;
  md5(data: Uint8Array): Uint8Array;
  sha1(data: Uint8Array): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
  /** Of the UTF-8 of a text, in lower-case hex: what digests of HTTP and SIP are made of. */
  hexDigest(algorithm: 'md5' | 'sha256', text: string): string;
  hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** AES-128-CBC with a zero IV and no padding; `data` is a multiple of 16 bytes. */
  aes128CbcEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array;
  aes128CbcDecrypt(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** AES-128 in counter mode from `counter`, 16 bytes; encrypts and decrypts. */
  aes128Ctr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array;
  /** RSASSA-PKCS1-v1_5 over SHA-1; keys are PEM text. Undefined when the key cannot sign. */
  rsaSha1Sign(privateKeyPem: string, data: Uint8Array): Uint8Array | undefined;
  /** False also for a key or signature that cannot be read. */
  rsaSha1Verify(publicKeyPem: string, data: Uint8Array, signature: Uint8Array): boolean;
}
