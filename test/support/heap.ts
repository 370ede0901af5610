const ROUNDS = 21;
const CALLS = 20_000;

/** The smallest object of V8 has twelve bytes or more: one for each call would be seen twelvefold. */
export const NOTHING = 1;

/**
 * Heap bytes that one call of `work` takes in the end: code that is interpreted yet boxes numbers, and on a busy machine
 * the compiler comes late.
 */
export function bytesPerCall(work: () => number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let patience = 20; patience > 0 && least >= NOTHING; patience--) least = Math.min(least, medianBytes(work));
  return least;
}

/** The median of the rounds in which the collector has not run, as far as can be seen. */
function medianBytes(work: () => number): number {
  let seen = 0;
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < CALLS; i++) seen |= work();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) rounds.push(grown / CALLS);
  }
  if (seen === 0) throw new Error('the work gave nothing');
  return rounds.sort((a, b) => a - b)[rounds.length >> 1] ?? Number.POSITIVE_INFINITY;
}
