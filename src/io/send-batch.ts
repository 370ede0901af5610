import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { MessageHeaders } from './message-headers.ts';
import { SOCKADDR_BYTES, type SocketAddresses } from './socket-addresses.ts';

/** Datagrams of one system call. */
const MESSAGES = 64;
/** Room for their bytes; the longest datagram fits in. */
const ARENA_BYTES = 128 << 10;

/** Datagrams on their way out: copied when they are added, handed to the kernel together. */
export class SendBatch {
  private readonly headers: MessageHeaders;
  private readonly arena = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  private readonly arenaAddress: number;
  private readonly parts = new WeakMap<Uint8Array, Uint8Array>();
  /** The next message to send, one behind the last, and how much of the arena they have. */
  private first = 0;
  private end = 0;
  private filled = 0;

  constructor(
    private readonly libc: Libc,
    private readonly addresses: SocketAddresses,
  ) {
    this.headers = new MessageHeaders(libc, MESSAGES, addresses.bytes);
    this.arenaAddress = libc.addressOf(this.arena.buffer);
  }

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /** Whether a datagram of this length can be added. */
  hasRoom(length: number): boolean {
    return this.end < MESSAGES && this.filled + length <= ARENA_BYTES;
  }

  /** Copies a datagram for which there is room; false if the socket's family cannot reach `to`. */
  add(bytes: Uint8Array, to: Address, at = 0, length = bytes.length - at): boolean {
    if (!this.addresses.write(to, this.headers.names, this.end * SOCKADDR_BYTES)) return false;
    this.arena.set(this.partOf(bytes, at, length), this.filled);
    this.headers.setBuffer(this.end, this.arenaAddress + this.filled, length);
    this.filled += length;
    this.end++;
    return true;
  }

  /** Who sends from a buffer mostly sends the same part of it: that view is kept, since each one is garbage. */
  private partOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
    if (length === bytes.length) return bytes;
    const known = this.parts.get(bytes);
    if (known !== undefined && known.length === length && known.byteOffset === bytes.byteOffset + at) return known;
    const part = bytes.subarray(at, at + length);
    this.parts.set(bytes, part);
    return part;
  }

  /**
   * Sends all; false if the socket has no room for some of them: those stay for the next time. What the kernel refuses is
   * told and left out.
   */
  flush(fd: number, onRefused: (error: string) => void): boolean {
    while (this.first < this.end) {
      const sent = this.libc.sendmmsg(fd, this.headers.addressOf(this.first), this.end - this.first, 0);
      if (sent > 0) {
        this.first += sent;
        continue;
      }
      const error = this.libc.errno();
      if (error === 'EINTR') continue;
      if (error === 'EAGAIN') return false;
      onRefused(error);
      this.first++;
    }
    this.first = 0;
    this.end = 0;
    this.filled = 0;
    return true;
  }
}
