import { connect } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { CONTROL_SOCKET } from './control-client.ts';

/** The appliance has sent all there is. [RFC6455 §7.4.1] */
const COMPLETE = 1000;

/**
 * Takes what the appliance that runs with this data directory sends on one of its WebSockets, until `stop` fires or the
 * appliance has sent all there is. Resolves with why it ended before, undefined if it did not. Never rejects.
 */
export function readControlStream(
  dataDirectory: string,
  path: string,
  take: (bytes: Uint8Array) => void,
  stop: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A ws+unix: address would take the first folder of a relative path for a host, and stop at a colon.
    const createConnection = () => connect(join(dataDirectory, CONTROL_SOCKET));
    const socket = new WebSocket(`ws://localhost${path}`, { createConnection });
    const end = () => socket.close();
    stop.addEventListener('abort', end, { once: true });
    socket.on('message', (data: Buffer) => take(new Uint8Array(data.buffer, data.byteOffset, data.length)));
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(reasonIn(Buffer.concat(chunks).toString('utf8'), response.statusCode ?? 0)));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const isNotThere = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      const place = `no appliance runs with the data directory ${dataDirectory}; name another with --data`;
      resolve(isNotThere ? place : `the appliance cannot be asked: ${error.message}`);
    });
    socket.on('close', (code, reason) => {
      stop.removeEventListener('abort', end);
      const isDone = stop.aborted || code === COMPLETE;
      resolve(isDone ? undefined : reason.toString('utf8') || 'the appliance has stopped');
    });
    if (stop.aborted) end();
  });
}

function reasonIn(body: string, status: number): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Not our own refusal.
  }
  return `the appliance answered with HTTP status ${status}`;
}
