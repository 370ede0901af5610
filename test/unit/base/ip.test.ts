import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { formatIp, parseIp } from '../../../src/base/ip.ts';

const CASES: readonly (readonly [text: string, hex: string])[] = [
  ['192.0.2.10', 'c000020a'],
  ['0.0.0.0', '00000000'],
  ['255.255.255.255', 'ffffffff'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['2001:0:0:1::1', '20010000000000010000000000000001'],
  ['fe80::', 'fe800000000000000000000000000000'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
];

describe('IP addresses', () => {
  it.each(CASES)('%s is %s, both ways [RFC5952 §4]', (text, hex) => {
    expect(toHex(parseIp(text)!)).toBe(hex);
    expect(formatIp(fromHex(hex)!)).toBe(text);
  });

  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s in its canonical form is %s', (text, canonical) => {
    expect(formatIp(parseIp(text)!)).toBe(canonical);
  });

  it.each([
    ...['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.x', ' 1.2.3.4', 'host'],
    ...[':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', '::g', 'fe80::1%eth0', '1.2.3.4::'],
    ...['1:2:3:4:5:6:7::8', '::1.2.3', '[::1]', '1.2.3.4:1::'],
  ])('"%s" is no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('have no text of another length', () => {
    expect(formatIp(new Uint8Array(5))).toBeUndefined();
  });

  it('survive text and back', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    const zeroish = address.map((bytes) => bytes.map((byte) => (byte < 160 ? 0 : byte)));
    fc.assert(
      fc.property(fc.oneof(address, zeroish), (bytes) => {
        expect(parseIp(formatIp(bytes)!)).toEqual(bytes);
      }),
      { seed: 5952 },
    );
  });
});
