import { parseIp } from '../base/ip.ts';
import type { Address } from '../base/machine.ts';
import { formatParameters, isToken, type Parameters, parseDecimal, parseParameters } from './grammar.ts';
import type { Hop } from './hop.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { canonicalHost, formatHostPort, parseHostPort } from './uri.ts';

/** One hop on the way back. [RFC3261 §20.42] */
export interface Via {
  /** `UDP`, `TCP`, `TLS`, or a transport that we have not heard of, in upper case. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: Parameters;
}

/** What makes a branch unique over space and time; without it the sender speaks RFC 2543. [RFC3261 §8.1.1.7] */
export const MAGIC_COOKIE = 'z9hG4bK';

const PROTOCOL = /^([^\s/]+)\s*\/\s*([^\s/]+)\s*\/\s*([^\s/]+)\s+(.+)$/s;

export function parseVia(text: string): Via | Malformed {
  const semicolon = text.indexOf(';');
  const match = PROTOCOL.exec((semicolon < 0 ? text : text.slice(0, semicolon)).trim());
  if (match === null || match[1]!.toUpperCase() !== 'SIP' || !isToken(match[3]!)) return malformed('via');
  const sentBy = parseHostPort(match[4]!);
  const parameters = semicolon < 0 ? new Map<string, string | null>() : parseParameters(text.slice(semicolon));
  if (isMalformed(sentBy) || isMalformed(parameters)) return malformed('via');
  return { transport: match[3]!.toUpperCase(), ...sentBy, parameters };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${formatHostPort(via)}${formatParameters(via.parameters)}`;
}

/** The branch if it was made as RFC 3261 says; the cookie alone does not make one. [RFC4475 §3.2.1] */
export function branchOf(via: Via): string | undefined {
  const branch = via.parameters.get('branch') ?? '';
  const isMagic = branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE.toLowerCase();
  return isMagic && branch.length > MAGIC_COOKIE.length ? branch : undefined;
}

/**
 * Notes in the top Via where the request really came from. With `rport` asked for, or where we insist, the port is noted,
 * too. [RFC3261 §18.2.1] [RFC3581 §4]
 */
export function stampVia(via: Via, from: Address, forceRport: boolean): Via {
  const wantsPort = forceRport || via.parameters.has('rport');
  if (!wantsPort && via.host === from.ip) return via;
  const parameters = new Map(via.parameters);
  if (wantsPort) parameters.set('rport', String(from.port));
  parameters.set('received', from.ip);
  return { ...via, parameters };
}

/**
 * Where a response goes: on a stream back over the connection, on UDP to `received` and `rport`, or to the port of
 * sent-by where no `rport` was noted. [RFC3261 §18.2.2] [RFC3581 §4]
 */
export function responseHop(via: Via, arrived: Hop): Hop {
  if (arrived.transport !== 'udp') return arrived;
  const maddr = canonicalHost(via.parameters.get('maddr') ?? '');
  const received = canonicalHost(via.parameters.get('received') ?? '');
  const rport = parseDecimal(via.parameters.get('rport') ?? '', 65_535);
  const isAddress = maddr !== undefined && parseIp(maddr) !== undefined;
  const ip = isAddress ? maddr : (received ?? (parseIp(via.host) === undefined ? arrived.ip : via.host));
  return { transport: 'udp', ip, port: rport ?? via.port ?? 5060 };
}
