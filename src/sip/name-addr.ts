import { formatParameters, NO_PARAMETERS, type Parameters, parseParameters, quote, readQuoted } from './grammar.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { formatUri, parseUri, type Uri } from './uri.ts';

/** What From, To, Contact, Route, Refer-To and their like hold. [RFC3261 §20.10] */
export interface NameAddr {
  readonly displayName: string | undefined;
  readonly uri: Uri;
  /** Of the header field, not of the URI: `tag`, `expires`, `q`. */
  readonly parameters: Parameters;
}

export function nameAddr(uri: Uri, displayName?: string, parameters: Parameters = NO_PARAMETERS): NameAddr {
  return { displayName: displayName === '' ? undefined : displayName, uri, parameters };
}

/** What may stand as a display name without quotes: more than the grammar has, less than would be ambiguous. */
const LOOSE_NAME = /^[^",;<>@:\\]*$/;

/**
 * Parses one name-addr or addr-spec. Without angle brackets parameters belong to the header field, and a URI with `,`,
 * `?` or `;` of its own cannot be told apart: malformed. [RFC3261 §20]
 */
export function parseNameAddr(text: string): NameAddr | Malformed {
  const trimmed = text.trim();
  const quoted = readQuoted(trimmed);
  if (trimmed[0] === '"' && quoted === undefined) return malformed('address');
  const open = quoted === undefined ? trimmed.indexOf('<') : trimmed.indexOf('<', quoted.end);
  if (open < 0) return quoted === undefined ? parseAddrSpec(trimmed) : malformed('address');
  const between = quoted === undefined ? trimmed.slice(0, open).trim() : trimmed.slice(quoted.end, open).trim();
  if (quoted === undefined ? !LOOSE_NAME.test(between) : between !== '') return malformed('address');
  const close = trimmed.indexOf('>', open);
  if (close < 0) return malformed('address');
  const uri = parseUri(trimmed.slice(open + 1, close));
  if (isMalformed(uri)) return uri;
  const parameters = parseParameters(trimmed.slice(close + 1));
  if (isMalformed(parameters)) return parameters;
  return nameAddr(uri, quoted?.content ?? between.replace(/\s+/g, ' '), parameters);
}

function parseAddrSpec(text: string): NameAddr | Malformed {
  const semicolon = text.indexOf(';');
  const address = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (/[,?]/.test(address)) return malformed('address');
  const uri = parseUri(address);
  if (isMalformed(uri)) return uri;
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(text.slice(semicolon));
  return isMalformed(parameters) ? parameters : nameAddr(uri, undefined, parameters);
}

export function formatNameAddr({ displayName, uri, parameters }: NameAddr): string {
  const name = displayName === undefined ? '' : `${quote(displayName)} `;
  return `${name}<${formatUri(uri)}>${formatParameters(parameters)}`;
}

/** The tag of a From or To; undefined where there is none, as in a request outside of a dialog. */
export function tagOf({ parameters }: NameAddr): string | undefined {
  return parameters.get('tag') ?? undefined;
}

export function withTag(address: NameAddr, tag: string): NameAddr {
  return withParameter(address, 'tag', tag);
}

export function withParameter(address: NameAddr, name: string, value: string | null): NameAddr {
  return { ...address, parameters: new Map([...address.parameters, [name, value]]) };
}
