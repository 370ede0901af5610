import { Rational } from './rational.ts';
import { RegularExpression } from './regular-expression.ts';

/** What an expression may call: `$[LEN(abc) > 2]`. Undefined for a function that does not exist. */
export interface ExpressionCalls {
  callFunction(name: string, args: string): string | undefined;
  warn(message: string): void;
}

export interface ExpressionResult {
  readonly value: string;
  /** What is wrong with the expression; `value` is then what Asterisk's parser had understood so far. */
  readonly error?: { readonly message: string; readonly index: number };
  /** The first regular expression in it that cannot be read; it matches nothing. */
  readonly unreadable?: { readonly pattern: string; readonly message: string; readonly index: number };
}

/**
 * Evaluates what stands in `$[…]` after its variables are expanded. Operators from loose to tight: `? ::`, `|`, `&`,
 * comparisons, `+ -`, `* / %`, `! -`, then `:` (regular expression from the start), `=~` (anywhere) and `~~` (join).
 * Quotes stay part of a value and make it text: `"1" = "1.0"` is 0, `1 = 1.0` is 1. Never throws.
 */
export function evaluateExpression(text: string, calls: ExpressionCalls): ExpressionResult {
  return evaluateTokens(tokenize(text), text.length, calls);
}

function evaluateTokens(tokens: readonly Token[], end: number, calls: ExpressionCalls): ExpressionResult {
  return tokens.length === 0 ? { value: '' } : new ExpressionParser(tokens, calls, end).run();
}

/** Stands in a text for a character of a variable, whose value is not known. */
export const UNKNOWN = '\ufffe';

export interface ExpressionFault {
  readonly message: string;
  readonly index: number;
  /** What would be right in its place. */
  readonly allowed: string;
}

/**
 * What is wrong with an expression whatever its variables hold, which stand in it as `UNKNOWN`; undefined where nothing is, or
 * where a value could mend it: a variable may hold an operator, or half of an expression.
 */
export function expressionFault(text: string, calls: ExpressionCalls): ExpressionFault | undefined {
  const tokens = tokenize(text);
  const { error, unreadable } = evaluateTokens(tokens, text.length, calls);
  if (error === undefined) {
    if (unreadable === undefined || unreadable.pattern.includes(UNKNOWN)) return undefined;
    const { message, index } = unreadable;
    return { message, index, allowed: 'a regular expression of POSIX (extended)' };
  }
  const at = tokens.findIndex(({ index }) => index === error.index);
  const before = tokens[at < 0 ? tokens.length - 1 : at - 1];
  const wantsValue = before === undefined || (before.kind === 'operator' && before.text !== ')');
  // Two values, or two operators, in a row are wrong wherever they stand; of all else a variable may hold the rest.
  const isHere = wantsValue || tokens[at]?.kind === 'value';
  const concerned = isHere ? [before, tokens[at]] : tokens;
  if (concerned.some((token) => token?.text.includes(UNKNOWN))) return undefined;
  return { ...error, allowed: wantsValue ? 'a value' : at < 0 ? ')' : 'an operator, or the end' };
}

interface Token {
  readonly kind: 'value' | 'operator';
  readonly text: string;
  readonly index: number;
}

/** Characters that are in none of these classes (`~`, braces, brackets) are skipped, as Asterisk's lexer does. */
const TOKEN = /"[^"]*"|\|\||&&|==|>=|<=|!=|=~|~~|::|[|&=><+\-*/%!:?,()]|[A-Za-z0-9.';\\_^$#@\u0080-\uffff]+/g;

function tokenize(text: string): Token[] {
  return Array.from(text.matchAll(TOKEN), (match) => ({
    kind: /^["A-Za-z0-9.';\\_^$#@\u0080-\uffff]/.test(match[0]) ? 'value' : 'operator',
    text: match[0],
    index: match.index,
  }));
}

type Value = string | Rational;

/** Binary operators by how tightly they bind; `? ::` is 0 and binds to the right. */
const BINDING: Readonly<Record<string, number>> = {
  '|': 1,
  '||': 1,
  '&': 2,
  '&&': 2,
  '=': 3,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  ':': 7,
  '=~': 7,
  '~~': 7,
};
const UNARY = 6;
const MAX_DEPTH = 200;
/** What Asterisk gives for a division by zero. */
const INFINITE = Rational.ofNumber(2_147_483_647);

/** Thrown and caught inside this file only. */
class SyntaxFailure {
  constructor(
    readonly message: string,
    readonly index: number,
  ) {}
}

class ExpressionParser {
  private at = 0;
  private depth = 0;
  private unreadable: ExpressionResult['unreadable'];

  constructor(
    private readonly tokens: readonly Token[],
    private readonly calls: ExpressionCalls,
    private readonly end: number,
  ) {}

  run(): ExpressionResult {
    let value = '';
    try {
      value = textOf(this.expression(0));
      const rest = this.tokens[this.at];
      if (rest === undefined) return this.unreadable === undefined ? { value } : { value, unreadable: this.unreadable };
      return { value, error: { message: `unexpected '${rest.text}'`, index: rest.index } };
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      // A parser that reduces nothing at all has the empty value, one that fails inside has 0.
      return { value: this.at === 0 ? '' : '0', error: { message: failure.message, index: failure.index } };
    }
  }

  private peek(): string | undefined {
    const token = this.tokens[this.at];
    return token?.kind === 'operator' ? token.text : undefined;
  }

  private fail(): never {
    const token = this.tokens[this.at];
    throw new SyntaxFailure(
      token === undefined ? 'the expression ends too early' : `unexpected '${token.text}'`,
      token?.index ?? this.end,
    );
  }

  private take(operator: string): void {
    if (this.peek() !== operator) this.fail();
    this.at++;
  }

  private expression(minimum: number): Value {
    if (++this.depth > MAX_DEPTH)
      throw new SyntaxFailure('the expression is nested too deep', this.tokens[this.at]?.index ?? this.end);
    let left = this.operand();
    for (;;) {
      const operator = this.peek();
      if (operator === '?' && minimum === 0) {
        this.at++;
        const yes = this.expression(0);
        this.take('::');
        const no = this.expression(0);
        left = isChosen(left) ? yes : no;
        continue;
      }
      const binding = operator === undefined ? undefined : BINDING[operator];
      if (operator === undefined || binding === undefined || binding < minimum) break;
      const index = this.tokens[++this.at]?.index ?? this.end;
      left = this.apply(operator, left, this.expression(binding + 1), index);
    }
    this.depth--;
    return left;
  }

  private operand(): Value {
    const token = this.tokens[this.at];
    if (token === undefined) this.fail();
    if (token.kind === 'value') {
      this.at++;
      return this.peek() === '(' && !token.text.startsWith('"') ? this.call(token.text) : token.text;
    }
    switch (token.text) {
      case '(': {
        this.at++;
        const value = this.expression(0);
        this.take(')');
        return value;
      }
      case '-': {
        this.at++;
        return this.number(this.expression(UNARY)).negate();
      }
      case '!':
        this.at++;
        return truth(!isSet(this.expression(UNARY)));
      default:
        return this.fail();
    }
  }

  private call(name: string): Value {
    this.take('(');
    const args: Value[] = [];
    if (this.peek() === ')') this.at++;
    else {
      do args.push(this.expression(0));
      while (this.peek() === ',' && ++this.at);
      this.take(')');
    }
    const mathematical = MATHEMATICS[name.toUpperCase()];
    if (mathematical !== undefined)
      return Rational.ofNumber(mathematical(...args.map((arg) => this.number(arg).toNumber())));
    const value = this.calls.callFunction(name, args.map(textOf).join(','));
    if (value === undefined) this.calls.warn(`there is no function '${name}'`);
    return value ?? Rational.zero;
  }

  /** `index` is where `b` is written. */
  private apply(operator: string, a: Value, b: Value, index: number): Value {
    switch (operator) {
      case '|':
      case '||':
        return isNothing(a) ? b : a;
      case '&':
      case '&&':
        return isNothing(a) || isNothing(b) ? Rational.zero : a;
      case '+':
        return this.number(a).add(this.number(b));
      case '-':
        return this.number(a).subtract(this.number(b));
      case '*':
        return this.number(a).multiply(this.number(b));
      case '/':
      case '%':
        return this.divide(operator, this.number(a), this.number(b));
      case '~~':
        return withoutQuotes(textOf(a)) + withoutQuotes(textOf(b));
      case ':':
      case '=~':
        return this.search(withoutQuotes(textOf(a)), withoutQuotes(textOf(b)), operator === ':', index);
      default:
        return truth(holds(operator, compare(a, b)));
    }
  }

  private divide(operator: '/' | '%', a: Rational, b: Rational): Rational {
    if (!b.isZero) return operator === '/' ? a.divide(b) : a.remainder(b);
    this.calls.warn('division by zero');
    return operator === '/' ? INFINITE : Rational.zero;
  }

  /** What the first parentheses caught; without any, how many characters matched. */
  private search(text: string, pattern: string, fromStart: boolean, index: number): Value {
    const expression = RegularExpression.parse(pattern);
    if ('error' in expression) {
      const message = `regular expression '${pattern}': ${expression.error}`;
      this.unreadable ??= { pattern, message, index };
      this.calls.warn(message);
      return '';
    }
    const match = expression.search(text, { fromStart });
    if (expression.groups > 0) return match?.group ?? '';
    return Rational.ofNumber(match === undefined ? 0 : match.end - match.start);
  }

  private number(value: Value): Rational {
    if (typeof value !== 'string') return value;
    const number = Rational.parse(value);
    if (number === undefined) this.calls.warn(`'${value}' is not a number and counts as 0`);
    return number ?? Rational.zero;
  }
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : value.toString();
}

function numberOf(value: Value): Rational | undefined {
  return typeof value === 'string' ? Rational.parse(value) : value;
}

function truth(condition: boolean): Rational {
  return condition ? Rational.one : Rational.zero;
}

/** For `|` and `&`: empty or zero. */
function isNothing(value: Value): boolean {
  return value === '' || numberOf(value)?.isZero === true;
}

/** For `? ::`: as `|` has it, and an empty pair of quotes is nothing, too. */
function isChosen(value: Value): boolean {
  return value !== '""' && !isNothing(value);
}

/** For `!`: text counts by the digits it begins with. */
function isSet(value: Value): boolean {
  const number = numberOf(value);
  if (number !== undefined) return !number.isZero;
  return value === '' || /^-?0*[1-9]/.test(textOf(value));
}

function compare(a: Value, b: Value): number {
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) return left.compare(right);
  const [x, y] = [textOf(a), textOf(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function holds(operator: string, order: number): boolean {
  switch (operator) {
    case '=':
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    default:
      return order >= 0;
  }
}

function withoutQuotes(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function halfAwayFromZero(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

function halfToEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + Math.abs(floor % 2) : Math.round(x);
}

/** A missing argument is 0, as in Asterisk. */
const MATHEMATICS: Readonly<Record<string, (x?: number, y?: number) => number>> = {
  SIN: (x = 0) => Math.sin(x),
  COS: (x = 0) => Math.cos(x),
  TAN: (x = 0) => Math.tan(x),
  ASIN: (x = 0) => Math.asin(x),
  ACOS: (x = 0) => Math.acos(x),
  ATAN: (x = 0) => Math.atan(x),
  ATAN2: (x = 0, y = 0) => Math.atan2(x, y),
  POW: (x = 0, y = 0) => x ** y,
  SQRT: (x = 0) => Math.sqrt(x),
  FLOOR: (x = 0) => Math.floor(x),
  CEIL: (x = 0) => Math.ceil(x),
  ROUND: (x = 0) => halfAwayFromZero(x),
  RINT: (x = 0) => halfToEven(x),
  TRUNC: (x = 0) => Math.trunc(x),
  EXP: (x = 0) => Math.exp(x),
  EXP2: (x = 0) => 2 ** x,
  EXP10: (x = 0) => 10 ** x,
  LOG: (x = 0) => Math.log(x),
  LOG2: (x = 0) => Math.log2(x),
  LOG10: (x = 0) => Math.log10(x),
  REMAINDER: (x = 0, y = 0) => (y === 0 ? 0 : x - y * halfToEven(x / y)),
};
