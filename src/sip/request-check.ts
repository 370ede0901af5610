import { parseDecimal } from './grammar.ts';
import { isMalformed } from './malformed.ts';
import { contactsOf, contentTypeOf, type Request } from './message.ts';
import { isSipUri } from './uri.ts';

/** What we can do, as far as a request may ask for it. */
export interface Abilities {
  readonly methods: readonly string[];
  /** Option tags: `100rel`, `timer`, … */
  readonly extensions: readonly string[];
  /** Media types of bodies that we read, in lower case. */
  readonly bodies: readonly string[];
}

export interface RequestRefusal {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Methods that exist; of others we say 501 and not 405. */
const KNOWN_METHODS = new Set([
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'INVITE',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
  'UPDATE',
]);

/** Requests whose Contact we use. */
const NEEDS_CONTACT = new Set(['INVITE', 'REGISTER', 'SUBSCRIBE', 'REFER', 'UPDATE']);
const TAKES_SDP = new Set(['INVITE', 'UPDATE', 'PRACK', 'OPTIONS']);

/**
 * Why a request that could be read is refused all the same, in the order that the RFC gives; undefined if it is not. ACK
 * and CANCEL are never asked about extensions. [RFC3261 §8.2.1–§8.2.3]
 */
export function checkRequest(request: Request, abilities: Abilities): RequestRefusal | undefined {
  const { method, uri, cseq, headers } = request;
  if (!abilities.methods.includes(method)) {
    const allow = ['Allow', abilities.methods.join(', ')] as const;
    return KNOWN_METHODS.has(method) ? { status: 405, headers: [allow] } : { status: 501, headers: [allow] };
  }
  if (cseq.method !== method) return refusal(400);
  if (!isSipUri(uri)) return refusal(416);
  if (uri.headers.length > 0 || (NEEDS_CONTACT.has(method) && isMalformed(contactsOf(headers)))) return refusal(400);
  if (parseDecimal(headers.get('Max-Forwards') ?? '70', 255) === 0 && method === 'INVITE') return refusal(483);
  if (method === 'ACK' || method === 'CANCEL') return undefined;
  const strange = headers.words('Require').filter((tag) => !abilities.extensions.includes(tag.toLowerCase()));
  if (strange.length > 0) return refusal(420, ['Unsupported', strange.join(', ')]);
  return checkBody(request, abilities);
}

function checkBody({ method, headers, body }: Request, { bodies }: Abilities): RequestRefusal | undefined {
  const isOptional = /(^|;)\s*handling\s*=\s*optional/i.test(headers.get('Content-Disposition') ?? '');
  const encoding = headers.get('Content-Encoding')?.trim().toLowerCase() ?? 'identity';
  const type = contentTypeOf(headers);
  const isRead = encoding === 'identity' && type !== undefined && bodies.includes(type);
  if (body.length > 0 && !isOptional && !isRead)
    return refusal(415, ['Accept', bodies.join(', ')], ['Accept-Encoding', 'identity']);
  if (!TAKES_SDP.has(method) || !headers.has('Accept')) return undefined;
  const accepted = headers.words('Accept').map((range) => range.split(';', 1)[0]!.trim().toLowerCase());
  const takesSdp = accepted.some((range) => ['*/*', 'application/*', 'application/sdp'].includes(range));
  return takesSdp || method === 'OPTIONS' ? undefined : refusal(406);
}

function refusal(status: number, ...headers: (readonly [string, string])[]): RequestRefusal {
  return { status, headers };
}
