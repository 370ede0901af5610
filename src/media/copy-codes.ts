/**
 * Copies codes byte by byte, each replaced by its entry of `table` where one is given: a view for `set` would be garbage
 * with every packet.
 */
export function copyCodes(
  from: Uint8Array,
  at: number,
  length: number,
  to: Uint8Array,
  toAt: number,
  table: Uint8Array | undefined,
): void {
  if (table === undefined) for (let i = 0; i < length; i++) to[toAt + i] = from[at + i]!;
  else for (let i = 0; i < length; i++) to[toAt + i] = table[from[at + i]!]!;
}
