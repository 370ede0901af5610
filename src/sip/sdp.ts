import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { parseDecimal } from './grammar.ts';
import { type Malformed, malformed } from './malformed.ts';
import { canonicalHost } from './uri.ts';

/** A session description as far as voice needs it; attributes that we give no meaning are kept as they came. [RFC8866] */
export interface SessionDescription {
  readonly origin: Origin;
  /** Address for all media that name none of their own; undefined where each does. */
  readonly connection: string | undefined;
  readonly attributes: readonly Attribute[];
  readonly media: readonly MediaDescription[];
}

export interface Origin {
  readonly username: string;
  /** Decimal digits of any length. */
  readonly sessionId: string;
  readonly version: string;
  readonly address: string;
}

export interface MediaDescription {
  /** `audio`, `video`, `image`, … */
  readonly kind: string;
  /** 0: refused, or taken out. */
  readonly port: number;
  /** `RTP/AVP`, `RTP/SAVP`, `udptl`, … */
  readonly protocol: string;
  /** Payload types, as text since other protocols have other formats. */
  readonly formats: readonly string[];
  readonly connection: string | undefined;
  readonly attributes: readonly Attribute[];
}

export type Attribute = readonly [name: string, value: string | null];

/** More than any call needs; without a limit a description of empty lines would cost us more than its sender. */
const MAX_MEDIA = 32;

/** Parses a description. Unknown lines are passed over; what cannot be understood of those that count is malformed. */
export function parseSdp(body: Uint8Array): SessionDescription | Malformed {
  let origin: Origin | undefined;
  let connection: string | undefined;
  const attributes: Attribute[] = [];
  const media: (Omit<MediaDescription, 'connection'> & { connection: string | undefined; attributes: Attribute[] })[] =
    [];
  const lines = utf8Decode(body).split(/\r?\n/);
  if (lines[0]?.trim() !== 'v=0') return malformed('sdp');
  for (const line of lines.slice(1)) {
    if (line[1] !== '=') {
      if (line.trim() === '') continue;
      return malformed('sdp');
    }
    const value = line.slice(2).trim();
    const current = media.at(-1);
    switch (line[0]) {
      case 'o': {
        const [username, sessionId, version, , , address] = value.split(/\s+/);
        const isNumeric = /^\d+$/.test(sessionId ?? '') && /^\d+$/.test(version ?? '');
        if (address === undefined || !isNumeric) return malformed('sdp');
        origin = { username: username!, sessionId: sessionId!, version: version!, address };
        break;
      }
      case 'c': {
        const address = parseConnection(value);
        if (address === undefined) return malformed('sdp');
        if (current === undefined) connection = address;
        else current.connection = address;
        break;
      }
      case 'm': {
        const description = parseMedia(value);
        if (description === undefined || media.length === MAX_MEDIA) return malformed('sdp');
        media.push(description);
        break;
      }
      case 'a': {
        const colon = value.indexOf(':');
        const attribute: Attribute =
          colon < 0
            ? [value.toLowerCase(), null]
            : [value.slice(0, colon).toLowerCase(), value.slice(colon + 1).trim()];
        (current?.attributes ?? attributes).push(attribute);
      }
    }
  }
  if (origin === undefined) return malformed('sdp');
  // A stream that is open must have an address.
  const hasAddresses = media.every((one) => one.port === 0 || (one.connection ?? connection) !== undefined);
  return hasAddresses ? { origin, connection, attributes, media } : malformed('sdp');
}

/** `IN IP4 192.0.2.1/127/2`: of multicast only the address. */
function parseConnection(value: string): string | undefined {
  const [, family, text] = /^IN\s+IP([46])\s+(\S+)$/i.exec(value) ?? [];
  return family === undefined ? undefined : canonicalHost(text!.split('/')[0]!);
}

function parseMedia(value: string) {
  const [kind, portText, protocol, ...formats] = value.split(/\s+/);
  const port = parseDecimal(portText?.split('/')[0] ?? '', 65_535);
  if (port === undefined || protocol === undefined || formats.length === 0) return undefined;
  const attributes: Attribute[] = [];
  return { kind: kind!.toLowerCase(), port, protocol, formats, connection: undefined, attributes };
}

export function formatSdp({ origin, connection, attributes, media }: SessionDescription): string {
  const lines = ['v=0', `o=${origin.username} ${origin.sessionId} ${origin.version} ${network(origin.address)}`, 's=-'];
  if (connection !== undefined) lines.push(`c=${network(connection)}`);
  lines.push('t=0 0', ...attributes.map(formatAttribute));
  for (const one of media) {
    lines.push(`m=${one.kind} ${one.port} ${one.protocol} ${one.formats.join(' ')}`);
    if (one.connection !== undefined) lines.push(`c=${network(one.connection)}`);
    lines.push(...one.attributes.map(formatAttribute));
  }
  return `${lines.join('\r\n')}\r\n`;
}

export function sdpBody(description: SessionDescription): { readonly type: string; readonly bytes: Uint8Array } {
  return { type: SDP_TYPE, bytes: utf8Encode(formatSdp(description)) };
}

export const SDP_TYPE = 'application/sdp';

function network(address: string): string {
  return `IN IP${address.includes(':') ? 6 : 4} ${address}`;
}

function formatAttribute([name, value]: Attribute): string {
  return value === null ? `a=${name}` : `a=${name}:${value}`;
}

/** The value of an attribute of a stream, else the session's. */
export function attributeOf(session: SessionDescription, media: MediaDescription, name: string): string | undefined {
  const find = (attributes: readonly Attribute[]) => attributes.find(([other]) => other === name);
  const found = find(media.attributes) ?? find(session.attributes);
  return found === undefined ? undefined : (found[1] ?? '');
}
