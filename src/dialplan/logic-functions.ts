import { isTrue, separateArguments, unquote } from './argument.ts';
import { formatTime, parseTime } from './format-time.ts';
import type { DialplanFunction, Scope } from './scope.ts';
import { TimeCondition } from './time-condition.ts';
import { civilTime, epochOf } from './wall-clock.ts';

/** Functions of conditions, numbers and time. */
export const LOGIC_FUNCTIONS: Readonly<Record<string, DialplanFunction>> = {
  IF: { read: (args, scope) => choose('IF', args, scope, (condition) => isTrue(condition)) },
  IFTIME: { read: (args, scope) => choose('IFTIME', args, scope, (condition) => isNow(condition, scope)) },
  ISNULL: { read: (args) => (args === '' ? '1' : '0') },
  EXISTS: { read: (args) => (args === '' ? '0' : '1') },
  VARIABLE_EXISTS: { read: (args, scope) => (scope.variable(args) === undefined ? '0' : '1') },
  SET: {
    read: (args, scope) => {
      const equals = args.indexOf('=');
      if (equals < 0) return '';
      const value = args.slice(equals + 1);
      scope.setVariable(args.slice(0, equals).trim(), value);
      return value;
    },
  },
  MATH: { read: math },
  INC: { read: (args, scope) => step(args, scope, 1) },
  DEC: { read: (args, scope) => step(args, scope, -1) },
  ABS: { read: (args) => (/^\s*-?\d+(\.\d+)?\s*$/.test(args) ? args.trim().replace('-', '') : '') },
  MIN: { read: (args) => Math.min(...numbersOf(args)).toString() },
  MAX: { read: (args) => Math.max(...numbersOf(args)).toString() },
  RAND: {
    read: (args, scope) => {
      const [low = '', high = ''] = separateArguments(args);
      const least = /^-?\d+$/.test(low) ? Number(low) : 0;
      const most = /^-?\d+$/.test(high) ? Number(high) : 2_147_483_647;
      const range = Math.abs(most - least) + 1;
      return (Math.min(least, most) + scope.environment.random.integer(range)).toString();
    },
  },
  STRFTIME: {
    read: (args, scope) => {
      const { clock } = scope.environment;
      const [epoch = '', zone = '', format = '%c'] = separateArguments(args, ',', { limit: 3 });
      const seconds = Number(epoch);
      const isEpoch = epoch !== '' && Math.abs(seconds) < 1e11;
      const epochMs = isEpoch ? Math.floor(seconds * 1000) : clock.nowMs();
      return formatTime(civilTime(clock, epochMs, zone === '' ? undefined : zone), format);
    },
  },
  STRPTIME: {
    read: (args, scope) => {
      const [text = '', zone = '', format = ''] = separateArguments(args, ',', { limit: 3 });
      const civil = parseTime(text, format);
      if (civil === undefined) return '';
      return Math.floor(epochOf(scope.environment.clock, civil, zone === '' ? undefined : zone) / 1000).toString();
    },
  },
};

function isNow(condition: string, scope: Scope): boolean {
  const time = TimeCondition.parse(condition);
  if (!('error' in time)) return time.holds(scope.environment.clock);
  scope.warn(time.error);
  return false;
}

/** `condition?yes:no`. */
function choose(name: string, args: string, scope: Scope, holds: (condition: string) => boolean): string {
  const [condition = '', rest] = separateArguments(args, '?', { raw: true, limit: 2 });
  if (condition === '' || rest === undefined) {
    scope.warn(`${name} takes condition?yes:no`);
    return '';
  }
  const [yes = '', no = ''] = separateArguments(rest, ':', { raw: true, limit: 2 });
  // Asterisk takes the quotes off the first of the two only.
  return holds(unquote(condition.trim())) ? unquote(yes.trim()) : no.trim();
}

function step(name: string, scope: Scope, by: number): string {
  const value = (Math.trunc(Number(scope.variable(name.trim()) ?? '0')) || 0) + by;
  scope.setVariable(name.trim(), value.toString());
  return value.toString();
}

function numbersOf(args: string): number[] {
  return separateArguments(args).map((arg) => Number.parseFloat(arg) || 0);
}

/** In the order in which Asterisk looks for them. */
const OPERATORS: readonly (readonly [string, (a: number, b: number) => number | boolean])[] = [
  ['*', (a, b) => a * b],
  ['/', (a, b) => (b === 0 ? 0 : a / b)],
  ['%', (a, b) => (Math.trunc(b) === 0 ? 0 : Math.trunc(a) % Math.trunc(b))],
  ['^', (a, b) => a ** b],
  ['AND', (a, b) => Math.trunc(a) & Math.trunc(b)],
  ['XOR', (a, b) => Math.trunc(a) ^ Math.trunc(b)],
  ['OR', (a, b) => Math.trunc(a) | Math.trunc(b)],
  ['>=', (a, b) => a >= b],
  ['>>', (a, b) => Math.trunc(a) >> Math.trunc(b)],
  ['>', (a, b) => a > b],
  ['<=', (a, b) => a <= b],
  ['<<', (a, b) => Math.trunc(a) << Math.trunc(b)],
  ['<', (a, b) => a < b],
  ['==', (a, b) => a === b],
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
];

/** `MATH(7/2[,type])` of two numbers; type is f (six decimals, the default), i, h or c. */
function math(args: string, scope: Scope): string {
  const [expression = '', type = 'float'] = separateArguments(args);
  for (const [sign, calculate] of OPERATORS) {
    const at = expression.indexOf(sign, 1);
    if (at < 0) continue;
    const [left, right] = [expression.slice(0, at), expression.slice(at + sign.length)].map((side) => side.trim());
    const [a, b] = [Number(left), Number(right)];
    if (left === '' || right === '' || Number.isNaN(a) || Number.isNaN(b)) break;
    const result = calculate(a, b);
    if (typeof result === 'boolean') return result ? 'TRUE' : 'FALSE';
    return formatNumber(result, type.trim().toLowerCase(), scope);
  }
  scope.warn(`MATH cannot calculate '${expression}'`);
  return '';
}

function formatNumber(value: number, type: string, scope: Scope): string {
  switch (type) {
    case '':
    case 'f':
    case 'float':
      return value.toFixed(6);
    case 'i':
    case 'int':
      return Math.trunc(value).toString();
    case 'h':
    case 'hex':
      return (Math.trunc(value) >>> 0).toString(16);
    case 'c':
    case 'char':
      return String.fromCharCode(Math.trunc(value) & 0xff);
    default:
      scope.warn(`MATH knows no type '${type}'`);
      return '';
  }
}
