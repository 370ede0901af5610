import { type DialTarget, parseDialTarget } from '../dialplan/dial-target.ts';
import { Dialplan, type Priority } from '../dialplan/dialplan.ts';
import { parseDialplan } from '../dialplan/parse.ts';
import type { ConfigurationDocument, Position, TextBlock } from './document.ts';
import type { Problem } from './problem.ts';

/** The dialplan of a configuration, and what its other sections have to agree with. */
export interface DialplanText {
  readonly dialplan: Dialplan;
  readonly problems: readonly Problem[];
  /** The lines, peers and phones that Dial and `switch` name, as far as they stand there without variables. */
  readonly targets: readonly NamedTarget[];
  /** A position that the dialplan tells, in the document. */
  readonly place: (position: Position) => Position;
}

export interface NamedTarget {
  readonly target: DialTarget;
  readonly position: Position;
}

const NO_DIALPLAN = new Dialplan(new Map(), new Map(), { autoFallthrough: true, priorityJumping: false });

/** Reads the `dialplan` text of the document; its problems stand where the text stands in the file. */
export function readDialplan(document: ConfigurationDocument): DialplanText {
  const text = (document.value as Readonly<Record<string, unknown>>)['dialplan'];
  if (typeof text !== 'string')
    return { dialplan: NO_DIALPLAN, problems: [], targets: [], place: (position) => position };
  const block = document.textBlock(['dialplan']);
  if (block?.style === 'folded') {
    const message = 'dialplan: > joins the lines of the text; write dialplan: |';
    const problem: Problem = { ...document.positionOf(['dialplan']), severity: 'error', message };
    return { dialplan: NO_DIALPLAN, problems: [problem], targets: [], place: (position) => position };
  }
  // Lines of a `|` block are told as lines of the file, also when the appliance runs.
  const firstLine = block?.style === 'literal' ? block.first.line : 1;
  const { dialplan, problems } = parseDialplan(text, { firstLine });
  return {
    dialplan,
    problems: problems.map(({ allowed, severity, message, ...position }) => ({
      ...inDocument(position, block),
      severity,
      message: `${lineOfText(position, block)}${message}${allowed === undefined ? '' : `; allowed: ${allowed}`}`,
    })),
    targets: namedTargets(dialplan, text, firstLine).map(({ target, position }) => ({
      target,
      position: inDocument(position, block),
    })),
    place: (position) => inDocument(position, block),
  };
}

/** Text that does not stand line for line in the document is found at its beginning only. */
function inDocument(position: Position, block: TextBlock | undefined): Position {
  if (block === undefined) return { line: 1, column: 1 };
  if (block.style !== 'literal') return block.first;
  return { line: position.line, column: position.column + block.indent };
}

function lineOfText(position: Position, block: TextBlock | undefined): string {
  return block?.style === 'literal' ? '' : `line ${position.line} of the dialplan: `;
}

function namedTargets(dialplan: Dialplan, text: string, firstLine: number): NamedTarget[] {
  const lines = text.split('\n');
  const found: NamedTarget[] = [];
  const add = (written: string, { line, column }: Position) => {
    const target = parseDialTarget(written);
    if ('error' in target || target.peer === '' || /[$*]/.test(target.peer)) return;
    const index = lines[line - firstLine]?.indexOf(written) ?? -1;
    found.push({ target, position: { line, column: index < 0 ? column : index + 1 } });
  };
  for (const context of dialplan.contexts.values()) {
    for (const each of context.switches) add(`${each.technology}/${each.data}`, each);
    for (const extension of context.extensions) {
      for (const priority of extension.priorities.values()) {
        for (const written of dialled(priority)) add(written, priority);
      }
    }
  }
  return found;
}

function dialled(priority: Priority): string[] {
  if (!/^(?:retry)?dial$/i.test(priority.application)) return [];
  const [targets = ''] = split(priority.data, ',');
  return split(targets, '&').map((target) => target.trim());
}

/** Splits where `separator` stands outside of `${…}`, `$[…]` and parentheses. */
function split(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if ('{[('.includes(character)) depth++;
    if ('}])'.includes(character)) depth--;
    if (character === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
