import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, fromHex, toHex, utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';

const platformDecode = new TextDecoder();
const platformEncode = new TextEncoder();

describe('UTF-8', () => {
  it('encodes every text as the platform does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Encode(text)).toEqual(new Uint8Array(platformEncode.encode(text)));
      }),
      { seed: 1 },
    );
  });

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
      { seed: 2 },
    );
  });

  it('decodes any bytes without throwing, and legal ones as the platform does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = utf8Decode(bytes);
        const platform = platformDecode.decode(bytes);
        if (!platform.includes('\ufffd') && !platform.startsWith('\ufeff')) expect(text).toBe(platform);
        else expect(typeof text).toBe('string');
      }),
      { seed: 3, numRuns: 2000 },
    );
  });

  it.each([
    ['an overlong form', [0xc0, 0xaf], '\ufffd\ufffd'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    ['a cut character', [0x61, 0xe2, 0x82], 'a\ufffd\ufffd'],
    ['a stray continuation', [0x80, 0x62], '\ufffdb'],
  ])('replaces each byte of %s', (_what, bytes, text) => {
    expect(utf8Decode(Uint8Array.from(bytes))).toBe(text);
  });
});

describe('hex', () => {
  it('goes both ways', () => {
    const bytes = Uint8Array.of(0, 1, 0x7f, 0x80, 0xff);
    expect(toHex(bytes)).toBe('00017f80ff');
    expect(fromHex('00 01 7F 80 ff')).toEqual(bytes);
  });

  it.each(['0', 'xy', '0g'])('does not read %j', (text) => {
    expect(fromHex(text)).toBeUndefined();
  });
});

describe('byte arrays', () => {
  it('join in order', () => {
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('are equal when every byte is', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
  });
});
