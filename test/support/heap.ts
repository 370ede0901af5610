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

/** The median of rounds, since in one of them the collector may run. */
function medianBytes(work: () => number): number {
  let seen = 0;
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < CALLS; i++) seen |= work();
    rounds.push((process.memoryUsage().heapUsed - before) / CALLS);
  }
  if (seen === 0) throw new Error('the work gave nothing');
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!;
}
