/** RTP packets: a header of 12 bytes and more, then the payload. [RFC3550 §5.1] */

export const RTP_HEADER_LENGTH = 12;

/** Types that a packet of the RTP port may not have: there they are those of RTCP packets. [RFC5761 §4] */
const FIRST_RTCP_TYPE = 192;
const LAST_RTCP_TYPE = 223;

/** The header that was read last, and where its payload lies; one object serves all packets of a stream. */
export class RtpHeader {
  payloadType = 0;
  marker = false;
  sequence = 0;
  /** Both with a sign: then they are small integers, where half of all would be objects on their way elsewhere. */
  timestamp = 0;
  ssrc = 0;
  payloadAt = 0;
  payloadLength = 0;

  /** False if the bytes are no RTP packet: another version, or lengths that do not add up. */
  read(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length < RTP_HEADER_LENGTH || bytes[0]! >>> 6 !== 2) return false;
    const first = bytes[0]!;
    let at = RTP_HEADER_LENGTH + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      if (at + 4 > length) return false;
      at += 4 + 4 * ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    }
    const padding = (first & 0x20) === 0 ? 0 : bytes[length - 1]!;
    if (at > length || at + padding > length || ((first & 0x20) !== 0 && padding === 0)) return false;
    this.payloadType = bytes[1]! & 0x7f;
    this.marker = (bytes[1]! & 0x80) !== 0;
    this.sequence = (bytes[2]! << 8) | bytes[3]!;
    this.timestamp = readInt32(bytes, 4);
    this.ssrc = readInt32(bytes, 8);
    this.payloadAt = at;
    this.payloadLength = length - padding - at;
    return true;
  }
}

/** Whether a datagram that came to an RTP port is RTCP, which shares it. [RFC5761 §4] */
export function isRtcp(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes[1]! >= FIRST_RTCP_TYPE && bytes[1]! <= LAST_RTCP_TYPE;
}

/** Writes a header without contributors and extension at the beginning of `to`. */
export function writeRtpHeader(
  to: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  to[0] = 0x80;
  to[1] = (marker ? 0x80 : 0) | payloadType;
  to[2] = sequence >>> 8;
  to[3] = sequence;
  writeUint32(to, 4, timestamp);
  writeUint32(to, 8, ssrc);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0;
}

/** The same 32 bits with a sign. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function writeUint32(to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
}

/** How far sequence number `a` is ahead of `b`, negative if behind, on the 16-bit circle. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}
