import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { MessageHeaders } from './message-headers.ts';
import { SOCKADDR_BYTES, type SocketAddresses } from './socket-addresses.ts';

/** Datagrams of one system call. */
const MESSAGES = 64;
/** Room for their bytes; the longest datagram fits in. */
const ARENA_BYTES = 128 << 10;
/** A loop copies so much sooner than a view for `set` is made; the view would be garbage. */
const SHORT = 2048;

/** Datagrams on their way out: copied, or lent, when they are added, and handed to the kernel together. */
export class SendBatch {
  private readonly headers: MessageHeaders;
  private readonly arena = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  private readonly arenaAddress: number;
  /** The next message to send, one behind the last, and how much of the arena they have. */
  private first = 0;
  private end = 0;
  private filled = 0;
  /** Whether some of them are lent. */
  hasLent = false;

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
    if (!this.address(to, this.arenaAddress + this.filled, length)) return false;
    const { arena, filled } = this;
    if (length <= SHORT) for (let i = 0; i < length; i++) arena[filled + i] = bytes[at + i]!;
    else arena.set(bytes.subarray(at, at + length), filled);
    this.filled += length;
    return true;
  }

  /** The same of one that stands at this address of memory until `flush` has sent it: nothing is copied. */
  lend(address: number, to: Address, length: number): boolean {
    if (!this.address(to, address, length)) return false;
    this.hasLent = true;
    return true;
  }

  private address(to: Address, bytesAddress: number, length: number): boolean {
    if (!this.addresses.write(to, this.headers.names, this.end * SOCKADDR_BYTES)) return false;
    this.headers.setBuffer(this.end++, bytesAddress, length);
    return true;
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
    this.hasLent = false;
    return true;
  }
}
