import { connect as connectTcp, createServer, isIP, type Server, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Counters } from '../base/counters.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { SdpKeyMask } from '../base/sdp-key-mask.ts';
import type { Hop } from '../sip/endpoint.ts';
import { type BindFailure, bindFailure } from './bind-failure.ts';
import { type CertificateFault, certificateFault, describeFault } from './certificate-fault.ts';
import { certificateNames } from './certificate-names.ts';
import type { Clock } from './clock.ts';
import { ConnectionPlaces } from './connection-places.ts';
import type { DatagramTap } from './datagram-tap.ts';
import { canonicalIp } from './udp.ts';

export interface StreamListen extends Address {
  readonly transport: 'tcp' | 'tls';
}

/** PEM texts. */
export interface SipTls {
  /** Who we are: needed to serve TLS. */
  readonly cert?: string;
  readonly key?: string;
  /** Whom we trust where we call; the system's authorities unless told. */
  readonly ca?: string;
  /** Whoever connects to us must show a certificate of these authorities. */
  readonly clientCa?: string;
}

type StreamHop = Hop & { readonly connection: number };

export interface SipStreamsOptions {
  readonly listen: readonly StreamListen[];
  readonly tls: SipTls;
  readonly onBytes: (chunk: Uint8Array, from: StreamHop) => void;
  readonly onClosed: (connection: number) => void;
  /** What was to go there did not. */
  readonly onUnreachable: (to: Hop) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap?: DatagramTap;
  /** That others may have open here. */
  readonly maxConnections?: number;
}

/** Who connects and says nothing, or does not finish its TLS handshake, is let go. */
const FIRST_BYTES_MS = 10_000;
/** Phones are asked for a sign of life over their connection, so one without any is dead. */
const IDLE_MS = 600_000;
/** Shorter than a call may stay without an answer, so that a large request still goes by UDP where TCP leads nowhere. */
const CONNECT_MS = 3_000;
const MAX_CONNECTIONS = 512;
const MAX_FROM_ONE_ADDRESS = 64;
/** What waits for a far end that does not read. */
const MAX_UNSENT_BYTES = 256 * 1024;

interface Connection {
  readonly socket: Socket;
  readonly hop: StreamHop;
  /** What a tap is not shown of TLS. */
  readonly masks: { readonly in: SdpKeyMask; readonly out: SdpKeyMask } | undefined;
}

/** The connections of SIP over TCP and TLS, ours and theirs; each message goes over the one that its far end has. */
export class SipStreams {
  private readonly servers: Server[] = [];
  private readonly connections = new Map<number, Connection>();
  /** Those that we opened, by where to. */
  private readonly opened = new Map<string, Connection>();
  /** Of those that others opened, from before their handshake. */
  private readonly places: ConnectionPlaces;
  private readonly troubles: RateLimitedLog;
  private context: SecureContext | undefined;
  private lastConnection = 0;

  constructor(private readonly options: SipStreamsOptions) {
    this.troubles = new RateLimitedLog(options.log, 'sip');
    this.places = new ConnectionPlaces(options.maxConnections ?? MAX_CONNECTIONS, MAX_FROM_ONE_ADDRESS);
  }

  async open(): Promise<BindFailure | undefined> {
    const { listen, tls } = this.options;
    try {
      this.context = createSecureContext({
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      });
    } catch (error) {
      return { failed: 'other', reason: `sip.tls cannot be used: ${(error as Error).message}` };
    }
    for (const one of listen) {
      const failure = await this.listen(one);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  send(to: Hop, bytes: Uint8Array): void {
    const known = to.connection === undefined ? this.opened.get(keyOf(to)) : this.connections.get(to.connection);
    // Nobody listens at the port that a phone connected from.
    const connection = known ?? (to.connection === undefined ? this.connect(to) : undefined);
    if (connection === undefined || connection.socket.writableLength > MAX_UNSENT_BYTES) {
      this.options.counters.increment('sip.stream-unsent');
      queueMicrotask(() => this.options.onUnreachable(to));
    } else {
      this.tap('out', bytes, connection);
      connection.socket.write(bytes);
    }
  }

  /** Whoever opened it has proven who he is. */
  noteProven(connection: number): void {
    const known = this.connections.get(connection);
    if (known !== undefined) this.places.prove(keyOf(known.hop));
  }

  close(connection: number): void {
    this.connections.get(connection)?.socket.destroy();
  }

  /** The port that we accept connections on. */
  portOf(transport: 'tcp' | 'tls'): number | undefined {
    const index = this.options.listen.findIndex((one) => one.transport === transport);
    const address = this.servers[index]?.address();
    return address === null || address === undefined || typeof address === 'string' ? undefined : address.port;
  }

  async closeAll(): Promise<void> {
    for (const { socket } of this.connections.values()) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  private async listen({ transport, ip, port }: StreamListen): Promise<BindFailure | undefined> {
    const { cert, key } = this.options.tls;
    if (transport === 'tls' && (cert === undefined || key === undefined))
      return { failed: 'other', reason: 'SIP over TLS needs sip.tls with cert and key.' };
    const server =
      transport === 'tcp'
        ? createServer((socket) => this.accept(transport, socket))
        : createTlsServer(
            { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: FIRST_BYTES_MS, ...this.demand },
            (socket) => this.acceptTls(socket),
          );
    // Before the handshake, which is what costs.
    server.prependListener('connection', (socket: Socket) => this.givePlace(transport, socket));
    server.on('tlsClientError', (_error: Error, socket: Socket) => {
      this.options.counters.increment('sip.tls-handshake');
      // Node tells of a handshake that takes too long and leaves the connection open.
      socket.destroy();
    });
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen({ host: ip, port, exclusive: true }, () => {
        server.removeListener('error', resolve);
        resolve(undefined);
      });
    });
    if (failure !== undefined) return bindFailure(`${transport.toUpperCase()} ${formatAddress({ ip, port })}`, failure);
    server.on('error', () => this.options.counters.increment('sip.socket-error'));
    this.servers.push(server);
    return undefined;
  }

  /** We look at certificates ourselves: Node would close the connection without a word of why. */
  private get demand() {
    const { clientCa } = this.options.tls;
    return clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  }

  private acceptTls(socket: TLSSocket): void {
    if (this.options.tls.clientCa !== undefined && !socket.authorized) {
      const hasShown = socket.getPeerX509Certificate() !== undefined;
      // Typed as an error, it is the code alone.
      const code = String(socket.authorizationError);
      const fault = hasShown ? (certificateFault(code) ?? 'bad') : 'missing';
      this.refuseCertificate(
        'client',
        fault,
        formatAddress({ ip: canonicalIp(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }),
      );
      socket.destroy();
      return;
    }
    // Without `clientCa` whatever is shown proves nothing.
    const shown = this.options.tls.clientCa === undefined ? undefined : socket.getPeerX509Certificate();
    this.accept('tls', socket, shown === undefined ? {} : { certificateNames: certificateNames(shown) });
  }

  private refuseCertificate(of: 'client' | 'server', fault: CertificateFault, at: string): void {
    const reason = `tls-${of}-${fault}`;
    this.options.counters.increment(`sip.${reason}`);
    this.troubles.warn(reason, `${at} is refused. ${describeFault(fault)}`, this.options.clock.nowMs(), {
      transport: 'tls',
    });
  }

  private accept(transport: 'tcp' | 'tls', socket: Socket, proof: Pick<Hop, 'certificateNames'> = {}): void {
    if (!socket.destroyed) this.adopt(socket, { ...remoteOf(transport, socket), ...proof }, FIRST_BYTES_MS);
  }

  /** A connection is known to `accept` after its handshake only; who never ends it must not take the place of others. */
  private givePlace(transport: 'tcp' | 'tls', socket: Socket): void {
    const { counters, clock } = this.options;
    const hop = remoteOf(transport, socket);
    const key = keyOf(hop);
    const place = { ip: hop.ip, close: () => socket.destroy() };
    const given = this.places.take(key, place, clock.nowMs());
    if (typeof given === 'string') {
      counters.increment(`sip.${given}`);
      socket.destroy();
      return;
    }
    if (given.displaced) counters.increment('sip.connection-displaced');
    socket.once('close', () => this.places.leave(key, place));
  }

  private connect(to: Hop): Connection {
    const host = to.name ?? to.ip;
    const socket =
      to.transport === 'tls'
        ? connectTls({
            host: to.ip,
            port: to.port,
            minVersion: 'TLSv1.2',
            ...(this.context === undefined ? {} : { secureContext: this.context }),
            // A name is asked for and checked; an address has no name to ask for, but must stand in the certificate.
            ...(isIP(host) === 0 ? { servername: host } : {}),
          })
        : connectTcp({ host: to.ip, port: to.port });
    const connection = this.adopt(socket, to, CONNECT_MS);
    this.opened.set(keyOf(to), connection);
    socket.once('error', (error) => {
      const fault = certificateFault((error as NodeJS.ErrnoException).code);
      if (fault !== undefined) this.refuseCertificate('server', fault, formatAddress(to));
      else
        this.troubles.warn('connect', `${formatAddress(to)}: ${error.message}`, this.options.clock.nowMs(), {
          transport: to.transport,
        });
      this.options.onUnreachable(to);
    });
    return connection;
  }

  /** Of TLS as it was before it was sealed, but for the keys of voice: what was sealed with them may be on the wire of others. */
  private tap(direction: 'in' | 'out', bytes: Uint8Array, { socket, hop, masks }: Connection): void {
    const { tap } = this.options;
    if (tap?.isListened !== true) {
      masks?.[direction].skip();
      return;
    }
    const local = { ip: canonicalIp(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    tap.note(direction, masks?.[direction].mask(bytes) ?? bytes, hop, local, hop.connection);
  }

  private adopt(socket: Socket, at: Hop, firstBytesMs: number): Connection {
    const hop: StreamHop = { ...at, connection: ++this.lastConnection };
    const masks = at.transport === 'tls' ? { in: new SdpKeyMask(), out: new SdpKeyMask() } : undefined;
    const connection: Connection = { socket, hop, masks };
    this.connections.set(hop.connection, connection);
    socket.setNoDelay(true);
    socket.setTimeout(firstBytesMs, () => {
      this.options.counters.increment('sip.connection-idle');
      socket.destroy(new Error('nothing came in time'));
    });
    socket.on('data', (chunk: Buffer) => {
      socket.setTimeout(IDLE_MS);
      const bytes = new Uint8Array(chunk);
      this.tap('in', bytes, connection);
      this.options.onBytes(bytes, hop);
    });
    socket.on('error', () => this.options.counters.increment('sip.connection-error'));
    socket.once('close', () => {
      this.connections.delete(hop.connection);
      if (this.opened.get(keyOf(at)) === connection) this.opened.delete(keyOf(at));
      this.options.onClosed(hop.connection);
    });
    return connection;
  }
}

function remoteOf(transport: 'tcp' | 'tls', socket: Socket): Hop {
  return { transport, ip: canonicalIp(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}

function keyOf(to: Hop): string {
  return `${to.transport}:${formatAddress(to)} ${to.name ?? ''}`;
}
