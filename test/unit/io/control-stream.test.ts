import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { CONTROL_SOCKET } from '../../../src/io/control-client.ts';
import { readControlStream } from '../../../src/io/control-stream.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-control-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['with a path from here', (directory: string) => relative(process.cwd(), directory)],
  ['whose name has a colon, a blank and a percent sign', (directory: string) => directory],
])('reads from the appliance of a data directory %s', async (_, spelled) => {
  const directory = join(folder, 'of: 100%41');
  mkdirSync(directory);
  const asked: (string | undefined)[] = [];
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, { url }) => {
    asked.push(url);
    socket.send(Uint8Array.of(1, 2, 3));
    socket.close(1000);
  });
  await new Promise<void>((listening) => server.listen(join(directory, CONTROL_SOCKET), listening));
  const taken: number[] = [];
  const take = (bytes: Uint8Array) => void taken.push(...bytes);
  const end = await readControlStream(spelled(directory), '/api/capture?call=1', take, new AbortController().signal);
  sockets.close();
  server.close();
  expect(end).toBeUndefined();
  expect(taken).toEqual([1, 2, 3]);
  expect(asked).toEqual(['/api/capture?call=1']);
});
