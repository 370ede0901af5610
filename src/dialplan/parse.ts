import { checkDialplan } from './check.ts';
import { ContextBuilder } from './context-builder.ts';
import { type Context, Dialplan, type DialplanSettings } from './dialplan.ts';
import { lex, type SourceText, type Statement } from './lex.ts';
import type { Problem } from './problem.ts';
import { maskSecrets } from './secret.ts';
import { expandGlobals } from './variables.ts';

type Entry = Extract<Statement, { kind: 'entry' }>;

interface Section {
  readonly name: SourceText;
  readonly isTemplate: boolean;
  readonly entries: Entry[];
}

/**
 * Reads the text of an extensions.conf. Whatever can be understood is in the dialplan, what is wrong is in `problems`,
 * in the order of the text; a dialplan with errors should not be run. Never throws.
 *
 * @param options.firstLine the number of the text's first line, 1 by default
 */
export function parseDialplan(
  text: string,
  options: { firstLine?: number } = {},
): { dialplan: Dialplan; problems: Problem[] } {
  const { statements, problems } = lex(text, options.firstLine ?? 1);
  const sections = gather(statements, problems);
  const globals = new Map<string, string>();
  let settings: DialplanSettings = { autoFallthrough: true, priorityJumping: false };
  for (const { name, entries } of sections) {
    if (name.text === 'general') settings = readGeneral(entries, settings, problems);
    else if (name.text === 'globals') readGlobals(entries, globals);
  }
  const builders = new Map<string, ContextBuilder>();
  for (const { name, isTemplate, entries } of sections) {
    if (isTemplate || name.text === 'general' || name.text === 'globals') continue;
    const builder = builders.get(name.text) ?? new ContextBuilder(name, globals, problems);
    builders.set(name.text, builder);
    builder.beginSection();
    for (const entry of entries) builder.add(entry.key, entry.value);
  }
  const contexts = new Map<string, Context>();
  for (const [name, builder] of builders) contexts.set(name, builder.build());
  const dialplan = new Dialplan(contexts, globals, settings);
  problems.push(...checkDialplan(dialplan));
  const inOrder = problems
    .map((problem) => ({ ...problem, message: maskSecrets(problem.message) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { dialplan, problems: inOrder };
}

/** Sections with what they inherit: `[a](!)` is a template, `[b](a)` takes its entries over, `[b](+)` adds to `[b]`. */
function gather(statements: readonly Statement[], problems: Problem[]): Section[] {
  const sections: Section[] = [];
  let current: Section | undefined;
  for (const statement of statements) {
    if (statement.kind === 'section') {
      const { name, options } = statement;
      const inherited: Entry[] = [];
      for (const option of options) {
        if (option.text === '!' || option.text === '') continue;
        const wanted = option.text === '+' ? name.text : option.text;
        const source = sections.filter((section) => section.name.text === wanted);
        if (source.length === 0) problems.push(at(option, 'error', `there is no section '${wanted}' above`));
        else if (option.text !== '+') inherited.push(...source.flatMap((section) => section.entries));
      }
      current = { name, isTemplate: options.some((option) => option.text === '!'), entries: inherited };
      sections.push(current);
    } else if (statement.kind === 'directive') {
      const word = /^#\w*/.exec(statement.text.text)?.[0] ?? '#';
      problems.push(
        at(statement.text, 'error', `${word} is not possible here: write the text of that file in its place`),
      );
    } else if (current === undefined) {
      problems.push(at(statement.key, 'error', 'this stands before the first [context]'));
    } else current.entries.push(statement);
  }
  return sections;
}

const KNOWN_SETTINGS = [
  'static',
  'writeprotect',
  'autofallthrough',
  'extenpatternmatchnew',
  'clearglobalvars',
  'overrideswitch',
  'userscontext',
  'priorityjumping',
];

function readGeneral(entries: readonly Entry[], settings: DialplanSettings, problems: Problem[]): DialplanSettings {
  for (const { key, value } of entries) {
    const isOn = /^(yes|true|y|t|1|on)$/i.test(value.text);
    if (key.text === 'autofallthrough') settings = { ...settings, autoFallthrough: isOn };
    else if (key.text === 'priorityjumping') settings = { ...settings, priorityJumping: isOn };
    else if (!KNOWN_SETTINGS.includes(key.text)) {
      const allowed = KNOWN_SETTINGS.join(', ');
      problems.push({ ...at(key, 'warning', `[general] has no setting '${key.text}'`), allowed });
    }
  }
  return settings;
}

function readGlobals(entries: readonly Entry[], globals: Map<string, string>): void {
  for (const { key, value } of entries) globals.set(key.text, expandGlobals(value.text, globals));
}

function at(source: SourceText, severity: Problem['severity'], message: string): Problem {
  return { line: source.line, column: source.column, severity, message };
}
