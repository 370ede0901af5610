/**
 * POSIX extended regular expressions, as `=~`, `:` and REGEX() of the dialplan have them, matched by following all
 * alternatives at once: the longest of the leftmost matches wins, and the time is bounded by pattern × text, so that no
 * pattern, whoever wrote it, can hold the switch up. Back references do not exist.
 */
export class RegularExpression {
  private constructor(
    private readonly program: readonly Instruction[],
    /** How many pairs of parentheses the pattern has. */
    readonly groups: number,
  ) {}

  static parse(pattern: string): RegularExpression | { readonly error: string } {
    const parser = new PatternParser(pattern);
    try {
      const program = parser.program();
      return new RegularExpression(program, parser.groups);
    } catch (failure) {
      if (failure instanceof PatternFailure) return { error: failure.message };
      throw failure;
    }
  }

  /** `group` is what the first parentheses caught, empty if they caught nothing. */
  search(
    text: string,
    options: { fromStart?: boolean } = {},
  ): { start: number; end: number; group: string } | undefined {
    const lastStart = options.fromStart === true ? 0 : text.length;
    let best: Thread | undefined;
    let bestEnd = 0;
    let threads: Thread[] = [];
    for (let at = 0; at <= text.length; at++) {
      if (best === undefined && at <= lastStart) threads.push({ pc: 0, start: at, groupStart: -1, groupEnd: -1 });
      const ready = this.follow(threads, at, text.length);
      for (const thread of ready) {
        if (this.program[thread.pc]!.op !== 'match') continue;
        if (best === undefined || thread.start < best.start || (thread.start === best.start && at > bestEnd)) {
          best = thread;
          bestEnd = at;
        }
      }
      const limit = best?.start ?? Number.POSITIVE_INFINITY;
      threads = [];
      for (const thread of ready) {
        const instruction = this.program[thread.pc]!;
        if (
          instruction.op === 'character' &&
          thread.start <= limit &&
          at < text.length &&
          instruction.accepts(text[at]!)
        )
          threads.push({ ...thread, pc: thread.pc + 1 });
      }
      if (threads.length === 0 && (best !== undefined || at >= lastStart)) break;
    }
    if (best === undefined) return undefined;
    const group = best.groupStart >= 0 && best.groupEnd >= 0 ? text.slice(best.groupStart, best.groupEnd) : '';
    return { start: best.start, end: bestEnd, group };
  }

  /** Runs every thread up to its next character; of two at one place the earlier in the list, which is the better, stays. */
  private follow(threads: readonly Thread[], at: number, length: number): Thread[] {
    const seen = new Set<number>();
    const ready: Thread[] = [];
    const stack = [...threads].reverse();
    for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
      if (seen.has(thread.pc)) continue;
      seen.add(thread.pc);
      const instruction = this.program[thread.pc]!;
      const next = thread.pc + 1;
      switch (instruction.op) {
        case 'split':
          stack.push({ ...thread, pc: instruction.second }, { ...thread, pc: instruction.first });
          break;
        case 'jump':
          stack.push({ ...thread, pc: instruction.to });
          break;
        case 'open':
          stack.push({ ...thread, pc: next, groupStart: at, groupEnd: -1 });
          break;
        case 'close':
          stack.push({ ...thread, pc: next, groupEnd: at });
          break;
        case 'begin':
          if (at === 0) stack.push({ ...thread, pc: next });
          break;
        case 'end':
          if (at === length) stack.push({ ...thread, pc: next });
          break;
        default:
          ready.push(thread);
      }
    }
    return ready;
  }
}

interface Thread {
  readonly pc: number;
  readonly start: number;
  readonly groupStart: number;
  readonly groupEnd: number;
}

type Instruction =
  | { readonly op: 'character'; readonly accepts: (c: string) => boolean }
  | { readonly op: 'split'; readonly first: number; readonly second: number }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'open' | 'close' | 'begin' | 'end' | 'match' };

/** Positions in a piece are relative to its beginning until `program` puts it in its place. */
type Piece = readonly Instruction[];

/** Thrown and caught inside this file only. */
class PatternFailure {
  constructor(readonly message: string) {}
}

const MAX_INSTRUCTIONS = 2000;
const MAX_REPEAT = 255;
const MAX_DEPTH = 100;

const CLASSES = new Map<string, RegExp>(
  Object.entries({
    alpha: /[A-Za-z]/,
    digit: /[0-9]/,
    alnum: /[A-Za-z0-9]/,
    upper: /[A-Z]/,
    lower: /[a-z]/,
    space: /[ \t\n\r\f\v]/,
    blank: /[ \t]/,
    punct: /[!-/:-@[-`{-~]/,
    print: /[ -~]/,
    graph: /[!-~]/,
    cntrl: /[\x00-\x1f\x7f]/,
    xdigit: /[0-9A-Fa-f]/,
  }),
);

class PatternParser {
  groups = 0;
  private at = 0;
  private depth = 0;

  constructor(private readonly pattern: string) {}

  program(): Instruction[] {
    return [...this.alternatives(), { op: 'match' }];
  }

  private alternatives(): Piece {
    if (++this.depth > MAX_DEPTH) throw new PatternFailure('nested too deep');
    let piece = this.sequence();
    while (this.pattern[this.at] === '|') {
      this.at++;
      const other = this.sequence();
      piece = bounded([
        { op: 'split', first: 1, second: piece.length + 2 },
        ...moved(piece, 1),
        { op: 'jump', to: piece.length + other.length + 2 },
        ...moved(other, piece.length + 2),
      ]);
    }
    this.depth--;
    return piece;
  }

  private sequence(): Piece {
    const pieces: Instruction[] = [];
    while (this.at < this.pattern.length && !this.endsSequence(this.pattern[this.at]!)) {
      let piece = this.atom();
      for (let repeat = this.repetition(); repeat !== undefined; repeat = this.repetition())
        piece = repeated(piece, repeat.least, repeat.most);
      pieces.push(...moved(piece, pieces.length));
      bounded(pieces);
    }
    return pieces;
  }

  /** Outside of parentheses a `)` is an ordinary character, as the C library of GNU has it. */
  private endsSequence(c: string): boolean {
    return c === '|' || (c === ')' && this.depth > 1);
  }

  private atom(): Piece {
    const c = this.pattern[this.at++]!;
    switch (c) {
      case '(': {
        const first = ++this.groups === 1;
        const inner = this.alternatives();
        if (this.pattern[this.at++] !== ')') throw new PatternFailure("unmatched '('");
        return first ? [{ op: 'open' }, ...moved(inner, 1), { op: 'close' }] : inner;
      }
      case '[':
        return [{ op: 'character', accepts: this.set() }];
      case '.':
        return [{ op: 'character', accepts: () => true }];
      case '^':
        return [{ op: 'begin' }];
      case '$':
        return [{ op: 'end' }];
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternFailure(`nothing stands before '${c}'`);
      case '\\':
        return [{ op: 'character', accepts: this.escaped() }];
      default:
        return [{ op: 'character', accepts: exactly(c) }];
    }
  }

  private escaped(): (c: string) => boolean {
    const c = this.pattern[this.at++];
    if (c === undefined) throw new PatternFailure('a backslash ends the expression');
    const shorthand: Readonly<Record<string, RegExp>> = { d: /[0-9]/, w: /\w/, s: /\s/, W: /\W/, S: /\S/ };
    const known = shorthand[c];
    return known === undefined || c === 'd' ? exactly(c) : (x) => known.test(x);
  }

  private set(): (c: string) => boolean {
    const negated = this.pattern[this.at] === '^';
    if (negated) this.at++;
    const ranges: [string, string][] = [];
    const classes: RegExp[] = [];
    for (let first = true; first || this.pattern[this.at] !== ']'; first = false) {
      const named = /^\[:([a-z]+):\]/.exec(this.pattern.slice(this.at, this.at + 24));
      if (named !== null) {
        const known = CLASSES.get(named[1]!);
        if (known === undefined) throw new PatternFailure(`no character class '${named[1]}'`);
        classes.push(known);
        this.at += named[0].length;
        continue;
      }
      const from = this.pattern[this.at++];
      if (from === undefined) throw new PatternFailure("unmatched '['");
      const to = this.pattern[this.at + 1];
      if (this.pattern[this.at] === '-' && to !== undefined && to !== ']') {
        if (to < from) throw new PatternFailure(`the range '${from}-${to}' runs backwards`);
        ranges.push([from, to]);
        this.at += 2;
      } else ranges.push([from, from]);
    }
    this.at++;
    const contains = (c: string): boolean =>
      ranges.some(([from, to]) => c >= from && c <= to) || classes.some((known) => known.test(c));
    return negated ? (c) => !contains(c) : contains;
  }

  private repetition(): { least: number; most: number } | undefined {
    const c = this.pattern[this.at];
    const simple: Readonly<Record<string, { least: number; most: number }>> = {
      '*': { least: 0, most: Number.POSITIVE_INFINITY },
      '+': { least: 1, most: Number.POSITIVE_INFINITY },
      '?': { least: 0, most: 1 },
    };
    if (c !== undefined && simple[c] !== undefined) {
      this.at++;
      return simple[c];
    }
    if (c !== '{') return undefined;
    const counted = /^\{(\d{0,3})(,(\d{0,3}))?\}/.exec(this.pattern.slice(this.at, this.at + 10));
    if (counted === null || counted[0] === '{}') throw new PatternFailure("no count stands behind '{'");
    this.at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (most < least || least > MAX_REPEAT || (most !== Number.POSITIVE_INFINITY && most > MAX_REPEAT))
      throw new PatternFailure(`'${counted[0]}' is no count`);
    return { least, most };
  }
}

function exactly(wanted: string): (c: string) => boolean {
  return (c) => c === wanted;
}

function bounded<T extends Piece>(piece: T): T {
  if (piece.length > MAX_INSTRUCTIONS) throw new PatternFailure('too long');
  return piece;
}

function moved(piece: Piece, by: number): Instruction[] {
  return piece.map((instruction) => {
    if (instruction.op === 'split')
      return { op: 'split', first: instruction.first + by, second: instruction.second + by };
    return instruction.op === 'jump' ? { op: 'jump', to: instruction.to + by } : instruction;
  });
}

function repeated(piece: Piece, least: number, most: number): Piece {
  const copies: Instruction[] = [];
  const append = (more: Piece): void => {
    copies.push(...moved(more, copies.length));
    bounded(copies);
  };
  for (let i = 0; i < least; i++) append(piece);
  if (most === Number.POSITIVE_INFINITY) {
    append([{ op: 'split', first: 1, second: piece.length + 2 }, ...moved(piece, 1), { op: 'jump', to: 0 }]);
  } else {
    for (let i = least; i < most; i++)
      append([{ op: 'split', first: 1, second: piece.length + 1 }, ...moved(piece, 1)]);
  }
  return copies;
}
