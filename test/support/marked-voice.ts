import { noise, sine, toCodes } from './signal.ts';

/** Codes of one ms at 8 kHz, of a frame, and of each half of a frame, which can be told apart. */
const MS = 8;
const FRAME_MS = 20;
const HALF_MS = 10;
/** Marks of three codes of four bits each, so quiet that a pause stays one. */
const QUIET_CODE = 0xf0;
const MARKS = 1 << 12;

/** Two seconds of talk, half a second of pause. */
export const isPause = (n: number): boolean => n % 125 >= 100;

/** When a half of a frame was heard: at the time when the frame it is of would have begun, were it heard whole. */
export interface HeardHalf {
  readonly frame: number;
  readonly half: 0 | 1;
  readonly atMs: number;
}

/**
 * Voice of 20 ms frames, µ-law, of which every frame, and each half of it, is known again by its last millisecond, whatever
 * else was done to it. What is made up of earlier sound repeats marks that were heard before, so each counts once.
 */
export class MarkedVoice {
  readonly frames: readonly Uint8Array[];
  private readonly marks = new Map<string, number>();
  private readonly heard = new Set<number>();

  constructor(count: number) {
    if (2 * count > MARKS) throw new RangeError(`no more than ${MARKS / 2} frames can be told apart`);
    this.frames = Array.from({ length: count }, (_, n) => this.make(n));
  }

  /** What is heard for the first time in `codes`, whole ms long, the first of which was heard at `atMs`. */
  find(codes: Uint8Array, atMs: number): HeardHalf[] {
    const found: HeardHalf[] = [];
    for (let ms = 0; ms < codes.length / MS; ms++) {
      const mark = this.marks.get(keyOf(codes, MS * ms));
      if (mark === undefined || this.heard.has(mark)) continue;
      this.heard.add(mark);
      const half = mark & 1 ? 1 : 0;
      found.push({ frame: mark >> 1, half, atMs: atMs + ms + 1 - HALF_MS * (half + 1) });
    }
    return found;
  }

  private make(n: number): Uint8Array {
    const talk = sine(440, -15, FRAME_MS);
    const breath = noise(-60, FRAME_MS, n);
    const codes = toCodes('ulaw', isPause(n) ? breath : talk.map((sample, i) => sample + breath[i]!));
    for (const half of [0, 1]) {
      const mark = 2 * n + half;
      const end = MS * HALF_MS * (half + 1);
      for (let i = 0; i < 3; i++) codes[end - 3 + i] = QUIET_CODE | ((mark >> (8 - 4 * i)) & 0xf);
      this.marks.set(keyOf(codes, end - MS), mark);
    }
    return codes;
  }
}

function keyOf(codes: Uint8Array, at: number): string {
  return String.fromCharCode(...codes.subarray(at, at + MS));
}
