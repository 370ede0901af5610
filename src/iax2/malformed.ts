/**
 * Bytes that are not a frame, as a value: decoders never throw for what a peer sent. `reason` comes from this list and
 * never from input, so that it can be a counter's name (`iax2.too-short`).
 */
export interface Malformed {
  readonly type: 'malformed';
  readonly reason: MalformedReason;
}

export type MalformedReason =
  /** Fewer than the 4 bytes of the smallest header. */
  | 'too-short'
  | 'full-frame-too-short'
  | 'meta-frame-too-short'
  /** Not a trunk frame, the only meta command there is. [RFC5456 §8.1.3.2] */
  | 'unknown-meta-command'
  /** A trunk entry says that it is longer than what is left of the datagram. */
  | 'trunk-overrun'
  /** An information element says that it is longer than what is left of the frame. */
  | 'element-overrun'
  /** An encrypted frame whose length is not a whole number of blocks, or too short to hold the padding. */
  | 'cipher-length'
  /** No key turned the encrypted bytes into a frame. */
  | 'undecipherable';

export function malformed(reason: MalformedReason): Malformed {
  return { type: 'malformed', reason };
}

export function isMalformed(value: object): value is Malformed {
  return (value as { readonly type?: unknown }).type === 'malformed';
}
