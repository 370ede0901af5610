import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../../src/base/log.ts';
import { HttpServer } from '../../../src/io/http-server.ts';
import { loadPageFiles } from '../../../src/io/page-files.ts';
import { createApi } from '../../../src/panel/api.ts';
import { statusSchema, topicSchemas } from '../../../src/status/schema.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { fakeServices, phone } from './services.ts';

let directory: string;
let server: HttpServer;
let base: string;
let host: string;
let fake: ReturnType<typeof fakeServices>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'branchline-panel-'));
  writeFileSync(join(directory, 'index.html'), '<!doctype html>');
  writeFileSync(join(directory, 'main.js'), '1');
  writeFileSync(join(directory, 'secret.txt'), 'no');
  fake = fakeServices();
  server = await HttpServer.create(createApi(fake.services, '1.0.0', loadPageFiles(directory)), silentLog);
  expect(await server.listenTcp({ ip: '127.0.0.1', port: 0 })).toBeUndefined();
  expect(await server.listenUnix(join(directory, 'control.sock'))).toBeUndefined();
  host = `127.0.0.1:${server.addresses[0]!.port}`;
  base = `http://${host}`;
});
beforeEach(() => {
  fake.asked.length = 0;
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const get = (path: string) => fetch(base + path);
const post = (path: string, body: unknown) =>
  fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** A request with headers that fetch does not let one set. */
function raw(
  headers: Record<string, string>,
  options: { path?: string; method?: string; socketPath?: string; body?: string } = {},
) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const target =
      options.socketPath === undefined
        ? { host: '127.0.0.1', port: server.addresses[0]!.port }
        : { socketPath: options.socketPath };
    const sent = request(
      { ...target, path: options.path ?? '/healthz', method: options.method ?? 'GET', headers },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

describe('status over HTTP', () => {
  it('is the whole status, in the words of its schema', async () => {
    const response = await get('/api/status');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(statusSchema.strict().parse(await response.json())).toEqual(fake.services.status());
  });

  it.each(['lines', 'phones', 'trunks', 'calls'] as const)('gives %s, and one of them', async (kind) => {
    const all = fake.services.status()[kind];
    expect(await (await get(`/api/${kind}`)).json()).toEqual(all);
    const [id, one] = Array.isArray(all) ? [all[0]!.id, all[0]] : Object.entries(all)[0]!;
    expect(await (await get(`/api/${kind}/${id}`)).json()).toMatchObject(one!);
  });

  it.each([
    ['/api/state', 'state'],
    ['/api/health', 'health'],
    ['/api/lines/1', 'lines/+'],
    ['/api/phones/211', 'phones/+'],
    ['/api/trunks/hq', 'trunks/+'],
  ] as const)('says at %s what the topic %s says, in the words of its schema', async (path, topic) => {
    const body = await (await get(path)).json();
    expect(body).toMatchObject({ at: fake.services.time() });
    topicSchemas[topic].strict().parse(body);
  });

  it('gives what the topics state and health say', async () => {
    const at = fake.services.time();
    expect(await (await get('/api/state')).json()).toEqual({ state: 'online', session: 's1', at });
    expect(await (await get('/api/health')).json()).toEqual({ ...fake.services.health(), at });
  });

  it.each([
    '/api/lines/9',
    '/api/lines/',
    '/api/trunks/__proto__',
    '/api/trunks/toString',
    '/api/calls/none',
    '/api/nothing',
    '/main.css',
  ])('answers 404 with a reason for %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/^there is no/) });
  });

  it.each([
    ['POST', '/api/status', 'GET, HEAD'],
    ['PUT', '/api/calls', 'GET, HEAD, POST'],
    ['DELETE', '/api/lines/1', 'GET, HEAD'],
    ['OPTIONS', '/api/calls/c1', 'GET, HEAD, DELETE'],
    ['GET', '/api/emulator/keypad', 'POST'],
    ['POST', '/', 'GET, HEAD'],
  ])('answers 405 and what there is to %s %s [RFC9110 §15.5.6]', async (method, path, allowed) => {
    const response = await fetch(base + path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
    expect(await response.json()).toEqual({ error: `${path} takes ${allowed}, not ${method}` });
  });

  it('answers 426 to a request that is no WebSocket where there is one [RFC9110 §15.5.22]', async () => {
    const response = await get('/api/events');
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await response.json()).toEqual({ error: '/api/events is a WebSocket' });
  });

  it('is also there for Prometheus and for watchdogs', async () => {
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain('branchline_trunk_registered{trunk="hq"} 1\n');
    expect(metrics).toContain('branchline_trunk_rtt_seconds{trunk="hq"} 0.0123\n');
    expect(metrics).toContain('branchline_dropped_total{reason="iax2.unknown-call"} 3\n');
    expect(metrics).toContain('branchline_line_state{line="1",state="idle"} 1\n');
    for (const row of metrics.trimEnd().split('\n'))
      expect(row).toMatch(/^(# (HELP|TYPE) branchline_\w+ .+|branchline_\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  });

  it('describes every route in OpenAPI, with every schema it refers to', async () => {
    const text = await (await get('/api/openapi.json')).text();
    const document = JSON.parse(text) as {
      paths: Record<string, Record<string, { operationId: string }>>;
      components: { schemas: Record<string, object> };
    };
    expect(Object.keys(document.paths)).toContain('/api/emulator/lines/{port}/heard.wav');
    expect(Object.keys(document.paths['/api/calls']!)).toEqual(['get', 'post']);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).toHaveProperty(name!);
    expect(text).not.toContain('$defs');
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('calls over HTTP', () => {
  it('begins one', async () => {
    const response = await post('/api/calls', { from: 'line/1', to: '7123' });
    expect([response.status, await response.json()]).toEqual([201, { id: 'c2' }]);
    expect(fake.asked).toEqual(['call line/1 7123']);
  });

  it('says why one cannot be made', async () => {
    const response = await post('/api/calls', { from: 'line/9', to: '7123' });
    expect([response.status, await response.json()]).toEqual([409, { error: 'there is no line 9' }]);
  });

  it.each([
    [{ from: 'line/1' }, 'to: it is missing'],
    [{ from: 'line/1', to: 7123 }, 'to: it must be text'],
    [{ from: 'line/1', to: '7123', now: true }, 'now'],
    [{ from: 'line/1', to: 'a\nb' }, 'to: letters, digits'],
    ['{"from":', 'The body is not valid JSON.'],
    [undefined, 'The body must be an object of from and to.'],
  ])('refuses %j', async (body, reason) => {
    const response = await post('/api/calls', body ?? 'null');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining(reason) });
    expect(fake.asked).toEqual([]);
  });

  it.each(['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', undefined])(
    'reads a body as JSON that a program sends as %s',
    async (type) => {
      const options = { path: '/api/calls', method: 'POST', body: '{"from":"line/1","to":"7123"}' };
      expect((await raw({ host, ...(type === undefined ? {} : { 'content-type': type }) }, options)).status).toBe(201);
      expect(fake.asked).toEqual(['call line/1 7123']);
    },
  );

  it('refuses a body that a form of another site sends, whatever it calls it', async () => {
    const options = { path: '/api/calls', method: 'POST', body: '{"from":"line/1","to":"7123"}' };
    for (const origin of ['http://evil.example', 'null'])
      expect((await raw({ host, origin, 'content-type': 'text/plain' }, options)).status).toBe(403);
    expect(fake.asked).toEqual([]);
  });

  it('refuses a body above its limit', async () => {
    const response = await post('/api/calls', { from: 'x'.repeat(70_000), to: '1' });
    expect([response.status, await response.json()]).toEqual([413, { error: 'Request body is too large' }]);
  });

  it('ends one, and knows when there is none', async () => {
    const end = (id: string) => fetch(`${base}/api/calls/${id}`, { method: 'DELETE' });
    expect((await end('c1')).status).toBe(200);
    expect((await end('c9')).status).toBe(404);
  });

  it('opens adopt mode and tells the secret once; closes it; forgets a phone', async () => {
    const response = await post('/api/adoption', undefined);
    expect([response.status, await response.json()]).toEqual([
      201,
      { secret: '0123456789012345', until: '2026-01-01T00:02:00.000Z' },
    ]);
    expect(await (await get('/api/adoption')).json()).toBeNull();
    const remove = async (path: string) => (await fetch(`${base}${path}`, { method: 'DELETE' })).status;
    expect(await remove('/api/adoption')).toBe(409);
    expect(await remove('/api/phones/215')).toBe(200);
    expect(await remove('/api/phones/211')).toBe(404);
  });

  it('traces a number', async () => {
    expect(await (await get('/api/route?number=7123&from=office')).json()).toEqual({
      context: 'office',
      steps: [{ location: 'office,7123,1', application: 'Dial(IAX2/hq/7123)', outcome: 'assumed to fail' }],
    });
    expect((await get('/api/route?number=7123')).status).toBe(400);
    expect((await get('/api/route?number=1&number=2&from=office')).status).toBe(400);
    expect((await get('/api/route?number=7123&from=nowhere')).status).toBe(404);
  });
});

describe('emulated phones over HTTP', () => {
  it('shows one', async () => {
    expect(await (await get('/api/emulator/lines/1')).json()).toEqual(phone);
    expect(await (await get('/api/emulator')).json()).toEqual(fake.services.emulator!.board);
  });

  it('hands a command to it and gives back its refusal', async () => {
    expect((await post('/api/emulator/lines/1', { hook: 'off' })).status).toBe(200);
    const refused = await post('/api/emulator/lines/1', { dial: '7123' });
    expect([refused.status, await refused.json()]).toEqual([409, { error: 'The handset is on the hook.' }]);
    expect(fake.asked).toEqual(['apply 1 {"hook":"off"}', 'apply 1 {"dial":"7123"}']);
  });

  it('takes a minute of sound to say', async () => {
    expect((await post('/api/emulator/lines/1', { say: 'A'.repeat(7 << 20) })).status).toBe(200);
  });

  it('drives the exchange behind a town line by the same address, and has no audio of it', async () => {
    expect((await get('/api/emulator/lines/4')).status).toBe(200);
    expect((await post('/api/emulator/lines/4', { ring: { callerId: '0472000099' } })).status).toBe(200);
    expect(fake.asked.at(-1)).toBe('apply 4 {"ring":{"callerId":"0472000099"}}');
  });

  it.each(['2', '01x', '-1', '1.0'])('knows no line %s', async (port) => {
    expect((await get(`/api/emulator/lines/${port}`)).status).toBe(404);
    expect((await post(`/api/emulator/lines/${port}`, { hook: 'off' })).status).toBe(404);
  });

  it('gives what was heard, as many seconds as asked for', async () => {
    const heard = async (query: string) => {
      const response = await get(`/api/emulator/lines/1/heard.wav${query}`);
      return [response.status, response.headers.get('content-type'), (await response.arrayBuffer()).byteLength];
    };
    expect(await heard('')).toEqual([200, 'audio/wav', 3]);
    expect(await heard('?seconds=10')).toEqual([200, 'audio/wav', 10]);
    for (const bad of ['0', '61', '-1', 'x', '']) expect((await heard(`?seconds=${bad}`))[0]).toBe(400);
  });

  it('has lights and keys', async () => {
    expect(await (await get('/api/emulator/leds')).json()).toEqual(fake.services.emulator!.leds());
    expect((await post('/api/emulator/keypad', { press: '1', ms: 80 })).status).toBe(200);
    expect(fake.asked).toEqual(['key {"press":"1","ms":80}']);
  });

  it('is not there with a real HAT', async () => {
    const app = createApi({ ...fake.services, emulator: undefined }, '1.0.0', () => undefined);
    expect(app.routes.filter((route) => route.path.startsWith('/api/emulator'))).toEqual([]);
    expect(app.sockets.map((socket) => socket.path)).toEqual(['/api/events', '/api/log', '/api/capture']);
  });
});

describe('WebSockets', () => {
  it('/api/events gives the status, then each change, and lets go when closed', async () => {
    const socket = new WebSocket(`ws://${host}/api/events`);
    const messages: unknown[] = [];
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
    await waitUntil('the status', 2_000, () => messages.length === 1);
    fake.tell({ type: 'state', topic: 'lines/1', body: { state: 'dial-tone' } });
    await waitUntil('the change', 2_000, () => messages.length === 2);
    expect(messages).toEqual([
      { type: 'status', status: fake.services.status() },
      { type: 'state', topic: 'lines/1', body: { state: 'dial-tone' } },
    ]);
    socket.close();
    await waitUntil('the listener to go', 2_000, () => fake.listeners.size === 0);
  });

  it('/api/emulator/lines/1/audio carries sound both ways as 16-bit samples', async () => {
    const socket = new WebSocket(`ws://${host}/api/emulator/lines/1/audio`);
    const heard: Buffer[] = [];
    socket.on('message', (data: Buffer) => heard.push(data));
    await waitUntil('the listener', 2_000, () => fake.heardBy.size === 1);
    fake.hear(Int16Array.of(1, -2, 32767));
    await waitUntil('the sound', 2_000, () => heard.length === 1);
    expect([...heard[0]!]).toEqual([1, 0, 254, 255, 255, 127]);
    socket.send(Buffer.from([1, 0, 254, 255]));
    await waitUntil('the speech', 2_000, () => fake.asked.length === 1);
    expect(fake.asked).toEqual(['speak 1,-2']);
    socket.close();
    await waitUntil('the listener to go', 2_000, () => fake.heardBy.size === 0);
  });

  it.each([
    ['/api/emulator/lines/7/audio', {}, 404],
    ['/api/emulator/lines/4/audio', {}, 404],
    ['/api/nothing', {}, 404],
    ['/api/events', { origin: 'http://evil.example' }, 403],
    ['/api/events', { host: 'evil.example' }, 403],
  ])('refuses %s with %j', async (path, headers, status) => {
    const socket = new WebSocket(`ws://${host}${path}`, { headers });
    const refused = await new Promise<number | undefined>((resolve) => {
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode);
        response.destroy();
      });
      socket.on('error', () => {});
    });
    expect(refused).toBe(status);
  });
});

describe('requests for other sites', () => {
  it.each([
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost.evil.example:80' },
    { host: '127.0.0.1', origin: 'http://evil.example' },
    { host: '127.0.0.1', origin: 'null' },
    { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
  ])('are refused: %j', async (headers) => {
    const { status, body } = await raw(headers);
    expect([status, JSON.parse(body)]).toEqual([403, { error: expect.any(String) }]);
  });

  it.each([
    { host: 'localhost:8080' },
    { host: '[::1]:8080' },
    { host: '127.0.0.2', origin: 'http://127.0.0.2' },
    { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ])('are told from our own: %j', async (headers) => {
    expect((await raw(headers)).status).toBe(200);
  });
});

describe('the page', () => {
  it('is served from the files it was built as, with a policy and without sniffing', async () => {
    const response = await get('/');
    expect(await response.text()).toBe('<!doctype html>');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const again = await fetch(`${base}/`, { headers: { 'if-none-match': response.headers.get('etag')! } });
    expect(again.status).toBe(304);
    expect((await get('/main.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it.each(['/secret.txt', '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fcontrol.sock', '//etc/passwd', '/%00'])(
    'has nothing at %s',
    async (path) => {
      expect((await raw({ host: '127.0.0.1' }, { path })).status).toBeGreaterThanOrEqual(400);
    },
  );
});

describe('the unix socket', () => {
  it('is only for our own user, and serves the same', async () => {
    const socketPath = join(directory, 'control.sock');
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    const { status, body } = await raw({ host: 'branchline' }, { path: '/api/status', socketPath });
    expect([status, JSON.parse(body)]).toEqual([200, fake.services.status()]);
  });

  it('is not taken from an instance that runs, but from one that is gone', async () => {
    const path = join(directory, 'control.sock');
    const second = await HttpServer.create(
      createApi(fake.services, '1.0.0', () => undefined),
      silentLog,
    );
    expect(await second.listenUnix(path)).toMatchObject({ failed: 'port-in-use' });
    const stale = join(directory, 'stale.sock');
    writeFileSync(stale, '');
    expect(await second.listenUnix(stale)).toBeUndefined();
    await second.close();
  });

  it('is refused where its path is longer than a socket can have, and nothing is left at the shorter one', async () => {
    const path = join(directory, 'x'.repeat(108 - directory.length - 1));
    expect(await server.listenUnix(path)).toEqual({ failed: 'other', reason: expect.stringContaining('107 bytes') });
    expect(() => statSync(path.slice(0, 107))).toThrow();
  });

  it('leaves a TCP port that is in use with one sentence', async () => {
    const second = await HttpServer.create(
      createApi(fake.services, '1.0.0', () => undefined),
      silentLog,
    );
    expect(await second.listenTcp(server.addresses[0]!)).toEqual({
      failed: 'port-in-use',
      reason: `HTTP ${host} is in use by another program`,
    });
    await second.close();
  });
});

describe('the configuration over HTTP', () => {
  it('is read, checked, put on trial, kept and taken back', async () => {
    expect(await (await get('/api/configuration')).json()).toMatchObject({ version: 'v1', source: 'file' });
    const checked = await post('/api/configuration/check', { text: '' });
    expect(checked.status).toBe(200);
    expect(await checked.json()).toMatchObject({ problems: [{ line: 1, column: 1 }], changes: [] });
    const applied = await post('/api/configuration', { text: 'a: 1', version: 'v1', confirmWithin: '5m' });
    expect(applied.status).toBe(202);
    expect(await applied.json()).toMatchObject({ phase: 'trial', remainingMs: 60_000 });
    expect(fake.asked).toEqual(['apply a: 1 over v1 by null within 300000']);
    expect((await get('/api/configuration/trial')).status).toBe(200);
    expect((await post('/api/configuration/confirm', '')).status).toBe(200);
    const back = await post('/api/configuration/rollback', '');
    expect(back.status).toBe(409);
    expect(await back.json()).toEqual({ error: 'no configuration is on trial' });
  });

  it.each([
    [400, {}, 'text: it is missing'],
    [400, { text: 'a', version: 'v1', confirmWithin: '1s' }, 'confirmWithin: from 10s to 1h'],
    [400, { text: 'x'.repeat(600_000), version: 'v1' }, 'text: '],
    [409, { text: 'a', version: 'v0' }, 'another one is in force'],
    [422, { text: '', version: 'v1' }, 'line 1, column 1: it is empty'],
  ])('is refused with %i where it must be', async (status, body, error) => {
    const response = await post('/api/configuration', body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(error);
  });
});

describe('the log over HTTP', () => {
  it('is listed by level, and goes on live', async () => {
    fake.book.log('info', 'main', 'It serves.');
    fake.book.log('error', 'iax2', 'A peer is gone.', { peer: 'hq' });
    expect(await (await get('/api/log')).json()).toHaveLength(2);
    expect(await (await get('/api/log?level=error')).json()).toMatchObject([
      { level: 'error', fields: { peer: 'hq' } },
    ]);
    expect((await get('/api/log?level=loud')).status).toBe(400);
    const socket = new WebSocket(`ws://${host}/api/log`);
    const messages: string[] = [];
    socket.on('message', (data: Buffer) => messages.push(data.toString()));
    await waitUntil('the first list', 2_000, () => messages.length === 1);
    expect(JSON.parse(messages[0]!)).toHaveLength(2);
    fake.book.log('warn', 'sip', 'A phone is gone.');
    await waitUntil('the next entry', 2_000, () => messages.length === 2);
    expect(JSON.parse(messages[1]!)).toMatchObject([
      { id: 3, level: 'warn', part: 'sip', message: 'A phone is gone.' },
    ]);
    socket.close();
  });
});
