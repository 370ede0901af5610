import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { documentSigner, generateSigningKeys, signatureVerifier } from '../../../src/io/signing.ts';

const bytes = new TextEncoder().encode('a document');

describe('signing keys', () => {
  it('sign what the public one verifies, and nothing else', () => {
    const keys = generateSigningKeys();
    const signer = documentSigner(keys.privateKey);
    const verifier = signatureVerifier(keys.publicKey);
    if ('failure' in signer || typeof verifier !== 'function') throw new Error('not a key');
    const signature = signer.sign(bytes);
    expect(signature).toHaveLength(64);
    expect(verifier(bytes, signature)).toBe(true);
    expect(verifier(bytes.subarray(1), signature)).toBe(false);
    expect(signer.keyId).toMatch(/^[0-9a-f]{16}$/);
    const other = signatureVerifier(generateSigningKeys().publicKey);
    expect(typeof other === 'function' && other(bytes, signature)).toBe(false);
  });

  it.each(['', 'nonsense', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'])('are not %j', (pem) => {
    expect(signatureVerifier(pem)).toEqual({ failure: expect.stringContaining('Ed25519') });
    expect(documentSigner(pem)).toEqual({ failure: expect.stringContaining('Ed25519') });
  });

  it('are of one kind only, and the private one is not taken where the public one belongs', () => {
    const rsa = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(signatureVerifier(rsa.publicKey)).toHaveProperty('failure');
    expect(documentSigner(rsa.privateKey)).toHaveProperty('failure');
    expect(signatureVerifier(generateSigningKeys().privateKey)).toHaveProperty('failure');
  });
});
