import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import { isToken, NO_PARAMETERS, type Parameters } from './grammar.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';

/** A SIP or SIPS URI. Text parts are as on the wire, with their `%` escapes; `userOf` takes these off. [RFC3261 §19.1] */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** In lower case; an IPv6 address is canonical and without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: Parameters;
  /** What stands behind `?`: header fields for a request to be made. Values as on the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A URI of another scheme (`tel:`, `isbn:`), not looked into. */
export interface OtherUri {
  readonly scheme: string;
  readonly opaque: string;
}

export type Uri = SipUri | OtherUri;

export function isSipUri(uri: Uri): uri is SipUri {
  return 'host' in uri;
}

/** A SIP URI of its parts; `user` is plain text and escaped here. */
export function sipUri(parts: {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly parameters?: Parameters | undefined;
  readonly secure?: boolean;
}): SipUri {
  return {
    scheme: parts.secure === true ? 'sips' : 'sip',
    user: parts.user === undefined ? undefined : escapeUser(parts.user),
    password: undefined,
    host: canonicalHost(parts.host) ?? parts.host.toLowerCase(),
    port: parts.port,
    parameters: parts.parameters ?? NO_PARAMETERS,
    headers: [],
  };
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.+)$/s;
const FORBIDDEN = /[\s<>"\u0000-\u001f\u007f]/;

/** Parses what stands between `<` and `>`, or a Request-URI. Blanks anywhere are malformed. */
export function parseUri(text: string): Uri | Malformed {
  const match = FORBIDDEN.test(text) ? null : SCHEME.exec(text);
  if (match === null) return malformed('uri');
  const scheme = match[1]!.toLowerCase();
  return scheme === 'sip' || scheme === 'sips' ? parseSipUri(scheme, match[2]!) : { scheme, opaque: match[2]! };
}

function parseSipUri(scheme: 'sip' | 'sips', text: string): SipUri | Malformed {
  const at = text.lastIndexOf('@');
  const userinfo = at < 0 ? undefined : text.slice(0, at);
  if (userinfo === '' || userinfo?.includes('@')) return malformed('uri');
  const colon = userinfo?.indexOf(':') ?? -1;
  const rest = text.slice(at + 1);
  const hostEnd = rest.search(/[;?]/);
  const target = parseHostPort(hostEnd < 0 ? rest : rest.slice(0, hostEnd));
  if (isMalformed(target)) return target;
  const tail = hostEnd < 0 ? '' : rest.slice(hostEnd);
  const question = tail.indexOf('?');
  const parameters = parseUriParameters(question < 0 ? tail : tail.slice(0, question));
  const headers = question < 0 ? [] : parseUriHeaders(tail.slice(question + 1));
  if (parameters === undefined || headers === undefined) return malformed('uri');
  const user = colon < 0 ? userinfo : userinfo?.slice(0, colon);
  if (user === '') return malformed('uri');
  return {
    scheme,
    user,
    password: colon < 0 ? undefined : userinfo?.slice(colon + 1),
    ...target,
    parameters,
    headers,
  };
}

export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** Parses `host`, `host:port`, `[2001:db8::1]:5060`, blanks around the colon allowed as in Via. */
export function parseHostPort(text: string): HostPort | Malformed {
  const match = /^(\[[^\]]*\]|[^:\s]+)(?:\s*:\s*(\d{1,10}))?$/.exec(text.trim());
  const host = match === null ? undefined : canonicalHost(match[1]!);
  if (match === null || host === undefined) return malformed('uri');
  const port = match[2] === undefined ? undefined : Number(match[2]);
  return port !== undefined && port > 65_535 ? malformed('uri') : { host, port };
}

/** A host as we keep it; undefined for text that is none. Underscores are no host name, but people use them. */
export function canonicalHost(text: string): string | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare.includes(':')) {
    const bytes = parseIp(bare);
    return bytes === undefined ? undefined : formatIp(bytes);
  }
  if (bare !== text) return undefined;
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*)$/.test(text) ? text.toLowerCase() : undefined;
}

export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function formatHostPort({ host, port }: HostPort): string {
  return port === undefined ? formatHost(host) : `${formatHost(host)}:${port}`;
}

/** Other than the parameters of header fields: no quotes, no blanks, escapes, and more characters. */
function parseUriParameters(text: string): Parameters | undefined {
  if (text === '') return NO_PARAMETERS;
  const parameters = new Map<string, string | null>();
  for (const piece of text.slice(1).split(';')) {
    const [, name, value] = /^([^=]+)(?:=(.*))?$/.exec(piece) ?? [];
    if (name === undefined || piece.includes(',')) return undefined;
    const key = unescapeText(name).toLowerCase();
    if (!parameters.has(key)) parameters.set(key, value ?? null);
  }
  return parameters;
}

function parseUriHeaders(text: string): (readonly [string, string])[] | undefined {
  const headers: (readonly [string, string])[] = [];
  for (const piece of text.split('&')) {
    const equals = piece.indexOf('=');
    if (equals <= 0) return undefined;
    headers.push([unescapeText(piece.slice(0, equals)).toLowerCase(), piece.slice(equals + 1)]);
  }
  return headers;
}

export function formatUri(uri: Uri): string {
  if (!isSipUri(uri)) return `${uri.scheme}:${uri.opaque}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const userinfo = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const headers = uri.headers.map(([name, value]) => `${name}=${value}`).join('&');
  let parameters = '';
  for (const [name, value] of uri.parameters) {
    const key = isToken(name) ? name : escapeText(name, /[A-Za-z0-9\-_.!~*'()]/);
    parameters += value === null ? `;${key}` : `;${key}=${value}`;
  }
  return `${uri.scheme}:${userinfo}${formatHostPort(uri)}${parameters}${headers === '' ? '' : `?${headers}`}`;
}

/** The user part as people write it, without escapes; the empty text where there is none. */
export function userOf(uri: Uri): string {
  return isSipUri(uri) ? unescapeText(uri.user ?? '') : '';
}

const USER_PLAIN = /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/;

export function escapeUser(text: string): string {
  return escapeText(text, USER_PLAIN);
}

function escapeText(text: string, plain: RegExp): string {
  let escaped = '';
  for (const character of text) {
    if (plain.test(character)) escaped += character;
    else for (const byte of utf8Encode(character)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** Takes off `%` escapes, read as UTF-8; what is no escape stays. `%00` is a character like others. */
export function unescapeText(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    utf8Decode(Uint8Array.from(run.slice(1).split('%'), (pair) => Number.parseInt(pair, 16))),
  );
}

/** Escapes that stand for themselves are taken off, others made alike: `%75` is `u`, `%3b` is `%3B` and not `;`. */
function normalised(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escaped.toUpperCase();
  });
}

/** Parameters that make URIs differ when only one of them has it. */
const TELLING = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Whether two URIs are the same to SIP. [RFC3261 §19.1.4] */
export function sameUri(a: Uri, b: Uri): boolean {
  if (!isSipUri(a) || !isSipUri(b)) return formatUri(a) === formatUri(b);
  if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port) return false;
  if (!sameText(a.user, b.user) || !sameText(a.password, b.password)) return false;
  for (const [name, value] of a.parameters)
    if (b.parameters.has(name) && !sameValue(value, b.parameters.get(name)!)) return false;
  if (TELLING.some((name) => a.parameters.has(name) !== b.parameters.has(name))) return false;
  return sortedHeaders(a) === sortedHeaders(b);
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && normalised(a) === normalised(b));
}

function sameValue(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && normalised(a).toLowerCase() === normalised(b).toLowerCase());
}

function sortedHeaders(uri: SipUri): string {
  return uri.headers
    .map(([name, value]) => `${name}=${normalised(value)}`)
    .sort()
    .join('&');
}

/** Where a request to this URI goes if no DNS says otherwise. [RFC3263 §4.2] */
export function defaultPort(uri: SipUri): number {
  return uri.port ?? (uri.scheme === 'sips' || uri.parameters.get('transport')?.toLowerCase() === 'tls' ? 5061 : 5060);
}

/** Text of a URI with nothing that a request line may not have; for logs and comparisons of Addresses of Record. */
export function addressOfRecord(uri: SipUri): string {
  return `${uri.scheme}:${normalised(uri.user ?? '')}@${formatHost(uri.host)}`;
}
