import { describe, expect, it } from 'vitest';
import { isTrue, parseCall, separateArguments, unquote } from '../../../src/dialplan/argument.ts';

describe('arguments', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a,,b,', ['a', '', 'b', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['a\\,b,c', ['a,b', 'c']],
    ['f(a,b),c', ['f(a,b)', 'c']],
    ['[a,b],c', ['[a,b]', 'c']],
    ['a),b', ['a)', 'b']],
    ['(a,b', ['(a,b']],
    [' a , b ', [' a ', ' b ']],
  ])('%j are %j', (text, pieces) => {
    expect(separateArguments(text)).toEqual(pieces);
  });

  it('keeps quotes and backslashes when told, and the rest together', () => {
    expect(separateArguments('"a,b",c\\,d', ',', { raw: true })).toEqual(['"a,b"', 'c\\,d']);
    expect(separateArguments('a,b,c', ',', { limit: 2 })).toEqual(['a', 'b,c']);
    expect(separateArguments('a?b?c', '?', { limit: 2 })).toEqual(['a', 'b?c']);
  });

  it('takes quotes and backslashes off', () => {
    expect(unquote('a"b"c\\"d\\')).toBe('abc"d');
  });

  it.each([
    ['', false],
    ['0', false],
    ['00', false],
    ['0x', false],
    ['1', true],
    ['10', true],
    ['-1', true],
    ['abc', true],
    [' ', true],
  ])('the condition %j is %s, as Asterisk has it', (text, expected) => {
    expect(isTrue(text)).toBe(expected);
  });

  it.each([
    ['Set(a=1)', { name: 'Set', args: 'a=1' }],
    ['NoOp', { name: 'NoOp', args: '' }],
    ['Set(a=f(x))', { name: 'Set', args: 'a=f(x)' }],
    ['Set(a', { name: 'Set', args: 'a' }],
    ['1x()', undefined],
    ['', undefined],
  ])('the call %j', (text, expected) => {
    expect(parseCall(text)).toEqual(expected);
  });
});
