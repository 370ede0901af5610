import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closingOf, expand, MAX_LENGTH, parseReference, substring } from '../../../src/dialplan/variables.ts';

function evaluator(variables: Readonly<Record<string, string>> = {}) {
  const warnings: string[] = [];
  return {
    warnings,
    variable: (name: string) => variables[name],
    callFunction: (name: string, args: string) => `<${name}:${args}>`,
    evaluate: (expression: string) => `{${expression}}`,
    warn: (message: string) => void warnings.push(message),
  };
}

describe('expansion', () => {
  const values = { A: 'alpha', N: '1', A1: 'one', D: '${A}' };

  it.each([
    ['plain', 'plain'],
    ['${A}', 'alpha'],
    ['x${A}y${N}z', 'xalphay1z'],
    ['${NONE}', ''],
    ['${A${N}}', 'one'],
    ['${A:1}', 'lpha'],
    ['${A:${N}:2}', 'lp'],
    ['${F(a:b,c):1:2}', 'F:'],
    ['${F(${A})}', '<F:alpha>'],
    ['${F(G(x))}', '<F:G(x)>'],
    ['$[${N} + 1]', '{1 + 1}'],
    ['$[1 + $[2]]', '{1 + {2}}'],
    ['${A:$[1]}', 'alpha'],
    ['$a$$', '$a$$'],
    ['}]', '}]'],
    ['${D}', '${A}'],
  ])('of %s is %s', (text, expected) => {
    expect(expand(text, evaluator(values))).toBe(expected);
  });

  it('warns of what is never closed and takes the rest for it', () => {
    const it = evaluator(values);
    expect(expand('a${A', it)).toBe('aalpha');
    expect(it.warnings).toEqual(["missing '}'"]);
  });

  it('does not follow nesting without end', () => {
    const it = evaluator(values);
    expand('${'.repeat(5000), it);
    expect(it.warnings).toContain('variables are nested too deep');
  });

  it('bounds what a value may grow to', () => {
    const it = evaluator({ A: 'a'.repeat(MAX_LENGTH) });
    expect(expand('${A}${A}${A}', it)).toHaveLength(MAX_LENGTH);
    expect(it.warnings).toHaveLength(1);
  });

  it('leaves text alone that has no variables', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/\$[[{]/.test(text)),
        (text) => {
          expect(expand(text, evaluator())).toBe(text);
        },
      ),
      { seed: 1 },
    );
  });

  it('finds the brace that belongs to an opening one', () => {
    expect(closingOf('${a{b}c}d', 0)).toBe(7);
    expect(closingOf('$[a[0-9]+]', 0)).toBe(9);
    expect(closingOf('${a', 0)).toBe(-1);
  });
});

describe('a reference', () => {
  it.each([
    ['A', { name: 'A', offset: 0, length: Number.POSITIVE_INFINITY }],
    ['A:-2', { name: 'A', offset: -2, length: Number.POSITIVE_INFINITY }],
    ['A:1:-3', { name: 'A', offset: 1, length: -3 }],
    ['A:x', { name: 'A', offset: 0, length: Number.POSITIVE_INFINITY }],
    ['F(a:b)', { name: 'F', args: 'a:b', offset: 0, length: Number.POSITIVE_INFINITY }],
    ['F(a):2', { name: 'F', args: 'a', offset: 2, length: Number.POSITIVE_INFINITY }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it('cuts as Array.slice does, where both can say it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]{0,8}$/),
        fc.integer({ min: -10, max: 10 }),
        fc.integer({ min: 0, max: 10 }),
        (text, offset, length) => {
          const start = offset < 0 ? Math.max(0, text.length + offset) : offset;
          expect(substring(text, offset, length)).toBe(text.slice(start, start + length));
          expect(substring(text, offset, -length)).toBe(
            length === 0 ? '' : text.slice(start, Math.max(start, text.length - length)),
          );
        },
      ),
      { seed: 1 },
    );
  });
});
