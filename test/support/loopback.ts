import { pid } from 'node:process';

/**
 * Loopback addresses of this process alone: all of 127/8 is there on Linux, so test runs beside each other need no
 * agreement. `n` is 1…254.
 */
export function loopbackAddress(n: number): string {
  return `127.${1 + (pid % 199)}.${Math.floor(pid / 199) % 256}.${n}`;
}
