import type { LookUpNumber } from '../../../src/base/digit-collection.ts';

/** A dialplan that has exactly these numbers in every context, and keeps dial tone behind these prefixes. */
export function numbers(known: readonly string[], prefixes: readonly string[] = []): LookUpNumber {
  return (_context, digits) => ({
    exists: known.includes(digits),
    canExist: known.some((number) => number.startsWith(digits)),
    matchMore: known.some((number) => number.length > digits.length && number.startsWith(digits)),
    ignorePattern: prefixes.includes(digits),
  });
}
