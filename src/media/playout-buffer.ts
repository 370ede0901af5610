import { SILENCE } from 'node-pcm-codecs';
import type { Law } from '../base/media-port.ts';
import { timestampDistance } from '../iax2/voice.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';

/**
 * Turns packets, which come when they come, into blocks on the reader's clock. Timestamps are ms and wrap at 32 bits.
 * What lies in the buffer is audio of one law; whoever puts converts.
 */
export interface PlayoutBuffer {
  /**
   * Takes `length` codes of `bytes` from `at` on, each replaced by its entry of `table` where one is given. False if they
   * came too late to be heard.
   */
  put(bytes: Uint8Array, at: number, length: number, timestamp: number, table?: Uint8Array): boolean;
  /** Fills the block with the next codes; silence where none came. */
  read(block: Uint8Array): void;
  /** Forgets everything: the next packet begins a new stream. */
  reset(): void;
  /** How long the packet that came last has to wait, ms; 0 while nothing plays. */
  readonly delayMs: number;
}

/** A fixed delay: enough for the jitter of an office's access line, hardly heard. */
export const PLAYOUT_DELAY_MS = 40;

const CAPACITY_MS = 512;
const CAPACITY = CAPACITY_MS * SAMPLES_PER_MS;

/** So many late packets one after another mean that the delay of the path has grown for good. */
const LATE_LIMIT = 5;

/** If no packet of so many had to wait less than `EXCESS_MS`, the delay of the path has shrunk or the clocks drift. */
const REVIEW_PACKETS = 100;
const EXCESS_MS = PLAYOUT_DELAY_MS + 30;

/** Plays each packet `PLAYOUT_DELAY_MS` after it would have come without jitter. */
export class FixedPlayoutBuffer implements PlayoutBuffer {
  delayMs = 0;
  private readonly silence: number;
  private readonly ring: Uint8Array;
  private anchored = false;
  /** Timestamp of the next code to be read. */
  private playAt = 0;
  private lateInARow = 0;
  private reviewed = 0;
  private shortestWaitMs = CAPACITY_MS;

  constructor(law: Law) {
    this.silence = SILENCE[law];
    this.ring = new Uint8Array(CAPACITY).fill(this.silence);
  }

  put(bytes: Uint8Array, at: number, length: number, timestamp: number, table?: Uint8Array): boolean {
    let waitMs = this.anchored ? timestampDistance(timestamp, this.playAt) : -1;
    const late = this.anchored && waitMs < 0;
    const tooEarly = waitMs + length / SAMPLES_PER_MS > CAPACITY_MS;
    if (late && ++this.lateInARow < LATE_LIMIT && waitMs > -CAPACITY_MS) return false;
    if (!this.anchored || late || tooEarly) {
      this.reset();
      this.anchored = true;
      this.playAt = (timestamp - PLAYOUT_DELAY_MS) | 0;
      waitMs = PLAYOUT_DELAY_MS;
    }
    this.lateInARow = 0;
    this.delayMs = waitMs;
    this.review(waitMs);

    const ring = this.ring;
    const from = timestamp << 3;
    for (let i = 0; i < length; i++) {
      const code = bytes[at + i]!;
      ring[(from + i) & (CAPACITY - 1)] = table === undefined ? code : table[code]!;
    }
    return true;
  }

  read(block: Uint8Array): void {
    if (!this.anchored) {
      block.fill(this.silence);
      return;
    }
    const ring = this.ring;
    const from = this.playAt << 3;
    for (let i = 0; i < block.length; i++) {
      const slot = (from + i) & (CAPACITY - 1);
      block[i] = ring[slot]!;
      ring[slot] = this.silence;
    }
    this.playAt = (this.playAt + block.length / SAMPLES_PER_MS) | 0;
  }

  reset(): void {
    this.ring.fill(this.silence);
    this.anchored = false;
    this.delayMs = 0;
    this.lateInARow = 0;
    this.beginReview();
  }

  /** Leaves out what makes every packet wait longer than it must. */
  private review(waitMs: number): void {
    if (waitMs < this.shortestWaitMs) this.shortestWaitMs = waitMs;
    if (++this.reviewed < REVIEW_PACKETS) return;
    const excessMs = this.shortestWaitMs - PLAYOUT_DELAY_MS;
    if (this.shortestWaitMs > EXCESS_MS) {
      this.ring.fill(this.silence);
      this.playAt = (this.playAt + excessMs) | 0;
    }
    this.beginReview();
  }

  private beginReview(): void {
    this.reviewed = 0;
    this.shortestWaitMs = CAPACITY_MS;
  }
}
