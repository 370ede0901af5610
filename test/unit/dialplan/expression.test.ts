import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateExpression } from '../../../src/dialplan/expression.ts';
import { ASTERISK_EXPRESSIONS } from './asterisk-expressions.ts';

const functions: Readonly<Record<string, (args: string) => string>> = {
  LEN: (args) => args.length.toString(),
  TOUPPER: (args) => args.toUpperCase(),
  ABS: (args) => args.replace('-', ''),
  MATH: () => '3',
};

function evaluate(text: string) {
  const warnings: string[] = [];
  const result = evaluateExpression(text, {
    callFunction: (name, args) => functions[name]?.(args),
    warn: (message) => warnings.push(message),
  });
  return { ...result, warnings };
}

describe('an expression', () => {
  // Every expectation of this table was taken from a running Asterisk 22.
  it.each(ASTERISK_EXPRESSIONS)('$[%s] is [%s], as Asterisk has it', (text, value) => {
    expect(evaluate(text).value).toBe(value);
  });

  it.each([
    ['', '', undefined],
    ['1 +', '0', 'the expression ends too early'],
    ['1 2', '1', "unexpected '2'"],
    ['+ 1', '', "unexpected '+'"],
    ['(1', '0', 'the expression ends too early'],
    ['1 ? 2', '0', 'the expression ends too early'],
    ['1 ? 2 : 3', '0', 'the expression ends too early'],
  ])('$[%s] is [%s] and says %j', (text, value, message) => {
    expect(evaluate(text)).toMatchObject({ value });
    expect(evaluate(text).error?.message).toBe(message);
  });

  it('says where it went wrong', () => {
    expect(evaluate('1 + 2 3').error).toEqual({ message: "unexpected '3'", index: 6 });
  });

  it('warns of what is no number, of a division by zero and of functions that do not exist', () => {
    expect(evaluate('a + 1').warnings).toEqual(["'a' is not a number and counts as 0"]);
    expect(evaluate('1 / 0').warnings).toEqual(['division by zero']);
    expect(evaluate('NOSUCH(1)').warnings).toEqual(["there is no function 'NOSUCH'"]);
  });

  it('gives functions of mathematics with the digits of a double', () => {
    expect(evaluate('SIN(1)').value).toBe('0.8414709848078965');
    expect(evaluate('SQRT(-1)').value).toBe('0');
  });

  it('gives up on nesting that no dialplan has', () => {
    expect(evaluate(`${'('.repeat(5000)}1`).error?.message).toBe('the expression is nested too deep');
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      '1',
      '2.5',
      'a',
      '"b c"',
      '(',
      ')',
      '+',
      '-',
      '*',
      '/',
      '%',
      '|',
      '&',
      '=',
      '<',
      '>=',
      '!',
      '!=',
      '?',
      '::',
      ':',
      '=~',
      '~~',
      ',',
      'LEN(',
      ' ',
      '"',
      '[',
      '{',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(typeof evaluate(pieces.join('')).value).toBe('string');
      }),
      { seed: 7, numRuns: 3000 },
    );
  });

  it('calculates whole numbers as JavaScript does', () => {
    const number = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        expect(evaluate(`${a} + ${b} * ${c}`).value).toBe((a + b * c || 0).toString());
        expect(evaluate(`(${a} - ${b}) - ${c}`).value).toBe((a - b - c).toString());
        expect(evaluate(`${a} < ${b}`).value).toBe(a < b ? '1' : '0');
      }),
      { seed: 7 },
    );
  });
});
