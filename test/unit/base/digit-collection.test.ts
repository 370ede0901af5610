import { describe, expect, it } from 'vitest';
import { DigitCollection } from '../../../src/base/digit-collection.ts';
import { numbers } from '../lines/numbers.ts';

const TIMES = { incompleteMs: 5000, matchMs: 3000 };

function dial(digits: string, known: readonly string[], prefixes: readonly string[] = []) {
  const collection = new DigitCollection('office', numbers(known, prefixes), TIMES);
  const steps = [...digits].map((digit) => collection.add(digit));
  return { last: steps.at(-1), steps, collection };
}

describe('DigitCollection', () => {
  it('is complete as soon as no longer number begins with the digits', () => {
    expect(dial('201', ['201', '7000']).steps.map((step) => step.type)).toEqual(['more', 'more', 'complete']);
  });

  it('waits the shorter time when the digits are a number already', () => {
    const { steps } = dial('112', ['11', '1123']);
    expect(steps).toEqual([
      { type: 'more', waitMs: 5000, dialTone: false },
      { type: 'more', waitMs: 3000, dialTone: false },
      { type: 'more', waitMs: 5000, dialTone: false },
    ]);
  });

  it('ends at # when the digits are a number', () => {
    const { last, collection } = dial('11#', ['11', '1123']);
    expect(last).toEqual({ type: 'complete' });
    expect(collection.digits).toBe('11');
  });

  it('finds # behind half a number impossible', () => {
    expect(dial('112#', ['11', '1123']).last).toEqual({ type: 'impossible' });
  });

  it('takes # as a digit where a number has one', () => {
    const { last, collection } = dial('*21#', ['*21#', '*21']);
    expect(last).toEqual({ type: 'complete' });
    expect(collection.digits).toBe('*21#');
  });

  it('finds a number impossible at the first digit that leads nowhere', () => {
    expect(dial('29', ['201']).steps.map((step) => step.type)).toEqual(['more', 'impossible']);
  });

  it('keeps dial tone behind an outside-line prefix only', () => {
    const { steps } = dial('90', ['9012'], ['9']);
    expect(steps).toMatchObject([{ dialTone: true }, { dialTone: false }]);
  });

  it('gives up on a number longer than any', () => {
    const collection = new DigitCollection(
      'office',
      () => ({ exists: false, canExist: true, matchMore: true, ignorePattern: false }),
      TIMES,
    );
    const steps = Array.from({ length: 65 }, () => collection.add('1'));
    expect(steps.findIndex((step) => step.type === 'impossible')).toBe(64);
  });

  it('ends as complete only when the digits are a number', () => {
    expect(dial('11', ['11', '1123']).collection.end()).toEqual({ type: 'complete' });
    expect(dial('1', ['11']).collection.end()).toEqual({ type: 'impossible' });
  });
});
