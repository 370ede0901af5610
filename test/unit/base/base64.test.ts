import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Decode, base64Encode } from '../../../src/base/base64.ts';
import { utf8Encode } from '../../../src/base/bytes.ts';

describe('base64', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('codes %j as %j and back [RFC4648 §10]', (plain, text) => {
    expect(base64Encode(utf8Encode(plain))).toBe(text);
    expect(base64Decode(text)).toEqual(utf8Encode(plain));
  });

  it('reads text without padding and with line ends', () => {
    expect(base64Decode('Zm9v\r\nYg')).toEqual(utf8Encode('foob'));
  });

  it.each(['Z', 'Zm9v!', 'Zg===', '=Zg='])('refuses %j', (text) => {
    expect(base64Decode(text)).toBeUndefined();
  });

  it('agrees with Node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(base64Encode(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(base64Decode(base64Encode(bytes))).toEqual(bytes);
      }),
      { seed: 1 },
    );
  });
});
