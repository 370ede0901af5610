import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { isToken, quote, readQuoted, splitOutside } from './grammar.ts';
import { type Malformed, malformed } from './malformed.ts';

/** Strongest first: the order of our offers, and of what we choose from another's. [RFC8760 §2.3] */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** A secret as it is, or what the digest makes of it for one realm, so that the secret itself need not be kept. */
export type DigestSecret =
  | { readonly password: string }
  | { readonly realm: string; readonly ha1: Readonly<Partial<Record<DigestAlgorithm, string>>> };

/** What a server asks for: WWW-Authenticate, Proxy-Authenticate. [RFC7616 §3.3] */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** Whether the algorithm is the `-sess` variant. */
  readonly isSession: boolean;
  /** Empty: the server is of RFC 2069. */
  readonly qop: readonly string[];
  /** The secret was right, only the nonce was too old. */
  readonly isStale: boolean;
}

/** What a client proves itself with: Authorization, Proxy-Authorization. [RFC7616 §3.4] */
export interface Authorization {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly isSession: boolean;
  readonly opaque: string | undefined;
  /** Undefined as RFC 2069 has it. */
  readonly protection:
    | { readonly qop: 'auth' | 'auth-int'; readonly cnonce: string; readonly count: number }
    | undefined;
}

/** A challenge; undefined for another scheme or an algorithm that we do not have, which are to be passed over. */
export function parseChallenge(text: string): Challenge | Malformed | undefined {
  const parameters = parseAuthParameters(text);
  if (parameters === undefined) return undefined;
  const kind = parseAlgorithm(parameters.get('algorithm'));
  if (kind === undefined) return undefined;
  const [realm, nonce] = [parameters.get('realm'), parameters.get('nonce')];
  if (realm === undefined || nonce === undefined) return malformed('authorization');
  const qop = (parameters.get('qop') ?? '').split(',').map((word) => word.trim().toLowerCase());
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    ...kind,
    qop: qop.filter((word) => word !== ''),
    isStale: parameters.get('stale')?.toLowerCase() === 'true',
  };
}

export function formatChallenge(challenge: Challenge): string {
  const { realm, nonce, opaque, qop, isStale } = challenge;
  const parts = [`realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `algorithm=${algorithmName(challenge)}`];
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  if (qop.length > 0) parts.push(`qop=${quote(qop.join(','))}`);
  if (isStale) parts.push('stale=true');
  return `Digest ${parts.join(', ')}`;
}

/** Undefined for another scheme or algorithm. */
export function parseAuthorization(text: string): Authorization | Malformed | undefined {
  const parameters = parseAuthParameters(text);
  if (parameters === undefined) return undefined;
  const kind = parseAlgorithm(parameters.get('algorithm'));
  if (kind === undefined) return undefined;
  const needed = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) => parameters.get(name));
  const [username, realm, nonce, uri, response] = needed;
  if (needed.includes(undefined)) return malformed('authorization');
  const [qop, cnonce, count] = [parameters.get('qop')?.toLowerCase(), parameters.get('cnonce'), parameters.get('nc')];
  let protection: Authorization['protection'];
  if (qop !== undefined) {
    const isWhole =
      (qop === 'auth' || qop === 'auth-int') && cnonce !== undefined && /^[0-9a-f]{8}$/i.test(count ?? '');
    if (!isWhole) return malformed('authorization');
    protection = { qop, cnonce, count: Number.parseInt(count!, 16) };
  }
  return {
    username: username!,
    realm: realm!,
    nonce: nonce!,
    uri: uri!,
    response: response!.toLowerCase(),
    ...kind,
    opaque: parameters.get('opaque'),
    protection,
  };
}

export function formatAuthorization(authorization: Authorization): string {
  const { username, realm, nonce, uri, response, opaque, protection } = authorization;
  const parts = [`username=${quote(username)}`, `realm=${quote(realm)}`, `nonce=${quote(nonce)}`];
  parts.push(`uri=${quote(uri)}`, `response="${response}"`, `algorithm=${algorithmName(authorization)}`);
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  if (protection !== undefined)
    parts.push(`qop=${protection.qop}`, `cnonce=${quote(protection.cnonce)}`, `nc=${formatCount(protection.count)}`);
  return `Digest ${parts.join(', ')}`;
}

/** H(user:realm:password), what may be kept in place of the password. [RFC7616 §3.4.2] */
export function digestHa1(
  crypto: Crypto,
  algorithm: DigestAlgorithm,
  username: string,
  realm: string,
  password: string,
): string {
  return hash(crypto, algorithm, `${username}:${realm}:${password}`);
}

/** HA1 of a secret; undefined where only another realm's or another algorithm's is kept. */
export function ha1Of(
  crypto: Crypto,
  secret: DigestSecret,
  { algorithm, username, realm }: Pick<Authorization, 'algorithm' | 'username' | 'realm'>,
): string | undefined {
  if ('password' in secret) return digestHa1(crypto, algorithm, username, realm, secret.password);
  return secret.realm === realm ? secret.ha1[algorithm] : undefined;
}

/** What `response` must be. [RFC7616 §3.4.1] */
export function digestResponse(
  crypto: Crypto,
  ha1: string,
  authorization: Omit<Authorization, 'response'>,
  method: string,
  body: Uint8Array,
): string {
  const { algorithm, isSession, nonce, uri, protection } = authorization;
  const cnonce = protection?.cnonce ?? '';
  const key = isSession ? hash(crypto, algorithm, `${ha1}:${nonce}:${cnonce}`) : ha1;
  const bodyPart = protection?.qop === 'auth-int' ? `:${hashBytes(crypto, algorithm, body)}` : '';
  const ha2 = hash(crypto, algorithm, `${method}:${uri}${bodyPart}`);
  const middle =
    protection === undefined ? nonce : [nonce, formatCount(protection.count), cnonce, protection.qop].join(':');
  return hash(crypto, algorithm, `${key}:${middle}:${ha2}`);
}

/** Compares without telling by the time it takes where two texts differ. */
export function sameDigest(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i) || 0);
  return difference === 0;
}

function formatCount(count: number): string {
  return count.toString(16).padStart(8, '0');
}

function hash(crypto: Crypto, algorithm: DigestAlgorithm, text: string): string {
  return crypto.hexDigest(algorithm === 'MD5' ? 'md5' : 'sha256', text);
}

function hashBytes(crypto: Crypto, algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return toHex(algorithm === 'MD5' ? crypto.md5(bytes) : crypto.sha256(bytes));
}

interface Kind {
  readonly algorithm: DigestAlgorithm;
  readonly isSession: boolean;
}

function parseAlgorithm(text = 'MD5'): Kind | undefined {
  const name = text.toUpperCase();
  const isSession = name.endsWith('-SESS');
  const base = isSession ? name.slice(0, -'-SESS'.length) : name;
  const algorithm = DIGEST_ALGORITHMS.find((one) => one === base);
  return algorithm === undefined ? undefined : { algorithm, isSession };
}

function algorithmName({ algorithm, isSession }: Kind): string {
  return isSession ? `${algorithm}-sess` : algorithm;
}

/** `Digest a="b", c=d`; undefined for another scheme. What is no parameter is passed over. */
function parseAuthParameters(text: string): Map<string, string> | undefined {
  const [, rest] = /^Digest\s+(.+)$/is.exec(text.trim()) ?? [];
  if (rest === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (const piece of splitOutside(rest, ',')) {
    const equals = piece.indexOf('=');
    const name = piece.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    const value = piece.slice(equals + 1).trim();
    if (isToken(name) && !parameters.has(name)) parameters.set(name, readQuoted(value)?.content ?? value);
  }
  return parameters;
}
