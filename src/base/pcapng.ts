import { concatBytes, utf8Encode } from './bytes.ts';
import { parseIp } from './ip.ts';
import type { Address } from './machine.ts';

/*
 * Capture files as Wireshark reads them: pcapng in little-endian order, one interface whose packets begin with the IP
 * header. [draft-ietf-opsawg-pcapng]
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;

const LINKTYPE_RAW = 101;
const OPTION_END = 0;
const OPTION_NAME = 2;
const OPTION_APPLICATION = 4;
const OPTION_FLAGS = 2;
/** Directions of a packet, in its flags. */
const FLAGS = { in: 1, out: 2 } as const;

const IPV4_LENGTH = 20;
const IPV6_LENGTH = 40;
const UDP_LENGTH = 8;
const UDP = 17;
const TCP_LENGTH = 20;
const TCP = 6;
const PSH_ACK = 0x18;
const HOPS = 64;
const UNKNOWN_IP = new Uint8Array(4);

/** What a capture file begins with. */
export function pcapngHeader(application: string): Uint8Array {
  const section = block(SECTION_HEADER, [
    integers([BYTE_ORDER, 4], [1, 2], [0, 2], [0xffff_ffff, 4], [0xffff_ffff, 4]),
    option(OPTION_APPLICATION, utf8Encode(application)),
    option(OPTION_END, new Uint8Array(0)),
  ]);
  const description = block(INTERFACE_DESCRIPTION, [
    integers([LINKTYPE_RAW, 2], [0, 2], [0, 4]),
    option(OPTION_NAME, utf8Encode('branchline')),
    option(OPTION_END, new Uint8Array(0)),
  ]);
  return concatBytes([section, description]);
}

/** One UDP datagram as a packet of the capture; the time is epoch ms, with fractions. */
export function pcapngDatagram(
  direction: 'in' | 'out',
  from: Address,
  to: Address,
  payload: Uint8Array,
  epochMs: number,
): Uint8Array {
  const header = new Uint8Array(UDP_LENGTH);
  new DataView(header.buffer).setUint16(4, UDP_LENGTH + payload.length);
  // A sum of 0 would mean that there is none.
  return enhancedPacket(
    direction,
    ipPacket(from, to, { number: UDP, header, checksumAt: 6, none: 0xffff }, payload),
    epochMs,
  );
}

/** Where in its stream a piece stands: bytes that its sender sent before it, and those that the other end did. */
export interface StreamPlace {
  readonly sent: number;
  readonly taken: number;
}

/**
 * The next bytes of a TCP connection as a packet of the capture, up to 65,000 of them. Only the stream is known, so what
 * makes it whole for a dissector is made up: sequence numbers from 1 on, and no handshake.
 */
export function pcapngSegment(
  direction: 'in' | 'out',
  from: Address,
  to: Address,
  payload: Uint8Array,
  { sent, taken }: StreamPlace,
  epochMs: number,
): Uint8Array {
  const header = new Uint8Array(TCP_LENGTH);
  const view = new DataView(header.buffer);
  view.setUint32(4, 1 + sent);
  view.setUint32(8, 1 + taken);
  view.setUint8(12, (TCP_LENGTH / 4) << 4);
  view.setUint8(13, PSH_ACK);
  view.setUint16(14, 0xffff);
  return enhancedPacket(
    direction,
    ipPacket(from, to, { number: TCP, header, checksumAt: 16, none: 0 }, payload),
    epochMs,
  );
}

function enhancedPacket(direction: 'in' | 'out', packet: Uint8Array, epochMs: number): Uint8Array {
  const us = Math.floor(epochMs * 1000);
  const times: [number, number][] = [
    [Math.floor(us / 2 ** 32), 4],
    [us % 2 ** 32, 4],
  ];
  return block(ENHANCED_PACKET, [
    integers([0, 4], ...times, [packet.length, 4], [packet.length, 4]),
    padded(packet),
    option(OPTION_FLAGS, integers([FLAGS[direction], 4])),
    option(OPTION_END, new Uint8Array(0)),
  ]);
}

/** What stands between IP and payload; both begin with the ports. */
interface TransportHeader {
  readonly number: number;
  readonly header: Uint8Array;
  readonly checksumAt: number;
  /** What a sum of 0 is written as. */
  readonly none: number;
}

/** IP and transport headers around a payload, in network order. Of two families both are written as IPv6. */
function ipPacket(from: Address, to: Address, transport: TransportHeader, payload: Uint8Array): Uint8Array {
  const { number, header, checksumAt, none } = transport;
  const [source, target] = [parseIp(from.ip) ?? UNKNOWN_IP, parseIp(to.ip) ?? UNKNOWN_IP];
  const isIpv4 = source.length === 4 && target.length === 4;
  const ipLength = isIpv4 ? IPV4_LENGTH : IPV6_LENGTH;
  const restLength = header.length + payload.length;
  const bytes = new Uint8Array(ipLength + restLength);
  const view = new DataView(bytes.buffer);
  if (isIpv4) {
    view.setUint16(0, 0x4500);
    view.setUint16(2, bytes.length);
    view.setUint8(8, HOPS);
    view.setUint8(9, number);
    bytes.set(source, 12);
    bytes.set(target, 16);
    view.setUint16(10, checksum(bytes.subarray(0, IPV4_LENGTH), 0));
  } else {
    view.setUint8(0, 0x60);
    view.setUint16(4, restLength);
    view.setUint8(6, number);
    view.setUint8(7, HOPS);
    bytes.set(mapped(source), 8);
    bytes.set(mapped(target), 24);
  }
  bytes.set(header, ipLength);
  view.setUint16(ipLength, from.port);
  view.setUint16(ipLength + 2, to.port);
  bytes.set(payload, ipLength + header.length);
  // The addresses, and the pseudo header's protocol and length.
  const addressesAt = isIpv4 ? 12 : 8;
  view.setUint16(ipLength + checksumAt, checksum(bytes.subarray(addressesAt), number + restLength) || none);
  return bytes;
}

/** The Internet checksum. [RFC1071] */
function checksum(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i]! << 8 : bytes[i]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function mapped(ip: Uint8Array): Uint8Array {
  if (ip.length === 16) return ip;
  const bytes = new Uint8Array(16).fill(0xff, 10, 12);
  bytes.set(ip, 12);
  return bytes;
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(parts);
  const length = 12 + body.length;
  return concatBytes([integers([type, 4], [length, 4]), body, integers([length, 4])]);
}

function option(code: number, value: Uint8Array): Uint8Array {
  return concatBytes([integers([code, 2], [value.length, 2]), padded(value)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
}

/** Pairs of a value and its length in bytes, little-endian. */
function integers(...values: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [value, length] of values)
    for (let i = 0; i < length; i++) bytes[at++] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  return bytes;
}
