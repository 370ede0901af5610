import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { KernelMemory, MessageHeaders } from './message-headers.ts';
import { Destination, SOCKADDR_BYTES, type SocketAddresses } from './socket-addresses.ts';

/** Messages of one system call; a power of two. */
const MESSAGES = 64;
/** Datagrams that one message may join; Linux takes 64, and 64 KiB. */
const PARTS = 32;
/**
 * What is longer goes by itself: a full trunk frame gains little, and a capture on this machine shows it as it is. The kernel
 * refuses to join what it would fragment.
 */
const LONGEST_PART = 512;
/** Room for their bytes; the longest datagram fits in. */
const ARENA_BYTES = 128 << 10;
/** A loop copies so much sooner than a view for `set` is made; the view would be garbage. */
const SHORT = 2048;

/**
 * Datagrams on their way out: copied, or lent, when they are added, and handed to the kernel together. Those of one length
 * to one `Destination` pass it as one message, which it cuts apart only behind routing, filters and queues.
 */
export class SendBatch {
  private readonly headers: MessageHeaders;
  private readonly arena = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  private readonly memory: KernelMemory;
  /** The next message to send, one behind the last, and how much of the arena they have. */
  private first = 0;
  private end = 0;
  private filled = 0;
  /** Of each message: its datagrams, the length of all but the last one, and that of the last one. */
  private readonly parts = new Uint8Array(MESSAGES).fill(1);
  private readonly lengths = new Uint16Array(MESSAGES);
  private readonly lastLengths = new Uint16Array(MESSAGES);
  private readonly destinations: (Address | undefined)[] = new Array<Address | undefined>(MESSAGES).fill(undefined);
  /** The last message to a destination, by the number of that; another one may have taken its place. */
  private readonly messages = new Uint8Array(MESSAGES);
  /** The part of the first message that goes next, alone; −1 if the message goes as it is. */
  private alone = -1;
  /** Whether some of them are lent. */
  hasLent = false;

  constructor(
    private readonly libc: Libc,
    private readonly addresses: SocketAddresses,
    /** Whether the socket takes datagrams that are joined. */
    private joins = false,
  ) {
    this.headers = new MessageHeaders(libc, MESSAGES, addresses.bytes, joins ? PARTS : 1);
    this.memory = new KernelMemory(libc.addressOf(this.arena.buffer), libc.pointerBytes);
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
    if (!this.address(to, this.memory, this.filled, length)) return false;
    const { arena, filled } = this;
    if (length <= SHORT) for (let i = 0; i < length; i++) arena[filled + i] = bytes[at + i]!;
    else arena.set(bytes.subarray(at, at + length), filled);
    this.filled += length;
    return true;
  }

  /** The same of one that stands at that place of memory until `flush` has sent it: nothing is copied. */
  lend(memory: KernelMemory, at: number, to: Address, length: number): boolean {
    if (!this.address(to, memory, at, length)) return false;
    this.hasLent = true;
    return true;
  }

  private address(to: Address, memory: KernelMemory, at: number, length: number): boolean {
    if (this.join(to, memory, at, length)) return true;
    const { end, headers } = this;
    if (!this.addresses.write(to, headers.names, end * SOCKADDR_BYTES)) return false;
    headers.setBuffer(end, memory, at, length);
    if (this.parts[end] !== 1) headers.setParts(end, 0, 1);
    this.parts[end] = 1;
    this.lengths[end] = length;
    this.lastLengths[end] = length;
    this.destinations[end] = to;
    if (to instanceof Destination) this.messages[to.number & (MESSAGES - 1)] = end;
    this.end++;
    return true;
  }

  /** A datagram becomes part of the message to its destination, if there is one; only the last part may be shorter. */
  private join(to: Address, memory: KernelMemory, at: number, length: number): boolean {
    if (!this.joins || !(to instanceof Destination)) return false;
    const message = this.messages[to.number & (MESSAGES - 1)]!;
    if (this.destinations[message] !== to || message < this.first || message >= this.end || this.alone >= 0)
      return false;
    const segmentBytes = this.lengths[message]!;
    const part = this.parts[message]!;
    const isOpen = part < PARTS && this.lastLengths[message] === segmentBytes && segmentBytes <= LONGEST_PART;
    if (!isOpen || length > segmentBytes || length === 0) return false;
    this.headers.setBuffer(message, memory, at, length, part);
    this.headers.setParts(message, 0, part + 1, segmentBytes);
    this.parts[message] = part + 1;
    this.lastLengths[message] = length;
    return true;
  }

  /**
   * Sends all; false if the socket has no room for some of them: those stay for the next time. What the kernel refuses is
   * told and left out.
   */
  flush(fd: number, onRefused: (error: string) => void): boolean {
    while (this.first < this.end) {
      const count = this.alone < 0 ? this.end - this.first : 1;
      const sent = this.libc.sendmmsg(fd, this.headers.addressOf(this.first), count, 0);
      if (sent > 0) {
        // A part goes where the whole message did not: this socket's way out cannot cut it.
        if (this.alone >= 0) this.joins = false;
        this.advance(sent);
        continue;
      }
      const error = this.libc.errno();
      if (error === 'EINTR') continue;
      if (error === 'EAGAIN') return false;
      if (this.alone < 0 && this.parts[this.first] !== 1) {
        this.sendAlone(0);
        continue;
      }
      onRefused(error);
      this.advance(1);
    }
    this.first = 0;
    this.end = 0;
    this.filled = 0;
    this.hasLent = false;
    return true;
  }

  /** So many messages, or one part, are done with. */
  private advance(messages: number): void {
    if (this.alone >= 0 && this.alone + 1 < this.parts[this.first]!) {
      this.sendAlone(this.alone + 1);
      return;
    }
    this.alone = -1;
    this.first += messages;
  }

  private sendAlone(part: number): void {
    this.alone = part;
    this.headers.setParts(this.first, part, 1);
  }
}
