import type { z } from 'zod';

/**
 * HTTP as the panel sees it: a table of routes and of WebSockets. `io/http-server.ts` serves it on TCP and on a unix
 * socket; tests call the handlers directly.
 */
export interface HttpApp {
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
  /** What answers GET for a path that is no route: the page, its scripts and pictures. */
  file(path: string): HttpResponse | undefined;
  /** The answer to a request over TCP that must not be served, judged before it is read; undefined for all others. */
  refusal(visitor: Visitor): HttpResponse | undefined | Promise<HttpResponse | undefined>;
  /** Whether somebody whose request was not refused may stay; asked as long as a WebSocket is open, and costs next to nothing. */
  admission(visitor: Visitor): () => boolean;
  /** An error in the shape that every error has. */
  failure(status: number, error: string): HttpResponse;
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Who asks over TCP, as far as it is known before anything of the body is read. */
export interface Visitor {
  readonly ip: string;
  /** Without a query. */
  readonly path: string;
  readonly headers: RequestHeaders;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/api/lines/:port`: a parameter takes one segment. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, { readonly schema: z.ZodType; readonly description: string }>>;
  readonly body?: z.ZodType;
  readonly responses: Readonly<Record<number, ResponseDescription>>;
  /** Bodies up to this are read, 64 KiB when not given. */
  readonly maxBodyBytes?: number;
  readonly handle: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
}

export interface ResponseDescription {
  readonly description: string;
  /** `application/json` when there is a schema and no other type. */
  readonly type?: string;
  readonly schema?: z.ZodType;
}

export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** Undefined over the unix socket and for WebSockets. */
  readonly visitor?: Visitor;
}

export interface HttpResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SocketRoute {
  readonly path: string;
  readonly summary: string;
  /** Only for the unix socket, which none but our own user can open. */
  readonly isLocal?: true;
  /** Accepts a connection, or refuses it with an answer. */
  readonly open: (request: HttpRequest) => SocketHandler | HttpResponse;
}

/** One open WebSocket, from the side of the application. */
export interface SocketHandler {
  /** The socket is open; what is given back runs when it closes. */
  start(socket: Socket): () => void;
  /** A message came: text, or bytes. */
  receive?(message: string | Uint8Array): void;
}

export interface Socket {
  send(message: string | Uint8Array): void;
  /** Bytes handed to `send` that the network has not taken yet. */
  readonly unsentBytes: number;
  close(code: number, reason: string): void;
}

export function json(status: number, body: unknown): HttpResponse {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

/** Every refusal has this shape: `{"error": "one sentence"}`. */
export function failure(status: number, error: string): HttpResponse {
  return json(status, { error });
}
