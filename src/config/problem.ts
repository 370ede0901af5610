import { printable } from '../base/printable.ts';

/** A key's place in the document: `['iax2', 'peers', 'hq', 'codecs', 0]`. */
export type Path = readonly (string | number)[];

/** Something to tell the author of a configuration. Line and column count from 1; the message is free of secrets. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** A warning for `check`, but `run` refuses: ignoring the key would be unsafe. */
  readonly stopsRun?: true;
}

/** `file:line:column: what is wrong, what is allowed`, the form that editors and CI logs make clickable. */
export function formatProblem(file: string, problem: Problem): string {
  const label = problem.severity === 'warning' ? 'warning: ' : '';
  return `${file}:${problem.line}:${problem.column}: ${label}${problem.message}`;
}

/** In the order of the document, errors before warnings where both stand at one place, each in one printable line. */
export function inDocumentOrder(problems: readonly Problem[]): Problem[] {
  return problems
    .map((problem) => ({ ...problem, message: printable(problem.message) }))
    .sort((a, b) => a.line - b.line || a.column - b.column || a.severity.localeCompare(b.severity));
}

/** `hat.lines[1].port`; a key that is not a plain word stands in quotes: `sip.phones."a b"`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w*#-]+$/.test(key) ? key : JSON.stringify(key)}`;
  }
  return text;
}
