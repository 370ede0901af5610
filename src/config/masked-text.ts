import { Lexer } from 'yaml';
import { dialSecrets, maskSecrets } from '../dialplan/secret.ts';
import { type ConfigurationDocument, type Position, readDocument, type WrittenScalar } from './document.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { configurationSchema } from './schema/configuration.ts';
import { isSecretPath } from './schema/json-schema.ts';
import { MASK } from './secret.ts';
import { secretPlaces } from './secret-places.ts';
import { TextLines } from './text-lines.ts';

/** A valid configuration and the secrets that stand in it: as it is shown, and how what was made of that is read. */
export class MaskedText {
  /** Where secrets stand, by their place. */
  private readonly values: ReadonlyMap<string, readonly Literal[]>;
  private readonly found: readonly Found[];
  private readonly inForce: string;

  constructor(text: string) {
    this.inForce = withoutMark(text);
    this.found = literalsIn(this.inForce);
    const values = new Map<string, Literal[]>();
    for (const { scalar, literal } of this.found) {
      const place = placeOf(scalar.path);
      values.set(place, [...(values.get(place) ?? []), literal]);
    }
    this.values = values;
  }

  /**
   * The text itself, comments and all, with `***` in place of each secret that stands in it, be it a value, part of a dial
   * string, or in a comment. Undefined if it cannot be made sure that none is left.
   */
  masked(): string | undefined {
    const masked = spliced(this.inForce, masksOf(this.inForce, this.found));
    return hasSecrets(masked) ? undefined : masked;
  }

  /**
   * Puts the secrets back where an edited text has `***`: a value keeps the secret that stood under the same key, a dial string
   * that of the same user at the same peer (of several the one in the same line), a comment what it was if nothing else of
   * it was changed.
   */
  restore(edited: string): RestoredText {
    const text = withoutMark(edited);
    const restoration = new Restoration(text, this.inForce, this.values);
    const edits = restoration.edits();
    const restored = spliced(text, edits);
    const lines = new TextLines(restored);
    return {
      text: restored,
      problems: restoration.problems,
      toMasked: (position) => restoration.lines.positionAt(offsetBefore(edits, lines.offsetAt(position))),
    };
  }
}

export interface RestoredText {
  readonly text: string;
  /** Masks of which nobody can tell what they stand for; their places are those in the text that was given. */
  readonly problems: readonly Problem[];
  /** Where a place of `text` is in the text that was given. */
  toMasked(position: Position): Position;
}

/** Characters from `start` to `end` that something else is put in place of. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A secret that stands in a text: as it is written, and what it is. */
interface Literal {
  readonly raw: string;
  readonly value: string;
}

class Restoration {
  readonly problems: Problem[] = [];
  /** Of the text that was given. */
  readonly lines: TextLines;
  private readonly document: ConfigurationDocument;

  constructor(
    private readonly text: string,
    private readonly inForce: string,
    private readonly values: ReadonlyMap<string, readonly Literal[]>,
  ) {
    this.document = readDocument(text);
    this.lines = new TextLines(text);
  }

  edits(): Edit[] {
    if (this.document.value === undefined) return [];
    const comments = this.comments();
    const values = this.maskedValues();
    const dialled = this.dialled([...comments, ...values.map(({ scalar }) => scalar)]);
    const others = [...comments, ...dialled];
    const asWritten = [...others, ...values.map(({ scalar, literal }) => replacing(scalar, literal.raw))];
    const edits = this.keepsTheirMeaning(asWritten, values)
      ? asWritten
      : [...others, ...values.map(({ scalar, literal }) => replacing(scalar, JSON.stringify(literal.value)))];
    return inOrder(edits);
  }

  /** As it was written, a value may not fit where it stands now: a block of lines in { }, a comma in [ ]. */
  private keepsTheirMeaning(asWritten: readonly Edit[], values: readonly Found[]): boolean {
    if (values.every(({ literal }) => FITS_ANYWHERE.test(literal.raw))) return true;
    const document = readDocument(spliced(this.text, asWritten));
    if (document.problems.length > this.document.problems.length) return false;
    const now = new Map([...document.scalars()].map(({ path, value }) => [formatPath(path), value]));
    return values.every(({ scalar, literal }) => now.get(formatPath(scalar.path)) === literal.value);
  }

  // ---- values

  private maskedValues(): Found[] {
    const uses = new Map<number, WrittenScalar[]>();
    for (const scalar of this.document.scalars()) {
      if (scalar.value !== MASK) continue;
      uses.set(scalar.start, [...(uses.get(scalar.start) ?? []), scalar]);
    }
    const meanings = this.meanings([...uses.values()].flat());
    return [...uses.values()].flatMap((scalars) => {
      const secret = scalars.find(({ path }) => isSecretPath(path));
      if (secret === undefined) return [];
      if (scalars.some(({ path }) => !isSecretPath(path))) {
        this.report(secret.start, 'a secret that is masked cannot be shared with something else; write it anew');
        return [];
      }
      const found = scalars.map((scalar) => meanings.get(scalar));
      const [first] = found;
      if (first !== undefined && found.every((literal) => literal?.value === first.value))
        return [{ scalar: secret, literal: first }];
      this.report(secret.start, `${formatPath(secret.path)}: ${this.whyLost(secret.path)}`);
      return [];
    });
  }

  /** What each mask stands for, as far as it can be told: of the secrets under one key all must be there still. */
  private meanings(masks: readonly WrittenScalar[]): Map<WrittenScalar, Literal> {
    const places = new Map<string, WrittenScalar[]>();
    for (const mask of masks) {
      const place = placeOf(mask.path);
      places.set(place, [...(places.get(place) ?? []), mask]);
    }
    const found = new Map<WrittenScalar, Literal>();
    for (const [place, there] of places) {
      const literals = this.values.get(place) ?? [];
      if (literals.length !== there.length) continue;
      for (const [index, mask] of there.entries()) found.set(mask, literals[index]!);
    }
    return found;
  }

  private whyLost(path: Path): string {
    return this.values.has(placeOf(path))
      ? 'of several masked secrets some are gone, and nobody can tell which; write those that stay anew'
      : 'it is masked, and the configuration in force has no secret in this place to keep; write it anew';
  }

  // ---- dial strings

  private dialled(taken: readonly Span[]): Edit[] {
    const lines = new Map<string, number>();
    const before = grouped(dialledIn(this.inForce, lines), ({ owner }) => owner);
    const now = grouped(dialledIn(this.text, lines), ({ owner }) => owner);
    return [...now].flatMap(([owner, there]) => {
      const masks = there.filter((it) => it.text === MASK && !taken.some((span) => contains(span, it)));
      const known = meant(masks, there, before.get(owner) ?? []);
      const why = 'the configuration in force has no secret of this user at this peer, or several; write it anew';
      for (const mask of masks)
        if (!known.has(mask)) this.report(mask.start, `${owner}: the secret is masked, and ${why}`);
      return [...known].map(([mask, secret]) => replacing(mask, secret));
    });
  }

  // ---- comments

  private comments(): Edit[] {
    const before = new Map<string, string[]>();
    for (const { text } of commentsIn(this.inForce)) {
      const masked = maskComment(text);
      if (masked !== text) before.set(masked, [...(before.get(masked) ?? []), text]);
    }
    return commentsIn(this.text).flatMap((comment) => {
      const known = before.get(comment.text)?.shift();
      return known === undefined ? [] : [replacing(comment, known)];
    });
  }

  private report(offset: number, message: string): void {
    this.problems.push({ ...this.lines.positionAt(offset), severity: 'error', message });
  }
}

/** In quotes on one line, or plain and without any character that means something. */
const FITS_ANYWHERE = /^(?:"[^\n]*"|'[^\n]*'|[A-Za-z0-9$][\w$./+=-]*)$/;

interface Found {
  readonly scalar: WrittenScalar;
  readonly literal: Literal;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Piece extends Span {
  readonly text: string;
}

function masksOf(text: string, found: readonly Found[]): Edit[] {
  const values = found.map(({ scalar }) => replacing(scalar, JSON.stringify(MASK)));
  const comments = commentsIn(text).flatMap((comment) => {
    const masked = maskComment(comment.text);
    return masked === comment.text ? [] : [replacing(comment, masked)];
  });
  const taken = [...values, ...comments];
  const dialled = [...dialSecrets(text)]
    .filter((secret) => !taken.some((span) => contains(span, secret)))
    .map((secret) => replacing(secret, MASK));
  return inOrder([...taken, ...dialled]);
}

function hasSecrets(masked: string): boolean {
  const parsed = configurationSchema.safeParse(readDocument(masked).value);
  if (!parsed.success) return true;
  if (maskSecrets(parsed.data.dialplan) !== parsed.data.dialplan) return true;
  return [...secretPlaces(parsed.data, parsed.data)].some(
    ([, { source }]) => source.kind === 'literal' && source.value.reveal() !== MASK,
  );
}

/** The secrets that stand in a valid configuration itself, each where it is written; one with an alias once for each use. */
function literalsIn(text: string): Found[] {
  const document = readDocument(text);
  const parsed = configurationSchema.safeParse(document.value);
  if (!parsed.success) return [];
  const scalars = new Map([...document.scalars()].map((scalar) => [formatPath(scalar.path), scalar]));
  return [...secretPlaces(parsed.data, document.value)].flatMap(([path, { source }]) => {
    const scalar = scalars.get(formatPath(path));
    if (scalar === undefined || source.kind !== 'literal') return [];
    // A block of lines has its last line feed, which the text goes on needing without it.
    const raw = text.slice(scalar.start, scalar.end).replace(/\n$/, '');
    const span = { ...scalar, end: scalar.start + raw.length };
    return [{ scalar: span, literal: { raw, value: source.value.reveal() } }];
  });
}

/** The key under which a secret stands, alone or in a list. */
function placeOf(path: Path): string {
  return formatPath(typeof path.at(-1) === 'number' ? path.slice(0, -1) : path);
}

/** A secret of a dial string. Its place, the line around it as it is shown, is how it is known again. */
interface Dialled extends Piece {
  readonly owner: string;
  readonly place: string;
}

/**
 * Which of the `secrets` of one owner each of `masks` stands for: all of them are one, or its line is the same, or no other
 * is left. `there` is all that the edited text has of this owner.
 */
function meant(
  masks: readonly Dialled[],
  there: readonly Dialled[],
  secrets: readonly Dialled[],
): Map<Dialled, string> {
  const only = onlyText(secrets);
  if (only !== undefined) return new Map(masks.map((mask) => [mask, only]));
  const found = new Map<Dialled, string>();
  const before = grouped(secrets, ({ place }) => place);
  for (const [place, alike] of grouped(masks, (mask) => mask.place)) {
    const known = before.get(place) ?? [];
    const one = onlyText(known);
    if (one === undefined && known.length !== alike.length) continue;
    for (const [index, mask] of alike.entries()) found.set(mask, one ?? known[index]!.text);
  }
  const kept = new Set(there.map(({ place }) => place));
  const left = onlyText(secrets.filter(({ place }) => !kept.has(place)));
  if (left !== undefined) for (const mask of masks) if (!before.has(mask.place)) found.set(mask, left);
  return found;
}

function onlyText(secrets: readonly Piece[]): string | undefined {
  const texts = new Set(secrets.map(({ text }) => text));
  return texts.size === 1 ? secrets[0]!.text : undefined;
}

/** `lines` numbers what lines look like, for all texts that are compared. */
function* dialledIn(text: string, lines: Map<string, number>): Generator<Dialled> {
  let line = 0;
  let lineEnd = -1;
  let inLine = 0;
  for (const { owner, start, end } of dialSecrets(text)) {
    if (start > lineEnd) {
      const next = text.indexOf('\n', start);
      lineEnd = next < 0 ? text.length : next;
      const shown = maskComment(text.slice(text.lastIndexOf('\n', start) + 1, lineEnd)).trim();
      line = lines.get(shown) ?? lines.size;
      lines.set(shown, line);
      inLine = 0;
    }
    yield { start, end, text: text.slice(start, end), owner, place: `${line}:${inLine++}` };
  }
}

function grouped<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** What the lexer puts before a scalar, and its other marks, which are no characters of the text. */
const SCALAR_MARK = '\x1f';
const MARKS = new Set(['\x02', '\x18', SCALAR_MARK]);

function commentsIn(text: string): Piece[] {
  const found: Piece[] = [];
  let start = 0;
  let before = '';
  for (const token of new Lexer().lex(text)) {
    if (!MARKS.has(token)) {
      if (before === SCALAR_MARK) found.push(...dialplanComments(token, start));
      else if (token.startsWith('#')) found.push({ start, end: start + token.length, text: token });
      start += token.length;
    }
    before = token;
  }
  return found;
}

/** Those of extensions.conf, in a scalar of several lines at `offset`. */
function dialplanComments(scalar: string, offset: number): Piece[] {
  if (!scalar.includes('\n')) return [];
  return [...scalar.matchAll(/(?<!\\);[^\n]*/g)].map(({ index, 0: text }) => {
    const start = offset + index;
    return { start, end: start + text.length, text };
  });
}

/** Secrets of keys that were commented out, as YAML and as Asterisk write them. */
const COMMENTED_OUT =
  /\b(secret|password|passwordHash|pin|leaderPin)(["']?\s*(?:=>|[:=])\s*)("(?:[^"\\]|\\.)*"|'[^']*'|["'].*|\[[^\]]*\]?|[^\s,{}[\]"'](?:[^,{}[\]]*[^\s,{}[\]])?)/gi;

function maskComment(comment: string): string {
  return maskSecrets(comment.replace(COMMENTED_OUT, (_, key: string, colon: string) => `${key}${colon}${MASK}`));
}

// ---- text

/** The document counts without a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function replacing({ start, end }: Span, text: string): Edit {
  return { start, end, text };
}

function contains(outer: Span, inner: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** By their place, each once. */
function inOrder(edits: readonly Edit[]): Edit[] {
  const sorted = [...edits].sort((a, b) => a.start - b.start);
  return sorted.filter(({ start }, index) => index === 0 || start !== sorted[index - 1]!.start);
}

function spliced(text: string, edits: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const edit of inOrder(edits)) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** The offset before the edits of what is at `offset` after them; the start of an edit for what is in it. */
function offsetBefore(edits: readonly Edit[], offset: number): number {
  let shift = 0;
  for (const { start, end, text } of edits) {
    if (offset < start + shift) break;
    if (offset < start + shift + text.length) return start;
    shift += text.length - (end - start);
  }
  return offset - shift;
}
