import type { z } from 'zod';
import { closest } from '../base/closest.ts';
import type { ConfigurationDocument } from './document.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { isSecretPath, schemasAt } from './schema/json-schema.ts';

type Issue = z.core.$ZodIssue;

/** The problems that a violation of the schema amounts to, each at its place, none with a secret in it. */
export function describeIssues(issues: readonly Issue[], document: ConfigurationDocument): Problem[] {
  return withoutConsequences(issues).flatMap((issue) => describeIssue(issue, [], document));
}

/** A rule about a whole mapping says nothing new where a key in it is wrong already. */
function withoutConsequences(issues: readonly Issue[]): readonly Issue[] {
  const within = (outer: Issue, inner: Issue) =>
    outer !== inner && outer.path.every((key, index) => inner.path[index] === key);
  return issues.filter((issue) => issue.code !== 'custom' || !issues.some((other) => within(issue, other)));
}

/** `base` is where the issue's own path begins; the issues inside a union count from the union. */
function describeIssue(issue: Issue, base: Path, document: ConfigurationDocument): Problem[] {
  const path = [...base, ...issue.path.filter((key) => typeof key !== 'symbol')];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      at(document.positionOfKey([...path, key]), unknownKey(path, key, valueAt(document.value, [...path, key]))),
    );
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
    if (branch !== undefined)
      return withoutConsequences(branch).flatMap((inner) => describeIssue(inner, path, document));
  }
  const place = formatPath(path) || 'the document';
  const found = isSecretPath(path) ? 'cannot be read' : `is ${describeValue(value)}`;
  return [
    at(
      document.positionOf(path),
      `${place} ${found}; ${wanted(issue, path)}${spellingHint(issue, path, value, document)}`,
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
  if (issue.code === 'invalid_union') return branchMeant(issue.errors) === undefined;
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function unknownKey(parent: Path, written: string, value: unknown): string {
  // Where a colon was forgotten the value stands in the key: `secret hunter2`, or for a key: `{ secret, hunter2 }`.
  const [key = ''] = /^[\w.*#-]*/.exec(written) ?? [];
  const allowed = [...new Set(schemasAt(parent).flatMap((schema) => Object.keys(schema.properties ?? {})))];
  const likely = closest(key, allowed) ?? otherWord(key, allowed);
  const where = parent.length === 0 ? '' : ` in ${formatPath(parent)}`;
  const hidden = isSecretPath(parent) || (value === null && likely === undefined);
  const what = hidden ? 'unknown key' : `unknown key ${quoted(key === written ? key : `${key}…`)}`;
  const meant = likely === undefined ? ';' : `; did you mean ${quoted(likely)}?`;
  const hint = written[key.length] === ':' ? '; write a blank after ":";' : meant;
  return `${what}${where}${hint} allowed: ${allowed.join(', ')}`;
}

/** What iax.conf, sip.conf, pjsip.conf and other programs call what has another name here; the first that fits. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  allow: ['codecs'],
  disallow: ['codecs'],
  deny: ['acl'],
  permit: ['acl'],
  address: ['host', 'registrar', 'url'],
  host: ['registrar', 'url'],
  server: ['host', 'registrar', 'url'],
  broker: ['url'],
  user: ['username'],
  defaultuser: ['username'],
  password: ['secret', 'passwordHash'],
  requirecalltoken: ['callToken'],
  call_limit: ['maxCalls'],
  'call-limit': ['maxCalls'],
  exten: ['extension'],
  number: ['extension'],
  fullname: ['name'],
  codec: ['codecs'],
  bindaddr: ['bind', 'listen'],
  bindport: ['bind', 'listen'],
};

function otherWord(key: string, allowed: readonly string[]): string | undefined {
  const word = key.toLowerCase();
  return Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word]!.find((other) => allowed.includes(other)) : undefined;
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

/** Of a mapping with no more keys than this, all are named. */
const FEW_KEYS = 4;

/** What is allowed, in one clause. */
function wanted(issue: Issue, path: Path): string {
  if (issue.code === 'invalid_type' && issue.message === UNTOLD) {
    const described = schemasAt(path).find((schema) => schema.type === issue.expected);
    const keys = Object.keys(described?.properties ?? {});
    if (keys.length > 0 && keys.length <= FEW_KEYS)
      return `allowed: a mapping such as { ${keys.map((key) => `${key}: …`).join(', ')} }`;
    if (described?.enum !== undefined) return `allowed: ${described.enum.map(String).join(', ')}`;
    return `allowed: ${TYPES[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const input = typeof issue.input === 'string' ? issue.input : undefined;
    const likely = input === undefined ? undefined : (closest(input, values) ?? sameValue(input, values));
    return `${likely === undefined ? '' : `did you mean ${quoted(likely)}? `}allowed: ${values.join(', ')}`;
  }
  return issue.message;
}

/** What codecs and countries are called elsewhere. */
const OTHER_VALUES: Readonly<Record<string, string>> = {
  uk: 'gb',
  en: 'gb',
  usa: 'us',
  pcmu: 'ulaw',
  pcma: 'alaw',
  g711u: 'ulaw',
  g711a: 'alaw',
  mulaw: 'ulaw',
  'µ-law': 'ulaw',
  slinear: 'slin',
};

function sameValue(input: string, values: readonly string[]): string | undefined {
  const word = input.toLowerCase();
  const other = Object.hasOwn(OTHER_VALUES, word) ? OTHER_VALUES[word] : undefined;
  return other !== undefined && values.includes(other) ? other : undefined;
}

/** Marks an issue whose schema has no text of its own. */
const UNTOLD = '';

/** Hands no text to zod where a schema has none: `wanted` makes it. */
export const untold: z.core.$ZodErrorMap = () => UNTOLD;

/**
 * What to write instead, where a value has only the wrong type or spelling: `"0201"` for 0201, `true` for yes, `8` for
 * "8", `[md5]` for md5, 10.0.0.0/8 for 10.0.0.0/255.0.0.0.
 */
function spellingHint(issue: Issue, path: Path, value: unknown, document: ConfigurationDocument): string {
  if (isSecretPath(path)) return '';
  if (issue.code === 'custom' && typeof value === 'string') return netmaskHint(path, value);
  if (issue.code !== 'invalid_type') return '';
  const text = document.plainText(path);
  if (issue.expected === 'string' && typeof value === 'number' && text !== undefined) {
    const fits = schemasAt(path).some(({ pattern }) => pattern !== undefined && new RegExp(pattern).test(text));
    return fits ? `; write ${quoted(text)}` : '';
  }
  if (typeof value !== 'string') return '';
  if (issue.expected === 'array') return listHint(path, value);
  if (issue.expected === 'boolean' && /^(?:yes|on)$/i.test(value)) return '; write true';
  if (issue.expected === 'boolean' && /^(?:no|off)$/i.test(value)) return '; write false';
  return /^(?:number|int)$/.test(issue.expected) && /^\d+$/.test(value) ? `; write ${value} without quotes` : '';
}

/** One text where a list of texts belongs. */
function listHint(path: Path, value: string): string {
  const items = schemasAt([...path, 0]);
  const fits = items.some(
    ({ type, enum: words }) => type === 'string' && (words === undefined || words.includes(value)),
  );
  return fits ? `; write [${/^[\w./:-]+$/.test(value) ? value : quoted(value)}]` : '';
}

/** As iax.conf has them. */
function netmaskHint(path: Path, value: string): string {
  const [, ip, mask] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+\.\d+\.\d+\.\d+)$/.exec(value) ?? [];
  const isNetwork = schemasAt(path).some(({ allowed }) => allowed?.startsWith('a network') === true);
  if (mask === undefined || !isNetwork) return '';
  const bits = mask.split('.').reduce((all, byte) => all + Number(byte).toString(2).padStart(8, '0'), '');
  return /^1*0*$/.test(bits) && bits.length === 32 ? `; write ${ip}/${bits.lastIndexOf('1') + 1}` : '';
}

export function describeValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  if (typeof value === 'string') return quoted(value);
  return `${String(value)}`;
}

/** Quoted, cut to a readable length, without what may be a password in front of an `@`. */
export function quoted(text: string): string {
  const masked = text.replace(/:(?!\/\/)\S*@/, ':***@');
  return JSON.stringify(masked.length > 60 ? `${masked.slice(0, 57)}…` : masked);
}

/** What stands at `path`, undefined if nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
