import { valueAt } from './messages.ts';
import type { Path } from './problem.ts';
import { SecretReference } from './secret.ts';

/** Every secret of a configuration that was parsed, with its path in the document as it was written. */
export function* secretPlaces(parsed: unknown, written: unknown): Generator<[Path, SecretReference]> {
  for (const [path, reference] of references(parsed, [])) yield [writtenPlace(path, written), reference];
}

/** A single secret of a peer became a list of one. */
export function writtenPlace(path: Path, written: unknown): Path {
  const isSingle = typeof path.at(-1) === 'number' && !Array.isArray(valueAt(written, path.slice(0, -1)));
  return isSingle ? path.slice(0, -1) : path;
}

function* references(value: unknown, path: Path): Generator<[Path, SecretReference]> {
  if (value instanceof SecretReference) yield [path, value];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* references(item, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) yield* references(item, [...path, key]);
}
