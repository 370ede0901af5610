import { isTrue } from './argument.ts';
import type { PureApplication } from './pure-applications.ts';
import { NEXT, type Outcome, type Run } from './run.ts';

/** While … EndWhile and If … EndIf. The ends of a block are looked for in the extension that runs, inner blocks skipped. */
export const BLOCK_APPLICATIONS: readonly (readonly [string, PureApplication])[] = [
  ['While', (data, run) => (isTrue(data.trim()) ? NEXT : jumpAfter(run, findEnd(run, WHILE, 'endwhile')))],
  ['EndWhile', (_, run) => jumpTo(run, findWhile(run))],
  ['ContinueWhile', (_, run) => jumpTo(run, findWhile(run))],
  ['ExitWhile', (_, run) => jumpAfter(run, findEnd(run, WHILE, 'endwhile'))],
  ['If', (data, run) => (isTrue(data.trim()) ? NEXT : otherwise(run))],
  // Come to in order, these end the branch before them: the block is done.
  ['ElseIf', (_, run) => jumpAfter(run, findEnd(run, IF, 'endif'))],
  ['Else', (_, run) => jumpAfter(run, findEnd(run, IF, 'endif'))],
  ['ExitIf', (_, run) => jumpAfter(run, findEnd(run, IF, 'endif'))],
  ['EndIf', () => NEXT],
];

interface Block {
  readonly open: string;
  readonly close: string;
}

const WHILE: Block = { open: 'while', close: 'endwhile' };
const IF: Block = { open: 'if', close: 'endif' };

/** The next priority from here that is one of `wanted` and belongs to the block around this one. */
function findEnd(run: Run, block: Block, ...wanted: string[]): number | undefined {
  let depth = 0;
  for (let priority = run.position.priority + 1; ; priority++) {
    const name = run.applicationAt(priority)?.name.toLowerCase();
    if (name === undefined) return undefined;
    if (depth === 0 && wanted.includes(name)) return priority;
    if (name === block.open) depth++;
    else if (name === block.close) depth--;
  }
}

/** The While that the present loop began with. */
function findWhile(run: Run): number | undefined {
  let depth = 0;
  for (let priority = run.position.priority - 1; priority >= 1; priority--) {
    const name = run.applicationAt(priority)?.name.toLowerCase();
    if (name === WHILE.open) {
      if (depth === 0) return priority;
      depth--;
    } else if (name === WHILE.close) depth++;
  }
  return undefined;
}

/** The condition does not hold: the next branch that does, or the end of the block. */
function otherwise(run: Run): Outcome {
  for (;;) {
    const priority = findEnd(run, IF, 'elseif', 'else', 'endif');
    if (priority === undefined) return jumpAfter(run, undefined);
    const { name, data } = run.applicationAt(priority)!;
    run.jump({ ...run.position, priority });
    if (name.toLowerCase() !== 'elseif' || isTrue(run.expand(data).trim())) return jumpAfter(run, priority);
  }
}

function jumpTo(run: Run, priority: number | undefined): Outcome {
  if (priority !== undefined) return run.jump({ ...run.position, priority });
  run.warn('the loop has no beginning in this extension');
  return NEXT;
}

function jumpAfter(run: Run, priority: number | undefined): Outcome {
  if (priority !== undefined) return run.jump({ ...run.position, priority: priority + 1 });
  run.warn('the block has no end in this extension');
  return NEXT;
}
