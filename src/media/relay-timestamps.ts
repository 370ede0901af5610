import { timestampDistance } from '../iax2/voice.ts';

/** Beyond this the source's clock has jumped or drifted off, and the distance between its packets means nothing. */
const MAX_OFF = 1000;

/**
 * Timestamps of relayed voice: those of the source moved by a constant, so that the receiver's jitter buffer sees the
 * source's packets as they were sent, losses, pauses and changed order included. [RFC5456 §8.1.1]
 */
export class RelayTimestamps {
  private offset = 0;
  private anchored = false;

  /** Timestamps are ms, or whatever `maxOff` counts in. */
  constructor(private readonly maxOff = MAX_OFF) {}

  /** The source changed or paused for something else: the next packet anchors anew. */
  reset(): void {
    this.anchored = false;
  }

  /** Whether a packet can be mapped; if not, `anchor` it. `realTime` is the call's own clock. */
  fits(timestamp: number, realTime: number): boolean {
    return this.anchored && Math.abs(timestampDistance(this.map(timestamp), realTime)) <= this.maxOff;
  }

  map(timestamp: number): number {
    return (timestamp + this.offset) >>> 0;
  }

  anchor(timestamp: number, mapped: number): void {
    this.offset = (mapped - timestamp) | 0;
    this.anchored = true;
  }
}
