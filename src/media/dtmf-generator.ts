import type { Law } from '../base/media-port.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import { COLUMN_HZ, KEYPAD, keyOf, ROW_HZ } from './dtmf-digits.ts';
import { ToneGenerator } from './tone-generator.ts';

/** The high frequency is sent 2 dB louder, since lines attenuate it more. */
const ROW_DBM0 = -9;
const COLUMN_DBM0 = -7;

/** Shorter signals and pauses than this are not safely told apart by every receiver. [ITU-T Q.24 table A-1] */
const SHORTEST_MS = 65;

/** No receiver needs longer, and a wrong duration must not block a line. */
const LONGEST_MS = 10_000;

const CAPACITY = 64;

const PAIRS = Array.from(KEYPAD, (_, key) => [ROW_HZ[key >> 2]!, COLUMN_HZ[key & 3]!]);

/** Plays digits one after another as blocks of G.711, each with a pause behind it. */
export class DtmfGenerator {
  private readonly tone: ToneGenerator;
  private readonly keys = new Uint8Array(CAPACITY);
  private readonly durationsMs = new Uint16Array(CAPACITY);
  private readonly pausesMs = new Uint16Array(CAPACITY);
  private first = 0;
  private waiting = 0;

  constructor(law: Law) {
    this.tone = new ToneGenerator(law);
  }

  /** Queues a digit with a pause behind it. False if it is none, or if too many wait. */
  play(digit: string, durationMs: number, pauseMs = SHORTEST_MS): boolean {
    const key = keyOf(digit);
    if (key < 0 || this.waiting === CAPACITY) return false;
    const slot = (this.first + this.waiting++) % CAPACITY;
    this.keys[slot] = key;
    this.durationsMs[slot] = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, durationMs));
    this.pausesMs[slot] = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, pauseMs));
    return true;
  }

  stop(): void {
    this.waiting = 0;
    this.tone.stop();
  }

  /** Whether a digit or the pause behind one is due. */
  get active(): boolean {
    return this.waiting > 0 || this.tone.playing;
  }

  /** Fills the block with the digits due; silence where none is. A digit starts at the beginning of a block. */
  read(codes: Uint8Array): void {
    if (!this.tone.playing && this.waiting > 0) this.startNext();
    this.tone.read(codes);
  }

  private startNext(): void {
    const slot = this.first;
    this.first = (slot + 1) % CAPACITY;
    this.waiting--;
    const pattern: TonePattern = {
      steps: [
        { hz: PAIRS[this.keys[slot]!]!, ms: this.durationsMs[slot]!, once: true },
        { hz: [], ms: this.pausesMs[slot]!, once: true },
      ],
    };
    this.tone.start(pattern, ROW_DBM0, COLUMN_DBM0);
  }
}
