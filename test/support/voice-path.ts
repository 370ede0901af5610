import type { Random } from '../../src/base/random.ts';

/** What a path does to packet `n` of a stream: its delay in ms, undefined if it is lost. */
export type VoicePath = (n: number, random: Random) => number | undefined;

/** What the fastest packet needs. */
export const BASE_MS = 15;

export const steady: VoicePath = () => BASE_MS;

export function uniform(jitterMs: number, loss = 0): VoicePath {
  return (_, random) => (random.next() < loss ? undefined : BASE_MS + random.next() * jitterMs);
}

/** Most packets in time, few very late, as on the access lines of offices. */
export function exponential(meanMs: number): VoicePath {
  return (_, random) => BASE_MS - Math.log(1 - random.next()) * meanMs;
}

/** Loss that comes in bursts of `length` packets on average. */
export function bursts(share: number, length: number): VoicePath {
  let isBad = false;
  return (_, random) => {
    isBad = random.next() < (isBad ? 1 - 1 / length : share / length / (1 - share));
    return isBad ? undefined : BASE_MS + random.next() * 10;
  };
}

/** A queue that fills up for `stallMs` each `everyMs` and is let out at once, as a radio link does that roams. */
export function stalls(stallMs: number, everyMs: number): VoicePath {
  return (n) => BASE_MS + Math.max(0, stallMs - ((20 * n) % everyMs));
}
