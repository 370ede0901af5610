/**
 * Extension patterns as pbx.c matches and orders them: `_` makes a pattern of X (0–9), Z (1–9), N (2–9), `[1-5a]`, a
 * final `.` (one character or more) and a final `!` (any rest, at once). Hyphens outside brackets, in patterns and in
 * dialled numbers, and blanks are only for the eye.
 */
export class Pattern {
  private constructor(
    /** As written, for messages and `dialplan show`. */
    readonly text: string,
    /** Undefined for a plain extension, which matches itself only. */
    private readonly elements: readonly Element[] | undefined,
    private readonly plain: string,
  ) {}

  static parse(text: string): Pattern | PatternError {
    const plain = text.replace(/\s+/g, '');
    if (!plain.startsWith('_')) return new Pattern(text, undefined, withoutHyphens(plain));
    const elements = parseElements(text);
    return 'error' in elements ? elements : new Pattern(text, elements.elements, plain);
  }

  get isPattern(): boolean {
    return this.elements !== undefined;
  }

  /** Matches every number there is, `_.` and `_!`: special extensions such as h and i, too. */
  get matchesEverything(): boolean {
    return this.elements?.length === 1 && typeof this.elements[0] === 'string';
  }

  /**
   * How a number stands to this pattern. `exact`: this is the extension. `canGrow`: with more digits it would match, or
   * matches still. `final`: an early match (`!`), after which no digit is to be waited for.
   */
  match(number: string): Match {
    const digits = withoutHyphens(number);
    if (this.elements === undefined) {
      if (digits === this.plain) return EXACT;
      return this.plain.startsWith(digits) ? GROWING : NONE;
    }
    if (number === this.text) return EXACT;
    let i = 0;
    for (const element of this.elements) {
      if (element === '!') return FINAL;
      if (i === digits.length) return GROWING;
      if (element === '.') return { exact: true, canGrow: true, final: false };
      if (!element.includes(digits.charCodeAt(i))) return NONE;
      i++;
    }
    return i === digits.length ? EXACT : NONE;
  }

  /**
   * The order in which a context tries its extensions, a total order: plain ones first, then patterns by their first
   * difference: the smaller set of characters, the lower characters, `.`, `!`, the end of the pattern. Zero means that
   * both are the same extension, `_[0-9]` and `_X`.
   */
  static compare(a: Pattern, b: Pattern): number {
    if (a.elements === undefined || b.elements === undefined) {
      if (a.elements !== undefined) return 1;
      if (b.elements !== undefined) return -1;
      return a.plain === b.plain ? 0 : a.plain < b.plain ? -1 : 1;
    }
    for (let i = 0; ; i++) {
      const order = compareElements(a.elements[i], b.elements[i]);
      if (order !== 0 || i >= a.elements.length) return order;
    }
  }

  /** Whether there is a number that is this extension and that one. */
  static mayBothMatch(a: Pattern, b: Pattern): boolean {
    if (a.elements === undefined) return b.match(a.plain).exact;
    if (b.elements === undefined) return a.match(b.plain).exact;
    for (let i = 0; ; i++) {
      const [one, other] = [a.elements[i], b.elements[i]];
      if (one === undefined && other === undefined) return true;
      if (one === '!' || other === '!') return true;
      if (one === undefined || other === undefined) return false;
      if (one === '.' || other === '.') return true;
      if (!one.some((code) => other.includes(code))) return false;
    }
  }
}

export interface PatternError {
  readonly error: string;
  /** Where in the text. */
  readonly index: number;
}

export interface Match {
  readonly exact: boolean;
  readonly canGrow: boolean;
  readonly final: boolean;
}

const NONE: Match = { exact: false, canGrow: false, final: false };
const EXACT: Match = { exact: true, canGrow: false, final: false };
const GROWING: Match = { exact: false, canGrow: true, final: false };
const FINAL: Match = { exact: true, canGrow: false, final: true };

/** The code units that may stand in one place, ascending; or what ends the pattern. */
type Element = readonly number[] | '.' | '!';

const CLASSES: Readonly<Record<string, string>> = { X: '0123456789', Z: '123456789', N: '23456789' };

function parseElements(text: string): { elements: Element[] } | PatternError {
  const elements: Element[] = [];
  for (let i = text.indexOf('_') + 1; i < text.length; i++) {
    const c = text[i]!;
    const last = elements.at(-1);
    if (c === '-' || c === ' ' || c === '\t') continue;
    if (last === '.' || last === '!') return { error: `nothing may follow the '${last}' of a pattern`, index: i };
    if (c === '[') {
      const end = text.indexOf(']', i + 1);
      if (end < 0) return { error: "the '[' of the pattern has no ']'", index: i };
      const set = parseSet(text, i + 1, end);
      if ('error' in set) return set;
      elements.push(set.codes);
      i = end;
    } else if (c === ']') return { error: "the ']' of the pattern has no '['", index: i };
    else if (c === '.' || c === '!') elements.push(c);
    else elements.push(codesOf(CLASSES[c.toUpperCase()] ?? c));
  }
  return elements.length === 0 ? { error: 'the pattern is empty', index: 0 } : { elements };
}

function parseSet(text: string, from: number, end: number): { codes: number[] } | PatternError {
  const codes = new Set<number>();
  for (let i = from; i < end; i++) {
    const first = text.charCodeAt(i);
    const isRange = i + 2 < end && text[i + 1] === '-';
    const last = isRange ? text.charCodeAt(i + 2) : first;
    if (last < first) return { error: `the range '${text.slice(i, i + 3)}' runs backwards`, index: i };
    for (let code = first; code <= last; code++) codes.add(code);
    if (isRange) i += 2;
  }
  if (codes.size === 0) return { error: "the pattern has an empty '[]'", index: from - 1 };
  return { codes: [...codes].sort((a, b) => a - b) };
}

function codesOf(characters: string): number[] {
  return [...characters].flatMap((c) => Array.from({ length: c.length }, (_, i) => c.charCodeAt(i)));
}

function compareElements(a: Element | undefined, b: Element | undefined): number {
  const order = weight(a) - weight(b);
  if (order !== 0 || a === undefined || b === undefined || typeof a === 'string' || typeof b === 'string') return order;
  const at = a.findIndex((code, i) => code !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function weight(element: Element | undefined): number {
  if (element === undefined) return 1e9;
  if (element === '!') return 1e8;
  if (element === '.') return 1e7;
  return element.length;
}

function withoutHyphens(number: string): string {
  return number.includes('-') ? number.replaceAll('-', '') : number;
}
