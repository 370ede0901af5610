import { SAMPLE_RATE_HZ } from './sound.ts';

/** Held back before the first sample is said, so that pieces that come in unevenly join. */
const PREFILL_SAMPLES = 0.06 * SAMPLE_RATE_HZ;
/** Nobody wants to be heard later than this; what is older is left out. */
const CAPACITY = 0.4 * SAMPLE_RATE_HZ;

/** A voice that comes in pieces while it is spoken, on another clock than the line's. */
export class LiveVoice {
  private readonly ring = new Int16Array(CAPACITY);
  private first = 0;
  private waiting = 0;
  private playing = false;

  push(samples: Int16Array): void {
    for (const sample of samples) {
      this.ring[(this.first + this.waiting) % CAPACITY] = sample;
      if (this.waiting < CAPACITY) this.waiting++;
      else this.first = (this.first + 1) % CAPACITY;
    }
    if (this.waiting >= PREFILL_SAMPLES) this.playing = true;
  }

  clear(): void {
    this.waiting = 0;
    this.playing = false;
  }

  /** Fills a block; silence while nothing is spoken. */
  pull(block: Int16Array): void {
    block.fill(0);
    if (!this.playing) return;
    const count = Math.min(block.length, this.waiting);
    for (let i = 0; i < count; i++) block[i] = this.ring[(this.first + i) % CAPACITY]!;
    this.first = (this.first + count) % CAPACITY;
    this.waiting -= count;
    if (this.waiting === 0) this.playing = false;
  }
}
