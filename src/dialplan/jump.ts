import { separateArguments } from './argument.ts';
import type { Position } from './scope.ts';

/** `[[context,]exten,]priority` of Goto and its like; what is left out stays as it is. */
export interface JumpTarget {
  readonly context?: string;
  readonly exten?: string;
  /** A number, a label, or `+n` and `-n` from here. */
  readonly priority: string;
  /** Of Gosub: what stands in parentheses behind the priority. */
  readonly args?: readonly string[];
}

/** Reads a target; undefined if there is none. */
export function parseJump(text: string): JumpTarget | undefined {
  const trimmed = text.trim();
  const open = trimmed.endsWith(')') ? openingOf(trimmed) : -1;
  const args = open < 0 ? undefined : separateArguments(trimmed.slice(open + 1, -1));
  const parts = separateArguments(open < 0 ? trimmed : trimmed.slice(0, open)).map((part) => part.trim());
  const priority = parts.pop();
  if (priority === undefined || priority === '' || parts.length > 2) return undefined;
  const exten = parts.pop();
  const context = parts.pop();
  return {
    priority,
    ...(exten === undefined || exten === '' ? {} : { exten }),
    ...(context === undefined || context === '' ? {} : { context }),
    ...(args === undefined ? {} : { args }),
  };
}

/** The parenthesis that the last character closes. */
function openingOf(text: string): number {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(' && --depth === 0) return i;
  }
  return -1;
}

/** The priority that a target names, as a number where it is one, seen from a position. */
export function priorityOf(target: JumpTarget, from: Position): number | string {
  const [, sign, digits] = /^([+-]?)(\d+)$/.exec(target.priority) ?? [];
  if (digits === undefined) return target.priority;
  if (sign === '+') return from.priority + Number(digits);
  if (sign === '-') return from.priority - Number(digits);
  return Number(digits);
}

/** `condition?first:second`: the text of the two targets, empty where there is none. */
export function parseBranches(data: string): { condition: string; yes: string; no: string } | undefined {
  const [condition = '', rest] = separateArguments(data, '?', { raw: true, limit: 2 });
  if (rest === undefined) return undefined;
  const [yes = '', no = ''] = separateArguments(rest, ':', { raw: true, limit: 2 });
  return { condition: condition.trim(), yes: yes.trim(), no: no.trim() };
}
