import { utf8Decode, utf8Encode, writeAscii } from '../base/bytes.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import type { Address } from '../base/machine.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './frame-header.ts';

/** How the data of an information element is read and written; one per kind of value. [RFC5456 §8.6] */
export interface ElementCodec<Value> {
  /** Undefined for data of the wrong length or form: the element is then passed over. */
  decode(data: Uint8Array): Value | undefined;
  /** Writes them at a place that has room for `MAX_ELEMENT_LENGTH`; gives how long they are. */
  write(value: Value, to: Uint8Array, at: number): number;
}

/** An element's data is at most this long. */
export const MAX_ELEMENT_LENGTH = 255;

/** Text longer than an element can hold is cut at a character's boundary. */
export const text: ElementCodec<string> = {
  decode: utf8Decode,
  write: (value, to, at) =>
    value.length <= MAX_ELEMENT_LENGTH && writeAscii(value, to, at)
      ? value.length
      : raw.write(cutUtf8(utf8Encode(value), MAX_ELEMENT_LENGTH), to, at),
};

/** The first `length` bytes of UTF-8 at most, without half a character at the end. */
export function cutUtf8(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length <= length) return bytes;
  let end = length;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Bytes as they are; more than an element can hold are cut off. */
export const raw: ElementCodec<Uint8Array> = {
  decode: (data) => data,
  write: (value, to, at) => {
    const length = Math.min(value.length, MAX_ELEMENT_LENGTH);
    to.set(length === value.length ? value : value.subarray(0, length), at);
    return length;
  },
};

/** An element that says all by being there. */
export const flag: ElementCodec<true> = {
  decode: () => true,
  write: () => 0,
};

export const uint8 = unsigned(1);
export const uint16 = unsigned(2);
export const uint32 = unsigned(4);

/** A number too large for its field goes as the largest, never as its low bits: 70000 s of refresh is not 4464. */
function unsigned(length: 1 | 2 | 4): ElementCodec<number> {
  const max = 2 ** (8 * length) - 1;
  return {
    decode: (data) => (data.length === length ? readUnsigned(data) : undefined),
    write: (value, to, at) => {
      let rest = Math.min(Math.max(Math.trunc(value), 0), max);
      for (let i = length - 1; i >= 0; i--) {
        to[at + i] = rest;
        rest >>>= 8;
      }
      return length;
    },
  };
}

function readUnsigned(data: Uint8Array): number {
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  return value;
}

/** The low 32 bits of a set of formats: an old peer sees what it can know. */
export const formatMask32: ElementCodec<bigint> = {
  decode: (data) => (data.length === 4 ? BigInt(readUint32(data, 0)) : undefined),
  write: (mask, to, at) => {
    writeUint32(to, at, Number(BigInt.asUintN(32, mask)));
    return 4;
  },
};

/** Version 0 and 64 bits; another version is passed over. Asterisk's FORMAT2 and CAPABILITY2. */
export const formatMask64: ElementCodec<bigint> = {
  decode: (data) => {
    if (data.length !== 9 || data[0] !== 0) return undefined;
    return (BigInt(readUint32(data, 1)) << 32n) | BigInt(readUint32(data, 5));
  },
  write: (mask, to, at) => {
    to[at] = 0;
    writeUint32(to, at + 1, Number(BigInt.asUintN(32, mask >> 32n)));
    writeUint32(to, at + 5, Number(BigInt.asUintN(32, mask)));
    return 9;
  },
};

const AF_INET = 2;
/** Linux has 10; BSD, macOS and Windows differ. */
const AF_INET6 = [10, 28, 30, 23];
const SOCKADDR_IN_LENGTH = 16;
const SOCKADDR_IN6_LENGTH = 28;

/**
 * A socket address as it lies in the sender's memory: the family in its native byte order (on BSD a length byte and one
 * byte of family), port and address in network order. Sent as Linux on a little-endian machine has it, which is what
 * nearly every peer has. [RFC5456 §8.6.17]
 */
export const socketAddress: ElementCodec<Address> = {
  decode: (data) => {
    if (data.length === SOCKADDR_IN_LENGTH && familyIs(data, [AF_INET]))
      return address(data.subarray(4, 8), readUint16(data, 2));
    if (data.length === SOCKADDR_IN6_LENGTH && familyIs(data, AF_INET6))
      return address(data.subarray(8, 24), readUint16(data, 2));
    return undefined;
  },
  write: ({ ip, port }, to, at) => {
    const bytes = parseIp(ip) ?? new Uint8Array(4);
    const v6 = bytes.length === 16;
    const length = v6 ? SOCKADDR_IN6_LENGTH : SOCKADDR_IN_LENGTH;
    to.fill(0, at, at + length);
    to[at] = v6 ? AF_INET6[0]! : AF_INET;
    writeUint16(to, at + 2, port);
    to.set(bytes, at + (v6 ? 8 : 4));
    return length;
  },
};

function familyIs(data: Uint8Array, families: readonly number[]): boolean {
  const first = data[0]!;
  const second = data[1]!;
  if (second === 0) return families.includes(first);
  return families.includes(second) && (first === 0 || first === data.length);
}

function address(ipBytes: Uint8Array, port: number): Address | undefined {
  const ip = formatIp(ipBytes);
  return ip === undefined ? undefined : { ip, port };
}

/** Wall time at the sender, in its own zone, to two seconds. */
export interface DateTime {
  /** 2000…2127. */
  readonly year: number;
  /** 1…12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** Even: the wire has seconds / 2. */
  readonly second: number;
}

/** 32 bits: year − 2000 (7), month (4), day (5), hour (5), minute (6), second / 2 (5). [RFC5456 §8.6.28] */
export const dateTime: ElementCodec<DateTime> = {
  decode: (data) => {
    if (data.length !== 4) return undefined;
    const packed = readUint32(data, 0);
    return {
      year: 2000 + (packed >>> 25),
      month: (packed >>> 21) & 0x0f,
      day: (packed >>> 16) & 0x1f,
      hour: (packed >>> 11) & 0x1f,
      minute: (packed >>> 5) & 0x3f,
      second: (packed & 0x1f) * 2,
    };
  },
  write: ({ year, month, day, hour, minute, second }, to, at) => {
    const yearBits = Math.min(Math.max(year - 2000, 0), 127);
    const packed = (yearBits << 25) | ((month & 0x0f) << 21) | ((day & 0x1f) << 16) | ((hour & 0x1f) << 11);
    writeUint32(to, at, packed | ((minute & 0x3f) << 5) | ((second >> 1) & 0x1f));
    return 4;
  },
};

/** Share and number of lost frames, as in a PONG's RR_LOSS. */
export interface Loss {
  /** 0…255, meant to be 0…100. */
  readonly percent: number;
  /** 24 bits. */
  readonly count: number;
}

/** [RFC5456 §8.6.37] */
export const loss: ElementCodec<Loss> = {
  decode: (data) => {
    if (data.length !== 4) return undefined;
    const packed = readUint32(data, 0);
    return { percent: packed >>> 24, count: packed & 0xff_ffff };
  },
  write: ({ percent, count }, to, at) => {
    writeUint32(to, at, (Math.min(percent, 255) << 24) | Math.min(count, 0xff_ffff));
    return 4;
  },
};
