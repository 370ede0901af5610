import { sequenceDistance } from './rtp-packet.ts';

/** Timestamps and sequence numbers of one source after another, made continuous. [RFC3550 §8] */
export class RtpTimeline {
  /** Where the last packet stands, in units of the RTP clock; the first one stands at 0. */
  position = 0;
  /** Its sequence number, if the first one had 0. */
  sequence = 0;
  private hasBegun = false;
  private lastTimestamp = 0;
  private lastSequence = 0;

  /** Another source: its first packet, which has these numbers, is the next one, so much behind the last of the one before. */
  change(sequence: number, timestamp: number, pause: number): void {
    if (!this.hasBegun) return;
    this.position += pause;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.lastTimestamp = timestamp;
    this.lastSequence = sequence;
  }

  /** Moves on to a packet. */
  follow(sequence: number, timestamp: number): void {
    if (this.hasBegun) {
      this.position += (timestamp - this.lastTimestamp) | 0;
      this.sequence = (this.sequence + sequenceDistance(sequence, this.lastSequence)) & 0xffff;
    }
    this.hasBegun = true;
    this.lastTimestamp = timestamp;
    this.lastSequence = sequence;
  }
}
