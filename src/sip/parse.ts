import { utf8Decode } from '../base/bytes.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import { isToken, parseDecimal } from './grammar.ts';
import { HeaderFields, isFieldName } from './header-field.ts';
import { isMalformed, type Malformed, type MalformedReason } from './malformed.ts';
import type { Message, MessageCore } from './message.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseUri } from './uri.ts';
import { parseVia, type Via } from './via.ts';

/** Longer messages are refused: no phone sends half as much. */
export const MAX_MESSAGE_BYTES = 65_535;

/** A message that cannot be used, and what to say to its sender, if anything. */
export interface MalformedMessage extends Malformed {
  /** The response to send; undefined for what is dropped: responses, ACKs, and what has no way back. */
  readonly refusal: Refusal | undefined;
}

export interface Refusal {
  readonly status: number;
  /** The header fields to give back as they came: Via, From, To, Call-ID, CSeq. */
  readonly echo: HeaderFields;
}

const CR = 0x0d;
const LF = 0x0a;

/**
 * Parses one datagram, or one whole message that a stream framer cut out. Never throws; cost is linear in the size.
 * Bytes beyond Content-Length are ignored. [RFC3261 §7, §18.3]
 */
export function parseMessage(bytes: Uint8Array): Message | MalformedMessage {
  let start = 0;
  while (start < bytes.length && (bytes[start] === CR || bytes[start] === LF)) start++;
  if (start === bytes.length) return dropped('keep-alive');
  const head = findHead(bytes, start);
  const [startLine = '', ...lines] = unfold(utf8Decode(bytes.subarray(start, head.end)));
  const { fields, isWhole } = readFields(lines);
  const startsAs = readStartLine(startLine);
  const refuse = (reason: MalformedReason, status = 400) => refused(reason, status, startsAs, fields);
  if (bytes.length - start > MAX_MESSAGE_BYTES) return refuse('too-large', 513);
  if (startsAs.type === 'unknown') return startsAs.isSip ? refuse('start-line') : dropped('start-line');
  if (startsAs.type === 'request' && startsAs.version !== '2.0') return refuse('version', 505);
  if (!head.isClosed) return refuse('truncated-head');
  if (!isWhole) return refuse('header-line');
  const body = readBody(fields, bytes.subarray(head.bodyStart));
  if (isMalformed(body)) return refuse(body.reason);
  const core = readCore(fields, body);
  if (isMalformed(core)) return refuse(core.reason);
  // A user agent's responses have no second hop to go to. [RFC3261 §8.1.3.3]
  if (startsAs.type === 'response' && core.vias.length > 1) return dropped('via');
  if (startsAs.type === 'response')
    return { type: 'response', status: startsAs.status, reason: startsAs.reason, ...core };
  const uri = parseUri(startsAs.uri);
  return isMalformed(uri) ? refuse('uri') : { type: 'request', method: startsAs.method, uri, ...core };
}

interface Head {
  readonly end: number;
  readonly bodyStart: number;
  readonly isClosed: boolean;
}

/** The header fields end with an empty line; line ends may be bare LF. */
export function findHead(bytes: Uint8Array, start: number): Head {
  for (let i = bytes.indexOf(LF, start); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    const next = bytes[i + 1] === CR ? i + 2 : i + 1;
    if (bytes[next] === LF) return { end: i + 1, bodyStart: next + 1, isClosed: true };
  }
  return { end: bytes.length, bodyStart: bytes.length, isClosed: false };
}

/** Lines, each with its continuations behind it. [RFC3261 §7.3.1] */
function unfold(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    const line = text.slice(start, feed > start && text[feed - 1] === '\r' ? feed - 1 : end);
    start = end + 1;
    const isContinuation = (line[0] === ' ' || line[0] === '\t') && lines.length > 1;
    if (isContinuation) lines[lines.length - 1] += ` ${line.trim()}`;
    else lines.push(line);
  }
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

type StartLine =
  | { readonly type: 'request'; readonly method: string; readonly uri: string; readonly version: string }
  | { readonly type: 'response'; readonly status: number; readonly reason: string }
  | { readonly type: 'unknown'; readonly isSip: boolean; readonly method: string | undefined };

function readStartLine(line: string): StartLine {
  const [, status, reason = ''] = /^SIP\/2\.0 +(\d{3})(?: (.*))?$/i.exec(line) ?? [];
  if (status !== undefined && status >= '100' && status < '700')
    return { type: 'response', status: Number(status), reason };
  const [, method, uri, version] = /^(\S+) (\S+) SIP\/(\d{1,3}\.\d{1,3})$/i.exec(line) ?? [];
  if (method !== undefined && isToken(method)) return { type: 'request', method, uri: uri!, version: version! };
  const isSip = /\sSIP\/2\.0\s*$/i.test(line);
  return { type: 'unknown', isSip, method: line.split(/\s/, 1)[0] };
}

function readFields(lines: readonly string[]): { readonly fields: HeaderFields; readonly isWhole: boolean } {
  const fields = new HeaderFields();
  let isWhole = true;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (isFieldName(name)) fields.add(name, line.slice(colon + 1).trim());
    else isWhole = false;
  }
  return { fields, isWhole };
}

const SINGLE = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards'];
const CORE = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Content-Length']);

function readCore(fields: HeaderFields, body: Uint8Array): MessageCore | Malformed {
  for (const name of SINGLE) if (fields.count(name) > 1) return { type: 'malformed', reason: 'repeated-header' };
  const [via, from, to] = [fields.has('Via'), fields.get('From'), fields.get('To')];
  const [callId, cseq] = [fields.get('Call-ID'), fields.get('CSeq')];
  if (!via || from === undefined || to === undefined || callId === undefined || cseq === undefined)
    return { type: 'malformed', reason: 'missing-header' };
  const vias: Via[] = [];
  for (const text of fields.list('Via')) {
    const one = parseVia(text);
    if (isMalformed(one)) return one;
    vias.push(one);
  }
  const typed: readonly [NameAddr | Malformed, NameAddr | Malformed, CSeq | Malformed] = [
    parseNameAddr(from),
    parseNameAddr(to),
    parseCSeq(cseq),
  ];
  const [fromAddress, toAddress, sequence] = typed;
  if (isMalformed(fromAddress)) return fromAddress;
  if (isMalformed(toAddress)) return toAddress;
  if (isMalformed(sequence)) return sequence;
  if (callId === '' || /\s/.test(callId)) return { type: 'malformed', reason: 'call-id' };
  const hops = fields.get('Max-Forwards');
  if (hops !== undefined && parseDecimal(hops, 255) === undefined) return { type: 'malformed', reason: 'max-forwards' };
  const headers = fields.without(CORE);
  return { vias, from: fromAddress, to: toAddress, callId, cseq: sequence, headers, body };
}

function readBody(fields: HeaderFields, rest: Uint8Array): Uint8Array | Malformed {
  const [first, ...others] = fields.all('Content-Length');
  if (first === undefined) return rest.slice();
  const length = parseDecimal(first, Number.MAX_SAFE_INTEGER);
  if (length === undefined || others.some((text) => parseDecimal(text, Number.MAX_SAFE_INTEGER) !== length))
    return { type: 'malformed', reason: 'content-length' };
  return length > rest.length ? { type: 'malformed', reason: 'truncated-body' } : rest.slice(0, length);
}

function dropped(reason: MalformedReason): MalformedMessage {
  return { type: 'malformed', reason, refusal: undefined };
}

/** What a response must give back; without one of these nobody could match it. */
const ECHOED = ['Via', 'From', 'To', 'Call-ID', 'CSeq'];

function refused(reason: MalformedReason, status: number, startsAs: StartLine, fields: HeaderFields): MalformedMessage {
  if (startsAs.type === 'response' || startsAs.method === 'ACK' || !fields.has('Via')) return dropped(reason);
  const echo = new HeaderFields([...fields].filter(([name]) => ECHOED.includes(name)));
  return { type: 'malformed', reason, refusal: { status, echo } };
}
