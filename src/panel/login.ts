import { createHash } from 'node:crypto';
import type { Secret } from '../config/secret.ts';
import { failure, type HttpResponse, json, type Route, type Visitor } from './http.ts';
import { loginPage } from './login-page.ts';

export interface LoginOptions {
  /** Who may come in, as the configuration says now. */
  readonly users: () => Readonly<Record<string, { readonly passwordHash: Secret }>>;
  /** Takes as long for every user of `all`, and for one who does not exist, whose hash is undefined. */
  readonly verify: (password: string, hash: string | undefined, all: readonly string[]) => Promise<boolean>;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Served on loopback, where without users everybody may come in. */
  readonly isLoopback: boolean;
  /** Served over TLS: the cookie goes nowhere else. */
  readonly isSecure: boolean;
  readonly tell: (what: 'panel-login-failed' | 'panel-locked-out', from: string, username: string) => void;
}

/** A browser that asks for nothing for so long has to log in again; the page asks all the time. */
const SESSION_MS = 12 * 3_600_000;
const MAX_SESSIONS = 64;
/** A program that proves itself with each request costs one hash in that time. */
const PROVEN_MS = 300_000;
const MAX_TRIES = 5;
const LOCKED_MS = 600_000;
const MAX_ADDRESSES = 1_000;
/** Hashes at a time: each takes 32 MiB. */
const MAX_PENDING = 2;
const TOKEN_BYTES = 32;
/** Longer ones are not worth a hash. */
const MAX_PASSWORD_LENGTH = 256;

const COOKIE = 'branchline';
const LOGIN = '/login';
/** What the login page looks like; nothing of this appliance. */
const OPEN_FILES = new Set(['/main.css', '/icon.svg']);

interface Session {
  readonly user: string;
  /** The session ends with the password. */
  readonly hash: Secret;
  untilMs: number;
}

/**
 * Lets in those of `web.users`: a browser by the login page and a cookie, a program by HTTP Basic. Wrong passwords lock
 * an address out of trying, and leave those who are in alone.
 */
export class Login {
  /** By the token of the cookie. */
  private readonly sessions = new Map<string, Session>();
  /** Programs that proved themselves, by a digest of what they sent. */
  private readonly proven = new Map<string, Session>();
  private readonly tries = new Map<string, { count: number; untilMs: number }>();
  private readonly salt: Uint8Array;
  private pending = 0;

  constructor(private readonly options: LoginOptions) {
    this.salt = options.randomBytes(TOKEN_BYTES);
  }

  /** Nobody has to log in. */
  get isOpen(): boolean {
    return this.options.isLoopback && Object.keys(this.options.users()).length === 0;
  }

  /** The answer to whoever may not come in; undefined for who may. */
  async admit(visitor: Visitor): Promise<HttpResponse | undefined> {
    const { path, headers } = visitor;
    if (this.isOpen || path === LOGIN || OPEN_FILES.has(path)) return undefined;
    if (this.userOf(visitor) !== undefined) return undefined;
    const { authorization } = headers;
    if (typeof authorization === 'string') return this.admitProgram(visitor, authorization);
    if (headers['sec-fetch-dest'] === 'document') return loginPage(401, undefined);
    return refused(visitor);
  }

  /**
   * Whether somebody who was admitted may stay: until that browser logs out or says nothing for too long, the password is
   * another, or the user is none. To ask is no sign of life.
   */
  admission({ headers }: Pick<Visitor, 'headers'>): () => boolean {
    if (this.isOpen) return () => this.isOpen;
    const token = tokenOf(headers['cookie']);
    const program = this.proven.get(this.keyOf(encodedIn(headers['authorization']) ?? ''));
    return () =>
      this.standing(this.sessions, token, 0) !== undefined || (program !== undefined && this.hasItsPassword(program));
  }

  /** Who has logged in with this browser. */
  userOf({ headers }: Pick<Visitor, 'headers'>): string | undefined {
    return this.standing(this.sessions, tokenOf(headers['cookie']), SESSION_MS)?.user;
  }

  /** Who asks, be it a browser or a program. */
  nameOf(visitor: Pick<Visitor, 'headers'>): string | undefined {
    const key = this.keyOf(encodedIn(visitor.headers['authorization']) ?? '');
    return this.userOf(visitor) ?? this.standing(this.proven, key, 0)?.user;
  }

  routes(): Route[] {
    const page = { description: 'a form for name and password', type: 'text/html' };
    return [
      {
        method: 'GET',
        path: LOGIN,
        summary: 'The login page',
        responses: { 200: page },
        handle: () => loginPage(200, undefined),
      },
      {
        method: 'POST',
        path: LOGIN,
        summary: 'Logs a browser in: `user` and `password`, as JSON or as a form',
        responses: {
          303: { description: 'the cookie, and on to the panel' },
          401: page,
          429: { ...page, description: 'too many wrong passwords came from there' },
        },
        handle: ({ body, visitor }) => this.logIn(body, visitor?.ip ?? ''),
      },
      {
        method: 'POST',
        path: '/logout',
        summary: 'Ends the session of this browser',
        responses: { 303: { description: 'back to the login page' } },
        handle: ({ visitor }) => {
          this.sessions.delete(tokenOf(visitor?.headers['cookie']) ?? '');
          return goTo(LOGIN, this.cookie('', 0));
        },
      },
      {
        method: 'GET',
        path: '/api/session',
        summary: 'Who has logged in',
        responses: { 200: { description: '`{user}`; null for a program' } },
        handle: ({ visitor }) =>
          json(200, { user: (visitor === undefined ? undefined : this.userOf(visitor)) ?? null }),
      },
    ];
  }

  private async logIn(body: unknown, ip: string): Promise<HttpResponse> {
    const { user, password } = (body ?? {}) as { readonly user?: unknown; readonly password?: unknown };
    if (typeof user !== 'string' || typeof password !== 'string')
      return loginPage(401, 'Name and password are needed.');
    const found = await this.check(user, password, ip);
    if (typeof found === 'number') return loginPage(found, REASONS[found]);
    const token = Buffer.from(this.options.randomBytes(TOKEN_BYTES)).toString('base64url');
    this.keep(this.sessions, token, user, found, SESSION_MS);
    return goTo('/', this.cookie(token, SESSION_MS / 1_000));
  }

  private async admitProgram(visitor: Visitor, authorization: string): Promise<HttpResponse | undefined> {
    const encoded = encodedIn(authorization);
    if (encoded === undefined) return refused(visitor);
    const key = this.keyOf(encoded);
    if (this.standing(this.proven, key, 0) !== undefined) return undefined;
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    const user = text.slice(0, Math.max(colon, 0));
    const found = await this.check(user, text.slice(colon + 1), visitor.ip);
    if (typeof found === 'number')
      return found === 401 ? refused(visitor) : withRetry(failure(found, REASONS[found] ?? ''), found);
    this.keep(this.proven, key, user, found, PROVEN_MS);
    return undefined;
  }

  /** The hash that the password fits; else 401, 429 for who guesses, 503 while others are being checked. */
  private async check(user: string, password: string, ip: string): Promise<Secret | 401 | 429 | 503> {
    const { options } = this;
    const network = networkOf(ip);
    const tried = this.tries.get(network);
    if (tried !== undefined && tried.untilMs <= options.nowMs()) this.tries.delete(network);
    else if (tried !== undefined && tried.count >= MAX_TRIES) return 429;
    if (this.pending >= MAX_PENDING) return 503;
    const hash = this.hashOf(user);
    const all = Object.values(options.users()).map(({ passwordHash }) => passwordHash.reveal());
    this.pending++;
    try {
      const isLong = password.length > MAX_PASSWORD_LENGTH;
      const fits = await options.verify(isLong ? '' : password, isLong ? undefined : hash?.reveal(), all);
      if (fits && hash !== undefined) {
        this.tries.delete(network);
        return hash;
      }
    } finally {
      this.pending--;
    }
    this.noteFailure(ip, user);
    return 401;
  }

  private noteFailure(ip: string, user: string): void {
    const network = networkOf(ip);
    const count = (this.tries.get(network)?.count ?? 0) + 1;
    // Whoever guesses last is forgotten last.
    this.tries.delete(network);
    keepRoom(this.tries, MAX_ADDRESSES);
    this.tries.set(network, { count, untilMs: this.options.nowMs() + LOCKED_MS });
    // What was typed in place of a name may be a password.
    const username = Object.hasOwn(this.options.users(), user) ? user : '';
    this.options.tell(count >= MAX_TRIES ? 'panel-locked-out' : 'panel-login-failed', ip, username);
  }

  private keep(where: Map<string, Session>, key: string, user: string, hash: Secret, lastsMs: number): void {
    keepRoom(where, MAX_SESSIONS);
    where.set(key, { user, hash, untilMs: this.options.nowMs() + lastsMs });
  }

  private standing(where: Map<string, Session>, key: string | undefined, extendMs: number): Session | undefined {
    const session = key === undefined ? undefined : where.get(key);
    if (key === undefined || session === undefined) return undefined;
    const nowMs = this.options.nowMs();
    if (nowMs >= session.untilMs || !this.hasItsPassword(session)) {
      where.delete(key);
      return undefined;
    }
    session.untilMs = Math.max(session.untilMs, nowMs + extendMs);
    return session;
  }

  private hasItsPassword({ user, hash }: Session): boolean {
    return this.hashOf(user)?.equals(hash) === true;
  }

  private hashOf(user: string): Secret | undefined {
    const users = this.options.users();
    return Object.hasOwn(users, user) ? users[user]?.passwordHash : undefined;
  }

  private keyOf(encoded: string): string {
    return createHash('sha256').update(this.salt).update(encoded).digest('base64');
  }

  private cookie(token: string, maxAgeS: number): string {
    const secure = this.options.isSecure ? '; Secure' : '';
    return `${COOKIE}=${token}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Name or password is wrong.',
  429: 'Too many wrong passwords came from here; try again in ten minutes.',
  503: 'Others are logging in; try again.',
};

/** Who is one guesser: an IPv4 address, or an IPv6 network of 64 bits, of which anybody has all addresses. [RFC4291 §2.5.4] */
function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('::');
  const before = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - (tail === '' ? 0 : tail.split(':').length);
  const groups = [...before, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** A browser would show its own window for the password. */
function refused({ headers }: Visitor): HttpResponse {
  const answer = failure(401, 'log in at /login, or give name and password by HTTP Basic');
  if (headers['sec-fetch-mode'] !== undefined) return answer;
  return { ...answer, headers: { 'www-authenticate': 'Basic realm="Branchline", charset="UTF-8"' } };
}

function withRetry(answer: HttpResponse, status: number): HttpResponse {
  return { ...answer, headers: { 'retry-after': status === 429 ? String(LOCKED_MS / 1_000) : '1' } };
}

function goTo(location: string, cookie: string): HttpResponse {
  return { status: 303, type: 'text/plain', body: '', headers: { location, 'set-cookie': cookie } };
}

/** What a program sends: name and password in base64. [RFC7617 §2] */
function encodedIn(authorization: string | readonly string[] | undefined): string | undefined {
  if (typeof authorization !== 'string') return undefined;
  return /^Basic +([A-Za-z0-9+/=]{1,1000})$/i.exec(authorization)?.[1];
}

/** [RFC6265 §4.2.1] */
function tokenOf(cookie: string | readonly string[] | undefined): string | undefined {
  if (typeof cookie !== 'string') return undefined;
  return new RegExp(`(?:^|; *)${COOKIE}=([A-Za-z0-9_-]+)`).exec(cookie)?.[1];
}

/** The oldest goes. */
function keepRoom(table: Map<string, unknown>, most: number): void {
  for (const key of table.keys()) {
    if (table.size < most) return;
    table.delete(key);
  }
}
