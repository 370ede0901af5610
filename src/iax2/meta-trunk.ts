import {
  MAX_CALL_NUMBER,
  META_TRUNK_HEADER_LENGTH,
  readUint16,
  readUint32,
  TRUNK_ENTRY_HEADER_LENGTH,
  TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH,
  writeUint16,
  writeUint32,
} from './frame-header.ts';
import { type Malformed, malformed } from './malformed.ts';

/** Voice of many calls between the same two peers in one datagram, unreliable. [RFC5456 §8.1.3.2] */
export interface MetaTrunkFrame {
  readonly type: 'meta-trunk';
  /** ms since the trunk began. */
  readonly timestamp: number;
  /** Whether each entry has a timestamp of its own (command data 1). */
  readonly withTimestamps: boolean;
  readonly entries: readonly TrunkEntry[];
}

export interface TrunkEntry {
  /** The sender's call number. */
  readonly sourceCall: number;
  /** Low 16 bits of the call's timestamp; undefined in a trunk frame without timestamps. */
  readonly timestamp?: number | undefined;
  readonly payload: Uint8Array;
}

/** The only meta command. */
const TRUNK_COMMAND = 1;
/** Command data: bit 0 = the entries have timestamps. */
const WITH_TIMESTAMPS = 1;

/**
 * Walks a trunk frame entry by entry without allocating: `begin`, then while `next` is true the fields hold one entry.
 * Entries are always passed over by their length, so one of an unknown call does not disturb the others.
 */
export class TrunkReader {
  timestamp = 0;
  withTimestamps = false;
  sourceCall = 0;
  /** Of the entry; meaningless in a frame without timestamps. */
  entryTimestamp = 0;
  /** Where in the buffer the entry's payload begins, and its length. */
  payloadAt = 0;
  payloadLength = 0;
  /** Set when `next` gave false because an entry overran the datagram, not because it was the end. */
  overrun = false;

  private bytes: Uint8Array = EMPTY;
  private at = 0;
  private end = 0;

  /** False if this is not a trunk frame. `frameKind` must have said `meta`. */
  begin(bytes: Uint8Array, at = 0, length = bytes.length - at): boolean {
    this.overrun = false;
    this.end = 0;
    this.at = 0;
    if (length < META_TRUNK_HEADER_LENGTH || (bytes[at + 2]! & 0x7f) !== TRUNK_COMMAND) return false;
    this.bytes = bytes;
    this.withTimestamps = (bytes[at + 3]! & WITH_TIMESTAMPS) !== 0;
    this.timestamp = readUint32(bytes, at + 4);
    this.at = at + META_TRUNK_HEADER_LENGTH;
    this.end = at + length;
    return true;
  }

  next(): boolean {
    const left = this.end - this.at;
    if (left <= 0) return false;
    const header = this.withTimestamps ? TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH : TRUNK_ENTRY_HEADER_LENGTH;
    if (left < header) return this.stop();
    const first = readUint16(this.bytes, this.at);
    const second = readUint16(this.bytes, this.at + 2);
    // The two forms have call number and length in opposite order.
    const length = this.withTimestamps ? first : second;
    if (length > left - header) return this.stop();
    this.sourceCall = (this.withTimestamps ? second : first) & MAX_CALL_NUMBER;
    this.entryTimestamp = this.withTimestamps ? readUint16(this.bytes, this.at + 4) : 0;
    this.payloadAt = this.at + header;
    this.payloadLength = length;
    this.at += header + length;
    return true;
  }

  private stop(): false {
    this.overrun = true;
    this.end = this.at;
    return false;
  }
}

const EMPTY = new Uint8Array(0);

/** Reads a whole trunk frame; payloads are views. Never throws. */
export function decodeMetaTrunkFrame(bytes: Uint8Array): MetaTrunkFrame | Malformed {
  const reader = new TrunkReader();
  if (bytes.length < META_TRUNK_HEADER_LENGTH) return malformed('meta-frame-too-short');
  if (!reader.begin(bytes)) return malformed('unknown-meta-command');
  const entries: TrunkEntry[] = [];
  while (reader.next()) {
    const { sourceCall, payloadAt, payloadLength } = reader;
    const payload = bytes.subarray(payloadAt, payloadAt + payloadLength);
    const timestamp = reader.withTimestamps ? reader.entryTimestamp : undefined;
    entries.push({ sourceCall, timestamp, payload });
  }
  if (reader.overrun) return malformed('trunk-overrun');
  return { type: 'meta-trunk', timestamp: reader.timestamp, withTimestamps: reader.withTimestamps, entries };
}

export function encodeMetaTrunkFrame(frame: Omit<MetaTrunkFrame, 'type'>): Uint8Array {
  const header = frame.withTimestamps ? TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH : TRUNK_ENTRY_HEADER_LENGTH;
  let length = META_TRUNK_HEADER_LENGTH;
  for (const entry of frame.entries) length += header + entry.payload.length;
  const bytes = new Uint8Array(length);
  writeMetaTrunkHeader(bytes, 0, frame.timestamp, frame.withTimestamps);
  let at = META_TRUNK_HEADER_LENGTH;
  for (const { sourceCall, timestamp, payload } of frame.entries) {
    writeTrunkEntryHeader(bytes, at, sourceCall, payload.length, frame.withTimestamps ? (timestamp ?? 0) : undefined);
    bytes.set(payload, at + header);
    at += header + payload.length;
  }
  return bytes;
}

export function writeMetaTrunkHeader(bytes: Uint8Array, at: number, timestamp: number, withTimestamps: boolean): void {
  writeUint16(bytes, at, 0);
  bytes[at + 2] = TRUNK_COMMAND;
  bytes[at + 3] = withTimestamps ? WITH_TIMESTAMPS : 0;
  writeUint32(bytes, at + 4, timestamp);
}

/** `timestamp` undefined writes the form without one. */
export function writeTrunkEntryHeader(
  bytes: Uint8Array,
  at: number,
  sourceCall: number,
  payloadLength: number,
  timestamp: number | undefined,
): void {
  if (timestamp === undefined) {
    writeUint16(bytes, at, sourceCall);
    writeUint16(bytes, at + 2, payloadLength);
    return;
  }
  writeUint16(bytes, at, payloadLength);
  writeUint16(bytes, at + 2, sourceCall);
  writeUint16(bytes, at + 4, timestamp);
}
