/**
 * How fuzzers run. Every run of `npm test` takes the same way through its inputs, so that a failure is of the change and
 * can be had again; `npm run soak` takes new ways (BRANCHLINE_FUZZ_SEED=random) and longer ones (BRANCHLINE_FUZZ_MS).
 */
const wanted = process.env['BRANCHLINE_FUZZ_SEED'] ?? '5456';

/** Printed with every failure; BRANCHLINE_FUZZ_SEED repeats it. */
export const FUZZ_SEED = wanted === 'random' ? Date.now() % 2 ** 32 : Number(wanted);
export const FUZZ_MS = Number(process.env['BRANCHLINE_FUZZ_MS'] ?? 10_000);
