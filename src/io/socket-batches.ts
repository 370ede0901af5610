import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SendBatch } from './send-batch.ts';
import { SocketAddresses } from './socket-addresses.ts';
import { takesJoined } from './udp-socket.ts';

const POLLIN = 1;
const POLL_ENTRY_BYTES = 8;

/** Both directions of a socket whose descriptor another thread has opened; the memory is this thread's own. */
export class SocketBatches {
  /** The memory in which all received datagrams lie. */
  readonly bytes: Uint8Array;
  private readonly addresses: SocketAddresses;
  private readonly received: ReceiveBatch;
  private readonly outgoing: SendBatch;

  constructor(
    libc: Libc,
    private readonly fd: number,
    ipv6: boolean,
    /** What cannot be sent. */
    private readonly onRefused: () => void,
  ) {
    this.addresses = new SocketAddresses(ipv6);
    this.received = new ReceiveBatch(libc, this.addresses);
    this.outgoing = new SendBatch(libc, this.addresses, takesJoined(libc, fd));
    this.bytes = this.received.arena;
  }

  /** Datagrams that were received so far. */
  came = 0;

  /** The most that `receive` gives. */
  get capacity(): number {
    return this.received.capacity;
  }

  /** What is to be sent of the last ones leaves first. While the socket is full the next ones wait in the kernel. */
  receive(): number {
    if (this.outgoing.hasLent) this.flush();
    if (this.outgoing.hasLent) return 0;
    const count = this.received.receive(this.fd);
    this.came += count;
    return count;
  }

  startOf(index: number): number {
    return this.received.startOf(index);
  }

  lengthOf(index: number): number {
    return this.received.lengthOf(index);
  }

  senderOf(index: number): Address {
    return this.received.from(index);
  }

  destination(to: Address): Address {
    return this.addresses.destination(to);
  }

  /** What lies in `bytes` is sent from there, all else is copied. */
  send(to: Address, bytes: Uint8Array, at: number, length: number): void {
    if (!this.outgoing.hasRoom(length)) this.flush();
    if (!this.outgoing.hasRoom(length) || !this.add(to, bytes, at, length)) this.onRefused();
  }

  private add(to: Address, bytes: Uint8Array, at: number, length: number): boolean {
    return bytes === this.bytes
      ? this.outgoing.lend(this.received.memory, at, to, length)
      : this.outgoing.add(bytes, to, at, length);
  }

  /** What a full socket does not take stays for the next time. */
  flush(): void {
    if (!this.outgoing.isEmpty) this.outgoing.flush(this.fd, this.onRefused);
  }
}

/** Waits until one of some descriptors can be read, or for `timeoutMs`. */
export class ReadableWait {
  private readonly entries: Uint8Array;
  private readonly count: number;

  constructor(
    private readonly libc: Libc,
    descriptors: readonly number[],
  ) {
    this.count = descriptors.length;
    const view = new DataView(new ArrayBuffer(this.count * POLL_ENTRY_BYTES));
    for (const [i, fd] of descriptors.entries()) {
      view.setInt32(i * POLL_ENTRY_BYTES, fd, true);
      view.setInt16(i * POLL_ENTRY_BYTES + 4, POLLIN, true);
    }
    this.entries = new Uint8Array(view.buffer);
  }

  wait(timeoutMs: number): void {
    this.libc.poll(this.entries, this.count, timeoutMs);
  }
}
