import { concatBytes, utf8Encode } from '../base/bytes.ts';
import { formatCSeq } from './cseq.ts';
import { type Message, NO_BODY, reasonPhrase } from './message.ts';
import { formatNameAddr } from './name-addr.ts';
import type { Refusal } from './parse.ts';
import { formatUri } from './uri.ts';
import { formatVia } from './via.ts';

/** The bytes of a message, canonical names, one header field a line, Content-Length last. [RFC3261 §7] */
export function encodeMessage(message: Message): Uint8Array {
  const lines: string[] = [
    message.type === 'request'
      ? `${message.method} ${formatUri(message.uri)} SIP/2.0`
      : `SIP/2.0 ${message.status} ${oneLine(message.reason)}`,
  ];
  for (const via of message.vias) lines.push(`Via: ${formatVia(via)}`);
  lines.push(`From: ${formatNameAddr(message.from)}`, `To: ${formatNameAddr(message.to)}`);
  lines.push(`Call-ID: ${message.callId}`, `CSeq: ${formatCSeq(message.cseq)}`);
  for (const [name, value] of message.headers) lines.push(`${name}: ${oneLine(value)}`);
  return seal(lines, message.body);
}

/** The response to a request that could not be read, from those of its header fields that could. */
export function encodeRefusal({ status, echo }: Refusal): Uint8Array {
  const lines = [`SIP/2.0 ${status} ${reasonPhrase(status)}`];
  for (const [name, value] of echo) lines.push(`${name}: ${oneLine(value)}`);
  return seal(lines, NO_BODY);
}

function seal(lines: string[], body: Uint8Array): Uint8Array {
  lines.push(`Content-Length: ${body.length}`, '', '');
  const head = utf8Encode(lines.join('\r\n'));
  return body.length === 0 ? head : concatBytes([head, body]);
}

/** A line end in a value would begin another header field. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text;
}
