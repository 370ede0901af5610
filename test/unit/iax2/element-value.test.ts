import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import {
  cutUtf8,
  dateTime,
  type ElementCodec,
  loss,
  MAX_ELEMENT_LENGTH,
  socketAddress,
} from '../../../src/iax2/element-value.ts';

const V4_REST = '11d9c000020a0000000000000000';
const V6_REST = '11d90000000020010db800000000000000000000000100000000';

/** Where others have been written before. */
function written<Value>(codec: ElementCodec<Value>, value: Value): Uint8Array {
  const bytes = new Uint8Array(2 + MAX_ELEMENT_LENGTH).fill(0xee);
  return bytes.slice(2, 2 + codec.write(value, bytes, 2));
}

describe('a socket address', () => {
  it.each([
    ['0200', 'Linux on x86 or ARM'],
    ['0002', 'a big-endian machine'],
    ['1002', 'BSD, which has a length byte first'],
  ])('of IPv4 with family %s, as of %s, is read [RFC5456 §8.6.17]', (family) => {
    expect(socketAddress.decode(fromHex(family + V4_REST)!)).toEqual({ ip: '192.0.2.10', port: 4569 });
  });

  it.each([
    ['0a00', 'Linux'],
    ['000a', 'Linux on a big-endian machine'],
    ['1c1c', 'FreeBSD'],
    ['1c1e', 'macOS'],
    ['1700', 'Windows'],
  ])('of IPv6 with family %s, as of %s, is read', (family) => {
    expect(socketAddress.decode(fromHex(family + V6_REST)!)).toEqual({ ip: '2001:db8::1', port: 4569 });
  });

  it.each([
    ['an unknown family', `0700${V4_REST}`],
    ['the family of the other length', `0a00${V4_REST}`],
    ['a wrong length byte', `1302${V4_REST}`],
    ['one byte too few', `0200${V4_REST}`.slice(2)],
    ['nothing', ''],
  ])('with %s is none', (_name, hex) => {
    expect(socketAddress.decode(fromHex(hex)!)).toBeUndefined();
  });

  it('is sent as Linux has it', () => {
    expect(toHex(written(socketAddress, { ip: '192.0.2.10', port: 4569 }))).toBe(`0200${V4_REST}`);
    expect(toHex(written(socketAddress, { ip: '2001:db8::1', port: 4569 }))).toBe(`0a00${V6_REST}`);
  });
});

describe('date and time', () => {
  it('loses the odd second, since the wire has half of it [RFC5456 §8.6.28]', () => {
    const at = { year: 2026, month: 11, day: 22, hour: 18, minute: 30, second: 45 };
    expect(dateTime.decode(written(dateTime, at))).toEqual({ ...at, second: 44 });
  });

  it('reaches from 2000 to 2127', () => {
    const last = { year: 2127, month: 12, day: 31, hour: 23, minute: 59, second: 58 };
    expect(dateTime.decode(written(dateTime, last))).toEqual(last);
    expect(dateTime.decode(written(dateTime, { ...last, year: 1999 }))).toMatchObject({ year: 2000 });
    expect(dateTime.decode(written(dateTime, { ...last, year: 2200 }))).toMatchObject({ year: 2127 });
  });
});

describe('loss', () => {
  it('has 8 bits of percent and 24 of count, and does not overflow from one to the other [RFC5456 §8.6.37]', () => {
    expect(toHex(written(loss, { percent: 100, count: 0x1_0000_0000 }))).toBe('64ffffff');
    expect(toHex(written(loss, { percent: 300, count: 1 }))).toBe('ff000001');
  });
});

describe('cutting UTF-8', () => {
  it.each([
    ['aé', 2, 'a'],
    ['aé', 3, 'aé'],
    ['a😀b', 4, 'a'],
    ['a😀b', 5, 'a😀'],
    ['abc', 9, 'abc'],
  ])('%s to %d bytes gives %s', (text, length, cut) => {
    expect(cutUtf8(new TextEncoder().encode(text), length)).toEqual(new TextEncoder().encode(cut));
  });
});
