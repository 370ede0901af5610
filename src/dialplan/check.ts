import { closest } from '../base/closest.ts';
import { closestApplication, findApplication } from './applications.ts';
import { parseCall, separateArguments } from './argument.ts';
import { argumentFaults, type Found, isDynamic } from './argument-faults.ts';
import { blockFaults } from './block-faults.ts';
import { parseDialTarget } from './dial-target.ts';
import type { Context, Dialplan, Extension, Priority } from './dialplan.ts';
import { expressionFault, UNKNOWN } from './expression.ts';
import { FUNCTIONS, functionProblem } from './functions.ts';
import { type JumpTarget, parseBranches, parseJump, priorityOf } from './jump.ts';
import { Pattern } from './pattern.ts';
import type { Problem } from './problem.ts';
import { warningOfRead, warningOfSet } from './rehearsal.ts';
import { TimeCondition } from './time-condition.ts';
import { UnreachedPriorities } from './unreached.ts';
import { VariableNames } from './variable-names.ts';
import { closingOf, MAX_DEPTH, nextOpening, parseReference } from './variables.ts';

/**
 * What can be told of a dialplan without running it: applications and functions that do not exist, variables that are
 * never closed, jumps to places that are not there, blocks without an end, dial strings and options that nobody can read.
 */
export function checkDialplan(dialplan: Dialplan): Problem[] {
  const checker = new Checker(dialplan);
  for (const context of dialplan.contexts.values()) checker.context(context);
  return checker.problems;
}

class Checker {
  readonly problems: Problem[] = [];

  private readonly unreached: UnreachedPriorities;
  private readonly variables: VariableNames;

  constructor(private readonly dialplan: Dialplan) {
    this.unreached = new UnreachedPriorities(dialplan);
    this.variables = new VariableNames(dialplan);
  }

  context(context: Context): void {
    for (const include of context.includes) {
      if (include.context.includes('$') || this.dialplan.contexts.has(include.context)) continue;
      this.report(include, { severity: 'warning', message: this.noContext(include.context) });
    }
    for (const each of context.switches) {
      const target = parseDialTarget(`${each.technology}/${each.data}`);
      if (!each.expanded && 'error' in target)
        this.report(each, { severity: 'error', message: `switch: ${target.error}` });
    }
    for (const [index, extension] of context.extensions.entries()) {
      this.shadow(context.extensions[index - 1], extension);
      for (const priority of extension.priorities.values()) this.priority(context, extension, priority);
      for (const { at, ...found } of blockFaults(this.dialplan, extension)) this.report(at, found);
      for (const { at, ...found } of this.unreached.of(extension)) this.report(at, found);
    }
  }

  /** Of two patterns that differ by a `!` at the end only, that one comes first, and leaves nothing for the other. */
  private shadow(before: Extension | undefined, { pattern, caller, priorities }: Extension): void {
    const [first] = priorities.values();
    if (before?.caller !== undefined || caller !== undefined || first === undefined || !pattern.isPattern) return;
    const wider = Pattern.parse(`${pattern.text}!`);
    if (before === undefined || 'error' in wider || Pattern.compare(before.pattern, wider) !== 0) return;
    const message = `'${pattern.text}' is never reached: '${before.pattern.text}' comes before it`;
    this.report(first, { severity: 'warning', message });
  }

  private priority(context: Context, extension: Extension, priority: Priority): void {
    const unreadable = checkText(priority.data, { dialplan: this.dialplan, variables: this.variables });
    if (unreadable !== undefined) {
      const { index, ...found } = unreadable;
      this.report({ line: priority.line, column: priority.dataColumn + index }, found);
    }
    this.application(context, extension, priority, priority.application, priority.data);
  }

  /** `name` with `data`, written at a priority or inside ExecIf there. */
  private application(context: Context, extension: Extension, at: Priority, name: string, data: string): void {
    const application = findApplication(name);
    if (application === undefined) {
      if (name.includes('$')) return;
      const meant = closestApplication(name);
      const message = `there is no application '${name}'${meant === undefined ? '' : `, did you mean '${meant}'?`}`;
      this.report(at, { severity: 'error', message });
      return;
    }
    if (!application.available) {
      this.report(at, { severity: 'warning', message: `${application.name} is not available in this version` });
    }
    const jump = (text: string, isSubroutine = false): void => this.jump(context, extension, at, text, isSubroutine);
    const run = (text: string): void => {
      const call = parseCall(text.trim());
      if (call !== undefined) this.application(context, extension, at, call.name, call.args);
    };
    for (const found of argumentFaults(application.name, data)) this.report(at, found);
    switch (application.name) {
      case 'Set':
      case 'SetVar':
        this.assignment(at, data);
        break;
      case 'Goto':
      case 'Gosub':
        jump(data, application.name === 'Gosub');
        break;
      case 'Random':
        jump(data.slice(data.indexOf(':') + 1));
        break;
      case 'GotoIf':
      case 'GosubIf':
      case 'GotoIfTime':
        this.branches(at, application.name, data, (target) => jump(target, application.name === 'GosubIf'));
        break;
      case 'ExecIf':
      case 'ExecIfTime':
        this.branches(at, application.name, data, run);
        break;
      case 'Exec':
      case 'TryExec':
        run(data);
        break;
      case 'MacroIf':
        this.branches(at, application.name, data, (target) => this.macro(at, target));
        break;
      case 'Macro':
      case 'MacroExclusive':
        this.macro(at, data);
        break;
      default:
        break;
    }
  }

  /** A function that is set must be one that can be; of a value that is written out it says itself what is wrong. */
  private assignment(at: Priority, data: string): void {
    const equals = data.indexOf('=');
    const name = data.slice(0, equals).trim();
    const called = /^(\w+)\(.*\)$/s.exec(name)?.[1];
    if (equals < 0 || called === undefined) return;
    const problem = functionProblem(called) ?? this.settingProblem(called, name, data.slice(equals + 1));
    if (problem !== undefined) this.report(at, problem);
  }

  private settingProblem(called: string, name: string, value: string): Found | undefined {
    // Which argument, and which value, is known at a call: whether anything can be set is known at once.
    const isKnown = !isDynamic(name) && !isDynamic(value);
    if (!isKnown && FUNCTIONS.get(called)?.write !== undefined) return undefined;
    const message = warningOfSet(this.dialplan, name, value);
    return message === undefined ? undefined : { severity: 'warning', message };
  }

  private branches(at: Priority, name: string, data: string, check: (target: string) => void): void {
    const branches = parseBranches(data);
    if (branches === undefined) {
      const isOld = name === 'ExecIf' && separateArguments(data).length >= 2;
      if (!isDynamic(data) && !isOld)
        this.report(at, { severity: 'error', message: `${name} has no '?'`, allowed: `${name}(condition?yes:no)` });
      return;
    }
    if (name.endsWith('Time') && !isDynamic(branches.condition)) {
      const time = TimeCondition.parse(branches.condition);
      if ('error' in time) this.report(at, { severity: 'error', message: time.error });
    }
    for (const target of [branches.yes, branches.no]) if (target !== '') check(target);
  }

  private macro(at: Priority, text: string): void {
    const name = separateArguments(text)[0]?.trim() ?? '';
    if (isDynamic(name) || this.dialplan.find(`macro-${name}`, 's', 1) !== undefined) return;
    this.report(at, {
      severity: 'error',
      message: `there is no macro '${name}'`,
      allowed: `[macro-${name}] with extension s`,
    });
  }

  /** A jump whose every part is written out must lead somewhere. */
  private jump(context: Context, extension: Extension, at: Priority, text: string, isSubroutine: boolean): void {
    const target = parseJump(text);
    if (target === undefined) {
      if (!isDynamic(text))
        this.report(at, {
          severity: 'error',
          message: `'${text}' is no place to go to`,
          allowed: '[[context,]extension,]priority',
        });
      return;
    }
    const message = this.jumpProblem(context, extension, at, target);
    if (message === undefined) return;
    this.report(at, { severity: 'error', message: `${isSubroutine ? 'Gosub: ' : ''}${message}` });
  }

  private jumpProblem(context: Context, extension: Extension, at: Priority, target: JumpTarget): string | undefined {
    if (target.context !== undefined && isDynamic(target.context)) return undefined;
    const place = this.dialplan.contexts.get(target.context ?? context.name);
    if (place === undefined) return this.noContext(target.context ?? '');
    // Which extension a pattern stands for, and what a peer has, is known when a call is there.
    if (isDynamic(target.exten ?? '') || isDynamic(target.priority)) return undefined;
    if (target.exten === undefined && extension.pattern.isPattern)
      return this.ownPriorityProblem(context, extension, at, target);
    const exten = target.exten ?? extension.pattern.text;
    const wanted = priorityOf(target, { context: place.name, exten, priority: at.number });
    const caller = extension.caller?.isPattern === false ? extension.caller.text : '';
    const found = this.dialplan.find(place.name, exten, wanted, { caller });
    if (found !== undefined || this.dialplan.switches(place.name).length > 0) return undefined;
    if (this.anyCaller(place, exten, wanted)) return undefined;
    const isThere = this.dialplan.find(place.name, exten, 1) !== undefined;
    // A number to an extension that is not there can be meant: extension i takes it.
    if (!isThere && this.dialplan.find(place.name, 'i', 1) !== undefined) return undefined;
    if (!isThere) return `there is no extension '${exten}' in context '${place.name}'`;
    return this.noPriority(place, exten, target.priority);
  }

  private ownPriorityProblem(
    context: Context,
    extension: Extension,
    at: Priority,
    target: JumpTarget,
  ): string | undefined {
    const wanted = priorityOf(target, { context: context.name, exten: '', priority: at.number });
    if (typeof wanted === 'number') return undefined;
    // Another pattern that the number matches, too, may have the label.
    const labels = this.labels(context);
    if (labels.includes(wanted)) return undefined;
    return this.noPriority(context, extension.pattern.text, wanted);
  }

  /** An extension for certain callers counts as there. */
  private anyCaller(context: Context, exten: string, wanted: number | string): boolean {
    return context.extensions.some(
      ({ pattern, caller, priorities }) =>
        caller !== undefined &&
        pattern.match(exten).exact &&
        [...priorities.values()].some((it) => it.number === wanted || it.label === wanted),
    );
  }

  private labels(context: Context): string[] {
    return [...this.dialplan.reachable(context.name, {})]
      .flatMap((each) => each.extensions)
      .flatMap((each) => [...each.priorities.values()].flatMap(({ label }) => (label === undefined ? [] : [label])));
  }

  private noPriority(context: Context, exten: string, wanted: string): string {
    const meant = /^[+-]?\d+$/.test(wanted) ? undefined : closest(wanted, this.labels(context));
    const hint = meant === undefined ? '' : `, did you mean '${meant}'?`;
    return `extension '${exten}' of context '${context.name}' has no priority '${wanted}'${hint}`;
  }

  private noContext(name: string): string {
    const meant = closest(name, this.dialplan.contexts.keys());
    return `there is no context '${name}'${meant === undefined ? '' : `, did you mean '${meant}'?`}`;
  }

  private report(at: { readonly line: number; readonly column: number }, found: Found): void {
    this.problems.push({ line: at.line, column: at.column, ...found });
  }
}

interface Surroundings {
  readonly dialplan: Dialplan;
  readonly variables: VariableNames;
}

/** Variables and expressions of a text: each is closed, each function exists. The first that is not right. */
function checkText(text: string, around: Surroundings, offset = 0, depth = 0): (Found & { index: number }) | undefined {
  for (let at = nextOpening(text, 0); at >= 0; ) {
    const end = closingOf(text, at);
    const open = text.slice(at, at + 2);
    const index = offset + at;
    if (depth >= MAX_DEPTH)
      return { severity: 'error', message: 'variables are nested too deep', allowed: `${MAX_DEPTH} levels`, index };
    if (end < 0) {
      const allowed = open === '${' ? '}' : ']';
      return { severity: 'error', message: `'${text.slice(at, at + 20)}' is never closed`, allowed, index };
    }
    const inner = text.slice(at + 2, end);
    const problem = checkText(inner, around, index + 2, depth + 1);
    if (problem !== undefined) return problem;
    if (open === '${') {
      const { name, args } = parseReference(inner);
      const unknown = args === undefined || isDynamic(name) ? undefined : functionProblem(name);
      if (unknown !== undefined) return { ...unknown, index };
      const message = isDynamic(inner) ? undefined : warningOf(name, args, around);
      if (message !== undefined) return { severity: 'warning', message, index };
    } else {
      const fault = checkExpression(inner);
      if (fault !== undefined) return { ...fault, index: index + fault.index };
    }
    at = nextOpening(text, end + 1);
  }
  return undefined;
}

/** What is to be said of `${name}` or `${NAME(args)}` in every call. */
function warningOf(name: string, args: string | undefined, { dialplan, variables }: Surroundings): string | undefined {
  if (args !== undefined) return warningOfRead(dialplan, name, args);
  const meant = variables.meantBy(name);
  return meant && `nothing sets the variable '${name}', did you mean '${meant}'?`;
}

/** Of an expression, no more than this is repeated. */
const SHOWN = 40;

/** What stands in `$[…]`, of which the variables and the expressions inside are in order. */
function checkExpression(inner: string): (Found & { index: number }) | undefined {
  let unknown: Found | undefined;
  const fault = expressionFault(withoutValues(inner), {
    callFunction: (name) => {
      if (!name.includes(UNKNOWN)) unknown ??= functionProblem(name);
      return '0';
    },
    warn: () => {},
  });
  if (fault === undefined) return unknown && { ...unknown, index: 0 };
  const { message, index, allowed } = fault;
  const shown = inner.length > SHOWN ? `${inner.slice(0, SHOWN)}…` : inner;
  return { severity: 'error', message: `$[${shown}]: ${message}`, allowed, index: 2 + index };
}

/** A text with each variable in it as so many unknown characters. */
function withoutValues(text: string): string {
  let out = '';
  let from = 0;
  for (let at = nextOpening(text, 0); at >= 0; at = nextOpening(text, from)) {
    out += text.slice(from, at);
    from = closingOf(text, at) + 1;
    out += UNKNOWN.repeat(from - at);
  }
  return out + text.slice(from);
}
