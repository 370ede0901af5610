import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SendBatch } from './send-batch.ts';
import { SocketAddresses } from './socket-addresses.ts';

const POLLIN = 1;
const POLL_ENTRY_BYTES = 8;

/** Both directions of a socket whose descriptor another thread has opened; the memory is this thread's own. */
export class SocketBatches {
  private readonly received: ReceiveBatch;
  private readonly outgoing: SendBatch;

  constructor(
    libc: Libc,
    private readonly fd: number,
    ipv6: boolean,
    /** What cannot be sent. */
    private readonly onRefused: () => void,
  ) {
    const addresses = new SocketAddresses(ipv6);
    this.received = new ReceiveBatch(libc, addresses);
    this.outgoing = new SendBatch(libc, addresses);
  }

  /** The most that `receive` gives. */
  get capacity(): number {
    return this.received.capacity;
  }

  receive(): number {
    return this.received.receive(this.fd);
  }

  bytesOf(index: number): Uint8Array {
    return this.received.bytes(index);
  }

  senderOf(index: number): Address {
    return this.received.from(index);
  }

  send(to: Address, bytes: Uint8Array, at: number, length: number): void {
    if (!this.outgoing.hasRoom(length)) this.flush();
    if (!this.outgoing.hasRoom(length) || !this.outgoing.add(bytes, to, at, length)) this.onRefused();
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
