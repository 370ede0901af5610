/**
 * The fixed fields of every kind of frame, read and written in place. Nothing here allocates: the media plane uses these
 * on datagrams that lie one behind the other in a large buffer, so each function takes the offset `at` of its datagram.
 */

export const FULL_HEADER_LENGTH = 12;
export const MINI_HEADER_LENGTH = 4;
export const VIDEO_MINI_HEADER_LENGTH = 6;
export const META_TRUNK_HEADER_LENGTH = 8;
/** Of a trunk entry, without and with a timestamp of its own. */
export const TRUNK_ENTRY_HEADER_LENGTH = 4;
export const TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH = 6;

/** Call numbers are 15 bits; 0 = none (a meta frame), 1 = stateless replies. [RFC5456 §8.1.1] */
export const MAX_CALL_NUMBER = 0x7fff;

/** `short` = fewer bytes than the header of its kind. */
export type FrameKind = 'full' | 'mini' | 'video-mini' | 'meta' | 'short';

/** Which kind of frame the `length` bytes at `at` are. [RFC5456 §8.1] */
export function frameKind(bytes: Uint8Array, at = 0, length = bytes.length - at): FrameKind {
  if (length < MINI_HEADER_LENGTH) return 'short';
  const first = bytes[at]!;
  if ((first & 0x80) !== 0) return length < FULL_HEADER_LENGTH ? 'short' : 'full';
  if (first !== 0 || bytes[at + 1] !== 0) return 'mini';
  if ((bytes[at + 2]! & 0x80) !== 0) return length < VIDEO_MINI_HEADER_LENGTH ? 'short' : 'video-mini';
  return length < META_TRUNK_HEADER_LENGTH ? 'short' : 'meta';
}

export function isFullFrame(bytes: Uint8Array, at = 0, length = bytes.length - at): boolean {
  return length >= FULL_HEADER_LENGTH && (bytes[at]! & 0x80) !== 0;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Of a full or mini frame: the sender's call number. */
export function readSourceCall(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at) & MAX_CALL_NUMBER;
}

/** Of a full frame. */
export function readDestinationCall(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at + 2) & MAX_CALL_NUMBER;
}

/** Of a full frame: all 32 bits, ms since the sender's call began. */
export function readFullTimestamp(bytes: Uint8Array, at = 0): number {
  return readUint32(bytes, at + 4);
}

/** Of a full frame: its place in the sender's sequence, 8 bits. */
export function readOSeqno(bytes: Uint8Array, at = 0): number {
  return bytes[at + 8]!;
}

/** Of a full frame: FRAME_TYPE. */
export function readFrameType(bytes: Uint8Array, at = 0): number {
  return bytes[at + 10]!;
}

/** Of a full frame, as on the wire: see `expandSubclass`. */
export function readSubclassByte(bytes: Uint8Array, at = 0): number {
  return bytes[at + 11]!;
}

/** Of a mini frame: the low 16 bits of the timestamp. */
export function readMiniTimestamp(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at + 2);
}

/** Of a video mini frame. */
export function readVideoSourceCall(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at + 2) & MAX_CALL_NUMBER;
}

/** Of a video mini frame: the low 15 bits of the timestamp; the bit above them is the marker. */
export function readVideoTimestamp(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at + 4) & 0x7fff;
}

/** Of a video mini frame: whether it is the last one of its picture. */
export function readVideoMarker(bytes: Uint8Array, at = 0): boolean {
  return (bytes[at + 4]! & 0x80) !== 0;
}

/** Of a full frame of video, as on the wire: the bit of its subclass that says the same. */
export const VIDEO_MARKER = 0x40;

/** Writes the 4 bytes of a mini frame's header; the payload follows at `at + MINI_HEADER_LENGTH`. [RFC5456 §8.1.2] */
export function writeMiniHeader(bytes: Uint8Array, at: number, sourceCall: number, timestamp: number): void {
  writeUint16(bytes, at, sourceCall & MAX_CALL_NUMBER);
  writeUint16(bytes, at + 2, timestamp);
}

/** [RFC5456 §8.1.3.1] */
export function writeVideoMiniHeader(
  bytes: Uint8Array,
  at: number,
  sourceCall: number,
  timestamp: number,
  marker: boolean,
): void {
  writeUint16(bytes, at, 0);
  writeUint16(bytes, at + 2, 0x8000 | sourceCall);
  writeUint16(bytes, at + 4, (marker ? 0x8000 : 0) | (timestamp & 0x7fff));
}

/**
 * Marks an encoded full frame as sent again: the R bit set, ISeqno as it is at this moment; timestamp and OSeqno stay.
 * [RFC5456 §8.1.1]
 */
export function markRetransmission(fullFrame: Uint8Array, iseqno: number): void {
  fullFrame[2]! |= 0x80;
  fullFrame[9] = iseqno;
}
