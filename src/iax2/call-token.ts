import { concatBytes, equalBytes, utf8Encode } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { readUint32, writeUint32 } from './frame-header.ts';

export type CallTokenVerdict = 'valid' | 'expired' | 'invalid';

/** As Asterisk has it. */
const VALIDITY_MS = 10_000;
const TIME_LENGTH = 4;
const MAC_LENGTH = 8;
/** Characters, in whole groups, that hold the time. */
const TIME_HEAD = 8;
const KEY_LENGTH = 32;
const TOKEN_LENGTH = ((TIME_LENGTH + MAC_LENGTH) / 3) * 4;
/**
 * A short request leaves room only for a short token: a REGREQ by the name of one letter has 21 bytes, so its answer may
 * have 25, of which 11 are token. That still holds 34 bits of MAC, for ten seconds, before a proof of identity.
 */
export const SHORTEST_TOKEN = 11;

/**
 * Proof that a peer receives at the address it writes from, without any state per peer: a token is the time and a MAC
 * over time and address. 16 printable characters, because Asterisk sends a token back as a C string, and because the
 * reply that carries it must not be much longer than the request. Asterisk's extension of RFC 5456, made against
 * spoofed sources that filled call tables.
 */
export class CallTokens {
  private readonly key: Uint8Array;

  constructor(
    private readonly crypto: Crypto,
    private readonly validityMs = VALIDITY_MS,
  ) {
    this.key = crypto.randomBytes(KEY_LENGTH);
  }

  /** `room` is how many characters the answer may carry, at least `SHORTEST_TOKEN`. */
  make(address: Address, nowMs: number, room = TOKEN_LENGTH): Uint8Array {
    return this.sign(address, Math.floor(nowMs) >>> 0).slice(0, room);
  }

  verify(token: Uint8Array, address: Address, nowMs: number): CallTokenVerdict {
    if (token.length < SHORTEST_TOKEN || token.length > TOKEN_LENGTH) return 'invalid';
    const head = decodeBase64Url(token.subarray(0, TIME_HEAD));
    if (head === undefined) return 'invalid';
    const time = readUint32(head, 0);
    if (!equalBytes(this.sign(address, time).subarray(0, token.length), token)) return 'invalid';
    // Monotonic time modulo 2^32: an age is right as long as the token is younger than 49 days.
    return ((Math.floor(nowMs) >>> 0) - time) >>> 0 < this.validityMs ? 'valid' : 'expired';
  }

  private sign(address: Address, time: number): Uint8Array {
    const timeBytes = new Uint8Array(TIME_LENGTH);
    writeUint32(timeBytes, 0, time);
    const mac = this.crypto.hmacSha256(this.key, concatBytes([timeBytes, utf8Encode(formatAddress(address))]));
    return encodeBase64Url(concatBytes([timeBytes, mac.subarray(0, MAC_LENGTH)]));
  }
}

const ALPHABET = utf8Encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** A whole number of 3-byte groups, so there is never padding. */
function encodeBase64Url(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array((bytes.length / 3) * 4);
  for (let i = 0, o = 0; i < bytes.length; i += 3, o += 4) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    for (let k = 0; k < 4; k++) text[o + k] = ALPHABET[(group >> (18 - 6 * k)) & 63]!;
  }
  return text;
}

function decodeBase64Url(text: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length / 4) * 3);
  for (let i = 0, o = 0; i < text.length; i += 4, o += 3) {
    let group = 0;
    for (let k = 0; k < 4; k++) {
      const digit = ALPHABET.indexOf(text[i + k]!);
      if (digit < 0) return undefined;
      group = (group << 6) | digit;
    }
    bytes[o] = group >> 16;
    bytes[o + 1] = group >> 8;
    bytes[o + 2] = group;
  }
  return bytes;
}
