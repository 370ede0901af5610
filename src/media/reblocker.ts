import { SAMPLES_PER_MS } from './oscillator.ts';

const LONGEST_MS = 60;

/** Takes a packet of the wanted length: `length` codes of `bytes` from `at` on, in the format of what was put. */
export type BlockSink = (
  bytes: Uint8Array,
  at: number,
  length: number,
  format: number,
  timestamp: number,
  durationMs: number,
  nowMs: number,
) => void;

/**
 * Makes packets of one length out of G.711 packets of any, which follow one another without a gap or are sent on as short
 * as they are. What has the right length already goes through untouched. Timestamps are ms.
 */
export class Reblocker {
  private readonly block = new Uint8Array(LONGEST_MS * SAMPLES_PER_MS);
  private filled = 0;
  private timestamp = 0;
  private format = 0;

  constructor(
    private readonly sink: BlockSink,
    /** 10 to 60. */
    private packetMs: number,
  ) {}

  /** The length of packets from now on; what waits of the other length is dropped. */
  setPacketMs(packetMs: number): void {
    if (packetMs === this.packetMs) return;
    this.packetMs = packetMs;
    this.filled = 0;
  }

  reset(): void {
    this.filled = 0;
  }

  put(bytes: Uint8Array, at: number, length: number, format: number, timestamp: number, nowMs: number): void {
    const wanted = this.packetMs * SAMPLES_PER_MS;
    const follows = ((timestamp - this.timestamp) | 0) * SAMPLES_PER_MS === this.filled && format === this.format;
    if (this.filled > 0 && !follows) this.flush(nowMs);
    if (this.filled === 0 && length === wanted) {
      this.sink(bytes, at, length, format, timestamp, this.packetMs, nowMs);
      return;
    }
    if (this.filled === 0) this.timestamp = timestamp;
    this.format = format;
    let taken = 0;
    while (taken < length) {
      const count = Math.min(wanted - this.filled, length - taken);
      for (let i = 0; i < count; i++) this.block[this.filled + i] = bytes[at + taken + i]!;
      this.filled += count;
      taken += count;
      if (this.filled === wanted) this.flush(nowMs);
    }
  }

  private flush(nowMs: number): void {
    const { filled } = this;
    const durationMs = Math.ceil(filled / SAMPLES_PER_MS);
    this.filled = 0;
    this.sink(this.block, 0, filled, this.format, this.timestamp, durationMs, nowMs);
    this.timestamp = (this.timestamp + durationMs) >>> 0;
  }
}
