import { concatBytes, utf8Encode } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { decodeFrame, type FullFrame } from './frame.ts';
import { decodeInformationElements } from './information-element.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { formatName } from './media-format.ts';
import { controlSubclassName, FRAME_TYPE, htmlSubclassName, iaxSubclassName } from './subclass.ts';

/**
 * AES-128 of whole frames, as Asterisk does it and RFC 5456 §7.4 and §8.1.4 outline it. There is no integrity
 * protection: a frame that decrypts is plausible, not authentic.
 */

const BLOCK = 16;
/** What stays readable: the call numbers of a full frame, the one of a mini frame, that of a video mini frame behind its zeros. */
const CLEAR_FULL = 4;
const CLEAR_MINI = 2;
const CLEAR_VIDEO_MINI = 4;

/** The key of a call: MD5 of challenge and secret, both directions the same until an RTKEY. [RFC5456 §7.4] */
export function deriveKey(crypto: Crypto, challenge: Uint8Array, secret: string): Uint8Array {
  return crypto.md5(concatBytes([challenge, utf8Encode(secret)]));
}

/**
 * Random padding of 16…31 bytes goes in front, filling up to whole blocks; the low half of its 16th byte says its length
 * modulo 16. Under CBC with a zero IV that first random block takes the part of the IV. Trunk frames cannot be encrypted:
 * their call numbers would not be readable. Video mini frames are by us alone: Asterisk sends them in clear, and cannot
 * read its own.
 */
export function encryptFrame(crypto: Crypto, key: Uint8Array, frame: Uint8Array): Uint8Array {
  const clear = clearLength(frame);
  if (clear === undefined) throw new RangeError('only frames of one call can be encrypted');
  const plain = frame.subarray(clear);
  const padding = crypto.randomBytes(BLOCK + ((BLOCK - (plain.length % BLOCK)) % BLOCK));
  padding[BLOCK - 1] = (padding[BLOCK - 1]! & 0xf0) | (padding.length & 0x0f);
  return concatBytes([frame.subarray(0, clear), crypto.aes128CbcEncrypt(key, concatBytes([padding, plain]))]);
}

/** The frame in clear, which may be nonsense if the key is not the right one. Never throws. */
export function decryptFrame(crypto: Crypto, key: Uint8Array, bytes: Uint8Array): Uint8Array | Malformed {
  const clear = clearLength(bytes);
  if (clear === undefined) return malformed('cipher-length');
  const length = bytes.length - clear;
  if (length < 2 * BLOCK || length % BLOCK !== 0) return malformed('cipher-length');
  const padded = crypto.aes128CbcDecrypt(key, bytes.subarray(clear));
  const padding = BLOCK + (padded[BLOCK - 1]! & 0x0f);
  return concatBytes([bytes.subarray(0, clear), padded.subarray(padding)]);
}

/** The length of a full frame's header is not asked for: of the encrypted bytes only the call numbers mean anything. */
function clearLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < CLEAR_FULL) return undefined;
  if ((bytes[0]! & 0x80) !== 0) return CLEAR_FULL;
  if (bytes[0] !== 0 || bytes[1] !== 0) return CLEAR_MINI;
  return (bytes[2]! & 0x80) === 0 ? undefined : CLEAR_VIDEO_MINI;
}

/** Whether decrypted bytes look like a frame that somebody would send: the only sign that the key was right. */
export function isPlausible(bytes: Uint8Array): boolean {
  const frame = decodeFrame(bytes);
  if (frame.type === 'mini' || frame.type === 'video-mini') return frame.payload.length > 0;
  return frame.type === 'full' && isKnownMessage(frame);
}

function isKnownMessage({ frameType, subclass, body }: FullFrame): boolean {
  switch (frameType) {
    case FRAME_TYPE.IAX:
      return iaxSubclassName(subclass) !== undefined && !isMalformed(decodeInformationElements(body));
    case FRAME_TYPE.CONTROL:
      return controlSubclassName(subclass) !== undefined;
    case FRAME_TYPE.VOICE:
    case FRAME_TYPE.VIDEO:
    case FRAME_TYPE.IMAGE:
      return formatName(subclass) !== undefined;
    case FRAME_TYPE.DTMF:
    case FRAME_TYPE.DTMF_BEGIN:
      return subclass >= 0 && DIGITS.includes(String.fromCharCode(subclass));
    case FRAME_TYPE.HTML:
      return htmlSubclassName(subclass) !== undefined;
    case FRAME_TYPE.TEXT:
      return subclass === 0;
    case FRAME_TYPE.CNG:
      return subclass >= 0 && body.length === 0;
    default:
      return false;
  }
}

const DIGITS = '0123456789ABCD*#';

/**
 * The first key that turns the bytes into something that is accepted: for a user with several secrets. Plausible alone is
 * not much, one wrong key in twenty gives that; who knows which message must come says so by `accepts`.
 */
export function findKey(
  crypto: Crypto,
  keys: readonly Uint8Array[],
  bytes: Uint8Array,
  accepts: (frame: Uint8Array) => boolean = isPlausible,
): Uint8Array | undefined {
  return keys.find((key) => {
    const frame = decryptFrame(crypto, key, bytes);
    return !isMalformed(frame) && accepts(frame);
  });
}

/** For so long after an RTKEY frames that it overtook still decrypt. */
const PREVIOUS_KEY_MS = 5_000;

/**
 * The keys of one call, one per direction, changed by RTKEY. The peer's previous key is kept for a few seconds, because
 * datagrams overtake each other; Asterisk forgets it at once and drops those frames.
 */
export class FrameCipher {
  private previous: { readonly key: Uint8Array; readonly untilMs: number } | undefined;

  constructor(
    private readonly crypto: Crypto,
    private sendKey: Uint8Array,
    private receiveKey = sendKey,
  ) {}

  /** Each time anew for a retransmission: padding must differ. `key` is what `keyInUse` gave when it was first sent. */
  encrypt(frame: Uint8Array, key = this.sendKey): Uint8Array {
    return encryptFrame(this.crypto, key, frame);
  }

  /** What frames are encrypted with at this moment; a queued frame keeps it over a rotation. */
  get keyInUse(): Uint8Array {
    return this.sendKey;
  }

  /** `accepts` may know more than the frame's form, such as where its timestamp must lie. Never throws. */
  decrypt(
    bytes: Uint8Array,
    nowMs: number,
    accepts: (frame: Uint8Array) => boolean = isPlausible,
  ): Uint8Array | Malformed {
    const frame = decryptFrame(this.crypto, this.receiveKey, bytes);
    if (isMalformed(frame) || accepts(frame)) return frame;
    if (this.previous !== undefined && nowMs < this.previous.untilMs) {
      const older = decryptFrame(this.crypto, this.previous.key, bytes);
      if (!isMalformed(older) && accepts(older)) return older;
    }
    return malformed('undecipherable');
  }

  /** The data of the RTKEY to send: 16 random bytes. Sent with the key before it; call `rotate` right after. */
  newKey(): Uint8Array {
    return this.crypto.randomBytes(BLOCK);
  }

  /** What is sent from now on goes under `key`. */
  rotate(key: Uint8Array): void {
    this.sendKey = key;
  }

  /** An RTKEY came: its CHALLENGE is the peer's next key. False if it is not a key, which changes nothing. */
  handleRotation(key: Uint8Array | undefined, nowMs: number): boolean {
    if (key === undefined || key.length !== BLOCK) return false;
    this.previous = { key: this.receiveKey, untilMs: nowMs + PREVIOUS_KEY_MS };
    this.receiveKey = key.slice();
    return true;
  }
}
