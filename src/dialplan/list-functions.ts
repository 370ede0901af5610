import { separateArguments } from './argument.ts';
import type { DialplanFunction, Scope } from './scope.ts';
import { delimiterOf } from './string-functions.ts';

/** Functions that see a variable's value as a list. They are given the variable's name, not its value. */
export const LIST_FUNCTIONS: Readonly<Record<string, DialplanFunction>> = {
  CUT: { read: cut },
  FIELDQTY: {
    read: (args, scope) => {
      const [name = '', delimiter] = separateArguments(args);
      return fieldsOf(scope.variable(name) ?? '', delimiterOf(delimiter, '-')).length.toString();
    },
  },
  FIELDNUM: {
    read: (args, scope) => {
      const [name = '', delimiter, wanted = ''] = separateArguments(args);
      const fields = fieldsOf(scope.variable(name) ?? '', delimiterOf(delimiter, '-'));
      return (fields.indexOf(wanted) + 1).toString();
    },
  },
  LISTFILTER: {
    read: (args, scope) => {
      const [name = '', delimiter, unwanted = ''] = separateArguments(args);
      const by = delimiterOf(delimiter, ',');
      return (scope.variable(name) ?? '')
        .split(by)
        .filter((field) => field !== unwanted)
        .join(by);
    },
  },
  SHIFT: { read: (args, scope) => take(args, scope, (fields) => fields.shift()) },
  POP: { read: (args, scope) => take(args, scope, (fields) => fields.pop()) },
  UNSHIFT: { write: (args, value, scope) => put(args, scope, (list, by) => `${value}${by}${list}`, value) },
  PUSH: { write: (args, value, scope) => put(args, scope, (list, by) => `${list}${by}${value}`, value) },
  ARRAY: {
    write: (args, value, scope) => {
      const values = separateArguments(value);
      for (const [i, name] of separateArguments(args).entries()) scope.setVariable(name.trim(), values[i] ?? '');
    },
  },
  HASH: {
    read: (args, scope) => {
      const [name = '', key] = separateArguments(args);
      if (key !== undefined) return scope.variable(hashVariable(name, key)) ?? '';
      return hashKeys(name, scope)
        .map((each) => scope.variable(hashVariable(name, each)) ?? '')
        .join(',');
    },
    write: (args, value, scope) => {
      const [name = '', key] = separateArguments(args);
      if (key !== undefined) scope.setVariable(hashVariable(name, key), value);
      else scope.warn('HASH takes a name and a key to be set');
    },
  },
  HASHKEYS: { read: (args, scope) => hashKeys(args.trim(), scope).join(',') },
};

const FIELDS_MAX = 10_000;

function fieldsOf(value: string, delimiter: string): string[] {
  return value === '' ? [] : value.split(delimiter);
}

/** `CUT(variable,delimiter,fields)`; fields are numbers and ranges, `1&3-`, from 1. */
function cut(args: string, scope: Scope): string {
  const [name = '', delimiter, wanted = '1'] = separateArguments(args);
  const by = delimiterOf(delimiter, '-');
  const fields = (scope.variable(name) ?? '').split(by);
  const chosen: string[] = [];
  for (const part of wanted.split('&')) {
    const [, from = '', range, to = ''] = /^\s*(\d*)(?:(-)(\d*))?\s*$/.exec(part) ?? [];
    if (from === '' && to === '') {
      scope.warn(`CUT has no field '${part}'`);
      continue;
    }
    const first = from === '' ? 1 : Number(from);
    const last = range === undefined ? first : to === '' ? fields.length : Number(to);
    if (first >= 1) chosen.push(...fields.slice(first - 1, last));
    if (chosen.length > FIELDS_MAX) break;
  }
  return chosen.join(by);
}

function take(args: string, scope: Scope, from: (fields: string[]) => string | undefined): string {
  const [name = '', delimiter] = separateArguments(args);
  const by = delimiterOf(delimiter, ',');
  const fields = fieldsOf(scope.variable(name) ?? '', by);
  const taken = from(fields) ?? '';
  scope.setVariable(name, fields.join(by));
  return taken;
}

function put(args: string, scope: Scope, joined: (list: string, by: string) => string, value: string): void {
  const [name = '', delimiter] = separateArguments(args);
  const list = scope.variable(name) ?? '';
  scope.setVariable(name, list === '' ? value : joined(list, delimiterOf(delimiter, ',')));
}

function hashVariable(name: string, key: string): string {
  return `~HASH~${name}~${key}~`;
}

function hashKeys(name: string, scope: Scope): string[] {
  const prefix = `~HASH~${name}~`;
  return [...scope.variableNames()].filter((it) => it.startsWith(prefix)).map((it) => it.slice(prefix.length, -1));
}

/** Forgets every key of a hash: application ClearHash. */
export function clearHash(name: string, scope: Scope): void {
  for (const key of hashKeys(name, scope)) scope.deleteVariable(hashVariable(name, key));
}
