import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';
import { CallTokens, SHORTEST_TOKEN } from '../../../src/iax2/call-token.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';

const PHONE = { ip: '192.0.2.10', port: 4569 };
const NOW_MS = 5_000_000;

describe('call tokens', () => {
  const tokens = new CallTokens(nodeCrypto);

  it('are 16 printable characters, because Asterisk sends them back as a C string', () => {
    for (let i = 0; i < 200; i++) expect(utf8Decode(tokens.make(PHONE, NOW_MS + i))).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });

  it('are valid for ten seconds', () => {
    const token = tokens.make(PHONE, NOW_MS);
    expect(tokens.verify(token, PHONE, NOW_MS)).toBe('valid');
    expect(tokens.verify(token, PHONE, NOW_MS + 9_999)).toBe('valid');
    expect(tokens.verify(token, PHONE, NOW_MS + 10_000)).toBe('expired');
    expect(tokens.verify(token, PHONE, NOW_MS + 3_600_000)).toBe('expired');
  });

  it('from the future are not valid', () => {
    expect(tokens.verify(tokens.make(PHONE, NOW_MS + 1), PHONE, NOW_MS)).toBe('expired');
  });

  it('of another address or port are not valid', () => {
    const token = tokens.make(PHONE, NOW_MS);
    expect(tokens.verify(token, { ...PHONE, ip: '192.0.2.11' }, NOW_MS)).toBe('invalid');
    expect(tokens.verify(token, { ...PHONE, port: 4570 }, NOW_MS)).toBe('invalid');
  });

  it('tell IPv6 addresses from each other', () => {
    const address = { ip: '2001:db8::1', port: 4569 };
    const token = tokens.make(address, NOW_MS);
    expect(tokens.verify(token, address, NOW_MS)).toBe('valid');
    expect(tokens.verify(token, { ...address, ip: '2001:db8::2' }, NOW_MS)).toBe('invalid');
  });

  it('of another run are not valid', () => {
    expect(tokens.verify(new CallTokens(nodeCrypto).make(PHONE, NOW_MS), PHONE, NOW_MS)).toBe('invalid');
  });

  it('live through the wrap of the 32-bit clock', () => {
    const token = tokens.make(PHONE, 2 ** 32 - 1);
    expect(tokens.verify(token, PHONE, 2 ** 32 + 9_000)).toBe('valid');
    expect(tokens.verify(token, PHONE, 2 ** 32 + 9_999)).toBe('expired');
  });

  it('changed in any character are not valid', () => {
    const token = tokens.make(PHONE, NOW_MS);
    for (let i = 0; i < token.length; i++) {
      const forged = token.slice();
      forged[i] = forged[i] === 0x41 ? 0x42 : 0x41;
      expect(tokens.verify(forged, PHONE, NOW_MS)).toBe('invalid');
    }
  });

  it('are shorter where the answer must be short, and still of one address and time only', () => {
    const token = tokens.make(PHONE, NOW_MS, SHORTEST_TOKEN);
    expect(token).toHaveLength(11);
    expect(tokens.verify(token, PHONE, NOW_MS + 9_999)).toBe('valid');
    expect(tokens.verify(token, PHONE, NOW_MS + 10_000)).toBe('expired');
    expect(tokens.verify(token, { ...PHONE, port: 4570 }, NOW_MS)).toBe('invalid');
    for (let i = 0; i < token.length; i++) {
      const forged = token.slice();
      forged[i] = forged[i] === 0x41 ? 0x42 : 0x41;
      expect(tokens.verify(forged, PHONE, NOW_MS)).toBe('invalid');
    }
  });

  it('cut, lengthened or foreign are not valid, and never throw', () => {
    const token = tokens.make(PHONE, NOW_MS);
    for (let length = 0; length < SHORTEST_TOKEN; length++)
      expect(tokens.verify(token.subarray(0, length), PHONE, NOW_MS)).toBe('invalid');
    expect(tokens.verify(Uint8Array.of(...token, 0x41), PHONE, NOW_MS)).toBe('invalid');
    expect(tokens.verify(utf8Encode('1795285800?f68be47c622239fd08c193cd1cc16329c3a8527a'), PHONE, NOW_MS)).toBe(
      'invalid',
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(tokens.verify(bytes, PHONE, NOW_MS)).toBe('invalid');
      }),
      { seed: 40 },
    );
  });
});
