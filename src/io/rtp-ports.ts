import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Counters } from '../base/counters.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import type { Address } from '../base/machine.ts';
import type { RtpPortPool } from '../base/rtp-port-pool.ts';
import type { Clock } from './clock.ts';
import type { DatagramTap } from './datagram-tap.ts';
import type { Libc } from './libc.ts';
import { bindMarked } from './marked-socket.ts';
import { ReadableSet } from './readable-set.ts';
import { SocketDrops } from './socket-drops.ts';
import { canonicalIp } from './udp.ts';
import type { WorkerDescriptor } from './worker-sockets.ts';

/** How long the ports of a call that is over swallow what still comes, ms. */
const LINGER_MS = 5_000;
/** When all other ports are taken they may be taken from it after this time; a worker that had them has let go by then. */
const LINGER_AT_LEAST_MS = 1_000;

export interface RtpPortsOptions {
  /** Of the range, inclusive; `first` is even. */
  readonly first: number;
  readonly last: number;
  /** Numeric; all addresses of a family by `0.0.0.0` or `::`. */
  readonly bindIp: string;
  /** What packets are marked with, 0…63; 0 or absent: nothing. */
  readonly dscp?: number;
  readonly onPacket: (localPort: number, bytes: Uint8Array, from: Address) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap?: DatagramTap;
  /** Ports may be lent to a media worker; proven on this machine. */
  readonly libc?: Libc;
}

interface Bound {
  readonly socket: Socket;
  /** Undefined where only Node knows it. */
  readonly fd: number | undefined;
}

interface Pair {
  /** Undefined while the worker has it. */
  rtp: Bound | undefined;
  readonly rtcp: Bound;
  /** By which the worker reads and sends; undefined while it does not. */
  lentFd: number | undefined;
  /** What the kernel drops at the port of RTP; undefined where nobody can be asked. */
  drops: SocketDrops | undefined;
  /** Undefined while a call has it. */
  linger: { readonly sinceMs: number; readonly cancel: () => void } | undefined;
}

/**
 * The UDP ports of RTP, in pairs: even for RTP, the next for RTCP. A pair is bound when it is allotted, so that its number
 * can be promised to a far end; ports of other programs are passed over. Pairs are taken in turn, the one freed last comes
 * last; those of calls not long over are taken when no others are left. Sending never throws and never waits. The port of RTP of
 * a pair can be lent to a media worker, which then reads and sends by a descriptor of its own; that of RTCP stays here.
 */
export class RtpPorts implements RtpPortPool {
  private readonly lent: ReadableSet | undefined;
  private readonly pairs = new Map<number, Pair>();
  private readonly refusals: RateLimitedLog;
  private readonly size: number;
  private next = 0;

  constructor(private readonly options: RtpPortsOptions) {
    this.refusals = new RateLimitedLog(options.log, 'rtp');
    this.lent = options.libc === undefined ? undefined : new ReadableSet(options.libc);
    this.size = Math.floor((options.last - options.first + 1) / 2);
  }

  /** What a worker is started with; undefined where nothing can be lent to it. */
  get descriptor(): WorkerDescriptor | undefined {
    const { lent } = this;
    return lent === undefined || lent.fd < 0 ? undefined : { fd: lent.fd, ipv6: this.isV6 };
  }

  /** The address that packets come to at a port; its IP may be that of all. */
  addressOf(localPort: number): Address {
    return { ip: this.options.bindIp, port: localPort };
  }

  /** The worker has the even port of a pair from now on; gives the descriptor. Undefined: it stays here. */
  lend(localPort: number): number | undefined {
    const pair = this.pairs.get(localPort);
    const { libc } = this.options;
    if (pair?.rtp?.fd === undefined || libc === undefined || this.lent === undefined) return undefined;
    const fd = libc.duplicate(pair.rtp.fd);
    if (fd < 0) return undefined;
    if (!this.lent.add(fd, localPort)) {
      libc.close(fd);
      return undefined;
    }
    pair.rtp.socket.close();
    pair.rtp = undefined;
    pair.lentFd = fd;
    return fd;
  }

  /** The even port of a pair is read here again. */
  takeBack(localPort: number): void {
    const pair = this.pairs.get(localPort);
    const fd = pair?.lentFd;
    if (pair === undefined || fd === undefined) return;
    this.lent?.remove(fd);
    pair.lentFd = undefined;
    const socket = this.socketOf(localPort);
    socket.bind({ fd, exclusive: true });
    pair.rtp = { socket, fd };
  }

  /** Pairs that a call has. */
  get taken(): number {
    let taken = 0;
    for (const { linger } of this.pairs.values()) if (linger === undefined) taken++;
    return taken;
  }

  allot(): number | undefined {
    for (let tried = 0; tried < this.size; tried++) {
      const port = this.options.first + 2 * this.next;
      this.next = (this.next + 1) % this.size;
      if (!this.pairs.has(port) && this.open(port)) return port;
    }
    const port = this.takeLongestOver();
    if (port !== undefined) return port;
    this.options.counters.increment('rtp.no-port');
    this.refusals.warn('no-port', 'Every port of net.rtpPorts is taken.', this.options.clock.nowMs());
    return undefined;
  }

  free(port: number): void {
    const pair = this.pairs.get(port);
    if (pair === undefined || pair.linger !== undefined) return;
    const { clock } = this.options;
    pair.linger = { sinceMs: clock.nowMs(), cancel: clock.after(LINGER_MS, () => this.drop(port, pair)) };
    // Behind all whose call has been over for longer.
    this.pairs.delete(port);
    this.pairs.set(port, pair);
  }

  /** Sends from one of the ports; the bytes must not be changed until the next turn of the event loop. */
  send(localPort: number, bytes: Uint8Array, to: Address): void {
    const pair = this.pairs.get(localPort & ~1);
    if (pair === undefined) {
      this.options.counters.increment('rtp.port-closed');
      return;
    }
    const { isV6 } = this;
    if (to.ip.includes(':') && !isV6) {
      this.countFailure('send-failed', `${to.ip} is IPv6, net.rtpPorts is bound to IPv4.`);
      return;
    }
    // Port 0 is refused by an exception where everything else is by the callback.
    if (to.port === 0) {
      this.countFailure('send-failed', `${to.ip} was given without a port.`);
      return;
    }
    const bound = (localPort & 1) === 0 ? pair.rtp : pair.rtcp;
    if (bound === undefined) {
      this.options.counters.increment('rtp.port-closed');
      return;
    }
    this.note('out', bytes, to, localPort);
    const ip = isV6 && !to.ip.includes(':') ? `::ffff:${to.ip}` : to.ip;
    bound.socket.send(bytes, to.port, ip, (error) => {
      if (error !== null) this.countFailure('send-failed', error.message);
    });
  }

  async close(): Promise<void> {
    const closed = [...this.pairs.values()].map((pair) => {
      pair.linger?.cancel();
      return this.closePair(pair);
    });
    this.pairs.clear();
    await Promise.all(closed);
    this.lent?.close();
  }

  private async closePair({ rtp, rtcp, lentFd, drops }: Pair): Promise<void> {
    drops?.close();
    if (lentFd !== undefined) {
      this.lent?.remove(lentFd);
      this.options.libc?.close(lentFd);
    }
    const sockets = [rtp, rtcp].flatMap((bound) => bound?.socket ?? []);
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  private get isV6(): boolean {
    return this.options.bindIp.includes(':');
  }

  /** A call that comes is worth more than what may still come for one that is over. */
  private takeLongestOver(): number | undefined {
    const untilMs = this.options.clock.nowMs() - LINGER_AT_LEAST_MS;
    for (const [port, pair] of this.pairs) {
      if (pair.linger === undefined || pair.linger.sinceMs > untilMs) continue;
      pair.linger.cancel();
      this.drop(port, pair);
      if (this.open(port)) return port;
    }
    return undefined;
  }

  private drop(port: number, pair: Pair): void {
    this.pairs.delete(port);
    this.closePair(pair);
  }

  private open(port: number): boolean {
    const rtp = this.bind(port);
    const rtcp = rtp === undefined ? undefined : this.bind(port + 1);
    if (rtp === undefined || rtcp === undefined) {
      rtp?.socket.close();
      this.options.counters.increment('rtp.port-in-use');
      return false;
    }
    const pair: Pair = { rtp, rtcp, lentFd: undefined, drops: undefined, linger: undefined };
    const { libc, counters } = this.options;
    if (libc !== undefined) pair.drops = new SocketDrops(libc, counters, 'rtp', () => pair.lentFd ?? pair.rtp?.fd);
    this.pairs.set(port, pair);
    return true;
  }

  /** Binds at once: with a numeric address and an exclusive socket nothing is left to wait for. */
  private bind(port: number): Bound | undefined {
    const socket = this.socketOf(port);
    let failed = false;
    socket.once('error', () => {
      failed = true;
    });
    const fd = bindMarked(socket, { ip: this.options.bindIp, port }, this.options.dscp);
    if (!failed) return { socket, fd };
    socket.close();
    return undefined;
  }

  private socketOf(port: number): Socket {
    const { isV6 } = this;
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      lookup: (hostname, _options, callback) => callback(null, hostname, isV6 ? 6 : 4),
    });
    socket.on('error', (error) => this.countFailure('socket-error', error.message));
    socket.on('message', (message, remote) => this.handleMessage(port, message, remote));
    return socket;
  }

  private handleMessage(localPort: number, message: Buffer, remote: RemoteInfo): void {
    const pair = this.pairs.get(localPort & ~1);
    if (pair === undefined || pair.linger !== undefined) {
      this.options.counters.increment('rtp.call-over');
      return;
    }
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
    const from = { ip: canonicalIp(remote.address), port: remote.port };
    this.note('in', bytes, from, localPort);
    this.options.onPacket(localPort, bytes, from);
  }

  private note(direction: 'in' | 'out', bytes: Uint8Array, remote: Address, localPort: number): void {
    const { tap } = this.options;
    if (tap?.isListened === true) tap.note(direction, bytes, remote, this.addressOf(localPort));
  }

  private countFailure(what: 'send-failed' | 'socket-error', message: string): void {
    this.options.counters.increment(`rtp.${what}`);
    this.refusals.warn(what, message, this.options.clock.nowMs());
  }
}
