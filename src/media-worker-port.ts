import type { Counters } from './base/counters.ts';
import { type Log, RateLimitedLog } from './base/log.ts';
import { type Address, formatAddress } from './base/machine.ts';
import { type BindFailure, bindFailure } from './io/bind-failure.ts';
import type { Clock } from './io/clock.ts';
import type { DatagramPort } from './io/datagram-port.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import type { Libc } from './io/libc.ts';
import { SendBatch } from './io/send-batch.ts';
import { SocketDrops } from './io/socket-drops.ts';
import { openUdpSocket, type UdpSocket } from './io/udp-socket.ts';
import type { WorkerDescriptor } from './io/worker-sockets.ts';

export interface MediaWorkerPortOptions {
  /** Proven on this machine. */
  readonly libc: Libc;
  readonly bind: Address;
  /** What its packets are marked with, 0…63. */
  readonly dscp?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap: DatagramTap;
}

/** The IAX2 port where a worker reads it and has its voice. The main thread sends its signalling by it directly. */
export class MediaWorkerPort implements DatagramPort {
  readonly kind = 'batched';
  private socket: UdpSocket | undefined;
  private outgoing: SendBatch | undefined;
  private drops: SocketDrops | undefined;
  private readonly refusals: RateLimitedLog;
  /** What answers reports leaves together, behind the last of them. */
  private holds = false;

  constructor(private readonly options: MediaWorkerPortOptions) {
    this.refusals = new RateLimitedLog(options.log, 'iax2');
  }

  async open(): Promise<BindFailure | undefined> {
    const { libc, bind, dscp, counters } = this.options;
    const where = `UDP ${formatAddress(bind)}`;
    const socket = openUdpSocket(libc, bind, dscp);
    if ('failed' in socket) return bindFailure(where, Object.assign(new Error(socket.failed), { code: socket.failed }));
    this.socket = socket;
    this.outgoing = new SendBatch(libc, socket.addresses);
    this.drops = new SocketDrops(libc, counters, 'iax2', () => socket.fd);
    return undefined;
  }

  get local(): Address | undefined {
    return this.socket?.local;
  }

  /** What the worker reads and sends by; undefined when closed. */
  get descriptor(): WorkerDescriptor | undefined {
    const { socket, options } = this;
    return socket === undefined ? undefined : { fd: socket.fd, ipv6: options.bind.ip.includes(':') };
  }

  /** Past the worker, at once or with all that is sent `together`. */
  send(bytes: Uint8Array, to: Address): void {
    const { socket, outgoing } = this;
    if (socket === undefined || outgoing === undefined) return;
    this.options.tap.note('out', bytes, to, socket.local);
    if (!outgoing.hasRoom(bytes.length)) this.flush();
    if (!outgoing.hasRoom(bytes.length)) this.countRefusal('the socket is full');
    else if (!outgoing.add(bytes, to)) this.countRefusal(`the socket cannot reach ${formatAddress(to)}`);
    else if (!this.holds) this.flush();
  }

  private flush(): void {
    const { socket, outgoing } = this;
    if (socket !== undefined && outgoing?.isEmpty === false) outgoing.flush(socket.fd, this.countRefusal);
  }

  sendPart(bytes: Uint8Array, at: number, length: number, to: Address): void {
    this.send(bytes.subarray(at, at + length), to);
  }

  private readonly countRefusal = (reason: string): void => {
    this.options.counters.increment('iax2.send-failed');
    this.refusals.warn('send-failed', reason, this.options.clock.nowMs());
  };

  /** What is sent meanwhile leaves together. */
  together(work: () => void): void {
    this.holds = true;
    try {
      work();
    } finally {
      this.holds = false;
    }
    this.flush();
  }

  /** Behind the end of the worker: the number of a closed descriptor is soon another one's. */
  async close(): Promise<void> {
    this.drops?.close();
    if (this.socket !== undefined) this.options.libc.close(this.socket.fd);
    this.socket = undefined;
  }
}
