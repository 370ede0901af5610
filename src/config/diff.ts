import { maskSecrets } from '../dialplan/secret.ts';
import { formatPath, type Path } from './problem.ts';
import { MASK, Secret } from './secret.ts';

/** One key whose value is another one. Values are for people: secrets are masked. */
export interface Change {
  readonly path: Path;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * What differs between two effective configurations, key by key in the order of the second; a list counts as one value,
 * but for lists of mappings, which are compared item by item. Secrets are compared by what they are.
 */
export function differences(before: unknown, after: unknown, path: Path = []): Change[] {
  if (isMapping(before) && isMapping(after)) {
    const keys = [...Object.keys(after), ...Object.keys(before).filter((key) => !Object.hasOwn(after, key))];
    return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  if (isListOfMappings(before) && isListOfMappings(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => differences(before[index], after[index], [...path, index])).flat();
  }
  if (isSame(before, after)) return [];
  if (before === undefined) return [{ path, kind: 'added', after: shown(after) }];
  if (after === undefined) return [{ path, kind: 'removed', before: shown(before) }];
  return [{ path, kind: 'changed', before: shown(before), after: shown(after) }];
}

/** `+ hat.lines[1] …`, `- mqtt …`, `~ iax2.bind: … → …`. */
export function formatChange({ path, kind, before, after }: Change): string {
  const place = formatPath(path);
  if (kind === 'added') return `+ ${place}: ${JSON.stringify(after)}`;
  if (kind === 'removed') return `- ${place}: ${JSON.stringify(before)}`;
  return `~ ${place}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
}

function isSame(before: unknown, after: unknown): boolean {
  if (before instanceof Secret && after instanceof Secret) return before.equals(after);
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && before.every((item, index) => isSame(item, after[index]));
  }
  return before === after;
}

/** Plain data as JSON has it, so that nothing of a secret is kept in a list of changes. */
function shown(value: unknown): unknown {
  if (value instanceof Secret) return MASK;
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) return value.map(shown);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item)]));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function isListOfMappings(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some(isMapping);
}
