/**
 * What the media plane must know to speak IAX2: which timestamp a block of voice gets, whether it goes as a mini or as a
 * full frame, and which full timestamp a received mini frame means. State is a few numbers per stream; nothing allocates.
 */

/** A stream's predicted and real time may differ by so much before the prediction is given up. */
const MAX_SKEW_MS = 160;
/** From here on a drifting source is led back by 1 ms per block. */
const STEER_FROM_MS = 40;

/** How far timestamp `a` is ahead of `b`, negative if behind, on the 32-bit circle. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0;
}

/**
 * Timestamps of the voice that we send. A block's time is predicted from the blocks before it, so that late ticks do not
 * show on the wire; after silence, or when the prediction is off, it is the real time, rounded up to a whole block.
 * Each timestamp is greater than that of every frame sent before, whatever its type. [RFC5456 §8.1.1]
 */
export class VoiceClock {
  /** Where `last` stands. */
  private cells: Float64Array = new Float64Array(1);
  private cell = 0;
  private predicted = 0;
  private flowing = false;

  /** `epochMs`: monotonic ms at which the call's timestamps are 0. */
  constructor(private epochMs: number) {}

  /** The greatest timestamp sent so far, 0 before the first. */
  get last(): number {
    return this.cells[this.cell]!;
  }

  private set last(timestamp: number) {
    this.cells[this.cell] = timestamp;
  }

  /** From now on `last` stands in this cell, where another thread may read it. */
  keepLastIn(cells: Float64Array, cell: number): void {
    const { last } = this;
    this.cells = cells;
    this.cell = cell;
    this.last = last;
  }

  /** The timestamp of a block of `durationMs` that is sent at `nowMs`. */
  stamp(nowMs: number, durationMs: number): number {
    const real = Math.max(Math.floor(nowMs - this.epochMs), 0) >>> 0;
    const skew = timestampDistance(real, this.predicted);
    if (!this.flowing || Math.abs(skew) > MAX_SKEW_MS) {
      const from = timestampDistance(real, this.last) > 0 ? real : this.last + 1;
      this.predicted = (Math.ceil(from / durationMs) * durationMs) >>> 0;
      this.flowing = true;
    } else if (Math.abs(skew) > STEER_FROM_MS) {
      // The epoch is shared with the signalling plane and fixed, so a source that drifts must follow it.
      this.predicted = (this.predicted + Math.sign(skew)) >>> 0;
    }
    const timestamp = timestampDistance(this.predicted, this.last) > 0 ? this.predicted : (this.last + 1) >>> 0;
    this.predicted = (this.predicted + durationMs) >>> 0;
    this.last = timestamp;
    return timestamp;
  }

  /** A frame went out with a timestamp from elsewhere: signalling, or relayed voice. */
  note(timestamp: number): void {
    if (timestampDistance(timestamp, this.last) > 0) this.last = timestamp;
  }

  /** Voice pauses: the next block is stamped with the real time. */
  pause(): void {
    this.flowing = false;
  }

  /** After a transfer: timestamps begin anew. */
  restart(epochMs: number): void {
    this.epochMs = epochMs;
    this.last = 0;
    this.predicted = 0;
    this.flowing = false;
  }
}

/**
 * Whether a block goes as a mini frame. A full frame is due for the first block, for one with another codec, after a gap
 * in which the upper timestamp bits moved by more than one, and for the block after each crossing of a 0x8000 boundary.
 * The crossing block itself goes as a mini at once: receivers unwrap it, and the full frame may come a little later.
 * [RFC5456 §8.1.2]
 */
export class VoiceFraming {
  /** 0 = no full frame yet: the next block is full. */
  private format = 0;
  private last = 0;
  private crossed = false;

  next(timestamp: number, format: number): 'mini' | 'full' {
    const epochs = ((timestamp >>> 16) - (this.last >>> 16)) & 0xffff;
    const crossing = timestamp >>> 15 !== this.last >>> 15;
    const full = this.crossed || format !== this.format || epochs > 1;
    this.last = timestamp;
    this.format = format;
    this.crossed = !full && crossing;
    return full ? 'full' : 'mini';
  }

  /** The next block goes as a full frame, as after a transfer or a VNAK. */
  restart(): void {
    this.format = 0;
    this.crossed = false;
  }
}

/**
 * Whether a packet of a picture goes as a full frame: the first, one with another codec, and the first of each 0x8000 ms,
 * since a video mini frame has but 15 bits of its time. One that is late goes as a mini frame, whatever its time.
 * [RFC5456 §8.1.3.1]
 */
export class VideoFraming {
  /** 0 = no full frame yet. */
  private format = 0;
  private last = 0;

  isFull(timestamp: number, format: number): boolean {
    if (format !== this.format) return true;
    return timestampDistance(timestamp, this.last) > 0 && timestamp >>> 15 !== this.last >>> 15;
  }

  note(timestamp: number, format: number): void {
    if (this.format === 0 || timestampDistance(timestamp, this.last) > 0) this.last = timestamp;
    this.format = format;
  }
}

const MINI_WRAP = 0x10000;
const MINI_JUMP = 50_000;
const VIDEO_WRAP = 0x8000;
const VIDEO_JUMP = 25_000;

/**
 * The 32-bit timestamps that received mini frames mean. The nearest one to the latest timestamp seen is meant, where
 * "nearest" leans towards the future: after loss a mini may be up to 50 s ahead, late ones are little behind. It does
 * not rely on a full frame at the wrap, because Asterisk sends none. [RFC5456 §8.1.2]
 */
export class TimestampUnwrapper {
  /** The greatest timestamp seen, 0 before the first. */
  last = 0;
  /** The first timestamp counts whatever it is: a call may be weeks old. */
  private begun = false;

  /** A full frame came. For all but ACK, PONG and LAGRP, whose timestamps are of our own clock. */
  note(timestamp: number): void {
    if (this.begun && timestampDistance(timestamp, this.last) <= 0) return;
    this.last = timestamp;
    this.begun = true;
  }

  /** `low`: the 16 bits of a mini frame or a trunk entry. */
  unwrap(low: number): number {
    return this.take(low, MINI_WRAP, MINI_JUMP);
  }

  /** `low`: the 15 bits of a video mini frame. */
  unwrapVideo(low: number): number {
    return this.take(low, VIDEO_WRAP, VIDEO_JUMP);
  }

  restart(): void {
    this.last = 0;
    this.begun = false;
  }

  private take(low: number, wrap: number, jump: number): number {
    const base = this.last - (this.last % wrap);
    const distance = base + low - this.last;
    let timestamp = base + low;
    if (distance < -jump) timestamp += wrap;
    // Before the first wrap there is no earlier one to which it could belong.
    else if (distance > jump && base > 0) timestamp -= wrap;
    timestamp >>>= 0;
    this.note(timestamp);
    return timestamp;
  }
}
