import { type Address, sameAddress } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { ReadableLook } from './readable-set.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SOCKADDR_BYTES, SocketAddresses } from './socket-addresses.ts';

/** So many are taken from one port at a time: a flood waits there, and is lost there. */
const DATAGRAMS_PER_PORT = 8;
/** How long a port that is flooded hears its far end alone. The flood is looked for again then, and the far end may have moved. */
const SHUT_MS = 1_000;
/** What came before a port was shut is taken in so many calls at most: the far end may be the flood itself. */
const MOST_ROUNDS = 256;
/** Views of received packets are kept up to this length: 60 ms of G.711 and some more. */
const LONGEST_KEPT = 512;
/** No packet of a stream is longer. */
const LONGEST_SENT = 2048;

/** A port of a stream, and the address that its last packet went to, laid as the kernel reads it. */
class OpenPort {
  to: Address | undefined;
  readonly name = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  readonly nameAddress: bigint;
  /** The far end was heard from where its packets go to. */
  isHeard = false;
  /** Until when the kernel gives nothing that others send, monotonic ms; undefined: it gives all. */
  shutUntilMs: number | undefined;

  constructor(
    libc: Libc,
    readonly fd: number,
  ) {
    this.nameAddress = BigInt(libc.addressOf(this.name.buffer as ArrayBuffer));
  }
}

/**
 * The RTP ports of a media worker, whose descriptors another thread has opened. One system call tells which of them have
 * something, one takes it, one sends a packet: each stream has a socket of its own, so that there is nothing to batch. A port
 * that others flood is shut to them: its socket is connected to the far end, so that the kernel turns away all else.
 */
export class RtpBatches {
  readonly capacity = DATAGRAMS_PER_PORT;
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
  /** Those that hear their far end alone. */
  private readonly shut = new Set<OpenPort>();
  /** The address of a `struct sockaddr` of no family, which ends a connection. */
  private readonly nobody: bigint;
  private readonly nobodyName = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  /** A packet on its way out. */
  private readonly outgoing = new Uint8Array(new ArrayBuffer(LONGEST_SENT));
  private readonly outgoingAddress: bigint;
  /** So many more calls may take what came to a port before it was shut. */
  private roundsLeft = 0;

  constructor(
    private readonly libc: Libc,
    readableFd: number,
    ipv6: boolean,
    /** What cannot be sent. */
    private readonly onRefused: () => void,
    /** A port was shut to others. */
    private readonly onFlooded: () => void = () => {},
  ) {
    this.nobody = BigInt(libc.addressOf(this.nobodyName.buffer as ArrayBuffer));
    this.addresses = new SocketAddresses(ipv6);
    this.received = new ReceiveBatch(libc, this.addresses);
    this.readable = new ReadableLook(libc, readableFd);
    this.outgoingAddress = BigInt(libc.addressOf(this.outgoing.buffer as ArrayBuffer));
  }

  /** What came to a port before it was shut to others waits in front of its far end: it is to be taken at once. */
  get waits(): boolean {
    return this.roundsLeft > 0;
  }

  ready(nowMs: number): number {
    if (this.shut.size > 0) for (const port of this.shut) if (nowMs >= port.shutUntilMs!) this.openToAll(port);
    return this.readable.look();
  }

  portOf(index: number): number {
    return this.readable.numberOf(index);
  }

  receive(index: number, nowMs: number): number {
    const { received, readable } = this;
    const most = this.waits ? received.capacity : DATAGRAMS_PER_PORT;
    const count = received.receive(readable.descriptorOf(index), most);
    this.came += count;
    if (this.waits) this.roundsLeft = count === most ? this.roundsLeft - 1 : 0;
    else if (count > 0) {
      const port = this.ports.get(this.portOf(index));
      if (port?.to !== undefined) this.look(port, count, nowMs);
    }
    return count;
  }

  private look(port: OpenPort, count: number, nowMs: number): void {
    if (count === DATAGRAMS_PER_PORT) {
      if (port.isHeard && port.shutUntilMs === undefined && this.hasOthers(port, count)) this.shutToOthers(port, nowMs);
    } else if (!port.isHeard) port.isHeard = sameAddress(this.received.from(0), port.to!);
  }

  private hasOthers({ to }: OpenPort, count: number): boolean {
    for (let i = 0; i < count; i++) if (!sameAddress(this.received.from(i), to!)) return true;
    return false;
  }

  private shutToOthers(port: OpenPort, nowMs: number): void {
    if (this.libc.connect(port.fd, port.nameAddress, this.addresses.bytes) < 0) return;
    port.shutUntilMs = nowMs + SHUT_MS;
    this.shut.add(port);
    this.roundsLeft = MOST_ROUNDS;
    this.onFlooded();
  }

  /** A socket that was bound to a port by its number keeps it. */
  private openToAll(port: OpenPort): void {
    this.libc.connect(port.fd, this.nobody, this.addresses.bytes);
    port.shutUntilMs = undefined;
    this.shut.delete(port);
  }

  bytes(i: number): Uint8Array {
    const length = this.received.lengthOf(i);
    if (i >= DATAGRAMS_PER_PORT || length >= LONGEST_KEPT) return this.received.bytes(i);
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
    const port = new OpenPort(this.libc, descriptor);
    this.ports.set(localPort, port);
    // A worker that died may have shut it.
    this.openToAll(port);
  }

  close(localPort: number): void {
    const port = this.ports.get(localPort);
    if (port?.shutUntilMs !== undefined) this.openToAll(port);
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
    if (port.to === undefined || !sameAddress(port.to, to)) {
      port.isHeard = false;
      if (port.shutUntilMs !== undefined) this.openToAll(port);
    }
    port.to = this.addresses.write(to, port.name, 0) ? to : undefined;
    return port.to === to;
  }
}
