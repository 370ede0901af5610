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
  const packet = udpPacket(from, to, payload);
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

/** IP and UDP headers around a payload, in network order. Of two families both are written as IPv6. */
function udpPacket(from: Address, to: Address, payload: Uint8Array): Uint8Array {
  const [source, target] = [parseIp(from.ip) ?? UNKNOWN_IP, parseIp(to.ip) ?? UNKNOWN_IP];
  const isIpv4 = source.length === 4 && target.length === 4;
  const ipLength = isIpv4 ? IPV4_LENGTH : IPV6_LENGTH;
  const udpLength = UDP_LENGTH + payload.length;
  const bytes = new Uint8Array(ipLength + udpLength);
  const view = new DataView(bytes.buffer);
  if (isIpv4) {
    view.setUint16(0, 0x4500);
    view.setUint16(2, bytes.length);
    view.setUint8(8, HOPS);
    view.setUint8(9, UDP);
    bytes.set(source, 12);
    bytes.set(target, 16);
    view.setUint16(10, checksum(bytes.subarray(0, IPV4_LENGTH), 0));
  } else {
    view.setUint8(0, 0x60);
    view.setUint16(4, udpLength);
    view.setUint8(6, UDP);
    view.setUint8(7, HOPS);
    bytes.set(mapped(source), 8);
    bytes.set(mapped(target), 24);
  }
  view.setUint16(ipLength, from.port);
  view.setUint16(ipLength + 2, to.port);
  view.setUint16(ipLength + 4, udpLength);
  bytes.set(payload, ipLength + UDP_LENGTH);
  // The addresses, and the pseudo header's protocol and length. A sum of 0 would mean that there is none.
  const addressesAt = isIpv4 ? 12 : 8;
  view.setUint16(ipLength + 6, checksum(bytes.subarray(addressesAt), UDP + udpLength) || 0xffff);
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
