/** Where the values in `${…}` and `$[…]` come from. */
export interface Evaluator {
  /** The value of a variable, undefined if it has none. */
  variable(name: string): string | undefined;
  /** The value of `${NAME(args)}`. */
  callFunction(name: string, args: string): string;
  /** The value of `$[…]`, whose variables are expanded already. */
  evaluate(expression: string): string;
  warn(message: string): void;
}

/** How deep `${…${…}…}` may go, and how long a value may become: a dialplan must not eat the box. */
export const MAX_DEPTH = 32;
export const MAX_LENGTH = 65_536;

/**
 * Puts the values of `${VAR}`, `${VAR:offset:length}`, `${FUNCTION(args)}` and `$[expression]` into a text, inner ones
 * first, once: what a value contains is not expanded again. Never throws.
 */
export function expand(text: string, evaluator: Evaluator, depth = 0): string {
  let at = nextOpening(text, 0);
  if (at < 0) return text;
  if (depth >= MAX_DEPTH) {
    evaluator.warn('variables are nested too deep');
    return '';
  }
  let out = '';
  let from = 0;
  for (; at >= 0; at = nextOpening(text, from)) {
    out += text.slice(from, at);
    const end = closingOf(text, at);
    if (end < 0) evaluator.warn(`missing '${text[at + 1] === '{' ? '}' : ']'}'`);
    const inner = expand(text.slice(at + 2, end < 0 ? text.length : end), evaluator, depth + 1);
    out += text[at + 1] === '{' ? resolve(inner, evaluator) : evaluator.evaluate(inner);
    from = end < 0 ? text.length : end + 1;
    if (out.length > MAX_LENGTH) {
      evaluator.warn(`a value is longer than ${MAX_LENGTH} characters and is cut`);
      return out.slice(0, MAX_LENGTH);
    }
  }
  return out + text.slice(from);
}

/** Expands what is known when the dialplan is loaded: global variables. */
export function expandGlobals(text: string, globals: ReadonlyMap<string, string>): string {
  return expand(text, {
    variable: (name) => globals.get(name),
    callFunction: () => '',
    evaluate: (expression) => expression,
    warn: () => {},
  });
}

function resolve(reference: string, evaluator: Evaluator): string {
  const { name, args, offset, length } = parseReference(reference);
  const value = args === undefined ? evaluator.variable(name) : evaluator.callFunction(name, args);
  return substring(value ?? '', offset, length);
}

export interface Reference {
  readonly name: string;
  /** Of a function. */
  readonly args?: string;
  readonly offset: number;
  readonly length: number;
}

/** Takes `NAME`, `NAME:offset:length` or `NAME(args):offset:length` apart; a colon inside the arguments is theirs. */
export function parseReference(text: string): Reference {
  let parentheses = 0;
  let end = text.length;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') parentheses++;
    else if (text[i] === ')') parentheses--;
    else if (text[i] === ':' && parentheses === 0) {
      end = i;
      break;
    }
  }
  const [, offset = '0', length] = /^:\s*([+-]?\d+)(?::\s*([+-]?\d+))?/.exec(text.slice(end)) ?? [];
  const slice = { offset: Number(offset), length: length === undefined ? Number.POSITIVE_INFINITY : Number(length) };
  const name = text.slice(0, end);
  const open = name.indexOf('(');
  if (open < 0) return { name, ...slice };
  const close = name.lastIndexOf(')');
  return { name: name.slice(0, open), args: name.slice(open + 1, close > open ? close : name.length), ...slice };
}

/** A part of a value: negative offsets count from its end, a negative length leaves that many characters off the end. */
export function substring(value: string, offset: number, length: number): string {
  const start = offset < 0 ? Math.max(0, value.length + offset) : offset;
  const end = length < 0 ? value.length + length : start + length;
  return end <= start ? '' : value.slice(start, end);
}

/** The next `${` or `$[` from `from` on, -1 if there is none. */
export function nextOpening(text: string, from: number): number {
  for (let at = text.indexOf('$', from); at >= 0; at = text.indexOf('$', at + 1)) {
    if (text[at + 1] === '{' || text[at + 1] === '[') return at;
  }
  return -1;
}

/** The brace or bracket that closes the opening at `at`, -1 if none does. Only its own kind is counted, as Asterisk does. */
export function closingOf(text: string, at: number): number {
  const open = text[at + 1];
  const close = open === '{' ? '}' : ']';
  let depth = 1;
  for (let i = at + 2; i < text.length; i++) {
    if (text[i] === open) depth++;
    else if (text[i] === close && --depth === 0) return i;
  }
  return -1;
}
