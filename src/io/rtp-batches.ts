import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { ReadableLook } from './readable-set.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SOCKADDR_BYTES, SocketAddresses } from './socket-addresses.ts';

/** So many are taken from one port at a time: a flood waits there, and is lost there. */
const DATAGRAMS_PER_PORT = 8;
/** Views of received packets are kept up to this length: 60 ms of G.711 and some more. */
const LONGEST_KEPT = 512;
/** No packet of a stream is longer. */
const LONGEST_SENT = 2048;

/** A port of a stream, and the address that its last packet went to, laid as the kernel reads it. */
class OpenPort {
  to: Address | undefined;
  readonly name = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  readonly nameAddress: bigint;

  constructor(
    libc: Libc,
    readonly fd: number,
  ) {
    this.nameAddress = BigInt(libc.addressOf(this.name.buffer as ArrayBuffer));
  }
}

/**
 * The RTP ports of a media worker, whose descriptors another thread has opened. One system call tells which of them have
 * something, one takes it, one sends a packet: each stream has a socket of its own, so that there is nothing to batch.
 */
export class RtpBatches {
  /** Datagrams that were received so far. */
  came = 0;
  private readonly addresses: SocketAddresses;
  private readonly received: ReceiveBatch;
  private readonly readable: ReadableLook;
  /** Views of the received packets by place and length: a packet of a call that stands allocates nothing. */
  private readonly views: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(
    DATAGRAMS_PER_PORT * LONGEST_KEPT,
  ).fill(undefined);
  private readonly ports = new Map<number, OpenPort>();
  /** A packet on its way out. */
  private readonly outgoing = new Uint8Array(new ArrayBuffer(LONGEST_SENT));
  private readonly outgoingAddress: bigint;

  constructor(
    private readonly libc: Libc,
    readableFd: number,
    ipv6: boolean,
    /** What cannot be sent. */
    private readonly onRefused: () => void,
  ) {
    this.addresses = new SocketAddresses(ipv6);
    this.received = new ReceiveBatch(libc, this.addresses);
    this.readable = new ReadableLook(libc, readableFd);
    this.outgoingAddress = BigInt(libc.addressOf(this.outgoing.buffer as ArrayBuffer));
  }

  ready(): number {
    return this.readable.look();
  }

  portOf(index: number): number {
    return this.readable.numberOf(index);
  }

  receive(index: number): number {
    const count = this.received.receive(this.readable.descriptorOf(index), DATAGRAMS_PER_PORT);
    this.came += count;
    return count;
  }

  bytes(i: number): Uint8Array {
    const length = this.received.lengthOf(i);
    if (length >= LONGEST_KEPT) return this.received.bytes(i);
    const place = i * LONGEST_KEPT + length;
    const known = this.views[place];
    if (known !== undefined) return known;
    const view = this.received.bytes(i);
    this.views[place] = view;
    return view;
  }

  senderOf(i: number): Address {
    return this.received.from(i);
  }

  open(localPort: number, descriptor: number): void {
    this.ports.set(localPort, new OpenPort(this.libc, descriptor));
  }

  close(localPort: number): void {
    this.ports.delete(localPort);
  }

  isOpen(localPort: number): boolean {
    return this.ports.has(localPort);
  }

  send(localPort: number, to: Address, bytes: Uint8Array, at: number, length: number): void {
    const { libc, outgoing, outgoingAddress, addresses } = this;
    const port = this.ports.get(localPort);
    if (port === undefined || length > LONGEST_SENT || !this.address(port, to)) {
      this.onRefused();
      return;
    }
    for (let i = 0; i < length; i++) outgoing[i] = bytes[at + i]!;
    if (libc.sendto(port.fd, outgoingAddress, length, 0, port.nameAddress, addresses.bytes) < 0) this.onRefused();
  }

  /** An address object never changes: the same one as before need not be laid again. False if it cannot be reached. */
  private address(port: OpenPort, to: Address): boolean {
    if (port.to === to) return true;
    port.to = this.addresses.write(to, port.name, 0) ? to : undefined;
    return port.to === to;
  }
}
