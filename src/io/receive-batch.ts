import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { MessageHeaders } from './message-headers.ts';
import { SOCKADDR_BYTES, type SocketAddresses } from './socket-addresses.ts';

/** Datagrams of one system call. */
const MESSAGES = 32;
/** Nothing is ever cut off. Pages that no datagram reaches are never touched, so they cost nothing. */
const LONGEST_DATAGRAM = 65_536;
/** Some cache lines more than a power of two: slots side by side must not fight for the same lines. */
const STRIDE = LONGEST_DATAGRAM + 320;

/** Datagrams taken from a socket together, in memory that is used again for the next ones. */
export class ReceiveBatch {
  /** The most that `receive` gives. */
  readonly capacity = MESSAGES;
  private readonly headers: MessageHeaders;
  private readonly arena = new ArrayBuffer(MESSAGES * STRIDE);
  /** The last view of each slot: packets of a call are all equally long. */
  private readonly views: Uint8Array[] = [];
  /** Of the last call. */
  private count = 0;

  constructor(
    private readonly libc: Libc,
    private readonly addresses: SocketAddresses,
  ) {
    this.headers = new MessageHeaders(libc, MESSAGES, addresses.bytes);
    const arenaAddress = libc.addressOf(this.arena);
    for (let i = 0; i < MESSAGES; i++) {
      this.headers.setBuffer(i, arenaAddress + i * STRIDE, LONGEST_DATAGRAM);
      this.views.push(new Uint8Array(this.arena, i * STRIDE, 0));
    }
  }

  /** Takes what has arrived; gives how many datagrams, 0 if none. Their bytes stand until the next call. */
  receive(fd: number): number {
    this.headers.resetNames(this.count);
    this.count = Math.max(0, this.libc.recvmmsg(fd, this.headers.addressOf(0), MESSAGES, 0));
    return this.count;
  }

  bytes(i: number): Uint8Array {
    const length = this.headers.lengthOf(i);
    const view = this.views[i]!;
    if (view.length === length) return view;
    const other = new Uint8Array(this.arena, i * STRIDE, length);
    this.views[i] = other;
    return other;
  }

  from(i: number): Address {
    return this.addresses.read(this.headers.names, i * SOCKADDR_BYTES);
  }
}
