import { BRANCHLINE_HAT } from '../../board/hat.ts';
import type { Law } from '../../src/base/media-port.ts';

/** Everything about a board that is emulated is told by its own clock, a block at a time. */
export const MS_PER_BLOCK = 10;
export const LINES = BRANCHLINE_HAT.ports;
export const SAMPLES = BRANCHLINE_HAT.blockSamples;

/** Bits of what a line module does with its line; `loop` is that of a town line's. */
export const DRIVE_BITS = { battery: 1, ringing: 2, reversed: 4, loop: 8, lamp: 16 } as const;
/** Behind which bit of `World.volts` the lines with the voltage of rest begin. */
export const FULL_SHIFT = 4;

/** The sockets that have a line module, by its kind. */
export interface Sockets {
  readonly ports: readonly number[];
  readonly townPorts?: readonly number[];
}

/** What surrounds a board for one block. */
export interface World {
  /** What the host has sent. */
  readonly uart: Uint8Array;
  /** For each ms, a bit for each line whose loop is closed; of a town line, whose tip is negative. */
  readonly loops: Uint8Array;
  /** For each ms, a bit for each town line with more than 3 V, and from `FULL_SHIFT` on for each with more than 20 V; of a telephone's line a short, current to earth, or both: too hot. */
  readonly volts: Uint8Array;
  /** A bit for each key that is held. */
  readonly keys: number;
  /** What the line chips hear: G.711, the lines of a sample beside each other. */
  readonly captured: Uint8Array;
  /** Whether a call runs over the town line past the line chip of line 1. */
  readonly bypass: boolean;
}

/** What the board did in that block. */
export interface Deeds {
  readonly uart: Uint8Array;
  /** For each ms and line, `DRIVE_BITS`. */
  readonly drives: Uint8Array;
  /** For each ms and LED, its colour as the link codes it. */
  readonly leds: Uint8Array;
  readonly law: Law;
  /** Whether line 1 hangs on its line chip; else on the town line. */
  readonly relay: boolean;
  /** What the line chips said, as `captured`. */
  readonly played: Uint8Array;
}

/** Real firmware and the board around it, without phones: whatever runs it. */
export interface Board {
  /** Lives for one block. The arrays belong to the board and are used again. */
  run(world: World): Deeds;
  close(): void;
}
