/** Arithmetic of 8-bit sequence numbers that wrap, as IAX2 counts its full frames. [RFC5456 §7] */

export function next8(sequence: number): number {
  return (sequence + 1) & 0xff;
}

/** How far `a` is ahead of `b`, 0…255. */
export function distance8(a: number, b: number): number {
  return (a - b) & 0xff;
}

/** Whether `sequence` lies in the half-open window [from, to) on the circle. */
export function inWindow8(sequence: number, from: number, to: number): boolean {
  return distance8(sequence, from) < distance8(to, from);
}
