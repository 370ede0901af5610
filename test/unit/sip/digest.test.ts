import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import {
  type Authorization,
  type DigestAlgorithm,
  digestHa1,
  digestResponse,
  formatAuthorization,
  formatChallenge,
  ha1Of,
  parseAuthorization,
  parseChallenge,
  sameDigest,
} from '../../../src/sip/digest.ts';
import { Nonces } from '../../../src/sip/nonce.ts';

const EMPTY = new Uint8Array(0);

function responseTo(algorithm: DigestAlgorithm, parts: Partial<Authorization> & { password: string; realm: string }) {
  const ha1 = digestHa1(nodeCrypto, algorithm, 'Mufasa', parts.realm, parts.password);
  const authorization = { username: 'Mufasa', uri: '/dir/index.html', algorithm, isSession: false, opaque: undefined };
  return digestResponse(
    nodeCrypto,
    ha1,
    { ...authorization, nonce: '', protection: undefined, ...parts },
    'GET',
    EMPTY,
  );
}

describe('the digest', () => {
  it('is that of the examples [RFC2617 §3.5]', () => {
    const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
    const protection = { qop: 'auth', cnonce: '0a4f113b', count: 1 } as const;
    const parts = { realm: 'testrealm@host.com', password: 'Circle Of Life', nonce };
    expect(responseTo('MD5', { ...parts, protection })).toBe('6629fae49393a05397450978507c4ef1');
    expect(responseTo('MD5', parts)).toBe('670fd8c2df070c60b045671b8b24ff02');
  });

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('is that of the example with %s [RFC7616 §3.9.1]', (algorithm, expected) => {
    const response = responseTo(algorithm, {
      realm: 'http-auth@example.org',
      password: 'Circle of Life',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      protection: { qop: 'auth', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', count: 1 },
    });
    expect(response).toBe(expected);
  });

  it('needs no password where HA1 is kept, and only for its realm and algorithm', () => {
    const ha1 = digestHa1(nodeCrypto, 'MD5', 'a', 'office', 'secret');
    const secret = { realm: 'office', ha1: { MD5: ha1 } };
    const of = (realm: string, algorithm: DigestAlgorithm) =>
      ha1Of(nodeCrypto, secret, { realm, algorithm, username: 'a' });
    expect(of('office', 'MD5')).toBe(ha1);
    expect(of('office', 'SHA-256')).toBeUndefined();
    expect(of('elsewhere', 'MD5')).toBeUndefined();
  });

  it('differs with the body only where the body is protected, and with the session', () => {
    const ha1 = 'x'.repeat(32);
    const base = { username: 'a', realm: 'r', nonce: 'n', uri: 'sip:a', algorithm: 'MD5', isSession: false } as const;
    const of = (qop: 'auth' | 'auth-int', body: number, isSession = false) =>
      digestResponse(
        nodeCrypto,
        ha1,
        { ...base, isSession, opaque: undefined, protection: { qop, cnonce: 'c', count: 1 } },
        'INVITE',
        Uint8Array.of(body),
      );
    expect(of('auth', 1)).toBe(of('auth', 2));
    expect(of('auth-int', 1)).not.toBe(of('auth-int', 2));
    expect(of('auth', 1, true)).not.toBe(of('auth', 1));
  });

  it('comparison sees every difference', () => {
    expect(sameDigest('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'ab', 'abcd', '', 'Abc']) expect(sameDigest('abc', other)).toBe(false);
  });
});

describe('challenges and authorizations', () => {
  it('come back as they were, whatever is quoted in them', () => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\r\n]/g, ''));
    fc.assert(
      fc.property(text, text, fc.constantFrom('MD5', 'SHA-256'), fc.boolean(), (realm, nonce, algorithm, flag) => {
        const challenge = {
          realm,
          nonce,
          opaque: 'o',
          algorithm,
          isSession: flag,
          qop: ['auth'],
          isStale: flag,
        } as const;
        expect(parseChallenge(formatChallenge(challenge))).toEqual(challenge);
        const protection = { qop: 'auth', cnonce: nonce, count: 255 } as const;
        const known = { username: realm, realm, nonce, uri: 'sip:a@b', response: 'abc', opaque: undefined };
        const authorization = { ...known, algorithm, isSession: flag, protection };
        expect(parseAuthorization(formatAuthorization(authorization))).toEqual(authorization);
      }),
      { seed: 7616 },
    );
  });

  it('of other schemes and algorithms are passed over, broken ones are malformed', () => {
    expect(parseChallenge('Basic realm="x"')).toBeUndefined();
    expect(parseAuthorization('NoOneKnowsThisScheme opaque-data=here')).toBeUndefined();
    expect(parseChallenge('Digest realm="x", nonce="y", algorithm=SHA-512-256')).toBeUndefined();
    expect(parseChallenge('Digest realm="x"')).toMatchObject({ reason: 'authorization' });
    const whole = 'Digest username="a", realm="r", nonce="n", uri="sip:a", response="0"';
    expect(parseAuthorization(whole)).toMatchObject({ algorithm: 'MD5', protection: undefined });
    for (const more of [
      ', qop=auth',
      ', qop=auth, cnonce="c"',
      ', qop=auth, cnonce="c", nc=1',
      ', qop=x, cnonce="c", nc=00000001',
    ])
      expect(parseAuthorization(whole + more)).toMatchObject({ reason: 'authorization' });
  });
});

describe('nonces', () => {
  const HOST = '192.0.2.1';

  it('are good for the address that they were given to, for a while [RFC7616 §5.4]', () => {
    const nonces = new Nonces(nodeCrypto, 1_000);
    const nonce = nonces.make(HOST, 5_000);
    expect(nonces.judge(nonce, HOST, 1, 6_000)).toBe('fresh');
    expect(nonces.judge(nonce, HOST, 1, 6_001)).toBe('stale');
    expect(nonces.judge(nonce, '192.0.2.2', 1, 5_000)).toBe('forged');
    expect(new Nonces(nodeCrypto).judge(nonce, HOST, 1, 5_000)).toBe('forged');
    for (const forged of ['', '.', '..', 'x.y.z', `${nonce}0`, nonce.replace(/^./, 'f'), `${nonce}.`])
      expect(nonces.judge(forged, HOST, 1, 5_000)).toBe('forged');
  });

  it('take each count once, also late within a window, and none that is far behind [RFC7616 §5.5]', () => {
    const nonces = new Nonces(nodeCrypto);
    const nonce = nonces.make(HOST, 0);
    const take = (count: number | undefined) => {
      const verdict = nonces.judge(nonce, HOST, count, 10);
      if (verdict === 'fresh') nonces.use(nonce, count, 10);
      return verdict;
    };
    expect([1, 1, 3, 2, 2, 40, 9, 8, 39, 39, 100].map(take)).toEqual([
      ...['fresh', 'stale', 'fresh', 'fresh', 'stale', 'fresh', 'fresh', 'stale', 'fresh', 'stale', 'fresh'],
    ]);
    expect(take(undefined)).toBe('stale');
  });

  it('without a count are good for one request', () => {
    const nonces = new Nonces(nodeCrypto);
    const nonce = nonces.make(HOST, 0);
    expect(nonces.judge(nonce, HOST, undefined, 1)).toBe('fresh');
    nonces.use(nonce, undefined, 1);
    expect(nonces.judge(nonce, HOST, undefined, 2)).toBe('stale');
  });

  it('cost no memory before they are used, and bounded memory after; what is forgotten is void', () => {
    const nonces = new Nonces(nodeCrypto);
    const first = nonces.make(HOST, 1);
    nonces.use(first, 1, 1);
    for (let i = 0; i < 20_000; i++) nonces.use(nonces.make(HOST, 2), 1, 2);
    expect(nonces.remembered).toBeLessThanOrEqual(16_384);
    expect(nonces.judge(first, HOST, 1, 3)).toBe('stale');
    nonces.use(nonces.make(HOST, 200_000), 1, 200_000);
    expect(nonces.remembered).toBe(1);
  });
});
