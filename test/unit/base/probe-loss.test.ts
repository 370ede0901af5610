import { expect, it } from 'vitest';
import { ProbeLoss } from '../../../src/base/probe-loss.ts';

function lossOf(answers: string): number | null {
  const loss = new ProbeLoss();
  for (const answer of answers) loss.note(answer === '+');
  return loss.pct;
}

it.each([
  ['', null],
  ['+', 0],
  ['-', 100],
  ['+-++', 25],
  ['+-+', 33.3],
  ['+'.repeat(31) + '-'.repeat(1), 3.1],
])('of the probes %j the share without an answer is %s', (answers, pct) => {
  expect(lossOf(answers)).toBe(pct);
});

it('forgets what is older than 32 probes', () => {
  expect(lossOf('-'.repeat(32) + '+'.repeat(31))).toBe(3.1);
  expect(lossOf('-'.repeat(32) + '+'.repeat(32))).toBe(0);
  expect(lossOf('+'.repeat(100) + '-'.repeat(40))).toBe(100);
});
