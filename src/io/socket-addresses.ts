import { formatIp, parseIp } from '../base/ip.ts';
import type { Address } from '../base/machine.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** Length of a `struct sockaddr_in6`, the longer of the two. */
export const SOCKADDR_BYTES = 28;
const SOCKADDR_IN_BYTES = 16;
const IN_ADDRESS_AT = 4;
const IN6_ADDRESS_AT = 8;

const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** Ends of conversations that are remembered; a power of two. */
const REMEMBERED = 1024;
const MAX_TEXTS = 4096;

/** An address to which one socket sends much, with the `struct sockaddr` that it is there. */
export class Destination implements Address {
  constructor(
    readonly ip: string,
    readonly port: number,
    /** Counts the destinations of a socket. */
    readonly number: number,
    readonly owner: SocketAddresses,
    readonly name: Uint8Array,
  ) {}
}

/**
 * Addresses between text and the `struct sockaddr` of one family's sockets. An IPv4 address on an IPv6 socket is mapped on
 * the wire and plain for us. What was seen before is looked up, so that a packet of a call that stands allocates nothing.
 */
export class SocketAddresses {
  readonly bytes: number;
  private readonly addressAt: number;
  private readonly addressBytes: number;
  /** `struct sockaddr` and the address that it is, by a hash. */
  private readonly seen = new Uint8Array(REMEMBERED * SOCKADDR_BYTES);
  private readonly seenAddresses: (Address | undefined)[] = new Array<Address | undefined>(REMEMBERED).fill(undefined);
  /** Bytes of an IP address by its text. */
  private readonly texts = new Map<string, Uint8Array>();
  /** By the address that `read` gives, as long as that is known. */
  private readonly destinations = new WeakMap<Address, Destination>();
  private destinationCount = 0;

  constructor(private readonly ipv6: boolean) {
    this.bytes = ipv6 ? SOCKADDR_BYTES : SOCKADDR_IN_BYTES;
    this.addressAt = ipv6 ? IN6_ADDRESS_AT : IN_ADDRESS_AT;
    this.addressBytes = ipv6 ? 16 : 4;
  }

  /** The same address in the shape that `write` needs the least time for; the same object each time. */
  destination(address: Address): Address {
    const name = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
    if (!this.write(address, name, 0)) return address;
    const known = this.read(name, 0);
    let destination = this.destinations.get(known);
    if (destination === undefined) {
      destination = new Destination(known.ip, known.port, this.destinationCount++, this, name);
      this.destinations.set(known, destination);
    }
    return destination;
  }

  /** Writes `bytes` bytes; false if such a socket cannot reach the address. */
  write(address: Address, to: Uint8Array, at: number): boolean {
    if (!(address instanceof Destination) || address.owner !== this) return this.writeParsed(address, to, at);
    const { name } = address;
    for (let i = 0; i < this.bytes; i++) to[at + i] = name[i]!;
    return true;
  }

  private writeParsed({ ip, port }: Address, to: Uint8Array, at: number): boolean {
    const address = this.texts.get(ip) ?? this.parse(ip);
    if (address === undefined) return false;
    to.fill(0, at, at + this.bytes);
    to[at] = this.ipv6 ? AF_INET6 : AF_INET;
    to[at + 2] = port >>> 8;
    to[at + 3] = port & 0xff;
    to.set(address, at + this.addressAt);
    return true;
  }

  read(from: Uint8Array, at: number): Address {
    const slot = this.hash(from, at);
    const known = this.seenAddresses[slot];
    if (known !== undefined && this.isSeen(slot, from, at)) return known;
    const address = this.decode(from, at);
    this.seenAddresses[slot] = address;
    this.seen.set(from.subarray(at, at + this.bytes), slot * SOCKADDR_BYTES);
    return address;
  }

  private parse(ip: string): Uint8Array | undefined {
    const parsed = parseIp(ip);
    if (parsed === undefined || parsed.length > this.addressBytes) return undefined;
    const address = new Uint8Array(this.addressBytes);
    if (parsed.length < this.addressBytes) address.set(MAPPED_PREFIX);
    address.set(parsed, this.addressBytes - parsed.length);
    if (this.texts.size >= MAX_TEXTS) this.texts.clear();
    this.texts.set(ip, address);
    return address;
  }

  private decode(from: Uint8Array, at: number): Address {
    const start = at + this.addressAt;
    const address = from.slice(start, start + this.addressBytes);
    const isMapped = this.ipv6 && MAPPED_PREFIX.every((byte, i) => address[i] === byte);
    const ip = formatIp(isMapped ? address.subarray(MAPPED_PREFIX.length) : address) ?? '';
    return { ip, port: (from[at + 2]! << 8) | from[at + 3]! };
  }

  private hash(from: Uint8Array, at: number): number {
    let hash = (from[at + 2]! << 8) | from[at + 3]!;
    const start = at + this.addressAt;
    for (let i = start; i < start + this.addressBytes; i++) hash = Math.imul(hash, 31) + from[i]!;
    return (hash ^ (hash >>> 16)) & (REMEMBERED - 1);
  }

  private isSeen(slot: number, from: Uint8Array, at: number): boolean {
    const start = slot * SOCKADDR_BYTES;
    for (let i = 2; i < this.addressAt + this.addressBytes; i++)
      if (this.seen[start + i] !== from[at + i]) return false;
    return true;
  }
}
