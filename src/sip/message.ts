import { utf8Encode } from '../base/bytes.ts';
import type { CSeq } from './cseq.ts';
import { HeaderFields } from './header-field.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import type { Uri } from './uri.ts';
import type { Via } from './via.ts';

/** What every message has, typed; all other header fields are in `headers`. [RFC3261 §8.1.1] */
export interface MessageCore {
  /** The topmost first, never empty. */
  readonly vias: readonly Via[];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly headers: HeaderFields;
  /** Content-Length is made of it when the message is written. */
  readonly body: Uint8Array;
}

export interface Request extends MessageCore {
  readonly type: 'request';
  readonly method: string;
  readonly uri: Uri;
}

export interface Response extends MessageCore {
  readonly type: 'response';
  /** 100…699. */
  readonly status: number;
  readonly reason: string;
}

export type Message = Request | Response;

export const NO_BODY = new Uint8Array(0);

/** Each address of a list header field; malformed if one of them is. */
export function addressesOf(headers: HeaderFields, name: string): NameAddr[] | Malformed {
  const addresses: NameAddr[] = [];
  for (const text of headers.list(name)) {
    const address = parseNameAddr(text);
    if (isMalformed(address)) return address;
    addresses.push(address);
  }
  return addresses;
}

/** Contact: addresses, or the star that stands for all bindings. [RFC3261 §20.10] */
export function contactsOf(headers: HeaderFields): readonly NameAddr[] | '*' | Malformed {
  const texts = headers.list('Contact');
  if (texts.length === 1 && texts[0] === '*') return '*';
  return texts.includes('*') ? malformed('address') : addressesOf(headers, 'Contact');
}

/** The media type of the body in lower case, without parameters. */
export function contentTypeOf(headers: HeaderFields): string | undefined {
  return headers.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
}

export interface ResponseParts {
  readonly reason?: string;
  /** Added to To where it has no tag. */
  readonly toTag?: string | undefined;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array } | undefined;
}

/** A response to `request`: Via, From, To, Call-ID, CSeq as they came, Record-Route where it counts. [RFC3261 §8.2.6.2] */
export function makeResponse(request: Request, status: number, parts: ResponseParts = {}): Response {
  const { vias, from, callId, cseq } = request;
  const headers = new HeaderFields();
  if (status > 100 && status < 300)
    for (const route of request.headers.all('Record-Route')) headers.add('Record-Route', route);
  if (status === 100) for (const stamp of request.headers.all('Timestamp')) headers.add('Timestamp', stamp);
  for (const [name, value] of parts.headers ?? []) headers.add(name, value);
  if (parts.body !== undefined) headers.set('Content-Type', parts.body.type);
  const hasTag = request.to.parameters.has('tag');
  const to =
    hasTag || parts.toTag === undefined || status === 100
      ? request.to
      : { ...request.to, parameters: new Map([...request.to.parameters, ['tag', parts.toTag]]) };
  const reason = parts.reason ?? reasonPhrase(status);
  const body = parts.body?.bytes ?? NO_BODY;
  return { type: 'response', status, reason, vias, from, to, callId, cseq, headers, body };
}

export function textBody(type: string, text: string): { readonly type: string; readonly bytes: Uint8Array } {
  return { type, bytes: utf8Encode(text) };
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  199: 'Early Dialog Terminated',
  200: 'OK',
  202: 'Accepted',
  204: 'No Notification',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  305: 'Use Proxy',
  380: 'Alternative Service',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  421: 'Extension Required',
  422: 'Session Interval Too Small',
  423: 'Interval Too Brief',
  429: 'Provide Referrer Identity',
  433: 'Anonymity Disallowed',
  439: 'First Hop Lacks Outbound Support',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  485: 'Ambiguous',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  489: 'Bad Event',
  491: 'Request Pending',
  493: 'Undecipherable',
  494: 'Security Agreement Required',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
  607: 'Unwanted',
  608: 'Rejected',
};

/** What a status code is called. [RFC3261 §21] */
export function reasonPhrase(status: number): string {
  return REASONS[status] ?? REASONS[Math.floor(status / 100) * 100] ?? 'Unknown';
}
