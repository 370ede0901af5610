import { request } from 'node:http';
import { join } from 'node:path';

/** The socket in an appliance's data directory that speaks HTTP with the command line. */
export const CONTROL_SOCKET = 'control.sock';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16 << 20;

/** An answer of the appliance, or one sentence why there is none. */
export type ControlAnswer = { readonly status: number; readonly body: unknown } | { readonly failure: string };

/** Asks the appliance that runs with this data directory, by the same routes as the web API. Never rejects. */
export class ControlClient {
  constructor(private readonly dataDirectory: string) {}

  get(path: string): Promise<ControlAnswer> {
    return this.ask('GET', path);
  }

  post(path: string, body: unknown): Promise<ControlAnswer> {
    return this.ask('POST', path, JSON.stringify(body));
  }

  delete(path: string): Promise<ControlAnswer> {
    return this.ask('DELETE', path);
  }

  private ask(method: string, path: string, body?: string): Promise<ControlAnswer> {
    return new Promise((resolve) => {
      const fail = (failure: string) => resolve({ failure });
      const headers = {
        host: 'localhost',
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      // A connection kept from before a restart of the appliance would fail: each request has its own.
      const outgoing = request(
        {
          socketPath: join(this.dataDirectory, CONTROL_SOCKET),
          method,
          path,
          headers,
          timeout: TIMEOUT_MS,
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is too long'));
            else chunks.push(chunk);
          });
          response.on('error', (error) => fail(`the answer of the appliance was cut off: ${error.message}`));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, body: text === '' ? null : parse(text) });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
      outgoing.on('error', (error: NodeJS.ErrnoException) => fail(this.explain(error)));
      outgoing.end(body);
    });
  }

  private explain(error: NodeJS.ErrnoException): string {
    const place = join(this.dataDirectory, CONTROL_SOCKET);
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
      return `no appliance runs with the data directory ${this.dataDirectory}; name another with --data`;
    }
    if (error.code === 'EACCES') return `${place} may not be used by this user; try sudo`;
    return `the appliance at ${place} cannot be asked: ${error.message}`;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
