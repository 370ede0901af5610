import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../../src/dialplan/pattern.ts';

function parse(text: string): Pattern {
  const pattern = Pattern.parse(text);
  if ('error' in pattern) throw new Error(pattern.error);
  return pattern;
}

/** `exact`, `more`, both or `-`; `final` for an early match. */
function match(pattern: string, number: string): string {
  const { exact, canGrow, final } = parse(pattern).match(number);
  const words = [exact ? 'exact' : '', canGrow ? 'more' : '', final ? 'final' : ''].filter((word) => word !== '');
  return words.length === 0 ? '-' : words.join(' ');
}

describe('a pattern', () => {
  it.each([
    ['201', '201', 'exact'],
    ['201', '20', 'more'],
    ['201', '', 'more'],
    ['201', '2011', '-'],
    ['201', '21', '-'],
    ['2-01', '201', 'exact'],
    ['201', '2-0-1', 'exact'],
    ['44 55', '4455', 'exact'],
    ['abc', 'ABC', '-'],
    ['_2XX', '299', 'exact'],
    ['_2XX', '2', 'more'],
    ['_2XX', '2999', '-'],
    ['_2xx', '299', 'exact'],
    ['_N', '1', '-'],
    ['_N', '2', 'exact'],
    ['_Z', '0', '-'],
    ['_Z', '1', 'exact'],
    ['_X', '*', '-'],
    ['_*XX', '*72', 'exact'],
    ['_[1-3]X', '39', 'exact'],
    ['_[1-3]X', '49', '-'],
    ['_[135-7]', '6', 'exact'],
    ['_[a-]', '-', 'more'],
    ['_9.', '9', 'more'],
    ['_9.', '91', 'exact more'],
    ['_9.', '912345', 'exact more'],
    ['_9.', '8', '-'],
    ['_8!', '8', 'exact final'],
    ['_8!', '81', 'exact final'],
    ['_8!', '', 'more'],
    ['_!', '', 'exact final'],
    ['_.', 'h', 'exact more'],
    ['_NXX-XXXX', '5551234', 'exact'],
    ['_NXX-XXXX', '555-1234', 'exact'],
    ['_2XX', '_2XX', 'exact'],
    ['_+X.', '+33', 'exact more'],
  ])('%s with %s: %s', (pattern, number, expected) => {
    expect(match(pattern, number)).toBe(expected);
  });

  it.each([
    ['_', 'the pattern is empty', 0],
    ['_12[3', "the '[' of the pattern has no ']'", 3],
    ['_12]', "the ']' of the pattern has no '['", 3],
    ['_1[]', "the pattern has an empty '[]'", 2],
    ['_1[5-3]', "the range '5-3' runs backwards", 3],
    ['_1.2', "nothing may follow the '.' of a pattern", 3],
    ['_1!X', "nothing may follow the '!' of a pattern", 3],
  ])('%s is malformed: %s', (text, error, index) => {
    expect(Pattern.parse(text)).toEqual({ error, index });
  });

  // The order that `dialplan show` of a running Asterisk 22 prints, given the same extensions in another order.
  it('comes in the order of Asterisk', () => {
    const order = [
      '*72',
      '123',
      '45',
      '5',
      'ABD',
      'abc',
      '_*XX',
      '_+X.',
      '_123',
      '_12X',
      '_12.',
      '_12',
      '_1[23]X',
      '_1[24]X',
      '_1[34]X',
      '_1[2-4]X',
      '_1[1-4]X',
      '_1[2-5]X',
      '_1NX',
      '_1ZX',
      '_1XX',
      '_[1-3]XX',
      '_[0-9]5',
      '_X.',
      '_X!',
      '_[a-z].',
      '_.',
      '_!',
    ];
    const shuffled = [...order].sort((a, b) => a.length - b.length || (a < b ? 1 : -1));
    expect(
      shuffled
        .map(parse)
        .sort(Pattern.compare)
        .map((pattern) => pattern.text),
    ).toEqual(order);
  });

  it.each([
    ['_[0-9]', '_X'],
    ['_[123]', '_[321]'],
    ['_1-2', '_12'],
    ['_[5]', '_5'],
    ['1-2', '12'],
  ])('%s and %s are the same extension', (a, b) => {
    expect(Pattern.compare(parse(a), parse(b))).toBe(0);
  });

  const element = fc.constantFrom('0', '1', '5', 'X', 'Z', 'N', '[1-3]', '[13]', '[24]', '[2-5]', '*');
  const anyPattern = fc
    .tuple(
      fc.constantFrom('', '_', '_'),
      fc.array(element, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '', '.', '!'),
    )
    .map(([start, elements, end]) =>
      start === '' ? elements.join('').replace(/\D/g, '') || '0' : `_${elements.join('')}${end}`,
    );

  it('has a total order', () => {
    fc.assert(
      fc.property(anyPattern, anyPattern, anyPattern, (x, y, z) => {
        const [a, b, c] = [parse(x), parse(y), parse(z)];
        const sign = (p: Pattern, q: Pattern): number => Math.sign(Pattern.compare(p, q));
        expect(sign(a, a)).toBe(0);
        expect(sign(a, b) + sign(b, a)).toBe(0);
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
        if (sign(a, b) === 0) expect(sign(a, c)).toBe(sign(b, c));
      }),
      { seed: 5, numRuns: 3000 },
    );
  });

  const digits = fc.stringMatching(/^[0-9*]{0,5}$/);

  it('meets another where a number is both', () => {
    fc.assert(
      fc.property(anyPattern, anyPattern, digits, (x, y, number) => {
        const [a, b] = [parse(x), parse(y)];
        expect(Pattern.mayBothMatch(a, b)).toBe(Pattern.mayBothMatch(b, a));
        if (a.match(number).exact && b.match(number).exact) expect(Pattern.mayBothMatch(a, b)).toBe(true);
      }),
      { seed: 6, numRuns: 20_000 },
    );
  });

  it.each([
    ['_7XXX', '_2XX', false],
    ['_7XXX', '_7[1-3]X', false],
    ['_7XXX', '_[67]X12', true],
    ['_7X.', '_7', false],
    ['_7X.', '_7XX', true],
    ['_7!', '_7', true],
    ['_2XX', '201', true],
    ['201', '202', false],
  ])('%s and %s may be one number: %s', (a, b, expected) => {
    expect(Pattern.mayBothMatch(parse(a), parse(b))).toBe(expected);
  });

  it('matches as a regular expression made of it does', () => {
    fc.assert(
      fc.property(anyPattern, digits, (text, number) => {
        const isPattern = text.startsWith('_');
        const body = isPattern ? text.slice(1) : text;
        const source = body
          .replaceAll('*', '\\*')
          .replace(/[.]$/, '[^]+')
          .replace(/!$/, '[^]*')
          .replaceAll('X', '[0-9]')
          .replaceAll('Z', '[1-9]')
          .replaceAll('N', '[2-9]');
        expect(parse(text).match(number).exact).toBe(new RegExp(`^${source}$`).test(number));
      }),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('can grow exactly if some longer number matches', () => {
    const alphabet = [...'0123456789*'];
    fc.assert(
      fc.property(anyPattern, fc.stringMatching(/^[0-9*]{0,3}$/), (text, number) => {
        const pattern = parse(text);
        const { canGrow, final } = pattern.match(number);
        if (final) return;
        let longer = alphabet.map((digit) => number + digit);
        let grows = false;
        for (let i = 0; i < 9 && !grows; i++) {
          grows = longer.some((each) => pattern.match(each).exact);
          longer = longer
            .filter((each) => pattern.match(each).canGrow)
            .flatMap((each) => alphabet.map((digit) => each + digit));
        }
        expect(canGrow).toBe(grows);
      }),
      { seed: 5, numRuns: 1000 },
    );
  });
});
