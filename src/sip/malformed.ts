/**
 * Text that is not what SIP says it should be, as a value: parsers never throw for what a peer sent. `reason` comes from
 * this list and never from input, so that it can be a counter's name (`sip.via`).
 */
export interface Malformed {
  readonly type: 'malformed';
  readonly reason: MalformedReason;
}

export type MalformedReason =
  /** Nothing but line ends: a keep-alive. [RFC5626 §3.5.1] */
  | 'keep-alive'
  /** No empty line ends the header fields: the message was cut. */
  | 'truncated-head'
  /** Fewer bytes follow than Content-Length says. [RFC3261 §18.3] */
  | 'truncated-body'
  /** On a stream: no Content-Length, so that nobody knows where the message ends. [RFC3261 §18.3] */
  | 'no-content-length'
  | 'too-large'
  | 'start-line'
  | 'version'
  | 'header-line'
  /** A header field that may stand once stands twice, and not the same. */
  | 'repeated-header'
  | 'missing-header'
  | 'uri'
  | 'address'
  | 'parameter'
  | 'via'
  | 'cseq'
  | 'call-id'
  | 'max-forwards'
  | 'content-length'
  | 'number'
  | 'authorization'
  | 'sdp'
  | 'message-summary';

export function malformed(reason: MalformedReason): Malformed {
  return { type: 'malformed', reason };
}

export function isMalformed(value: unknown): value is Malformed {
  return typeof value === 'object' && value !== null && (value as { readonly type?: unknown }).type === 'malformed';
}
