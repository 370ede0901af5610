import type { Counters } from '../base/counters.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { type BindFailure, bindFailure } from './bind-failure.ts';
import type { Clock } from './clock.ts';
import { DatagramPace } from './datagram-pace.ts';
import type { DatagramPort } from './datagram-port.ts';
import type { DatagramTap } from './datagram-tap.ts';
import type { Libc, ReadableWatch } from './libc.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SendBatch } from './send-batch.ts';
import { SocketDrops } from './socket-drops.ts';
import { openUdpSocket, type UdpSocket } from './udp-socket.ts';

/** Where many datagrams come, they are taken on this beat. */
const BEAT_MS = 5;
/** One turn takes no more than so many datagrams, so that a flood leaves time for everything else. */
const PER_TURN = 512;
/** When a socket that was full is tried again. */
const FULL_RETRY_MS = 1;

export interface BatchedUdpOptions {
  readonly libc: Libc;
  /** What the socket is for, in counters and log: `iax2`. */
  readonly part: string;
  readonly bind: Address;
  /** What its packets are marked with, 0…63. */
  readonly dscp?: number;
  /** Around all datagrams that are taken together. */
  readonly give: (input: (nowMs: number) => void) => void;
  /** One of them; the bytes are only lent for the call. */
  readonly onDatagram: (bytes: Uint8Array, from: Address, nowMs: number) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Sees every datagram as it is on the wire. */
  readonly tap?: DatagramTap;
  /**
   * Where each datagram is waited for: it is taken when it comes, however many do, and no more than so many are taken before
   * their answers leave. Whoever asks many things at once has the next ready while we work.
   */
  readonly portion?: number;
}

/** A bound socket with what belongs to it. */
interface Opened {
  readonly socket: UdpSocket;
  readonly received: ReceiveBatch;
  readonly outgoing: SendBatch;
  readonly watch: ReadableWatch;
  readonly drops: SocketDrops;
}

/**
 * One UDP port whose datagrams pass the kernel many at a time. They are taken as they come, or on a beat where many do.
 * What is sent leaves at the end of the turn of the event loop, or of the batch that caused it. Addresses are canonical: IPv4 that arrives mapped into IPv6 is plain IPv4. What
 * the kernel refuses is counted as `<part>.send-failed`, what it drops as `<part>.socket-full`.
 */
export class BatchedUdpPort implements DatagramPort {
  readonly kind = 'batched';
  private opened: Opened | undefined;
  private readonly refusals: RateLimitedLog;
  private flushing = false;
  /** Datagrams of the last `take`. */
  private taken = 0;
  private disarmBeat: (() => void) | undefined;
  private readonly pace = new DatagramPace();

  constructor(private readonly options: BatchedUdpOptions) {
    this.refusals = new RateLimitedLog(options.log, options.part);
  }

  get local(): Address | undefined {
    return this.opened?.socket.local;
  }

  /** An open port is closed first, so this also rebinds. */
  async open(): Promise<BindFailure | undefined> {
    await this.close();
    const { libc, bind, dscp, counters, part } = this.options;
    const socket = openUdpSocket(libc, bind, dscp);
    if ('failed' in socket)
      return bindFailure(
        `UDP ${formatAddress(bind)}`,
        Object.assign(new Error(socket.failed), { code: socket.failed }),
      );
    this.opened = {
      socket,
      received: new ReceiveBatch(libc, socket.addresses),
      outgoing: new SendBatch(libc, socket.addresses),
      watch: libc.watch(socket.fd, this.handleReadable),
      drops: new SocketDrops(libc, counters, part, () => socket.fd),
    };
    return undefined;
  }

  send(bytes: Uint8Array, to: Address): void {
    const { opened } = this;
    if (opened === undefined) return;
    this.options.tap?.note('out', bytes, to, opened.socket.local);
    if (!opened.outgoing.hasRoom(bytes.length)) this.flush();
    if (!opened.outgoing.hasRoom(bytes.length)) this.countRefusal('the socket is full');
    else if (opened.outgoing.add(bytes, to)) this.flushSoon();
    else this.countRefusal(`a socket on ${this.options.bind.ip} cannot reach ${formatAddress(to)}`);
  }

  sendPart(bytes: Uint8Array, at: number, length: number, to: Address): void {
    this.send(bytes.subarray(at, at + length), to);
  }

  async close(): Promise<void> {
    const { opened } = this;
    if (opened === undefined) return;
    this.flush();
    this.opened = undefined;
    this.disarmBeat?.();
    this.disarmBeat = undefined;
    opened.watch.close();
    opened.drops.close();
    this.options.libc.close(opened.socket.fd);
  }

  private readonly handleReadable = (): void => {
    this.takeAll();
    if (this.opened === undefined || !this.pace.isFast) return;
    this.opened.watch.stop();
    this.armBeat();
  };

  private readonly handleBeat = (): void => {
    this.disarmBeat = undefined;
    this.takeAll();
    if (this.opened === undefined) return;
    if (this.pace.isFast) this.armBeat();
    else this.opened.watch.start();
  };

  /** The beat lies on multiples of itself, whatever the delay of the one before: a late one is never made up for. */
  private armBeat(): void {
    const { clock } = this.options;
    const nowMs = clock.nowMs();
    const nextMs = (Math.floor(nowMs / BEAT_MS) + 1) * BEAT_MS;
    this.disarmBeat = clock.after(Math.max(1, Math.ceil(nextMs - nowMs)), this.handleBeat);
  }

  private takeAll(): void {
    const most = this.options.portion ?? PER_TURN;
    for (let left = PER_TURN; left > 0; left -= most) {
      this.taken = 0;
      this.options.give(this.take);
      this.flush();
      if (this.taken < most) break;
    }
  }

  private readonly take = (nowMs: number): void => {
    const most = this.options.portion ?? PER_TURN;
    while (this.taken < most) {
      const { opened } = this;
      if (opened === undefined) return;
      const { received, socket } = opened;
      const asked = Math.min(most - this.taken, received.capacity);
      const count = received.receive(socket.fd, asked);
      for (let i = 0; i < count; i++) {
        const bytes = received.bytes(i);
        const from = received.from(i);
        this.options.tap?.note('in', bytes, from, socket.local);
        this.options.onDatagram(bytes, from, nowMs);
      }
      this.taken += count;
      if (count < asked) break;
    }
    if (this.options.portion === undefined) this.pace.note(this.taken, nowMs);
  };

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(this.flushAtEnd);
  }

  private readonly flushAtEnd = (): void => {
    this.flushing = false;
    this.flush();
  };

  private flush(): void {
    const { opened } = this;
    if (opened === undefined || opened.outgoing.isEmpty) return;
    if (opened.outgoing.flush(opened.socket.fd, this.countRefusal) || this.flushing) return;
    this.flushing = true;
    this.options.clock.after(FULL_RETRY_MS, this.flushAtEnd);
  }

  private readonly countRefusal = (reason: string): void => {
    this.options.counters.increment(`${this.options.part}.send-failed`);
    this.refusals.warn('send-failed', reason, this.options.clock.nowMs());
  };
}
