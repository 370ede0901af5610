import type { Request, Response } from './message.ts';
import { tagOf } from './name-addr.ts';
import { formatUri } from './uri.ts';
import { branchOf, formatVia } from './via.ts';

/**
 * What a request is known by among server transactions: branch, sent-by and method, where an ACK is its INVITE's. A
 * client of RFC 2543 makes no such branch: its requests are known by all that does not change between repetitions.
 * [RFC3261 §17.2.3] But for INVITE the sequence number counts, too: chan_sip of Asterisk 16 has one branch for all the
 * NOTIFYs of a subscription.
 */
export function serverKey(request: Request, method = request.method): string {
  const of = method === 'ACK' ? 'INVITE' : method;
  const [via] = request.vias;
  const branch = branchOf(via!);
  // Joined, not in a template: that would stay a chain of views of the message, and a key lies there when it is gone.
  const { uri, from, callId, cseq } = request;
  if (branch !== undefined)
    return [branch, via!.host, via!.port ?? '', of === 'INVITE' ? '' : cseq.number, of].join('|');
  return ['2543', formatUri(uri), tagOf(from) ?? '', callId, cseq.number, formatVia(via!), of].join('|');
}

/** Whether the key is of RFC 2543, where the tag of an ACK's To must be the response's. */
export function isOldStyle(request: Request): boolean {
  return branchOf(request.vias[0]!) === undefined;
}

/** What a response is known by among client transactions. [RFC3261 §17.1.3] */
export function clientKey(message: Request | Response): string {
  return `${message.vias[0]!.parameters.get('branch') ?? ''}|${message.cseq.method}`;
}

/** The same for two requests that are one, sent over two paths. Requests in a dialog have none. [RFC3261 §8.2.2.2] */
export function mergeKey({ from, to, callId, cseq }: Request): string | undefined {
  return tagOf(to) === undefined ? [tagOf(from) ?? '', callId, cseq.number, cseq.method].join('|') : undefined;
}
