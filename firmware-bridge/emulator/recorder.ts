/** Keeps the last samples of an endless sound. */
export class Recorder {
  private readonly ring: Int16Array;
  private next = 0;

  constructor(capacity: number) {
    this.ring = new Int16Array(capacity);
  }

  get capacity(): number {
    return this.ring.length;
  }

  append(samples: Int16Array): void {
    for (const sample of samples) {
      this.ring[this.next] = sample;
      this.next = (this.next + 1) % this.ring.length;
    }
  }

  /** The last `count` samples, oldest first; silence in front of the beginning. At most what the recorder keeps. */
  last(count: number): Int16Array {
    const length = Math.max(0, Math.min(count, this.ring.length));
    const start = (this.next - length + this.ring.length) % this.ring.length;
    const out = new Int16Array(length);
    const first = this.ring.subarray(start, Math.min(start + length, this.ring.length));
    out.set(first);
    out.set(this.ring.subarray(0, length - first.length), first.length);
    return out;
  }
}
