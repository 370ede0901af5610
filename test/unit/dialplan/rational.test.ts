import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rational } from '../../../src/dialplan/rational.ts';

const of = (text: string): Rational => Rational.parse(text)!;

describe('a rational number', () => {
  it.each(['', 'a', '.5', '5.', '1e3', '1.2.3', '+5', '0x10', '--1'])('is not read from %j', (text) => {
    expect(Rational.parse(text)).toBeUndefined();
  });

  it.each([
    ['007', '7'],
    ['-0.50', '-0.5'],
    ['100', '100'],
    ['0.00010', '0.0001'],
    ['0.00001', '1e-05'],
    ['1000000000000000000', '1e+18'],
    ['999999999999999999', '999999999999999999'],
    ['9999999999999999999', '1e+19'],
    ['123456789.123456789', '123456789.123456789'],
  ])('%s prints as %s', (text, printed) => {
    expect(of(text).toString()).toBe(printed);
  });

  it('has 18 significant digits', () => {
    expect(of('1').divide(of('3')).toString()).toBe('0.333333333333333333');
    expect(of('2').divide(of('3')).toString()).toBe('0.666666666666666667');
    expect(of('1').divide(of('3000')).toString()).toBe('0.000333333333333333333');
    expect(of('-22').divide(of('7')).toString()).toBe('-3.14285714285714286');
  });

  it('takes the sign of the remainder from the dividend', () => {
    expect(of('-7').remainder(of('3')).toString()).toBe('-1');
    expect(of('7').remainder(of('-3')).toString()).toBe('1');
    expect(of('7.5').remainder(of('2')).toString()).toBe('1.5');
  });

  it('comes back from what it prints', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 9999 }), (whole, fraction) => {
        const text = `${whole}.${fraction.toString().padStart(4, '0')}`;
        expect(of(of(text).toString())?.compare(of(text)) ?? of(text).isZero).toBe(0);
      }),
      { seed: 3 },
    );
  });

  it('divides what it multiplied', () => {
    const number = fc.integer({ min: 1, max: 1e9 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [x, y] = [of(a.toString()), of(b.toString())];
        expect(x.divide(y).multiply(y).compare(x)).toBe(0);
      }),
      { seed: 3 },
    );
  });

  it('reads what a double prints as', () => {
    expect(Rational.ofNumber(1e21).toString()).toBe('1e+21');
    expect(Rational.ofNumber(1.5e-7).toString()).toBe('1.5e-07');
    expect(Rational.ofNumber(Number.NaN).toString()).toBe('0');
    expect(Rational.ofNumber(-2.25).toString()).toBe('-2.25');
  });
});
