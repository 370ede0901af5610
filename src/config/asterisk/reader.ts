import { CommentStripper } from './comments.ts';
import type { AsteriskFiles } from './files.ts';
import type { Place, Remarks } from './remarks.ts';

/** `key = value` or `key => value`. */
export interface Entry extends Place {
  readonly key: string;
  readonly value: string;
  /** What stood behind it, or `undefined`. */
  readonly comment: string | undefined;
}

/** A line of its own that is a comment; without text it is a blank line. */
export interface CommentLine extends Place {
  readonly note: string;
}

export type Item = Entry | CommentLine;

/** One `[section]`, with all that it inherits. Several may have one name. */
export interface Section extends Place {
  readonly name: string;
  /** `[name](!)`: it is there to be inherited only. */
  readonly isTemplate: boolean;
  /** In the order in which Asterisk sees them: what is inherited, then its own. */
  readonly items: readonly Item[];
}

export function isEntry(item: Item): item is Entry {
  return 'key' in item;
}

export function entriesOf(section: Section): Entry[] {
  return section.items.filter(isEntry);
}

/** Asterisk gives up behind these. */
const MAX_DEPTH = 10;
const MAX_LINE = 8190;
/** Far beyond any real installation; keeps files that include each other by patterns from filling the memory. */
const MAX_FILES = 2000;
const MAX_ITEMS = 500_000;

interface OpenSection extends Section {
  isTemplate: boolean;
  readonly items: Item[];
}

/**
 * Reads a file of an Asterisk as main/config.c does: `#include` and `#tryinclude`, templates, `(+)`, comments, `+=`. What
 * Asterisk would refuse the whole file for is passed over and told. Undefined if there is no such file. Never throws.
 */
export function readAsteriskFile(files: AsteriskFiles, path: string, remarks: Remarks): Section[] | undefined {
  const reader = new Reader(files, remarks);
  return reader.file(path, 1) ? reader.sections : undefined;
}

class Reader {
  readonly sections: OpenSection[] = [];
  /** What `#include`d files begin in. */
  private current: OpenSection | undefined;
  private readonly open: string[] = [];
  private filesRead = 0;
  private itemsRead = 0;
  private isCut = false;

  constructor(
    private readonly files: AsteriskFiles,
    private readonly remarks: Remarks,
  ) {}

  /** Whether it could be read. */
  file(path: string, depth: number, includedAt?: Place): boolean {
    const read = this.files.read(path);
    const place = { file: path, line: 0 };
    if ('failure' in read) {
      if (includedAt !== undefined) this.remarks.lost(includedAt, `${path} ${read.failure}; what it holds is missing`);
      return false;
    }
    if (this.open.includes(read.identity)) {
      this.remarks.lost(includedAt ?? place, `${path} includes itself; the second time is passed over`);
      return true;
    }
    if (++this.filesRead > MAX_FILES) {
      if (this.filesRead === MAX_FILES + 1)
        this.remarks.lost(includedAt ?? place, `more than ${MAX_FILES} files are included; the rest is passed over`);
      return true;
    }
    if (read.isLegacy) this.remarks.changed(place, 'it is not UTF-8; it was read as Windows-1252, look at its accents');
    this.open.push(read.identity);
    this.lines(path, read.text, depth);
    this.open.pop();
    return true;
  }

  private lines(file: string, text: string, depth: number): void {
    const stripper = new CommentStripper();
    let section = this.current;
    let line = 0;
    for (let from = 0; from <= text.length; ) {
      const end = text.indexOf('\n', from);
      const stop = end < 0 ? text.length : end;
      const place = { file, line: ++line };
      if (stop - from > MAX_LINE) this.remarks.lost(place, 'the line is too long; Asterisk passes over it, too');
      else {
        const { text: bare, comment } = stripper.strip(text.slice(from, stop));
        if (this.isFull(place)) return;
        if (bare.startsWith('[')) section = this.header(bare, place) ?? section;
        else if (bare.startsWith('#')) this.directive(bare, place, depth, section);
        else if (bare !== '') this.entry(bare, comment, place, section);
        else section?.items.push({ ...place, note: comment ?? '' });
      }
      from = stop + 1;
    }
    if (stripper.unclosed > 0)
      this.remarks.lost({ file, line: stripper.unclosed }, 'the comment that begins here with ;-- is never closed');
  }

  /** Whether no more can be taken, which is told once. */
  private isFull(place: Place): boolean {
    if (++this.itemsRead <= MAX_ITEMS) return false;
    if (!this.isCut) this.remarks.lost(place, 'it is too much for one configuration; the rest is passed over');
    this.isCut = true;
    return true;
  }

  /** `[name]`, `[name](!)`, `[name](template,…)`, `[name](+)`. */
  private header(text: string, place: Place): OpenSection | undefined {
    const [, name, options] = /^\[([^\]]*)\](?:\(([^)]*)\)?)?/.exec(text) ?? [];
    if (name === undefined) {
      this.remarks.lost(
        place,
        'the name of the section has no closing bracket; what follows is taken for the one before',
      );
      return undefined;
    }
    const section: OpenSection = { ...place, name: name.trim(), isTemplate: false, items: [] };
    let target = section;
    for (const option of (options ?? '').split(',').map((it) => it.trim())) {
      if (option === '') continue;
      if (option === '!') target.isTemplate = true;
      else if (option.startsWith('+')) {
        const before = this.sections.find((it) => it.name === section.name);
        if (before === undefined)
          this.remarks.lost(place, `there is no section [${section.name}] above that (+) could add to; it begins here`);
        else target = before;
      } else {
        const base = this.sections.find((it) => it.name === option);
        if (base === undefined) this.remarks.lost(place, `there is no section [${option}] above to inherit from`);
        else {
          const inherited = base.items.filter(isEntry);
          this.itemsRead += inherited.length;
          if (this.itemsRead < MAX_ITEMS) for (const item of inherited) target.items.push(item);
        }
      }
    }
    if (target === section) this.sections.push(section);
    this.current = target;
    return target;
  }

  private directive(text: string, place: Place, depth: number, section: OpenSection | undefined): void {
    const [, word = '', rest = ''] = /^#(\S*)\s*(.*)$/.exec(text) ?? [];
    const path = /^"(.*)"$|^<(.*)>$/.exec(rest);
    const target = path?.[1] ?? path?.[2] ?? rest;
    const kind = word.toLowerCase();
    if (kind === 'exec') {
      this.remarks.lost(place, '#exec runs a program; run it, and write what it prints in its place');
      return;
    }
    if (kind !== 'include' && kind !== 'tryinclude') {
      this.remarks.lost(place, `there is no directive #${word}; Asterisk passes over it, too`);
      return;
    }
    if (target === '') {
      this.remarks.lost(place, `#${kind} names no file`);
      return;
    }
    if (depth >= MAX_DEPTH) {
      this.remarks.lost(place, `files are included more than ${MAX_DEPTH} deep; Asterisk stops there, too`);
      return;
    }
    const found = this.files.expand(target);
    if (found.length === 0 && kind === 'include') this.remarks.lost(place, `no file is like ${target}`);
    for (const each of found) {
      this.current = section;
      this.file(each, depth + 1, kind === 'include' ? place : undefined);
    }
  }

  private entry(text: string, comment: string | undefined, place: Place, section: OpenSection | undefined): void {
    const equals = text.indexOf('=', 1);
    if (equals < 0) {
      this.remarks.lost(place, "it is neither a section nor a 'key = value'; Asterisk passes over it, too");
      return;
    }
    if (section === undefined) {
      this.remarks.lost(place, 'it stands before the first [section]');
      return;
    }
    const adds = text[equals - 1] === '+';
    const key = text
      .slice(0, adds ? equals - 1 : equals)
      .replace(/^\\/, '')
      .trim();
    const value = text.slice(text[equals + 1] === '>' ? equals + 2 : equals + 1).trim();
    const entry: Entry = { ...place, key, value, comment };
    const before = adds ? section.items.findLastIndex((it) => isEntry(it) && it.key === key) : -1;
    if (before < 0) section.items.push(entry);
    else section.items[before] = { ...entry, value: `${(section.items[before] as Entry).value}${value}` };
  }
}
