import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { returnFreedMemory } from './libc.ts';

/**
 * Gives back what nothing refers to, closes the gaps that it leaves, and gives the pages to the machine. The engine does so
 * only when it needs the room, which an appliance that idles never does: what was read to start would stay in memory. Takes
 * some 100 ms, so it is for a moment in which nobody waits.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  setFlagsFromString('--compact-on-every-full-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  setFlagsFromString('--no-compact-on-every-full-gc');
  setFlagsFromString('--no-expose-gc');
  returnFreedMemory();
}
