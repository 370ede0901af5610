import { expect, test } from 'vitest';
import { printable } from '../../../src/base/printable.ts';

test.each([
  ['plain, with ümläuts and 日本語', 'plain, with ümläuts and 日本語'],
  ['a\tb\r\nc\0', 'a·b··c·'],
  ['\u001b[2J\u009b2J\u007f', '·[2J·2J·'],
  ['one\u2028two\u202ethree\u2066', 'one·two·three·'],
])('%j is printed as %j', (text, expected) => {
  expect(printable(text)).toBe(expected);
});
