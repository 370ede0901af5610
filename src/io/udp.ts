import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Counters } from '../base/counters.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { type BindFailure, bindFailure } from './bind-failure.ts';
import type { Clock } from './clock.ts';
import type { DatagramPort } from './datagram-port.ts';
import type { DatagramTap } from './datagram-tap.ts';
import { bindMarked } from './marked-socket.ts';
import { RECEIVE_BUFFER_BYTES } from './udp-socket.ts';

export interface UdpOptions {
  /** What the socket is for, in counters and log: `iax2`. */
  readonly part: string;
  readonly bind: Address;
  /** What its packets are marked with, 0…63; 0 or absent: nothing. */
  readonly dscp?: number;
  readonly onDatagram: (bytes: Uint8Array, from: Address) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Sees every datagram as it is on the wire. */
  readonly tap?: DatagramTap;
}

/**
 * One UDP port. Datagrams come with canonical addresses: an IPv4 address that arrives mapped into IPv6 is plain IPv4.
 * Sending never throws and never waits; what the kernel refuses is counted as `<part>.send-failed`.
 */
export class UdpPort implements DatagramPort {
  readonly kind = 'event-loop';
  private socket: Socket | undefined;
  /** Asked of the kernel once: every message that is written says it. */
  private address: Address | undefined;
  private readonly refusals: RateLimitedLog;

  constructor(private readonly options: UdpOptions) {
    this.refusals = new RateLimitedLog(options.log, options.part);
  }

  /** Binds; gives what went wrong, if anything did. An open port is closed first, so this also rebinds. */
  async open(): Promise<BindFailure | undefined> {
    await this.close();
    const { bind } = this.options;
    const ipv6 = bind.ip.includes(':');
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // Addresses are always numeric: without this, every datagram sent would wait for a turn of the resolver.
      lookup: (hostname, _options, callback) => callback(null, hostname, ipv6 ? 6 : 4),
    });
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once('error', resolve);
      socket.once('listening', () => {
        socket.removeListener('error', resolve);
        resolve(undefined);
      });
      bindMarked(socket, bind, this.options.dscp);
    });
    if (failure !== undefined) {
      socket.close();
      return bindFailure(`UDP ${formatAddress(bind)}`, failure);
    }
    socket.on('message', this.handleMessage);
    socket.on('error', (error) => this.countFailure('socket-error', error));
    this.socket = socket;
    const { address, port } = socket.address();
    this.address = { ip: address, port };
    return undefined;
  }

  /** The address bound; its port is the one that the system chose when 0 was asked for. Undefined when closed. */
  get local(): Address | undefined {
    return this.address;
  }

  /** Sends `bytes`, which must not be changed until the next turn of the event loop. Nothing is sent when closed. */
  send(bytes: Uint8Array, to: Address): void {
    if (this.socket === undefined) return;
    const socketIsV6 = this.options.bind.ip.includes(':');
    const toIsV6 = to.ip.includes(':');
    if (toIsV6 && !socketIsV6) {
      this.countFailure('send-failed', new Error(`${formatAddress(to)} is IPv6, the socket is IPv4`));
      return;
    }
    this.options.tap?.note('out', bytes, to, this.address ?? this.options.bind);
    const ip = socketIsV6 && !toIsV6 ? `::ffff:${to.ip}` : to.ip;
    this.socket.send(bytes, to.port, ip, (error) => {
      if (error !== null) this.countFailure('send-failed', error);
    });
  }

  sendPart(bytes: Uint8Array, at: number, length: number, to: Address): void {
    if (this.socket !== undefined) this.send(bytes.slice(at, at + length), to);
  }

  async close(): Promise<void> {
    const socket = this.socket;
    if (socket === undefined) return;
    this.socket = this.address = undefined;
    socket.removeListener('message', this.handleMessage);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  private readonly handleMessage = (message: Buffer, remote: RemoteInfo): void => {
    // A plain array: `slice` of a Buffer gives a view where pure code expects a copy.
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
    const from = { ip: canonicalIp(remote.address), port: remote.port };
    this.options.tap?.note('in', bytes, from, this.address ?? this.options.bind);
    this.options.onDatagram(bytes, from);
  };

  private countFailure(what: 'send-failed' | 'socket-error', error: Error): void {
    this.options.counters.increment(`${this.options.part}.${what}`);
    this.refusals.warn(what, error.message, this.options.clock.nowMs());
  }
}

/** An address as Node tells it, in the one form that all of us compare: no zone, IPv4 without its IPv6 prefix. */
export function canonicalIp(text: string): string {
  if (!text.includes(':')) return text;
  const zone = text.indexOf('%');
  const ip = zone < 0 ? text : text.slice(0, zone);
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice('::ffff:'.length) : ip;
}
