import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { KernelMemory, MessageHeaders } from './message-headers.ts';
import { SOCKADDR_BYTES, type SocketAddresses } from './socket-addresses.ts';

/** Datagrams of one system call. */
const MESSAGES = 64;
/** Nothing is ever cut off. Pages that no datagram reaches are never touched, so they cost nothing. */
const LONGEST_DATAGRAM = 65_536;
/** Some cache lines more than a power of two: slots side by side must not fight for the same lines. */
const STRIDE = LONGEST_DATAGRAM + 320;

/** Datagrams taken from a socket together, in memory that is used again for the next ones. */
export class ReceiveBatch {
  /** The most that `receive` gives. */
  readonly capacity = MESSAGES;
  /** The memory in which all of them lie, for us and for the kernel. */
  readonly arena = new Uint8Array(new ArrayBuffer(MESSAGES * STRIDE));
  readonly memory: KernelMemory;
  private readonly headers: MessageHeaders;
  /** Of the last call. */
  private count = 0;

  constructor(
    private readonly libc: Libc,
    private readonly addresses: SocketAddresses,
  ) {
    this.headers = new MessageHeaders(libc, MESSAGES, addresses.bytes);
    this.memory = new KernelMemory(libc.addressOf(this.arena.buffer as ArrayBuffer), libc.pointerBytes);
    for (let i = 0; i < MESSAGES; i++) this.headers.setBuffer(i, this.memory, this.startOf(i), LONGEST_DATAGRAM);
  }

  /** Takes what has arrived, `most` of it; gives how many datagrams, 0 if none. Their bytes stand until the next call. */
  receive(fd: number, most = MESSAGES): number {
    this.headers.resetNames(this.count);
    this.count = Math.max(0, this.libc.recvmmsg(fd, this.headers.addressOf(0), most, 0));
    return this.count;
  }

  /** Where a datagram begins in `arena`. */
  startOf(i: number): number {
    return i * STRIDE;
  }

  lengthOf(i: number): number {
    return this.headers.lengthOf(i);
  }

  /** A view of one. */
  bytes(i: number): Uint8Array {
    return this.arena.subarray(this.startOf(i), this.startOf(i) + this.lengthOf(i));
  }

  from(i: number): Address {
    return this.addresses.read(this.headers.names, i * SOCKADDR_BYTES);
  }
}
