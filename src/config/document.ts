import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { Path, Problem } from './problem.ts';
import { describeSyntaxError, INDENTED_TOO_FAR, lineIndentedTooFar } from './yaml-syntax.ts';

/** Where something stands in the text, from 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML document as plain values, each of which can be found again in the text. */
export interface ConfigurationDocument {
  /** Undefined if the text is not YAML at all. Mappings have no prototype; keys are the text of the key. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Of the value at `path`, or of the nearest mapping around it. */
  positionOf(path: Path): Position;
  /** Of the key that the value at `path` belongs to. */
  positionOfKey(path: Path): Position;
  /** The text of an unquoted scalar as written (`0211`, `no`), undefined for anything else. */
  plainText(path: Path): string | undefined;
  /** Where scalars are written, in no order; one with an anchor has more paths than one. */
  scalars(): Iterable<WrittenScalar>;
  /** How positions in the text value at `path` translate into positions in the document. */
  textBlock(path: Path): TextBlock | undefined;
}

/** A scalar in the text, by offsets that count UTF-16 units from the start, a byte order mark left out. */
export interface WrittenScalar {
  readonly path: Path;
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

export interface TextBlock {
  /** `literal`: `|`, line for line the same; `folded`: `>`; `flow`: on the key's line, quoted or not. */
  readonly style: 'literal' | 'folded' | 'flow';
  readonly first: Position;
  /** Columns that YAML takes off each line. */
  readonly indent: number;
}

/** Deep enough for any real document, small enough that aliases of aliases cannot fill the memory. */
const MAX_VALUES = 200_000;

interface Located {
  readonly value: unknown;
  readonly node: Node | undefined;
  readonly at: number;
  readonly keyAt: number;
  readonly children: ReadonlyMap<string | number, Located>;
}

export function readDocument(text: string): ConfigurationDocument {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  return new DocumentReader(source).read();
}

class DocumentReader {
  private readonly lines = new LineCounter();
  private readonly problems: Problem[] = [];
  private readonly open = new Set<Node>();
  private readonly document: Document.Parsed;
  private values = 0;

  constructor(private readonly text: string) {
    this.document = parseDocument(text, {
      lineCounter: this.lines,
      prettyErrors: false,
      keepSourceTokens: true,
      uniqueKeys: false,
      logLevel: 'error',
    });
  }

  read(): ConfigurationDocument {
    this.reportSyntax();
    const broken = this.problems.length > 0;
    const root: Located = broken
      ? { value: undefined, node: undefined, at: 0, keyAt: 0, children: new Map() }
      : this.locate(this.document.contents, 0, 0);
    if (!broken && root.value === null) this.report(0, 'the document is empty; it needs at least "site: { id: … }"');
    const find = (path: Path) => nearest(root, path);
    return {
      value: broken || root.value === null ? undefined : root.value,
      problems: this.problems,
      positionOf: (path) => this.position(find(path).at),
      positionOfKey: (path) => this.position(find(path).keyAt),
      plainText: (path) => {
        const { node } = find(path);
        return isScalar(node) && node.type === 'PLAIN' ? node.source : undefined;
      },
      scalars: () => scalarsIn(root, []),
      textBlock: (path) => this.blockOf(find(path)),
    };
  }

  private position(offset: number): Position {
    const { line, col } = this.lines.linePos(Math.min(offset, this.text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  private report(offset: number, message: string): void {
    this.problems.push({ ...this.position(offset), severity: 'error', message });
  }

  /** One error a line: the parser trips over the same fault several times. */
  private reportSyntax(): void {
    const seen = new Set<number>();
    const lines = this.text.split('\n');
    for (const error of [...this.document.errors, ...this.document.warnings]) {
      const offset = error.message.includes('Missing closing') ? this.quoteStart(error.pos[0]) : error.pos[0];
      const { line } = this.position(offset);
      if (seen.has(line)) continue;
      seen.add(line);
      const deeper = lineIndentedTooFar(error, lines, line, this.position(offset).column);
      if (deeper !== undefined) {
        seen.add(deeper.line);
        this.problems.push({ ...deeper, severity: 'error', message: INDENTED_TOO_FAR });
        continue;
      }
      this.report(offset, describeSyntaxError(error.code, error.message, lines[line - 1] ?? ''));
    }
  }

  /** An unclosed quote swallows the rest of the document: what its author must see is where it opened. */
  private quoteStart(end: number): number {
    let start = end;
    visit(this.document, {
      Scalar: (_, node) => {
        if (node.type?.startsWith('QUOTE') === true && node.range && node.range[0] <= end && node.range[1] >= end) {
          start = node.range[0];
        }
      },
    });
    return start;
  }

  private locate(node: Node | null, at: number, keyAt: number): Located {
    const offset = node?.range?.[0] ?? at;
    const leaf = (value: unknown): Located => ({
      value,
      node: node ?? undefined,
      at: offset,
      keyAt,
      children: new Map(),
    });
    if (++this.values > MAX_VALUES) {
      if (this.values === MAX_VALUES + 1)
        this.report(offset, 'the document is too large once its aliases are filled in');
      return leaf(null);
    }
    if (node === null) return leaf(null);
    if (isAlias(node)) return this.locateAlias(node, offset, keyAt);
    if (isScalar(node)) return leaf(node.value);
    this.open.add(node);
    const located = isSeq(node)
      ? this.locateList(node.items as (Node | null)[], node, offset, keyAt)
      : this.locateMapping(node, offset, keyAt);
    this.open.delete(node);
    return located;
  }

  private locateAlias(alias: Alias, offset: number, keyAt: number): Located {
    const target = alias.resolve(this.document);
    if (target === undefined || this.open.has(target)) {
      const fault =
        target === undefined ? 'a value that starts with * must name an anchor above' : 'an alias of itself';
      this.report(offset, `${fault}; a text that starts with * goes in quotes`);
      return { value: null, node: undefined, at: offset, keyAt, children: new Map() };
    }
    return this.locate(target, offset, keyAt);
  }

  private locateList(items: (Node | null)[], node: Node, at: number, keyAt: number): Located {
    const children = new Map<number, Located>();
    for (const [index, item] of items.entries()) {
      const start = item?.range?.[0] ?? at;
      children.set(index, this.locate(item, start, start));
    }
    return { value: [...children.values()].map((child) => child.value), node, at, keyAt, children };
  }

  private locateMapping(node: Node, at: number, keyAt: number): Located {
    const children = new Map<string, Located>();
    const merged: Located[] = [];
    for (const pair of isMap(node) ? node.items : []) {
      const key = pair.key as Node;
      const start = key.range?.[0] ?? at;
      const name = keyText(key);
      if (name === undefined) {
        this.report(start, 'a key must be a word or a number; put it in quotes if it has special characters');
        continue;
      }
      // JavaScript means something else by it, and what reads the document would pass over it in silence.
      if (name === '__proto__') {
        this.report(start, '__proto__ cannot be a key; give it another name');
        continue;
      }
      const first = children.get(name);
      if (first !== undefined) {
        this.report(
          start,
          `this key is here twice (first in line ${this.position(first.keyAt).line}); each may be here once`,
        );
        continue;
      }
      const child = this.locate(pair.value as Node | null, start, start);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...mergeSources(child));
      else children.set(name, child);
    }
    for (const source of merged) {
      for (const [name, child] of source.children) {
        if (typeof name === 'string' && !children.has(name)) children.set(name, child);
      }
    }
    const value: Record<string, unknown> = Object.create(null);
    for (const [name, child] of children) value[name] = child.value;
    return { value, node, at, keyAt, children };
  }

  private blockOf({ node, at }: Located): TextBlock | undefined {
    if (!isScalar(node) || typeof node.value !== 'string') return undefined;
    const token = node.srcToken;
    if (token?.type !== 'block-scalar') return { style: 'flow', first: this.position(at), indent: 0 };
    const header = token.props.find((prop) => prop.type === 'block-scalar-header');
    const firstLine = this.position(at).line + 1;
    const written = token.source.split('\n').find((line) => line.trim() !== '') ?? '';
    const told = /[1-9]/.exec(header !== undefined && 'source' in header ? header.source : '');
    const indent = told === null ? written.length - written.trimStart().length : token.indent + Number(told[0]);
    const style = node.type === 'BLOCK_FOLDED' ? 'folded' : 'literal';
    return { style, first: { line: firstLine, column: indent + 1 }, indent };
  }
}

/** `<<: *one` or `<<: [*one, *two]`: the first that has a key wins. */
function mergeSources(value: Located): Located[] {
  return Array.isArray(value.value) ? [...value.children.values()] : [value];
}

/** A key as it was written, so that `0211` stays `0211`. */
function keyText(key: Node): string | undefined {
  if (!isScalar(key)) return undefined;
  if (key.type === 'PLAIN') return key.source ?? String(key.value);
  return typeof key.value === 'string' ? key.value : undefined;
}

function* scalarsIn({ value, node, children }: Located, path: Path): Generator<WrittenScalar> {
  if (isScalar(node) && node.range) yield { path, value, start: node.range[0], end: node.range[1] };
  for (const [key, child] of children) yield* scalarsIn(child, [...path, key]);
}

function nearest(root: Located, path: Path): Located {
  let found = root;
  for (const key of path) {
    const child = found.children.get(key);
    if (child === undefined) return found;
    found = child;
  }
  return found;
}
