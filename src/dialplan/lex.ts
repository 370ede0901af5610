import type { Problem } from './problem.ts';

/** A piece of one source line that still knows in which column each of its characters stood. */
export class SourceText {
  /** `removed` are the indices before which a character of the source was left out: the backslash of `\;`. */
  constructor(
    readonly text: string,
    readonly line: number,
    readonly column: number,
    private readonly removed: readonly number[] = [],
  ) {}

  columnAt(index: number): number {
    let column = this.column + index;
    for (const at of this.removed) if (at <= index) column++;
    return column;
  }

  slice(from: number, to = this.text.length): SourceText {
    const start = Math.min(Math.max(from, 0), this.text.length);
    const end = Math.min(Math.max(to, start), this.text.length);
    const inside = this.removed.filter((at) => at > start && at <= end).map((at) => at - start);
    return new SourceText(this.text.slice(start, end), this.line, this.columnAt(start), inside);
  }

  trim(): SourceText {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** The same place with text of the same length. */
  withText(text: string): SourceText {
    return new SourceText(text, this.line, this.column, this.removed);
  }
}

export type Statement =
  | { readonly kind: 'section'; readonly name: SourceText; readonly options: readonly SourceText[] }
  | { readonly kind: 'entry'; readonly key: SourceText; readonly value: SourceText }
  | { readonly kind: 'directive'; readonly text: SourceText };

/**
 * Reads the outer form that extensions.conf shares with every Asterisk configuration: sections, `key = value` and
 * `key => value`, comments from `;` to the end of the line, `;-- … --;` over lines (they nest), and `\;` for a plain
 * semicolon. Lines that have none of these forms are reported and passed over.
 */
export function lex(text: string, firstLine = 1): { statements: Statement[]; problems: Problem[] } {
  const statements: Statement[] = [];
  const problems: Problem[] = [];
  const comments: { line: number; column: number }[] = [];
  let line = firstLine;
  for (const raw of text.split('\n')) {
    const content = stripComments(raw.endsWith('\r') ? raw.slice(0, -1) : raw, line, comments).trim();
    if (content.text !== '') lexLine(content, statements, problems);
    line++;
  }
  const open = comments[0];
  if (open !== undefined) {
    problems.push({
      ...open,
      severity: 'error',
      message: 'the comment that begins here with ;-- is never closed',
      allowed: '--;',
    });
  }
  return { statements, problems };
}

/** What of a line is not comment; `open` holds where the block comments that are still open began. */
function stripComments(raw: string, line: number, open: { line: number; column: number }[]): SourceText {
  let text = '';
  let column = 1;
  const removed: number[] = [];
  /** Index in `text` up to which source and text run in parallel; -1 before the first kept character. */
  let started = false;
  for (let i = 0; i < raw.length; i++) {
    if (raw.startsWith(';--', i) && raw[i + 3] !== '-') {
      open.push({ line, column: i + 1 });
      i += 2;
      continue;
    }
    if (open.length > 0) {
      if (!raw.startsWith('--;', i)) continue;
      open.pop();
      i += 2;
      continue;
    }
    if (raw[i] === ';') break;
    if (raw[i] === '\\' && raw[i + 1] === ';') {
      i++;
      if (started) removed.push(text.length);
    }
    if (!started) {
      column = i + 1;
      started = true;
    } else {
      // A comment inside the line leaves a gap in the columns.
      const gap = i + 1 - (column + text.length + removed.length);
      for (let k = 0; k < gap; k++) removed.push(text.length);
    }
    text += raw[i];
  }
  return new SourceText(text, line, column, removed);
}

function lexLine(content: SourceText, statements: Statement[], problems: Problem[]): void {
  const { text, line } = content;
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    const name = content.slice(1, end < 0 ? text.length : end).trim();
    const rest = content.slice(end < 0 ? text.length : end + 1).trim();
    const options = /^\((.*)\)$/.exec(rest.text);
    if (end < 0 || name.text === '') {
      const message = end < 0 ? 'the section name has no closing bracket' : 'the section has no name';
      problems.push({ line, column: content.column, severity: 'error', message, allowed: '[name]' });
    }
    if (rest.text !== '' && options === null) {
      const message = `'${rest.text}' after a section name means nothing`;
      problems.push({ line, column: rest.column, severity: 'error', message, allowed: '(!), (+) or (template)' });
    }
    statements.push({
      kind: 'section',
      name,
      options: options === null ? [] : splitAt(rest.slice(1, rest.text.length - 1), ','),
    });
  } else if (text.startsWith('#')) {
    statements.push({ kind: 'directive', text: content });
  } else {
    const equals = text.indexOf('=');
    if (equals < 0) {
      const message = `'${firstWord(text)}' is neither a section nor a 'key => value'`;
      problems.push({
        line,
        column: content.column,
        severity: 'error',
        message,
        allowed: 'exten => number,priority,Application(arguments)',
      });
      return;
    }
    const key = content.slice(0, equals).trim();
    const value = content.slice(text[equals + 1] === '>' ? equals + 2 : equals + 1).trim();
    statements.push({ kind: 'entry', key, value });
  }
}

function firstWord(text: string): string {
  return /^\S{1,20}/.exec(text)?.[0] ?? '';
}

/** Splits at every delimiter, whatever it stands in; the pieces are trimmed. */
export function splitAt(source: SourceText, delimiter: string): SourceText[] {
  const pieces: SourceText[] = [];
  let from = 0;
  for (let i = source.text.indexOf(delimiter); i >= 0; i = source.text.indexOf(delimiter, from)) {
    pieces.push(source.slice(from, i).trim());
    from = i + 1;
  }
  pieces.push(source.slice(from).trim());
  return pieces;
}
