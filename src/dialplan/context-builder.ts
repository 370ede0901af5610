import { closest } from '../base/closest.ts';
import { readApplication } from './application-text.ts';
import { argumentRanges } from './argument.ts';
import type { Context, Extension, Include, Priority, Switch } from './dialplan.ts';
import type { SourceText } from './lex.ts';
import { Pattern } from './pattern.ts';
import type { Problem } from './problem.ts';
import { TimeCondition } from './time-condition.ts';
import { expandGlobals } from './variables.ts';

interface ExtensionDraft {
  readonly pattern: Pattern;
  readonly caller: Pattern | undefined;
  readonly priorities: Map<number, Priority>;
  hint: string | undefined;
}

const KEYS = ['exten', 'same', 'include', 'switch', 'lswitch', 'eswitch', 'ignorepat', 'autohints'];
const SWITCH_TECHNOLOGIES = ['IAX2', 'Loopback', 'DUNDi', 'Realtime'];

/** Builds one context from its lines, in order: what `n` and `same` mean depends on the line before. */
export class ContextBuilder {
  private readonly extensions: ExtensionDraft[] = [];
  private readonly includes: Include[] = [];
  private readonly switches: Switch[] = [];
  private readonly ignorePatterns: Pattern[] = [];
  /** The extension that `same` goes on with, and the priority before. */
  private lastExtension: ExtensionDraft | undefined;
  private lastPriority: number | undefined;

  constructor(
    private readonly name: SourceText,
    private readonly globals: ReadonlyMap<string, string>,
    private readonly problems: Problem[],
  ) {}

  /** Another `[context]` line of the same name: its first line cannot go on with the one before. */
  beginSection(): void {
    this.lastExtension = undefined;
    this.lastPriority = undefined;
  }

  build(): Context {
    const { text, line, column } = this.name;
    const { extensions, includes, switches, ignorePatterns } = this;
    return { name: text, line, column, includes, switches, ignorePatterns, extensions: extensions as Extension[] };
  }

  add(key: SourceText, value: SourceText): void {
    switch (key.text.toLowerCase()) {
      case 'exten':
        this.addExtension(value);
        break;
      case 'same':
        if (this.lastExtension === undefined)
          this.report(key, 'error', "there is no 'exten' above that 'same' could go on with");
        else this.addPriority(this.lastExtension, value);
        break;
      case 'include':
        this.addInclude(value);
        break;
      case 'switch':
      case 'lswitch':
      case 'eswitch':
        this.addSwitch(value, key.text.toLowerCase() === 'eswitch');
        break;
      case 'ignorepat': {
        const pattern = this.readPattern(value);
        if (pattern !== undefined) this.ignorePatterns.push(pattern);
        break;
      }
      case 'autohints':
        this.report(key, 'warning', 'autohints is not available in this version');
        break;
      default: {
        const meant = closest(key.text, KEYS);
        const message = `there is no '${key.text}' in a context${meant === undefined ? '' : `, did you mean '${meant}'?`}`;
        this.report(key, 'error', message, KEYS.slice(0, 7).join(', '));
      }
    }
  }

  private addExtension(value: SourceText): void {
    const [first] = argumentRanges(value.text, ',', 2);
    const comma = first?.[1] ?? value.text.length;
    const written = value.slice(0, comma).trim();
    const name = written.text.includes('${') ? written.withText(expandGlobals(written.text, this.globals)) : written;
    const slash = slashOf(name.text);
    const pattern = this.readPattern(name.slice(0, slash));
    const caller = slash === name.text.length ? undefined : this.readCaller(name.slice(slash + 1));
    this.lastExtension = undefined;
    if (pattern === undefined || caller === null) return;
    if (comma === value.text.length) {
      this.report(
        value,
        'error',
        `extension '${name.text}' has no priority and no application`,
        'exten => number,priority,Application(arguments)',
      );
      return;
    }
    if (pattern.matchesEverything) {
      const message = `'${pattern.text}' also matches h, i and t; write '_X${pattern.text.slice(1)}'`;
      this.report(name, 'warning', message);
    }
    this.lastExtension = this.place(pattern, caller);
    this.addPriority(this.lastExtension, value.slice(comma + 1).trim());
  }

  private readCaller(source: SourceText): Pattern | undefined | null {
    if (source.text === '') return Pattern.parse('') as Pattern;
    return this.readPattern(source) ?? null;
  }

  private readPattern(source: SourceText): Pattern | undefined {
    if (source.text.trim() === '') {
      this.report(source, 'error', 'the extension is empty', 'a number, a name such as s, or a pattern such as _2XX');
      return undefined;
    }
    const pattern = Pattern.parse(source.text);
    if ('error' in pattern) {
      this.problems.push({
        line: source.line,
        column: source.columnAt(pattern.index),
        severity: 'error',
        message: pattern.error,
      });
      return undefined;
    }
    if (!pattern.isPattern && /[[\].!]|^\d*[XNZ]+[\dXNZ]*$/.test(source.text)) {
      const message = `'${source.text}' is taken as it stands; a pattern begins with '_'`;
      this.report(source, 'warning', message);
    }
    return pattern;
  }

  /** The extension in its place, made if it is not there yet. Two spellings of one pattern are one extension. */
  private place(pattern: Pattern, caller: Pattern | undefined): ExtensionDraft {
    let low = 0;
    let high = this.extensions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.extensions[middle]!;
      const order = Pattern.compare(other.pattern, pattern) || compareCallers(other.caller, caller);
      if (order === 0) return other;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    const draft: ExtensionDraft = { pattern, caller, priorities: new Map(), hint: undefined };
    this.extensions.splice(low, 0, draft);
    return draft;
  }

  /** `source` begins with the priority. */
  private addPriority(draft: ExtensionDraft, source: SourceText): void {
    const comma = source.text.indexOf(',');
    const written = source.slice(0, comma < 0 ? source.text.length : comma).trim();
    const rest = source.slice(comma < 0 ? source.text.length : comma + 1).trim();
    const { plain, label, plus } = this.readPriority(written);
    if (plain.text.toLowerCase() === 'hint') {
      // Presence devices behind a comma are for publishing states that no line here has.
      draft.hint = rest.text.split(',')[0]!.trim();
      return;
    }
    const base = this.priorityNumber(draft, plain);
    if (base === undefined) return;
    const number = base + plus;
    this.lastPriority = number;
    if (draft.priorities.has(number)) {
      const before = draft.priorities.get(number)!;
      const message = `priority ${number} of '${draft.pattern.text}' is already on line ${before.line}; this one is ignored`;
      this.report(written, 'warning', message);
      return;
    }
    const same = [...draft.priorities.values()].find((other) => label !== undefined && other.label === label);
    if (same !== undefined)
      this.report(written, 'warning', `label '${label}' is already on line ${same.line}; this one is ignored`);
    if (rest.text === '') {
      this.report(written, 'error', 'the priority has no application', 'number,priority,Application(arguments)');
      return;
    }
    const { application, data, dataIndex, problem } = readApplication(rest);
    if (problem !== undefined) this.problems.push(problem);
    draft.priorities.set(number, {
      number,
      label: same === undefined ? label : undefined,
      application,
      data,
      line: rest.line,
      column: rest.column,
      dataColumn: rest.columnAt(dataIndex),
    });
  }

  /** Takes `n(label)+5` apart. */
  private readPriority(source: SourceText): { plain: SourceText; label: string | undefined; plus: number } {
    const open = source.text.indexOf('(');
    const close = source.text.indexOf(')', open);
    if (open >= 0 && close < 0) this.report(source, 'error', `the label of '${source.text}' has no ')'`, 'n(label)');
    const label = open < 0 ? undefined : source.text.slice(open + 1, close < 0 ? undefined : close).trim();
    if (label !== undefined && /^\d*$/.test(label)) {
      this.report(source, 'error', `'${label}' is no label: it must not be a number`, 'n(label)');
    }
    const outside =
      open < 0 ? source.text : source.text.slice(0, open) + (close < 0 ? '' : source.text.slice(close + 1));
    const plus = /\+\s*(\d+)\s*$/.exec(outside);
    const plain = source
      .slice(
        0,
        Math.min(
          open < 0 ? source.text.length : open,
          source.text.indexOf('+') < 0 ? source.text.length : source.text.indexOf('+'),
        ),
      )
      .trim();
    return { plain, label, plus: plus === null ? 0 : Number(plus[1]) };
  }

  private priorityNumber(draft: ExtensionDraft, plain: SourceText): number | undefined {
    const word = plain.text.toLowerCase();
    if (word === 'n' || word === 'next' || word === 's' || word === 'same') {
      if (this.lastPriority === undefined) {
        this.report(plain, 'error', `'${word}' has no priority before it to count from`, 'a number, 1 for the first');
        return undefined;
      }
      return word.startsWith('n') ? this.lastPriority + 1 : this.lastPriority;
    }
    if (/^\d+$/.test(word)) {
      const number = Number(word);
      if (number >= 1 && number <= 1_000_000) return number;
      this.report(plain, 'error', `'${plain.text}' is no priority`, 'a number from 1, n, n(label), n+1, hint');
      return undefined;
    }
    const labelled = [...draft.priorities.values()].find((priority) => priority.label === plain.text);
    if (labelled === undefined) {
      this.report(
        plain,
        'error',
        `'${plain.text}' is neither a priority nor a label above`,
        'a number from 1, n, n(label), n+1, hint',
      );
    }
    return labelled?.number;
  }

  private addInclude(value: SourceText): void {
    const text = expandGlobals(value.text, this.globals);
    const cut = text.search(/[,|]/);
    const context = (cut < 0 ? text : text.slice(0, cut)).trim();
    const { line, column } = value;
    if (cut < 0) {
      this.includes.push({ context, when: undefined, line, column });
      return;
    }
    const when = TimeCondition.parse(text.slice(cut + 1));
    if ('error' in when) {
      const allowed = 'context,times,days of the week,days of the month,months[,time zone]';
      const problem: Problem = {
        line,
        column: value.columnAt(cut + 1 + when.index),
        severity: 'error',
        message: when.error,
        allowed,
      };
      this.problems.push(problem);
    } else this.includes.push({ context, when, line, column });
  }

  private addSwitch(value: SourceText, expanded: boolean): void {
    const slash = value.text.indexOf('/');
    const name = (slash < 0 ? value.text : value.text.slice(0, slash)).trim();
    const data = slash < 0 ? '' : value.text.slice(slash + 1).trim();
    const known = SWITCH_TECHNOLOGIES.find(
      (it) => it.toLowerCase() === (/^iax$/i.test(name) ? 'iax2' : name.toLowerCase()),
    );
    if (known === undefined) {
      const meant = closest(name, SWITCH_TECHNOLOGIES);
      const message = `there is no switch '${name}'${meant === undefined ? '' : `, did you mean '${meant}'?`}`;
      this.report(value, 'error', message, 'IAX2/[user[:secret]@]peer[/context]');
    } else if (known !== 'IAX2') this.report(value, 'warning', `switch => ${known} is not available in this version`);
    else this.switches.push({ technology: known, data, expanded, line: value.line, column: value.column });
  }

  private report(source: SourceText, severity: Problem['severity'], message: string, allowed?: string): void {
    const { line, column } = source;
    this.problems.push({ line, column, severity, message, ...(allowed === undefined ? {} : { allowed }) });
  }
}

/** The slash before a caller's number; one inside brackets is part of the pattern. */
function slashOf(text: string): number {
  let bracket = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') bracket = true;
    else if (text[i] === ']') bracket = false;
    else if (text[i] === '/' && !bracket) return i;
  }
  return text.length;
}

/** An extension for certain callers comes before the same one for all. */
function compareCallers(a: Pattern | undefined, b: Pattern | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  return Pattern.compare(a, b);
}
