import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegularExpression } from '../../../src/dialplan/regular-expression.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

function parse(pattern: string): RegularExpression {
  const expression = RegularExpression.parse(pattern);
  if ('error' in expression) throw new Error(expression.error);
  return expression;
}

function found(pattern: string, text: string): string | undefined {
  const match = parse(pattern).search(text);
  return match === undefined ? undefined : text.slice(match.start, match.end);
}

describe('a regular expression', () => {
  it.each([
    ['^a.c$', 'abc', 'abc'],
    ['b', 'abc', 'b'],
    ['^b', 'abc', undefined],
    ['[a-c]+', 'xxabcz', 'abc'],
    ['[^0-9]+', '12ab', 'ab'],
    ['[]a]+', 'x]a', ']a'],
    ['[a-]+', 'b-a', '-a'],
    ['[[:digit:]]{2,3}', 'a12345', '123'],
    ['a{0}b', 'ab', 'b'],
    ['a\\.b', 'axb a.b', 'a.b'],
    ['foo|foobar', 'foobar', 'foobar'],
    ['(a|ab)(c|bcd)', 'abcd', 'abcd'],
    ['x*', 'aaa', ''],
    ['(ab)*c', 'ababc', 'ababc'],
    ['a?b', 'b', 'b'],
    ['^\\+33', '+331', '+33'],
    ['', 'abc', ''],
    ['a)', 'xa)', 'a)'],
    ['(a))', 'xa)', 'a)'],
    ['a{,2}', 'aaa', 'aa'],
    ['a}', 'a}', 'a}'],
    ['$', 'abc', ''],
  ])('/%s/ finds in %j %j, the longest of the leftmost', (pattern, text, expected) => {
    expect(found(pattern, text)).toBe(expected);
  });

  it.each([
    ['(', "unmatched '('"],
    ['(a', "unmatched '('"],
    ['{1}', "nothing stands before '{'"],
    ['a{', "no count stands behind '{'"],
    ['a{}', "no count stands behind '{'"],
    ['a{1x', "no count stands behind '{'"],
    ['[a', "unmatched '['"],
    ['*a', "nothing stands before '*'"],
    ['[z-a]', "the range 'z-a' runs backwards"],
    ['[[:nope:]]', "no character class 'nope'"],
    ['[[:constructor:]]', "no character class 'constructor'"],
    ['a\\', 'a backslash ends the expression'],
    ['a{3,2}', "'{3,2}' is no count"],
    ['((((a{200}){200}){200}){200})', 'too long'],
    ['('.repeat(300), 'nested too deep'],
  ])('/%s/ is refused: %s', (pattern, error) => {
    expect(RegularExpression.parse(pattern)).toEqual({ error });
  });

  it('catches what the first parentheses hold', () => {
    expect(parse('b(.)').search('abc')?.group).toBe('c');
    expect(parse('(b)(c)').search('abc')?.group).toBe('b');
    expect(parse('(x)?b').search('abc')?.group).toBe('');
    expect(parse('([0-9]+)$').search('foo123')?.group).toBe('123');
  });

  it('matches from the start when told', () => {
    expect(parse('b').search('abc', { fromStart: true })).toBeUndefined();
    expect(parse('ab').search('abc', { fromStart: true })).toMatchObject({ start: 0, end: 2 });
  });

  it('takes no longer for patterns that bring others down', () => {
    const elapsedMs = cpuTimer();
    expect(found('(a+)+$', `${'a'.repeat(2000)}b`)).toBeUndefined();
    expect(found('(a|a)*b', 'a'.repeat(2000))).toBeUndefined();
    expect(elapsedMs()).toBeLessThan(5000);
  });

  it('agrees with JavaScript on patterns where both have one meaning', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a)', '(ab)');
    const piece = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}')).map(([a, repeat]) => a + repeat);
    const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[abc]{0,12}$/), (source, text) => {
        expect(found(source, text) === undefined).toBe(!new RegExp(source).test(text));
        const anchored = parse(`^${source}$`).search(text);
        expect(anchored === undefined).toBe(!new RegExp(`^(?:${source})$`).test(text));
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
