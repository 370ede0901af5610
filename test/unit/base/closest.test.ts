import { describe, expect, it } from 'vitest';
import { closest } from '../../../src/base/closest.ts';

describe('the closest candidate', () => {
  it.each([
    ['Dail', ['Dial', 'Wait'], 'Dial'],
    ['dial', ['Dial'], 'Dial'],
    ['conetxt', ['context', 'contexts'], 'context'],
    ['xyz', ['Dial', 'Wait'], undefined],
    ['a', ['b'], undefined],
    ['', ['a'], undefined],
  ])('to %j of %j is %s', (word, candidates, expected) => {
    expect(closest(word, candidates)).toBe(expected);
  });
});
