import type { z } from 'zod';
import type { ConfigurationDocument } from './document.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { isSecretPath, schemasAt } from './schema/json-schema.ts';
import { closest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** The problems that a violation of the schema amounts to, each at its place, none with a secret in it. */
export function describeIssues(issues: readonly Issue[], document: ConfigurationDocument): Problem[] {
  return issues.flatMap((issue) => describeIssue(issue, [], document));
}

/** `base` is where the issue's own path begins; the issues inside a union count from the union. */
function describeIssue(issue: Issue, base: Path, document: ConfigurationDocument): Problem[] {
  const path = [...base, ...issue.path.filter((key) => typeof key !== 'symbol')];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at(document.positionOfKey([...path, key]), unknownKey(path, key)));
  }
  const value = valueAt(document.value, path);
  if (issue.code === 'invalid_key') {
    const allowed = issue.issues[0]?.message ?? '';
    return [at(document.positionOfKey(path), `${quoted(String(path.at(-1)))} does not fit as a key here; ${allowed}`)];
  }
  if (value === undefined)
    return [at(document.positionOf(path.slice(0, -1)), `${formatPath(path)} is missing; ${wanted(issue, path)}`)];
  if (issue.code === 'invalid_union') {
    const branch = branchMeant(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => describeIssue(inner, path, document));
  }
  const place = formatPath(path) || 'the document';
  const found = isSecretPath(path) ? 'cannot be read' : `is ${describeValue(value)}`;
  return [
    at(
      document.positionOf(path),
      `${place} ${found}; ${wanted(issue, path)}${quotingHint(issue, path, value, document)}`,
    ),
  ];
}

function at(position: { line: number; column: number }, message: string): Problem {
  return { ...position, severity: 'error', message };
}

/**
 * Of a union the alternative that has the right outer type: what is wrong in it says more than that the others do not
 * fit either. Undefined if none has, or several.
 */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const meant = branches.filter((issues) => !issues.some((issue) => issue.path.length === 0 && isOuter(issue)));
  return meant.length === 1 ? meant[0] : undefined;
}

function isOuter(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function unknownKey(parent: Path, key: string): string {
  const allowed = [...new Set(schemasAt(parent).flatMap((schema) => Object.keys(schema.properties ?? {})))];
  const likely = closest(key, allowed);
  const meant = likely === undefined ? '' : `; did you mean ${quoted(likely)}?`;
  const where = parent.length === 0 ? '' : ` in ${formatPath(parent)}`;
  const what = isSecretPath(parent) ? 'unknown key' : `unknown key ${quoted(key)}`;
  return `${what}${where}${meant}${meant === '' ? '; ' : ' '}allowed: ${allowed.join(', ')}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (keys with values)',
  record: 'a mapping (keys with values)',
};

/** What is allowed, in one clause. */
function wanted(issue: Issue, path: Path): string {
  if (issue.code === 'invalid_type' && issue.message === UNTOLD) {
    const described = schemasAt(path).find((schema) => schema.type === issue.expected);
    if (described?.enum !== undefined) return `allowed: ${described.enum.map(String).join(', ')}`;
    return `allowed: ${TYPES[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const likely = typeof issue.input === 'string' ? closest(issue.input, values) : undefined;
    return `${likely === undefined ? '' : `did you mean ${quoted(likely)}? `}allowed: ${values.join(', ')}`;
  }
  return issue.message;
}

/** Marks an issue whose schema has no text of its own. */
const UNTOLD = '';

/** Hands no text to zod where a schema has none: `wanted` makes it. */
export const untold: z.core.$ZodErrorMap = () => UNTOLD;

/** `extension: 0201` is a number to YAML and loses its zero: say what to write. */
function quotingHint(issue: Issue, path: Path, value: unknown, document: ConfigurationDocument): string {
  if (typeof value !== 'number' && typeof value !== 'boolean') return booleanHint(issue, value);
  const expectsText = issue.code === 'invalid_type' && issue.expected === 'string';
  const text = document.plainText(path);
  if (!expectsText || text === undefined) return '';
  return isSecretPath(path) ? '; put it in quotes' : `; write ${quoted(text)}`;
}

function booleanHint(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_type' || issue.expected !== 'boolean' || typeof value !== 'string') return '';
  if (/^(?:yes|on)$/i.test(value)) return '; write true';
  return /^(?:no|off)$/i.test(value) ? '; write false' : '';
}

export function describeValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return quoted(value);
  return `${String(value)}`;
}

/** Quoted, cut to a readable length, without what may be a password in front of an `@`. */
export function quoted(text: string): string {
  const masked = text.replace(/:[^@/]*@/g, ':***@');
  return JSON.stringify(masked.length > 60 ? `${masked.slice(0, 57)}…` : masked);
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
