import type { Counters } from '../src/base/counters.ts';
import { LINK } from './messages.ts';

/** One frame of the link, its CRC checked. `payload` lies in a buffer that is used again: read it before the next. */
export interface Frame {
  readonly code: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xFFFF, most significant bit first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ CRC_TABLE[(crc >> 8) ^ byte]!;
  return crc;
}

const HEADER = 2;
const CRC = 2;

/**
 * A frame as it goes over the wire: a delimiter on both sides, so that one that lost its end does not take the next with
 * it, and between them type, sequence number, payload and CRC without a zero byte.
 */
export function encodeFrame(code: number, sequence: number, payload: Uint8Array): Uint8Array {
  const plain = new Uint8Array(HEADER + payload.length + CRC);
  plain[0] = code;
  plain[1] = sequence;
  plain.set(payload, HEADER);
  const crc = crc16(plain.subarray(0, HEADER + payload.length));
  plain[plain.length - 2] = crc & 0xff;
  plain[plain.length - 1] = crc >> 8;
  return stuff(plain);
}

/** Consistent overhead byte stuffing: each run without a zero is preceded by its length. */
function stuff(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(plain.length + Math.floor(plain.length / 254) + 3);
  let at = 2;
  let codeAt = 1;
  for (const byte of plain) {
    if (byte !== 0) out[at++] = byte;
    if (byte === 0 || at - codeAt === 0xff) {
      out[codeAt] = at - codeAt;
      codeAt = at++;
    }
  }
  out[codeAt] = at - codeAt;
  return out.subarray(0, at + 1);
}

/**
 * Finds frames in whatever comes over the wire. Noise costs the frames it hits and none after them: every delimiter
 * starts afresh, and nothing in the bytes is believed to be a length beyond it.
 */
export class FrameDecoder {
  private readonly stuffed = new Uint8Array(LINK.MAX_FRAME + Math.ceil(LINK.MAX_FRAME / 254) + 1);
  private readonly plain = new Uint8Array(this.stuffed.length);
  private length = 0;
  private overlong = false;

  /** What is dropped counts as `hat.…` by reason. */
  constructor(private readonly counters: Counters) {}

  /** The good frames that end in `chunk`. */
  *frames(chunk: Uint8Array): Generator<Frame> {
    for (const byte of chunk) {
      if (byte === 0) {
        const frame = this.take();
        if (frame !== undefined) yield frame;
      } else if (this.length < this.stuffed.length) this.stuffed[this.length++] = byte;
      else this.overlong = true;
    }
  }

  /** Forgets a frame that has begun. */
  reset(): void {
    this.length = 0;
    this.overlong = false;
  }

  private take(): Frame | undefined {
    const { length, overlong } = this;
    this.reset();
    if (length === 0) return undefined;
    if (overlong) return this.drop('frame-too-long');
    const end = this.unstuff(length);
    if (end === undefined) return this.drop('frame-broken');
    if (end < HEADER + CRC) return this.drop('frame-too-short');
    const { plain } = this;
    const crc = plain[end - 2]! | (plain[end - 1]! << 8);
    if (crc16(plain.subarray(0, end - CRC)) !== crc) return this.drop('bad-crc');
    return { code: plain[0]!, sequence: plain[1]!, payload: plain.subarray(HEADER, end - CRC) };
  }

  /** Length of the plain frame, undefined when the runs do not add up. */
  private unstuff(length: number): number | undefined {
    let end = 0;
    for (let at = 0; at < length; ) {
      const run = this.stuffed[at]!;
      if (at + run > length) return undefined;
      this.plain.set(this.stuffed.subarray(at + 1, at + run), end);
      end += run - 1;
      at += run;
      if (run < 0xff && at < length) this.plain[end++] = 0;
    }
    return end;
  }

  private drop(reason: string): undefined {
    this.counters.increment(`hat.${reason}`);
    return undefined;
  }
}
