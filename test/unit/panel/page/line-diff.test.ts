import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineDiff } from '../../../../src/panel/page/line-diff.ts';

const shown = (before: string, after: string) =>
  lineDiff(before, after).map(({ kind, text }) => `${{ same: ' ', added: '+', removed: '-', gap: '@' }[kind]}${text}`);

it('shows what goes and what comes, with two lines around it', () => {
  expect(shown('a\nb\nc\nd\ne\nf\ng\n', 'a\nb\nc\nX\ne\nf\ng\n')).toEqual([
    '@…',
    ' b',
    ' c',
    '-d',
    '+X',
    ' e',
    ' f',
    '@…',
  ]);
  expect(shown('a\nb\n', 'a\nb\nc\n')).toEqual([' a', ' b', '+c']);
  expect(shown('a\nb\n', 'a\nb\n')).toEqual(['@…']);
});

it('gives every line of both texts in its order, and no line that is the same twice', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before.join('\n'), after.join('\n'));
      if (lines.some(({ kind }) => kind === 'gap')) return;
      const of = (kinds: readonly string[]) => lines.filter(({ kind }) => kinds.includes(kind)).map(({ text }) => text);
      expect(of(['same', 'removed'])).toEqual(before);
      expect(of(['same', 'added'])).toEqual(after);
    }),
    { seed: 7 },
  );
});

it('lays long texts beside each other that have nothing in common', () => {
  const long = (of: string) => Array.from({ length: 3_000 }, (_, index) => `${of} ${index}`).join('\n');
  expect(lineDiff(long('a'), long('b'))).toHaveLength(6_000);
});
