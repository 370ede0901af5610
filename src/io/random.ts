import { randomFillSync } from 'node:crypto';
import type { Random } from '../base/random.ts';

const pool = new Uint32Array(256);
let used = pool.length;

function next32(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++]!;
}

/** The system's random source, drawn in pools: call numbers and sequence starts must not be guessable. */
export const systemRandom: Random = {
  next: () => next32() / 4_294_967_296,
  integer: (below) => Math.floor((next32() / 4_294_967_296) * below),
};
