import { CODECS, isIp, parseHostPort } from '../schema/values.ts';
import type { Entry } from './reader.ts';
import type { Remarks } from './remarks.ts';

export type Codec = (typeof CODECS)[number];

/** What Asterisk takes for yes; everything else is no. */
export function isYes(value: string): boolean {
  return /^(?:yes|true|y|t|1|on)$/i.test(value);
}

export function isNo(value: string): boolean {
  return /^(?:no|false|n|f|0|off)$/i.test(value);
}

/** Other names that Asterisk has for our codecs. */
const CODEC_NAMES: Readonly<Record<string, Codec>> = {
  g711u: 'ulaw',
  pcmu: 'ulaw',
  mulaw: 'ulaw',
  g711a: 'alaw',
  pcma: 'alaw',
  g729a: 'g729',
  g726aal2: 'g726',
  slinear: 'slin',
  slin8: 'slin',
};

/** What of `allow` and `disallow` was said so far; undefined: nothing. */
export type CodecList = readonly Codec[] | undefined;

/** One `allow` or `disallow`, as main/format_cap.c reads it: `!all,ulaw:20,!gsm`. */
export function readCodecs(before: CodecList, entry: Entry, remarks: Remarks): CodecList {
  let list: Codec[] | undefined = before === undefined ? undefined : [...before];
  for (const word of entry.value.toLowerCase().split(/[,|&]/)) {
    const isNegated = word.trim().startsWith('!');
    const allows = (entry.key.toLowerCase() === 'allow') !== isNegated;
    const written = word.trim().replace(/^!/, '').split(':')[0]!;
    if (written === '') continue;
    if (written === 'all') {
      // All codecs is what there is where nothing is said.
      list = allows ? undefined : [];
      continue;
    }
    const name = CODEC_NAMES[written] ?? CODECS.find((it) => it === written);
    if (name === undefined) {
      if (allows) remarks.lost(entry, `there is no codec ${written} here; the others of the list are used`);
    } else if (!allows) list = (list ?? ['ulaw', 'alaw']).filter((it) => it !== name);
    else if (list?.includes(name) !== true) list = [...(list ?? []), name];
  }
  return list;
}

export interface CallerName {
  readonly name: string | undefined;
  readonly number: string | undefined;
}

/** `"Front desk" <201>`, `<201>`, `201`, `Front desk`. */
export function parseCallerId(text: string): CallerName {
  const [, before, inside] = /^(.*?)<([^>]*)>?\s*$/.exec(text) ?? [];
  const bare = text.trim();
  const isNumber = /^\+?[0-9*#() .-]+$/.test(bare);
  const name = (before ?? (isNumber ? '' : bare))
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const number = (inside ?? (isNumber ? bare : '')).replace(/[() .-]/g, '');
  return {
    name: name === '' ? undefined : name.slice(0, 80),
    number: /^\+?[0-9*#]{1,32}$/.test(number) ? number : undefined,
  };
}

/**
 * Networks of a `permit` or `deny`: `10.0.0.0/255.0.0.0`, `10.0.0.0/8`, `fe80::/64`, one address, several by commas. In CIDR form;
 * undefined for one that cannot be said so. One with `!` in front means the opposite.
 */
export function parseNetworks(
  value: string,
): ({ readonly network: string; readonly isNegated: boolean } | undefined)[] {
  return value.split(',').map((part) => {
    const written = part.trim();
    const isNegated = written.startsWith('!');
    const network = toCidr(written.replace(/^!/, '').trim());
    return network === undefined ? undefined : { network, isNegated };
  });
}

export function toCidr(text: string): string | undefined {
  const [address = '', mask, ...more] = text.split('/');
  if (!isIp(address) || more.length > 0) return undefined;
  if (mask === undefined) return address;
  const most = address.includes(':') ? 128 : 32;
  const bits = /^\d{1,3}$/.test(mask) ? Number(mask) : bitsOf(mask);
  return bits === undefined || bits > most ? undefined : `${address}/${bits}`;
}

/** `255.255.255.0` is 24; undefined where the ones do not stand together. */
function bitsOf(mask: string): number | undefined {
  if (!isIp(mask) || mask.includes(':')) return undefined;
  const bits = mask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

/** A host and its port as the configuration has them; a port of its own (`port=`) counts where none stands behind it. */
export function hostWithPort(host: string, port: number | undefined): string | undefined {
  const parsed = parseHostPort(host.trim());
  if (parsed === undefined) return undefined;
  const shown = parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host;
  const wanted = parsed.port ?? port;
  return wanted === undefined ? parsed.host : `${shown}:${wanted}`;
}

export function parsePort(text: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text?.trim() ?? '') ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Milliseconds as the configuration writes them, within what it allows. */
export function durationText(ms: number, minMs: number, maxMs: number): string {
  const within = Math.min(Math.max(Math.round(ms), minMs), maxMs);
  return within % 1000 === 0 ? `${within / 1000}s` : `${within}ms`;
}

/** A whole number of a range, undefined for anything else. */
export function parseWhole(text: string, min: number, max: number): number | undefined {
  const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** A name that dial strings and topics can have. */
export function plainName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 64);
  return name === '' || name === '__proto__' ? 'unnamed' : name;
}
