import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../base/log.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import type { HttpApp, HttpRequest, HttpResponse, SocketHandler, SocketRoute } from '../panel/http.ts';
import { type BindFailure, bindFailure } from './bind-failure.ts';
import { buildRouting, paramsOf, visitorOf } from './http-routing.ts';

/** PEM texts. */
export interface HttpTls {
  readonly cert: string;
  readonly key: string;
}

const TLS = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
const MAX_MESSAGE_BYTES = 64 << 10;
const MAX_SOCKETS = 64;
const PING_MS = 30_000;
/** [RFC6455 §7.4.1] */
const POLICY_VIOLATION = 1008;
/** What `sockaddr_un` of Linux holds beside its final zero; a longer path would be cut without a word. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Serves an `HttpApp` on TCP (loopback) and on a unix socket that only our own user can open. Over TCP, requests that a
 * browser sends for other sites are refused.
 */
export class HttpServer {
  private readonly servers: Server[] = [];
  private readonly webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  private readonly pinging: NodeJS.Timeout;
  /** Whether whoever opened it may stay. */
  private readonly admissions = new Map<WebSocket, () => boolean>();

  private constructor(
    private readonly app: HttpApp,
    private readonly routing: FastifyInstance,
    private readonly log: Log,
  ) {
    this.pinging = setInterval(() => this.pingAll(), PING_MS);
    this.pinging.unref();
  }

  static async create(app: HttpApp, log: Log): Promise<HttpServer> {
    const routing = buildRouting(app, log);
    await routing.ready();
    return new HttpServer(app, routing, log);
  }

  /** With `tls` it is HTTPS. */
  async listenTcp(bind: Address, tls?: HttpTls): Promise<BindFailure | undefined> {
    let server: Server;
    try {
      server = this.createServer(true, tls);
    } catch (error) {
      return { failed: 'other', reason: `web.tls cannot be used: ${(error as Error).message}` };
    }
    const failed = await listening(server, () => server.listen({ host: bind.ip, port: bind.port, exclusive: true }));
    return failed === undefined ? undefined : bindFailure(`HTTP ${formatAddress(bind)}`, failed);
  }

  /** Binds `path` with mode 0600; a socket left over from a run that ended badly is replaced. */
  async listenUnix(path: string): Promise<BindFailure | undefined> {
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
      return {
        failed: 'other',
        reason: `${path}: a socket has room for ${MAX_SOCKET_PATH_BYTES} bytes of path; choose a shorter --data`,
      };
    if (await answers(path)) return { failed: 'port-in-use', reason: `${path}: another instance runs with this data` };
    rmSync(path, { force: true });
    const server = this.createServer(false);
    // The mask holds from the first instant: between bind and chmod anybody could connect otherwise.
    const mask = process.umask(0o177);
    const bound = listening(server, () => server.listen({ path }));
    process.umask(mask);
    const failed = await bound;
    if (failed !== undefined) return bindFailure(path, failed);
    chmodSync(path, 0o600);
    return undefined;
  }

  /** Where it listens on TCP: the port is the one that the system chose when 0 was asked for. */
  get addresses(): Address[] {
    return this.servers.flatMap((server) => {
      const address = server.address();
      return address === null || typeof address === 'string' ? [] : [{ ip: address.address, port: address.port }];
    });
  }

  /** Closes the WebSockets of those who may come in no longer: they logged out, or the configuration has them no more. */
  dismiss(): void {
    for (const [socket, mayStay] of this.admissions) if (!mayStay()) socket.close(POLICY_VIOLATION, 'log in again');
  }

  async close(): Promise<void> {
    clearInterval(this.pinging);
    for (const socket of this.webSockets.clients) socket.terminate();
    await Promise.all(
      this.servers.splice(0).map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
    await this.routing.close();
  }

  private createServer(forBrowsers: boolean, tls?: HttpTls): Server {
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      void this.serve(request, response, forBrowsers);
    };
    const limits = { requestTimeout: 30_000, headersTimeout: 10_000 };
    const server =
      tls === undefined ? createServer(limits, serve) : createTlsServer({ ...limits, ...TLS, ...tls }, serve);
    server.on('upgrade', (request, stream, head) => {
      stream.on('error', () => stream.destroy());
      void this.upgrade(request, stream, head, forBrowsers);
    });
    this.servers.push(server);
    return server;
  }

  private async serve(request: IncomingMessage, response: ServerResponse, forBrowsers: boolean): Promise<void> {
    const refusal = await this.refusal(request, forBrowsers);
    if (refusal === undefined) {
      // What was asked for may have been to log out.
      if (forBrowsers && request.method === 'POST') response.once('finish', () => this.dismiss());
      this.routing.routing(request, response);
      return;
    }
    const { status, type, body, headers } = refusal;
    response.writeHead(status, { 'cache-control': 'no-store', ...headers, 'content-type': type, connection: 'close' });
    response.end(body);
  }

  /** Whoever cannot be judged is not let in: to check a password may take more memory than there is. */
  private async refusal(request: IncomingMessage, forBrowsers: boolean): Promise<HttpResponse | undefined> {
    if (!forBrowsers) return undefined;
    try {
      return await this.app.refusal(visitorOf(request));
    } catch (error) {
      this.log('error', 'http', `A request could not be judged: ${(error as Error).message}`);
      return this.app.failure(500, 'it cannot be told now who may come in');
    }
  }

  private async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, forBrowsers: boolean): Promise<void> {
    const opened = await this.openSocket(request, forBrowsers);
    if (stream.destroyed) return;
    if ('status' in opened) refuseUpgrade(stream, opened);
    else {
      const mayStay = forBrowsers ? this.app.admission(visitorOf(request)) : () => true;
      this.webSockets.handleUpgrade(request, stream, head, (socket) => this.serveSocket(socket, opened, mayStay));
    }
  }

  private async openSocket(request: IncomingMessage, forBrowsers: boolean): Promise<SocketHandler | HttpResponse> {
    const refusal = await this.refusal(request, forBrowsers);
    if (refusal !== undefined) return refusal;
    const match = matchSocket(this.app.sockets, request.url ?? '/');
    if (match === undefined || (forBrowsers && match.route.isLocal === true))
      return this.app.failure(404, 'there is no such WebSocket');
    if (this.webSockets.clients.size >= MAX_SOCKETS) return this.app.failure(503, 'too many WebSockets are open');
    return match.route.open(match.request);
  }

  private serveSocket(socket: WebSocket, handler: SocketHandler, mayStay: () => boolean): void {
    this.admissions.set(socket, mayStay);
    socket.on('error', (error) => this.log('debug', 'http', `WebSocket: ${error.message}`));
    const stop = handler.start(adapt(socket));
    socket.on('close', () => {
      this.admissions.delete(socket);
      stop();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (socket.readyState !== socket.OPEN) return;
      handler.receive?.(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data.toString('utf8'));
    });
  }

  /** Drops sockets whose far end is gone without a word: they have not answered the ping before. */
  private pingAll(): void {
    this.dismiss();
    for (const socket of this.webSockets.clients as Set<WebSocket & { unanswered?: boolean }>) {
      if (socket.unanswered === true) {
        socket.terminate();
        continue;
      }
      socket.unanswered = true;
      socket.once('pong', () => {
        socket.unanswered = false;
      });
      socket.ping();
    }
  }
}

function matchSocket(sockets: readonly SocketRoute[], target: string) {
  const [path = '', search = ''] = target.split('?', 2);
  for (const route of sockets) {
    const params = paramsOf(route.path, path);
    if (params === undefined) continue;
    const query = Object.fromEntries(new URLSearchParams(search));
    return { route, request: { params, query, body: undefined } satisfies HttpRequest };
  }
  return undefined;
}

function refuseUpgrade(stream: Duplex, { status, type, body }: HttpResponse): void {
  const bytes = Buffer.from(body);
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: ${type}\r\ncontent-length: ${bytes.length}\r\nconnection: close\r\n\r\n`;
  stream.end(Buffer.concat([Buffer.from(head), bytes]));
}

function adapt(socket: WebSocket) {
  return {
    send: (message: string | Uint8Array) => {
      if (socket.readyState === socket.OPEN) socket.send(message);
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    close: (code: number, reason: string) => socket.close(code, reason),
  };
}

function listening(server: Server, listen: () => void): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.once('listening', () => {
      server.removeListener('error', resolve);
      resolve(undefined);
    });
    listen();
  });
}

/** Whether somebody serves on this unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
