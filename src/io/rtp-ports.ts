import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Counters } from '../base/counters.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import type { Address } from '../base/machine.ts';
import type { RtpPortPool } from '../base/rtp-port-pool.ts';
import type { Clock } from './clock.ts';
import type { DatagramTap } from './datagram-tap.ts';
import { bindMarked } from './marked-socket.ts';
import { canonicalIp } from './udp.ts';

/** How long the ports of a call that is over swallow what still comes, ms. */
const LINGER_MS = 5_000;

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
}

interface Pair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  /** Undefined while a call has it. */
  linger: (() => void) | undefined;
}

/**
 * The UDP ports of RTP, in pairs: even for RTP, the next for RTCP. A pair is bound when it is allotted, so that its number
 * can be promised to a far end; ports of other programs are passed over. Pairs are taken in turn, the one freed last comes
 * last. Sending never throws and never waits.
 */
export class RtpPorts implements RtpPortPool {
  private readonly pairs = new Map<number, Pair>();
  private readonly refusals: RateLimitedLog;
  private readonly size: number;
  private next = 0;

  constructor(private readonly options: RtpPortsOptions) {
    this.refusals = new RateLimitedLog(options.log, 'rtp');
    this.size = Math.floor((options.last - options.first + 1) / 2);
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
    this.options.counters.increment('rtp.no-port');
    this.refusals.warn('no-port', 'Every port of net.rtpPorts is taken.', this.options.clock.nowMs());
    return undefined;
  }

  free(port: number): void {
    const pair = this.pairs.get(port);
    if (pair === undefined || pair.linger !== undefined) return;
    pair.linger = this.options.clock.after(LINGER_MS, () => {
      this.pairs.delete(port);
      pair.rtp.close();
      pair.rtcp.close();
    });
  }

  /** Sends from one of the ports; the bytes must not be changed until the next turn of the event loop. */
  send(localPort: number, bytes: Uint8Array, to: Address): void {
    const pair = this.pairs.get(localPort & ~1);
    if (pair === undefined) {
      this.options.counters.increment('rtp.port-closed');
      return;
    }
    const isV6 = this.options.bindIp.includes(':');
    if (to.ip.includes(':') && !isV6) {
      this.countFailure('send-failed', `${to.ip} is IPv6, net.rtpPorts is bound to IPv4.`);
      return;
    }
    // Port 0 is refused by an exception where everything else is by the callback.
    if (to.port === 0) {
      this.countFailure('send-failed', `${to.ip} was given without a port.`);
      return;
    }
    this.note('out', bytes, to, localPort);
    const ip = isV6 && !to.ip.includes(':') ? `::ffff:${to.ip}` : to.ip;
    const socket = (localPort & 1) === 0 ? pair.rtp : pair.rtcp;
    socket.send(bytes, to.port, ip, (error) => {
      if (error !== null) this.countFailure('send-failed', error.message);
    });
  }

  async close(): Promise<void> {
    const sockets = [...this.pairs.values()].flatMap(({ rtp, rtcp, linger }) => {
      linger?.();
      return [rtp, rtcp];
    });
    this.pairs.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  private open(port: number): boolean {
    const rtp = this.bind(port);
    const rtcp = rtp === undefined ? undefined : this.bind(port + 1);
    if (rtp === undefined || rtcp === undefined) {
      rtp?.close();
      this.options.counters.increment('rtp.port-in-use');
      return false;
    }
    this.pairs.set(port, { rtp, rtcp, linger: undefined });
    return true;
  }

  /** Binds at once: with a numeric address and an exclusive socket nothing is left to wait for. */
  private bind(port: number): Socket | undefined {
    const ipv6 = this.options.bindIp.includes(':');
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      lookup: (hostname, _options, callback) => callback(null, hostname, ipv6 ? 6 : 4),
    });
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
      this.countFailure('socket-error', error.message);
    });
    bindMarked(socket, { ip: this.options.bindIp, port }, this.options.dscp);
    if (failure !== undefined) {
      socket.close();
      return undefined;
    }
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
    const { tap, bindIp } = this.options;
    if (tap?.isListened === true) tap.note(direction, bytes, remote, { ip: bindIp, port: localPort });
  }

  private countFailure(what: 'send-failed' | 'socket-error', message: string): void {
    this.options.counters.increment(`rtp.${what}`);
    this.refusals.warn(what, message, this.options.clock.nowMs());
  }
}
