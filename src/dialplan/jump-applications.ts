import { isTrue, separateArguments } from './argument.ts';
import { parseBranches, parseJump, priorityOf } from './jump.ts';
import type { PureApplication } from './pure-applications.ts';
import { type Frame, NEXT, type Outcome, type Run } from './run.ts';
import type { Position } from './scope.ts';

/** Applications that go elsewhere: jumps, subroutines and macros. */
export const JUMP_APPLICATIONS: readonly (readonly [string, PureApplication])[] = [
  ['Goto', goto],
  ['GotoIf', (data, run) => branch(data, run, isTrue, goto)],
  ['GotoIfTime', (data, run) => branch(data, run, (condition) => isNow(condition, run), goto)],
  ['Random', random],
  ['Gosub', gosub],
  ['GosubIf', (data, run) => branch(data, run, isTrue, gosub)],
  ['Return', returnFrom],
  ['StackPop', stackPop],
  ['Macro', macro],
  ['MacroIf', (data, run) => branch(data, run, isTrue, macro)],
  ['MacroExclusive', macro],
  ['MacroExit', macroExit],
  ['RaiseException', raiseException],
  ['Incomplete', incomplete],
];

function isNow(condition: string, run: Run): boolean {
  return run.callFunction('IFTIME', `${condition}?1:0`) === '1';
}

function branch(data: string, run: Run, holds: (condition: string) => boolean, go: PureApplication): Outcome {
  const branches = parseBranches(data);
  if (branches === undefined) return NEXT;
  const chosen = holds(branches.condition) ? branches.yes : branches.no;
  return chosen === '' ? NEXT : go(chosen, run);
}

const NOWHERE: Outcome = { type: 'end', reason: 'no-extension' };

/**
 * Where a target is. A number may name an extension that does not exist, which then is an invalid one; a label that
 * does not exist is nowhere.
 */
function resolve(data: string, run: Run): (Position & { readonly args: readonly string[] }) | undefined {
  const target = parseJump(data);
  if (target === undefined) {
    run.warn(`'${data}' is no place to go to`);
    return undefined;
  }
  const { context = run.position.context, exten = run.position.exten, args = [] } = target;
  const wanted = priorityOf(target, run.position);
  if (typeof wanted === 'number' && wanted > 0) return { context, exten, priority: wanted, args };
  const priority = findPriority(run, context, exten, wanted);
  if (priority === undefined) {
    run.warn(`there is no priority '${target.priority}' in extension '${exten}' of context '${context}'`);
    return undefined;
  }
  return { context, exten, priority, args };
}

function findPriority(run: Run, context: string, exten: string, wanted: number | string): number | undefined {
  const at = { clock: run.environment.clock, caller: run.channel.caller.number };
  return run.dialplan.find(context, exten, wanted, at)?.priority.number;
}

function goto(data: string, run: Run): Outcome {
  const target = resolve(data, run);
  if (target === undefined) return NOWHERE;
  const { context, exten, priority } = target;
  return run.jump({ context, exten, priority });
}

/** `Random([percent]:target)`, as before Asterisk 1.6. */
function random(data: string, run: Run): Outcome {
  const [, percent = '', target = ''] = /^\s*(\d*)\s*:(.*)$/s.exec(data) ?? [];
  const chance = percent === '' ? 100 : Number(percent);
  return run.environment.random.next() * 100 < chance && target !== '' ? goto(target, run) : NEXT;
}

function gosub(data: string, run: Run): Outcome {
  const target = resolve(data, run);
  if (target === undefined) return NOWHERE;
  const { context, exten, priority, args } = target;
  if (findPriority(run, context, exten, priority) === undefined) {
    run.warn(`Gosub leads to '${exten}' of context '${context}', which does not exist`);
    return NOWHERE;
  }
  const returnTo = { ...run.position, priority: run.position.priority + 1 };
  return call({ kind: 'gosub', returnTo, variables: argumentVariables(args) }, { context, exten, priority }, run);
}

function argumentVariables(args: readonly string[]): Map<string, string> {
  const variables = new Map(args.map((value, i) => [`ARG${i + 1}`, value]));
  return variables.set('ARGC', args.length.toString());
}

function call(frame: Frame, position: Position, run: Run): Outcome {
  if (run.enter(frame)) return run.jump(position);
  run.warn('subroutines are nested too deep');
  return { type: 'end', reason: 'endless-loop', cause: 'switch-congestion' };
}

function returnFrom(data: string, run: Run): Outcome {
  const frame = run.frame?.kind === 'gosub' ? run.leave() : undefined;
  if (frame === undefined) {
    run.warn('Return without Gosub');
    return { type: 'end', reason: 'finished' };
  }
  run.setVariable('GOSUB_RETVAL', data);
  return run.jump(frame.returnTo);
}

function stackPop(_: string, run: Run): Outcome {
  if (run.frame?.kind === 'gosub') run.leave();
  else run.warn('StackPop without Gosub');
  return NEXT;
}

/** `Macro(name,arguments)` runs extension s of context `macro-name` and comes back when that is out of priorities. */
function macro(data: string, run: Run): Outcome {
  const [name = '', ...args] = separateArguments(data).map((arg) => arg.trim());
  const { position } = run;
  const context = `macro-${name}`;
  if (findPriority(run, context, 's', 1) === undefined) {
    run.warn(`there is no macro '${name}'`);
    return NEXT;
  }
  const variables = argumentVariables(args);
  variables.set('MACRO_EXTEN', position.exten).set('MACRO_CONTEXT', position.context);
  variables.set('MACRO_PRIORITY', position.priority.toString());
  const returnTo = { ...position, priority: position.priority + 1 };
  return call({ kind: 'macro', context, returnTo, variables }, { context, exten: 's', priority: 1 }, run);
}

function macroExit(_: string, run: Run): Outcome {
  const frame = run.frame?.kind === 'macro' ? run.leave() : undefined;
  return frame === undefined ? NEXT : run.jump(frame.returnTo);
}

function raiseException(data: string, run: Run): Outcome {
  const { context } = run.position;
  run.setVariable('EXCEPTION(REASON)', data);
  return run.jump({ context, exten: 'e', priority: 1 });
}

/** The number is not complete: more digits are collected, if more could make another extension. */
function incomplete(_: string, run: Run): Outcome {
  const { context, exten } = run.position;
  const { digitTimeoutMs } = run.channel;
  const at = { clock: run.environment.clock, caller: run.channel.caller.number };
  if (!run.dialplan.lookup(context, exten, at).matchMore) return { type: 'invalid' };
  const action = { type: 'collect', prefix: exten, firstMs: digitTimeoutMs, interDigitMs: digitTimeoutMs } as const;
  return { type: 'perform', action };
}
