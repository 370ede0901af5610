import {
  frameKind,
  isFullFrame,
  MINI_HEADER_LENGTH,
  readFrameType,
  readFullTimestamp,
  readMiniTimestamp,
  readSubclassByte,
  readVideoTimestamp,
} from './frame-header.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

/** A mini frame may have been on its way for so much longer than the quickest frame, and be so much ahead of it. */
const LATEST_MS = 3_000;
const EARLIEST_MS = 1_000;

/** The far end's clock may run so much slower than ours. */
const DRIFT = 0.001;

/** Their timestamps are echoes of ours. */
const ECHOES: ReadonlySet<number> = new Set([
  IAX_SUBCLASS.ACK,
  IAX_SUBCLASS.PONG,
  IAX_SUBCLASS.LAGRP,
  IAX_SUBCLASS.VNAK,
  IAX_SUBCLASS.INVAL,
]);

/**
 * Where the far end's timestamps are at this moment. A wrong key makes voice of any mini frame: when one overtakes an
 * RTKEY, or the RTKEY is lost, its timestamp is all that tells, nineteen times of twenty. [RFC5456 §7.4]
 */
export class FarClock {
  /** The far end's timestamps minus our clock, by the frame that took the shortest time; undefined before any. */
  private offsetMs: number | undefined;
  private notedMs = 0;

  /** A full frame in clear that is of this call beyond doubt; others tell nothing. */
  note(frame: Uint8Array, nowMs: number): void {
    if (!isFullFrame(frame)) return;
    if (readFrameType(frame) === FRAME_TYPE.IAX && ECHOES.has(readSubclassByte(frame))) return;
    const offsetMs = readFullTimestamp(frame) - nowMs;
    const leastMs = this.offsetMs === undefined ? offsetMs : this.offsetMs - (nowMs - this.notedMs) * DRIFT;
    this.offsetMs = Math.max(offsetMs, leastMs);
    this.notedMs = nowMs;
  }

  /** Whether a decrypted frame could be of this call, as far as a mini frame's timestamp tells. */
  fits(frame: Uint8Array, nowMs: number): boolean {
    if (isFullFrame(frame) || frame.length < MINI_HEADER_LENGTH || this.offsetMs === undefined) return true;
    const expected = Math.round(nowMs + this.offsetMs);
    // The distance on the circle of 16 bits, of video 15.
    const aheadMs =
      frameKind(frame) === 'video-mini'
        ? ((readVideoTimestamp(frame) - expected) << 17) >> 17
        : ((readMiniTimestamp(frame) - expected) << 16) >> 16;
    return aheadMs > -LATEST_MS && aheadMs < EARLIEST_MS;
  }
}
