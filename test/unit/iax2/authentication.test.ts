import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { methodBits, proveIdentity, verifyIdentity } from '../../../src/iax2/authentication.ts';
import { AUTH_METHOD } from '../../../src/iax2/information-element.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';

const { PLAINTEXT, MD5, RSA } = AUTH_METHOD;
const keys = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const challenge = '184298573';
const bytes = utf8Encode(challenge);

function prove(offered: number, methods: readonly ('md5' | 'rsa' | 'plaintext')[], outKey?: string) {
  return proveIdentity(offered, bytes, { methods, secret: 's3cret', outKey }, nodeCrypto);
}

function verify(proof: object, fields: { methods: readonly ('md5' | 'rsa' | 'plaintext')[]; secrets?: string[] }) {
  return verifyIdentity(
    proof,
    challenge,
    { secrets: ['old', 's3cret'], inKeys: [keys.publicKey], ...fields },
    nodeCrypto,
  );
}

describe('proving who we are [RFC5456 §6.2.6]', () => {
  it('MD5 is the hex digest of challenge and secret [RFC5456 §8.6.15]', () => {
    expect(prove(MD5, ['md5'])).toEqual({ md5Result: 'f8a1d13c667ef5952076fe900b6ea97b' });
  });

  it('the strongest method that both sides have is used', () => {
    expect(prove(RSA | MD5 | PLAINTEXT, ['md5', 'rsa'], keys.privateKey)).toHaveProperty('rsaResult');
    expect(prove(MD5 | PLAINTEXT, ['md5', 'rsa'], keys.privateKey)).toHaveProperty('md5Result');
    expect(prove(RSA | MD5, ['md5', 'rsa'])).toHaveProperty('md5Result');
  });

  it('a secret goes in plain text only where that was configured by name', () => {
    expect(prove(PLAINTEXT, ['md5'])).toBeUndefined();
    expect(prove(PLAINTEXT, [])).toBeUndefined();
    expect(prove(PLAINTEXT | MD5, ['plaintext'])).toEqual({ password: 's3cret' });
  });

  it('there is no proof without a secret or a key', () => {
    expect(proveIdentity(7, bytes, { methods: ['md5', 'rsa'], secret: undefined, outKey: undefined }, nodeCrypto)).toBe(
      undefined,
    );
    expect(prove(RSA, ['rsa'], 'no key at all')).toBeUndefined();
  });
});

describe('checking a proof', () => {
  it('any of several secrets will do, in either case of hex', () => {
    expect(verify({ md5Result: 'F8A1D13C667EF5952076FE900B6EA97B' }, { methods: ['md5'] })).toEqual({
      secret: 's3cret',
    });
    expect(verify({ md5Result: 'f8a1d13c667ef5952076fe900b6ea97c' }, { methods: ['md5'] })).toBeUndefined();
    expect(verify({ md5Result: '' }, { methods: ['md5'] })).toBeUndefined();
  });

  it('an RSA signature of a known key is taken [RFC5456 §8.6.16]', () => {
    const proof = prove(RSA, ['rsa'], keys.privateKey)!;
    expect(verify(proof, { methods: ['rsa'] })).toBeDefined();
    expect(
      verify({ rsaResult: `${proof.rsaResult!.slice(0, 20)}AAAA${proof.rsaResult!.slice(24)}` }, { methods: ['rsa'] }),
    ).toBe(undefined);
    expect(verify({ rsaResult: '%%%' }, { methods: ['rsa'] })).toBeUndefined();
  });

  it('a method that was not offered is not taken', () => {
    expect(verify({ password: 's3cret' }, { methods: ['md5'] })).toBeUndefined();
    expect(verify({ password: 's3cret' }, { methods: ['plaintext'] })).toEqual({ secret: 's3cret' });
    expect(verify(prove(RSA, ['rsa'], keys.privateKey)!, { methods: ['md5'] })).toBeUndefined();
  });

  it('only what can be checked is offered [RFC5456 §8.6.13]', () => {
    expect(methodBits({ methods: ['md5', 'rsa'], secrets: [], inKeys: [] })).toBe(0);
    expect(methodBits({ methods: ['md5', 'rsa'], secrets: ['x'], inKeys: [] })).toBe(MD5);
    expect(methodBits({ methods: [], secrets: ['x'], inKeys: [] })).toBe(MD5);
    expect(methodBits({ methods: ['rsa', 'plaintext'], secrets: ['x'], inKeys: ['k'] })).toBe(RSA | PLAINTEXT);
  });
});
