import { request } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../../src/base/log.ts';
import { Secret } from '../../../src/config/secret.ts';
import { HttpServer } from '../../../src/io/http-server.ts';
import { makeCertificate } from '../../../src/io/self-signed.ts';
import { createApi } from '../../../src/panel/api.ts';
import { Login } from '../../../src/panel/login.ts';
import { fakeServices } from './services.ts';

const tls = makeCertificate(['box', '127.0.0.1']);
const SESSION_MS = 12 * 3_600_000;
const LOCKED_MS = 600_000;

let server: HttpServer;
let port: number;
let nowMs = 0;
let users: Record<string, { passwordHash: Secret }>;
/** Passwords whose hash was asked for. */
let hashed: string[];
let told: string[];
/** Holds hashes up while it is set. */
let hold: Promise<void> | undefined;
/** There is no memory to check a password with. */
let isBroken = false;

beforeAll(async () => {
  let made = 0;
  const login = new Login({
    users: () => users,
    verify: async (password, hash) => {
      hashed.push(password);
      await hold;
      if (isBroken) throw new Error('no memory');
      return hash === `hash of ${password}`;
    },
    randomBytes: (length) => new Uint8Array(length).fill(++made),
    nowMs: () => nowMs,
    isSecure: true,
    isLoopback: true,
    tell: (what, from, username) => told.push(`${what} ${from} ${username}`),
  });
  const file = (path: string) => ({ status: 200, type: 'text/html', body: `file ${path}` });
  const app = createApi(fakeServices().services, '1.0.0', file, { login, tls });
  server = await HttpServer.create(app, silentLog);
  expect(await server.listenTcp({ ip: '127.0.0.1', port: 0 }, tls)).toBeUndefined();
  port = server.addresses[0]!.port;
});

beforeEach(() => {
  nowMs += LOCKED_MS;
  users = { admin: { passwordHash: new Secret('hash of geheim') }, anna: { passwordHash: new Secret('hash of x') } };
  [hashed, told] = [[], []];
});

afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers, ca: tls.cert, servername: 'box' },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const form = (user: string, password: string, headers: Record<string, string> = {}) =>
  ask(
    '/login',
    { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    'POST',
    new URLSearchParams({ user, password }).toString(),
  );
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

/** Logs in; gives the cookie. */
async function session(): Promise<{ cookie: string }> {
  const { headers } = await form('admin', 'geheim');
  const [cookie = ''] = (headers['set-cookie'] as readonly string[])[0]!.split(';');
  return { cookie };
}

describe('somebody who has not logged in', () => {
  it.each(['/', '/api/status', '/metrics', '/healthz', '/api/openapi.json', '/main.js', '/nothing'])(
    'is given nothing of %s',
    async (path) => {
      const { status, body } = await ask(path);
      expect([status, body]).toEqual([401, '{"error":"log in at /login, or give name and password by HTTP Basic"}']);
    },
  );

  it('is shown the form where a browser opens a page, and that form needs nothing but its style', async () => {
    const { status, body, headers } = await ask('/', { 'sec-fetch-dest': 'document' });
    expect(status).toBe(401);
    expect(body).toContain('<form method="post" action="/login">');
    expect(body).not.toContain('<script');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect((await ask('/main.css')).body).toBe('file /main.css');
  });

  it('has no WebSocket', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/events`, { ca: tls.cert });
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('error', () => {});
    });
    expect(status).toBe(401);
  });

  it('can change nothing, and its body is not read', async () => {
    expect((await ask('/api/calls', {}, 'POST', 'x'.repeat(100_000))).status).toBe(401);
  });
});

describe('somebody who logs in', () => {
  it('gets a cookie that scripts and other sites cannot have, and the panel', async () => {
    const { status, headers } = await form('admin', 'geheim');
    expect([status, headers['location']]).toEqual([303, '/']);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^branchline=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/),
    ]);
    const cookie = await session();
    expect((await ask('/', cookie)).body).toBe('file /');
    expect((await ask('/api/status', cookie)).status).toBe(200);
    expect((await ask('/api/session', cookie)).body).toBe('{"user":"admin"}');
  });

  it('has the WebSocket', async () => {
    const headers = await session();
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/events`, { ca: tls.cert, headers });
    const message = await new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    expect(message).toMatch(/^\{"type":"status"/);
    socket.terminate();
  });

  /** Open, and what it ends with. */
  async function listening(headers: Record<string, string>) {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/events`, { ca: tls.cert, headers });
    const closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`));
    });
    await new Promise((resolve) => socket.once('message', resolve));
    return { socket, closed };
  }

  it('has no WebSocket any longer after logging out, and leaves those of others alone', async () => {
    const [mine, other] = [await session(), await session()];
    const [first, second] = [await listening(mine), await listening(other)];
    await ask('/logout', mine, 'POST');
    expect(await first.closed).toBe('1008 log in again');
    const pong = new Promise((resolve) => second.socket.once('pong', resolve));
    second.socket.ping();
    await pong;
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
    second.socket.terminate();
  });

  it.each([
    ['the password is changed', () => ({ admin: { passwordHash: new Secret('hash of new') } })],
    ['the user is removed', () => ({ anna: { passwordHash: new Secret('hash of x') } })],
    ['nobody has to log in', () => ({})],
  ])('has no WebSocket any longer when %s, whether as a browser or as a program', async (_, after) => {
    const sockets = [await listening(await session()), await listening(basic('admin', 'geheim'))];
    users = after();
    server.dismiss();
    for (const { closed } of sockets) expect(await closed).toBe('1008 log in again');
  });

  it('has no WebSocket any longer after twelve hours of nothing; a program keeps its own', async () => {
    const [browser, program] = [await listening(await session()), await listening(basic('admin', 'geheim'))];
    nowMs += SESSION_MS - 1;
    server.dismiss();
    expect(browser.socket.readyState).toBe(WebSocket.OPEN);
    nowMs += 1;
    server.dismiss();
    expect(await browser.closed).toBe('1008 log in again');
    expect(program.socket.readyState).toBe(WebSocket.OPEN);
    program.socket.terminate();
  });

  it('is out after logging out', async () => {
    const cookie = await session();
    expect((await ask('/logout', cookie, 'POST')).status).toBe(303);
    expect((await ask('/api/status', cookie)).status).toBe(401);
  });

  it('stays in while something is asked for, and is out after twelve hours of nothing', async () => {
    const cookie = await session();
    for (let i = 0; i < 3; i++) {
      nowMs += SESSION_MS - 1;
      expect((await ask('/api/status', cookie)).status).toBe(200);
    }
    nowMs += SESSION_MS;
    expect((await ask('/api/status', cookie)).status).toBe(401);
  });

  it('is out when the password is changed or the user is removed, without a restart', async () => {
    const [one, other] = [await session(), await session()];
    users = { admin: { passwordHash: new Secret('hash of new') } };
    expect((await ask('/api/status', one)).status).toBe(401);
    users = {};
    expect(users['admin']).toBeUndefined();
    users = { anna: { passwordHash: new Secret('hash of x') } };
    expect((await ask('/api/status', other)).status).toBe(401);
  });

  it('is refused from the page of another site', async () => {
    expect((await form('admin', 'geheim', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await form('admin', 'geheim', { origin: `https://127.0.0.1:${port}` })).status).toBe(303);
    expect((await ask('/api/status', { ...(await session()), 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('may name the box as it is called: whoever needs a password need not come by a name of this machine', async () => {
    expect((await ask('/api/status', { ...(await session()), host: 'box.example:8443' })).status).toBe(200);
  });
});

describe('a program', () => {
  it('proves itself with each request, and costs one hash in five minutes', async () => {
    for (let i = 0; i < 3; i++) expect((await ask('/metrics', basic('anna', 'x'))).status).toBe(200);
    expect(hashed).toEqual(['x']);
    nowMs += 300_000;
    expect((await ask('/metrics', basic('anna', 'x'))).status).toBe(200);
    expect(hashed).toEqual(['x', 'x']);
  });

  it('with a wrong password is asked for a right one; a browser is not, which would show a window of its own', async () => {
    const { status, headers } = await ask('/metrics', basic('anna', 'no'));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="Branchline", charset="UTF-8"']);
    expect((await ask('/metrics', { 'sec-fetch-mode': 'cors' })).headers['www-authenticate']).toBeUndefined();
  });

  it.each(['Bearer x', 'Basic', 'Basic !', `Basic ${'A'.repeat(5_000)}`])(
    'that says %.20s costs no hash',
    async (authorization) => {
      expect((await ask('/metrics', { authorization })).status).toBe(401);
      expect(hashed).toEqual([]);
    },
  );
});

describe('somebody who guesses', () => {
  it('is told of, locked out after five wrong passwords, also with the right one, and heard again after ten minutes', async () => {
    for (let i = 0; i < 5; i++) expect((await form('admin', `guess ${i}`)).status).toBe(401);
    expect(told).toEqual([
      ...Array.from({ length: 4 }, () => 'panel-login-failed 127.0.0.1 admin'),
      'panel-locked-out 127.0.0.1 admin',
    ]);
    expect((await form('admin', 'geheim')).status).toBe(429);
    expect((await ask('/metrics', basic('admin', 'geheim'))).headers['retry-after']).toBe('600');
    expect(hashed).toHaveLength(5);
    nowMs += LOCKED_MS;
    expect((await form('admin', 'geheim')).status).toBe(303);
  });

  it('leaves alone those who are in', async () => {
    const cookie = await session();
    for (let i = 0; i < 6; i++) await form('admin', 'guess');
    expect((await ask('/api/status', cookie)).status).toBe(200);
  });

  it('learns nothing of who exists, and what was typed in place of a name is told to nobody', async () => {
    const [known, unknown] = [await form('admin', 'a'), await form('my-password', 'a')];
    expect(unknown.body).toBe(known.body);
    expect(hashed).toEqual(['a', 'a']);
    expect(told).toEqual(['panel-login-failed 127.0.0.1 admin', 'panel-login-failed 127.0.0.1 ']);
    expect((await form('__proto__', 'a')).status).toBe(401);
  });

  it('as nobody who exists does not come in by the password of somebody who does', async () => {
    expect((await form('nobody', 'geheim')).status).toBe(401);
    expect((await ask('/metrics', basic('nobody', 'geheim'))).status).toBe(401);
  });

  it('from ever other addresses of one IPv6 network is one guesser', async () => {
    const tried: string[] = [];
    const login = new Login({
      users: () => users,
      verify: async (password) => tried.push(password) < 0,
      randomBytes: (length) => new Uint8Array(length),
      nowMs: () => nowMs,
      isSecure: true,
      isLoopback: false,
      tell: () => {},
    });
    const guess = async (ip: string) =>
      (await login.admit({ ip, path: '/metrics', headers: basic('admin', ip) }))?.status;
    for (const n of [1, 2, 3, 4, 5]) expect(await guess(`2001:db8:1:2::${n}`)).toBe(401);
    expect(await guess('2001:db8:1:2:a:b:c:d')).toBe(429);
    expect(await guess('2001:db8:1:3::1')).toBe(401);
    expect(await guess('2001:db8::1')).toBe(401);
    expect(tried).toHaveLength(7);
  });

  it('where no password can be checked is told so, and the panel goes on', async () => {
    isBroken = true;
    try {
      expect((await ask('/metrics', basic('admin', 'geheim'))).status).toBe(500);
      expect((await form('admin', 'geheim')).status).toBe(500);
    } finally {
      isBroken = false;
    }
    expect((await form('admin', 'geheim')).status).toBe(303);
  });

  it('does not keep the memory busy: two hashes at a time, and none of a password without end', async () => {
    let release = () => {};
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const two = [form('admin', 'geheim'), form('admin', 'geheim')];
    await expect.poll(() => hashed.length).toBe(2);
    expect((await form('admin', 'geheim')).status).toBe(503);
    release();
    hold = undefined;
    expect((await Promise.all(two)).map(({ status }) => status)).toEqual([303, 303]);
    await form('admin', 'a'.repeat(1_000));
    expect(hashed.at(-1)).toBe('');
  });
});

describe('on loopback without users', () => {
  it('everybody may come in, by a name of this machine only', async () => {
    users = {};
    expect((await ask('/api/status')).status).toBe(200);
    expect((await ask('/api/status', { host: 'box.example' })).status).toBe(403);
  });

  it('nobody keeps a WebSocket once there are users', async () => {
    users = {};
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/events`, { ca: tls.cert });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('message', resolve));
    users = { anna: { passwordHash: new Secret('hash of x') } };
    server.dismiss();
    expect(await closed).toBe(1008);
  });
});
