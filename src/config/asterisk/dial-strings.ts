import type { ChannelNames } from './draft.ts';

/** What is in the place of a dial string, or why nothing is. */
export type Mapped = { readonly text: string; readonly note?: string } | { readonly lost: string };

/** Technologies of Asterisk that there are none of here. */
const OTHERS =
  /^(?:Agent|AudioSocket|Bridge|CAPI|Console|Gtalk|H323|Jingle|MGCP|Mobile|Motif|mISDN|MulticastRTP|OOH323|Phone|SCCP|Skinny|UNISTIM|USTM|UnicastRTP|VPB|WebSocket)\//i;

const DAHDI = /\b(?:DAHDI|Zap)\/(?:([gGrR])(\d+)|(\d+)(r[1-4])?c?)(?![\w-])/g;

/** The context that tries the lines of a group one after the other. */
export function groupContext(group: number): string {
  return `dahdi-group-${group}`;
}

/**
 * Puts lines for the DAHDI channels of a text, wherever they stand in it: `DAHDI/4/${EXTEN}` is `LINE/4/${EXTEN}`, `DAHDI/g1/…`
 * the one line of the group, or `Local/…` into a context that tries them in turn. What cannot be said stays as it is.
 */
export function mapDahdi(text: string, { ports, groups }: ChannelNames, tell: (lost: string) => void): string {
  let out = '';
  let from = 0;
  for (const match of text.matchAll(DAHDI)) {
    const [whole, , group, channel, ring = ''] = match;
    if (match.index < from) continue;
    out += text.slice(from, match.index);
    from = match.index + whole.length;
    const number = numberBehind(text, from);
    if (group !== undefined) {
      const lines = groups.get(Number(group)) ?? [];
      if (lines.length === 1) out += `LINE/${lines[0]}${slashed(number)}`;
      else if (lines.length > 1) out += `Local/${number ?? 's'}@${groupContext(Number(group))}`;
      else {
        tell(`chan_dahdi.conf has no lines of group ${group} that could be carried over`);
        out += whole + slashed(number);
      }
    } else {
      const line = ports.get(Number(channel));
      if (line === undefined) {
        tell(`chan_dahdi.conf has no channel ${channel} that could be carried over`);
        out += whole + slashed(number);
      } else out += `LINE/${line.port}${line.kind === 'fxs' ? ring : slashed(number)}`;
    }
    from += slashed(number).length;
  }
  return out + text.slice(from);
}

function slashed(number: string | undefined): string {
  return number === undefined ? '' : `/${number}`;
}

/** What is dialled behind a channel: to the next separator outside of variables. */
function numberBehind(text: string, from: number): string | undefined {
  if (text[from] !== '/') return undefined;
  let depth = 0;
  let end = from + 1;
  for (; end < text.length; end++) {
    const c = text[end]!;
    if ('{[('.includes(c)) depth++;
    else if ('}])'.includes(c) && --depth < 0) break;
    else if (depth === 0 && ',|& "'.includes(c)) break;
  }
  return text.slice(from + 1, end);
}

/**
 * One target of Dial in our words; `isKnown` tells whether a peer, phone or trunk exists. DAHDI channels are lines already.
 */
export function mapTarget(
  written: string,
  { renamed }: ChannelNames,
  isKnown: (technology: 'IAX2' | 'SIP', name: string) => boolean,
): Mapped {
  const text = written.trim();
  if (/^(?:DAHDI|Zap)\//i.test(text))
    return { lost: `${text.split('/')[0]} channel ${text.split('/')[1]} is no line of the HAT` };
  if (OTHERS.test(text)) return { lost: `there is no technology ${text.split('/')[0]} here` };
  const [, technology = '', resource = ''] = /^(IAX2?|SIP|PJSIP|Local)\/(.*)$/i.exec(text) ?? [];
  if (/^local$/i.test(technology)) {
    const [, number, flags = ''] = /^([^@/]+)(\/.*)?$/.exec(resource) ?? [];
    return { text: number === undefined ? text : `Local/${number}@default${flags}` };
  }
  if (technology === '') return { text };
  const kind = /^iax/i.test(technology) ? 'IAX2' : 'SIP';
  const { start, end } = peerOf(kind, resource);
  const peer = resource.slice(start, end);
  if (peer === '' || peer.includes('$')) return { text };
  const name = renamed.get(`${kind}/${peer}`) ?? peer;
  // Whatever has a dot or a colon is an address, which can be called without being known.
  if (!isKnown(kind, name) && !/[.:[]/.test(peer))
    return { lost: `${kind === 'IAX2' ? 'no IAX2 peer' : 'no SIP phone or trunk'} ${peer} was carried over` };
  return { text: `${technology}/${resource.slice(0, start)}${name}${resource.slice(end)}` };
}

/** Where the peer stands in `[user[:secret]@]peer/number` of IAX2, and in `number@peer` or `peer/number` of SIP. */
function peerOf(kind: 'IAX2' | 'SIP', resource: string): { start: number; end: number } {
  const slash = slashOutside(resource);
  const first = resource.slice(0, slash);
  const start = (kind === 'IAX2' ? first.indexOf('@') : first.lastIndexOf('@')) + 1;
  return { start, end: slash };
}

function slashOutside(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
    else if (text[i] === '/' && depth === 0) return i;
  }
  return text.length;
}
