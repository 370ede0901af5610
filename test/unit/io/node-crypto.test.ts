import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../../../src/base/bytes.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';

const abc = utf8Encode('abc');
const empty = new Uint8Array();

describe('nodeCrypto', () => {
  it.each([
    ['md5', 'abc', nodeCrypto.md5(abc), '900150983cd24fb0d6963f7d28e17f72', 'RFC1321 §A.5'],
    ['md5', '', nodeCrypto.md5(empty), 'd41d8cd98f00b204e9800998ecf8427e', 'RFC1321 §A.5'],
    ['sha1', 'abc', nodeCrypto.sha1(abc), 'a9993e364706816aba3e25717850c26c9cd0d89d', 'RFC3174 §7.3'],
    [
      'sha256',
      'abc',
      nodeCrypto.sha256(abc),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      'RFC6234 §8.5',
    ],
  ])('%s of "%s" is the published digest', (_name, _text, digest, expected) => {
    expect(toHex(digest)).toBe(expected);
  });

  it('hmacSha256 gives test case 2 of [RFC4231 §4.3]', () => {
    const mac = nodeCrypto.hmacSha256(utf8Encode('Jefe'), utf8Encode('what do ya want for nothing?'));
    expect(toHex(mac)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('aes128Cbc with a zero IV and no padding gives the single block of FIPS 197 appendix C.1', () => {
    const key = fromHex('000102030405060708090a0b0c0d0e0f')!;
    const plain = fromHex('00112233445566778899aabbccddeeff')!;
    const cipher = nodeCrypto.aes128CbcEncrypt(key, plain);
    expect(toHex(cipher)).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
    expect(toHex(nodeCrypto.aes128CbcDecrypt(key, cipher))).toBe(toHex(plain));
  });

  it('aes128Cbc chains blocks', () => {
    const key = nodeCrypto.randomBytes(16);
    const plain = new Uint8Array(48).fill(7);
    const cipher = nodeCrypto.aes128CbcEncrypt(key, plain);
    expect(cipher).toHaveLength(48);
    expect(toHex(cipher.subarray(0, 16))).not.toBe(toHex(cipher.subarray(16, 32)));
    expect(toHex(nodeCrypto.aes128CbcDecrypt(key, cipher))).toBe(toHex(plain));
  });

  it('signs and verifies with RSA of 1024 bits, and takes unreadable keys and signatures as failures', () => {
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 1024,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const signature = nodeCrypto.rsaSha1Sign(keys.privateKey, abc);
    expect(signature).toHaveLength(128);
    expect(nodeCrypto.rsaSha1Verify(keys.publicKey, abc, signature!)).toBe(true);
    expect(nodeCrypto.rsaSha1Verify(keys.publicKey, empty, signature!)).toBe(false);
    expect(nodeCrypto.rsaSha1Verify(keys.publicKey, abc, abc)).toBe(false);
    expect(nodeCrypto.rsaSha1Verify('not a key', abc, signature!)).toBe(false);
    expect(nodeCrypto.rsaSha1Sign('not a key', abc)).toBeUndefined();
  });

  it('gives plain arrays, whose slice is a copy', () => {
    const digest = nodeCrypto.md5(abc);
    digest.slice(0, 1)[0] = 0;
    expect(digest[0]).toBe(0x90);
    expect(nodeCrypto.randomBytes(16)).toHaveLength(16);
    expect(Buffer.isBuffer(nodeCrypto.aes128CbcEncrypt(new Uint8Array(16), new Uint8Array(16)))).toBe(false);
  });
});
