import { newBytes } from '../base/bytes.ts';
import {
  FULL_HEADER_LENGTH,
  frameKind,
  MAX_CALL_NUMBER,
  MINI_HEADER_LENGTH,
  readDestinationCall,
  readFrameType,
  readFullTimestamp,
  readMiniTimestamp,
  readSourceCall,
  readSubclassByte,
  readVideoMarker,
  readVideoSourceCall,
  readVideoTimestamp,
  VIDEO_MARKER,
  VIDEO_MINI_HEADER_LENGTH,
  writeMiniHeader,
  writeUint16,
  writeUint32,
  writeVideoMiniHeader,
} from './frame-header.ts';
import { type Malformed, malformed } from './malformed.ts';
import { decodeMetaTrunkFrame, encodeMetaTrunkFrame, type MetaTrunkFrame } from './meta-trunk.ts';
import { compressSubclass, expandSubclass, FRAME_TYPE } from './subclass.ts';

/** Whatever one datagram of IAX2 can be. [RFC5456 §8.1] */
export type Frame = FullFrame | MiniFrame | VideoMiniFrame | MetaTrunkFrame;

/** A frame that is sent reliably: acknowledged, in order, sent again until it is. [RFC5456 §8.1.1] */
export interface FullFrame {
  readonly type: 'full';
  /** The sender's call number, 1…32767. */
  readonly sourceCall: number;
  /** The receiver's call number, 0 where the sender does not know it. */
  readonly destinationCall: number;
  /** R: this frame was sent before. */
  readonly retransmission: boolean;
  /** All 32 bits, ms since the sender's call began. */
  readonly timestamp: number;
  readonly oseqno: number;
  readonly iseqno: number;
  /** FRAME_TYPE; other values are kept. */
  readonly frameType: number;
  /** Expanded: a message, a control, the code of a digit, or a format bit as a number (µ-law 4, Opus 2^34). */
  readonly subclass: number;
  /** VIDEO only: the last frame of a picture. */
  readonly marker: boolean;
  /** Information elements of an IAX frame, else the payload. Decoded: a view of the datagram. */
  readonly body: Uint8Array;
}

/** One block of voice, unreliable; the codec is that of the last full voice frame. [RFC5456 §8.1.2] */
export interface MiniFrame {
  readonly type: 'mini';
  readonly sourceCall: number;
  /** Low 16 bits of the timestamp. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** One packet of video, unreliable. [RFC5456 §8.1.3.1] */
export interface VideoMiniFrame {
  readonly type: 'video-mini';
  readonly sourceCall: number;
  /** Low 15 bits of the timestamp. */
  readonly timestamp: number;
  /** The last frame of a picture. */
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** Reads one datagram. Payloads and bodies are views, valid as long as `bytes` is left alone. Never throws. */
export function decodeFrame(bytes: Uint8Array): Frame | Malformed {
  switch (frameKind(bytes)) {
    case 'full':
      return decodeFullFrame(bytes);
    case 'mini':
      return {
        type: 'mini',
        sourceCall: readSourceCall(bytes),
        timestamp: readMiniTimestamp(bytes),
        payload: bytes.subarray(MINI_HEADER_LENGTH),
      };
    case 'video-mini':
      return {
        type: 'video-mini',
        sourceCall: readVideoSourceCall(bytes),
        timestamp: readVideoTimestamp(bytes),
        marker: readVideoMarker(bytes),
        payload: bytes.subarray(VIDEO_MINI_HEADER_LENGTH),
      };
    case 'meta':
      return decodeMetaTrunkFrame(bytes);
    case 'short':
      if (bytes.length < MINI_HEADER_LENGTH) return malformed('too-short');
      return malformed((bytes[0]! & 0x80) !== 0 ? 'full-frame-too-short' : 'meta-frame-too-short');
  }
}

function decodeFullFrame(bytes: Uint8Array): FullFrame {
  const frameType = readFrameType(bytes);
  const subclass = readSubclassByte(bytes);
  const video = frameType === FRAME_TYPE.VIDEO;
  return {
    type: 'full',
    sourceCall: readSourceCall(bytes),
    destinationCall: readDestinationCall(bytes),
    retransmission: (bytes[2]! & 0x80) !== 0,
    timestamp: readFullTimestamp(bytes),
    oseqno: bytes[8]!,
    iseqno: bytes[9]!,
    frameType,
    // A marked video frame of the highest format would read as 0xff, which only in other types means -1.
    subclass: video ? expandSubclass(subclass & ~VIDEO_MARKER) : expandSubclass(subclass),
    marker: video && (subclass & VIDEO_MARKER) !== 0,
    body: bytes.subarray(FULL_HEADER_LENGTH),
  };
}

/** What a full frame needs; what is left out is 0, false or empty. */
export type FullFrameFields = Partial<Omit<FullFrame, 'type' | 'body'>> &
  Pick<FullFrame, 'sourceCall' | 'frameType' | 'subclass'> & { readonly body?: Uint8Array | undefined };

/** Throws only for a subclass that has no code (a bug of the caller: neither below 128 nor a power of two). */
export function encodeFullFrame(frame: FullFrameFields): Uint8Array {
  const code = subclassCode(frame);
  if (code === undefined) throw new RangeError(`no subclass code for ${frame.subclass}`);
  const body = frame.body;
  const bytes = newBytes(FULL_HEADER_LENGTH + (body === undefined ? 0 : body.length));
  writeUint16(bytes, 0, 0x8000 | frame.sourceCall);
  writeUint16(
    bytes,
    2,
    (frame.retransmission === true ? 0x8000 : 0) | ((frame.destinationCall ?? 0) & MAX_CALL_NUMBER),
  );
  writeUint32(bytes, 4, frame.timestamp ?? 0);
  bytes[8] = frame.oseqno ?? 0;
  bytes[9] = frame.iseqno ?? 0;
  bytes[10] = frame.frameType;
  bytes[11] = code;
  if (body !== undefined) bytes.set(body, FULL_HEADER_LENGTH);
  return bytes;
}

function subclassCode({ frameType, subclass, marker }: FullFrameFields): number | undefined {
  if (frameType !== FRAME_TYPE.VIDEO) return compressSubclass(subclass);
  // Written literally, 64 would read as the marker.
  const code = subclass === VIDEO_MARKER ? 0x86 : compressSubclass(subclass);
  if (code === undefined || (code & VIDEO_MARKER) !== 0) return undefined;
  return marker === true ? code | VIDEO_MARKER : code;
}

export function encodeMiniFrame(sourceCall: number, timestamp: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MINI_HEADER_LENGTH + payload.length);
  writeMiniHeader(bytes, 0, sourceCall, timestamp);
  bytes.set(payload, MINI_HEADER_LENGTH);
  return bytes;
}

export function encodeVideoMiniFrame(frame: Omit<VideoMiniFrame, 'type'>): Uint8Array {
  const bytes = new Uint8Array(VIDEO_MINI_HEADER_LENGTH + frame.payload.length);
  writeVideoMiniHeader(bytes, 0, frame.sourceCall, frame.timestamp, frame.marker);
  bytes.set(frame.payload, VIDEO_MINI_HEADER_LENGTH);
  return bytes;
}

/** The bytes of any decoded frame. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.type) {
    case 'full':
      return encodeFullFrame(frame);
    case 'mini':
      return encodeMiniFrame(frame.sourceCall, frame.timestamp, frame.payload);
    case 'video-mini':
      return encodeVideoMiniFrame(frame);
    case 'meta-trunk':
      return encodeMetaTrunkFrame(frame);
  }
}
