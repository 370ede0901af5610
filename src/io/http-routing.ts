import type { IncomingMessage } from 'node:http';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Log } from '../base/log.ts';
import type { HttpApp, HttpRequest, HttpResponse, Visitor } from '../panel/http.ts';
import { canonicalIp } from './udp.ts';

const MAX_BODY_BYTES = 64 << 10;

/** Who asks, as the server knows before anything is read. */
export function visitorOf({ socket, url, headers }: IncomingMessage): Visitor {
  return { ip: canonicalIp(socket.remoteAddress ?? ''), path: pathOf(url ?? '/'), headers };
}

function pathOf(url: string): string {
  return url.replace(/[?#].*$/, '');
}

/** The routes of `app` on a router, bodies read and bounded; what has no route is a file of the page or nothing. */
export function buildRouting(app: HttpApp, log: Log): FastifyInstance {
  const routing = fastify({ logger: false, bodyLimit: MAX_BODY_BYTES });
  // Bodies are JSON whatever they are called, as by curl -d: other sites are kept out by the Origin that a browser sends.
  routing.removeAllContentTypeParsers();
  routing.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
    parseJson(text as string, done);
  });
  // What the form of the login page sends.
  routing.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
    // curl -d says so of JSON, too.
    if (/^\s*[[{]/.test(text as string)) parseJson(text as string, done);
    else done(null, Object.fromEntries(new URLSearchParams(text as string)));
  });
  for (const { method, path, handle, maxBodyBytes } of app.routes) {
    routing.route({
      method,
      url: path,
      ...(maxBodyBytes === undefined ? {} : { bodyLimit: maxBodyBytes }),
      handler: async (request, reply) => {
        const { params, query, body } = request as unknown as HttpRequest;
        const visitor = visitorOf(request.raw);
        return send(reply, await handle({ params, query: onlyText(query), body: body ?? undefined, visitor }));
      },
    });
  }
  routing.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const found = request.method === 'GET' || request.method === 'HEAD' ? app.file(path) : undefined;
    if (found === undefined) return send(reply, nothingAt(app, request.method, path));
    const etag = found.headers?.['etag'];
    if (etag !== undefined && request.headers['if-none-match'] === etag)
      return reply.code(304).headers({ etag }).send();
    return send(reply, found);
  });
  routing.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return send(reply, app.failure(status, error.message));
    log('error', 'http', `${request.method} ${request.routeOptions.url ?? '?'}: ${error.stack ?? error.message}`);
    return send(reply, app.failure(500, 'this request met a fault of the appliance; its log says more'));
  });
  return routing;
}

/** Why there is no answer: no such place, not by this method, or only for a WebSocket. */
function nothingAt(app: HttpApp, method: string, path: string): HttpResponse {
  const methods = app.routes.filter((route) => paramsOf(route.path, path) !== undefined).map((route) => route.method);
  if (app.file(path) !== undefined) methods.push('GET');
  if (methods.length > 0) {
    const allow = methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each])).join(', ');
    return { ...app.failure(405, `${path} takes ${allow}, not ${method}`), headers: { allow } };
  }
  const isSocket = app.sockets.some((socket) => socket.isLocal !== true && paramsOf(socket.path, path) !== undefined);
  return isSocket
    ? { ...app.failure(426, `${path} is a WebSocket`), headers: { connection: 'upgrade', upgrade: 'websocket' } }
    : app.failure(404, `there is nothing at ${method} ${path}`);
}

/** What stands in `path` for the parameters of a pattern such as `/api/lines/:port`; undefined where it does not fit. */
export function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? '';
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

function parseJson(text: string, done: (error: Error | null, body?: unknown) => void): void {
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    done(Object.assign(new Error('The body is not valid JSON.'), { statusCode: 400 }));
    return;
  }
  done(null, body);
}

function send(reply: FastifyReply, response: HttpResponse) {
  const body = typeof response.body === 'string' ? response.body : Buffer.from(response.body);
  return reply
    .code(response.status)
    .headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', ...response.headers })
    .type(response.type)
    .send(body);
}

/** A parameter that is given twice is an array: then it is none. */
function onlyText(query: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
