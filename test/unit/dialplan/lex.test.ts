import { describe, expect, it } from 'vitest';
import { lex, SourceText, splitAt } from '../../../src/dialplan/lex.ts';

/** Statements in short: `3:5 key => value@column`. */
function short(text: string, firstLine?: number): string[] {
  return lex(text, firstLine).statements.map((it) => {
    if (it.kind === 'section') {
      const options = it.options.map((option) => option.text).join(',');
      return `${it.name.line}:${it.name.column} [${it.name.text}]${options === '' ? '' : `(${options})`}`;
    }
    if (it.kind === 'directive') return `${it.text.line}:${it.text.column} ${it.text.text}`;
    return `${it.key.line}:${it.key.column} ${it.key.text} => ${it.value.text}@${it.value.column}`;
  });
}

describe('the lexer', () => {
  it.each([
    ['[a]\nexten => 1,1,NoOp', ['1:2 [a]', '2:1 exten => 1,1,NoOp@10']],
    ['exten=1,1,NoOp(a=b)', ['1:1 exten => 1,1,NoOp(a=b)@7']],
    ['  same=>n,NoOp ; a comment', ['1:3 same => n,NoOp@9']],
    ['a => b\\;c;d', ['1:1 a => b;c@6']],
    ['a => ;-- no --;b', ['1:1 a => b@16']],
    ['a => 1\r\nb => 2\r\n', ['1:1 a => 1@6', '2:1 b => 2@6']],
    [';-- one\ntwo => 2\n--;three => 3', ['3:4 three => 3@13']],
    [';-- a ;-- b --; c => 1 --;d => 2', ['1:27 d => 2@32']],
    [';---- a line of dashes\na => 1', ['2:1 a => 1@6']],
    ['#include "x.conf"', ['1:1 #include "x.conf"']],
    ['[ a ](!)\n[b](a,+)', ['1:3 [a](!)', '2:2 [b](a,+)']],
    ['', []],
    ['\n\n;\n', []],
  ])('reads %j', (text, statements) => {
    expect(short(text)).toEqual(statements);
  });

  it('counts lines from where it is told', () => {
    expect(short('\n[a]', 40)).toEqual(['41:2 [a]']);
  });

  it.each([
    ['exten 1,1,NoOp', 1, 1, "'exten' is neither a section nor a 'key => value'"],
    ['\n  [a', 2, 3, 'the section name has no closing bracket'],
    ['[]', 1, 1, 'the section has no name'],
    ['[a] b', 1, 5, "'b' after a section name means nothing"],
    ['a => 1 ;-- never\nb => 2', 1, 8, 'the comment that begins here with ;-- is never closed'],
  ])('says what is wrong with %j', (text, line, column, message) => {
    expect(lex(text).problems).toMatchObject([{ line, column, message, severity: 'error' }]);
  });
});

describe('a piece of the source', () => {
  it('knows the column of each character, also where a backslash or a comment is left out', () => {
    const [statement] = lex('a => 1\\;2;-- x --;3').statements;
    const value = statement?.kind === 'entry' ? statement.value : undefined;
    expect(value?.text).toBe('1;23');
    expect([0, 1, 2, 3].map((i) => value?.columnAt(i))).toEqual([6, 8, 9, 19]);
    expect(value?.slice(2).column).toBe(9);
    expect(value?.slice(1, 3).columnAt(1)).toBe(9);
  });

  it('is trimmed and split without losing its place', () => {
    const pieces = splitAt(new SourceText(' a , b,c ', 3, 10), ',');
    expect(pieces.map(({ text, line, column }) => [text, line, column])).toEqual([
      ['a', 3, 11],
      ['b', 3, 15],
      ['c', 3, 17],
    ]);
  });
});
