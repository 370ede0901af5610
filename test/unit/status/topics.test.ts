import { expect, it } from 'vitest';
import { escapeLevel } from '../../../src/status/topics.ts';

it.each([
  ['hq', 'hq'],
  ['+33 4', '%2B33 4'],
  ['a/b#c.d%e', 'a%2Fb%23c%2Ed%25e'],
  ['nul\u0000', 'nul%00'],
  ['été', 'été'],
])('writes the name %j as the level %j', (name, level) => {
  expect(escapeLevel(name)).toBe(level);
  expect(decodeURIComponent(level)).toBe(name);
});
