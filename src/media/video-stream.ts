import type { StreamId } from '../base/media-port.ts';

/** Pictures are timed in these, as RTP does; a position is counted on from the first packet and never wraps. [RFC3551 §5] */
export const VIDEO_TICKS_PER_MS = 90;

/** Longer payloads are dropped: the most that an RTP packet in an Ethernet frame has room for. */
export const MAX_VIDEO_PAYLOAD = 1460;

/** Who sees a stream's picture. */
export interface VideoListener {
  readonly id: StreamId;
  /**
   * One packet of a picture: `length` bytes from `at` on, coded in `format`, at `position` in ticks. `marker`: the last one of
   * its picture. `sequence` is the source's, 16 bits; undefined where it has none.
   */
  hearVideo(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    position: number,
    marker: boolean,
    sequence: number | undefined,
    nowMs: number,
  ): void;
}

/**
 * The picture of one far end. It goes untouched to the pictures of those that hear its voice: packet by packet, without any
 * buffer, synchronously and on the caller's bytes.
 */
export interface VideoStream extends VideoListener {
  /** The plane keeps them. */
  listeners: readonly VideoListener[];
  /** What is seen from now on comes from another source. */
  restart(): void;
  quelch(on: boolean): void;
}
