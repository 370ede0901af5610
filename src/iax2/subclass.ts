/** The numbers of frame types and subclasses under the RFC's names. */

/** Byte 10 of a full frame. [RFC5456 §8.2] */
export const FRAME_TYPE = {
  /** In Asterisk the end of a digit, and a digit by itself when no DTMF_BEGIN came before. */
  DTMF: 1,
  VOICE: 2,
  VIDEO: 3,
  CONTROL: 4,
  NULL: 5,
  IAX: 6,
  TEXT: 7,
  IMAGE: 8,
  HTML: 9,
  CNG: 10,
  /** Asterisk's, as is DTMF_BEGIN: not in the RFC. */
  MODEM: 11,
  DTMF_BEGIN: 12,
} as const;

/** Subclasses of IAX frames. [RFC5456 §8.4]; from PROVISION on Asterisk's own. */
export const IAX_SUBCLASS = {
  NEW: 1,
  PING: 2,
  PONG: 3,
  ACK: 4,
  HANGUP: 5,
  REJECT: 6,
  ACCEPT: 7,
  AUTHREQ: 8,
  AUTHREP: 9,
  INVAL: 10,
  LAGRQ: 11,
  LAGRP: 12,
  REGREQ: 13,
  REGAUTH: 14,
  REGACK: 15,
  REGREJ: 16,
  REGREL: 17,
  VNAK: 18,
  DPREQ: 19,
  DPREP: 20,
  DIAL: 21,
  TXREQ: 22,
  TXCNT: 23,
  TXACC: 24,
  TXREADY: 25,
  TXREL: 26,
  TXREJ: 27,
  QUELCH: 28,
  UNQUELCH: 29,
  POKE: 30,
  PAGE: 31,
  MWI: 32,
  UNSUPPORT: 33,
  TRANSFER: 34,
  PROVISION: 35,
  FWDOWNL: 36,
  FWDATA: 37,
  TXMEDIA: 38,
  RTKEY: 39,
  CALLTOKEN: 40,
} as const;

/** Subclasses of control frames. [RFC5456 §8.3]; from 18 on Asterisk's own. */
export const CONTROL_SUBCLASS = {
  /** Asterisk's -1 (wire 0xff): stop the indication tones. */
  STOP_SOUNDS: -1,
  HANGUP: 1,
  RING: 2,
  RINGING: 3,
  ANSWER: 4,
  BUSY: 5,
  TAKEOFFHOOK: 6,
  OFFHOOK: 7,
  CONGESTION: 8,
  FLASH: 9,
  WINK: 10,
  OPTION: 11,
  RADIO_KEY: 12,
  RADIO_UNKEY: 13,
  PROGRESS: 14,
  PROCEEDING: 15,
  HOLD: 16,
  UNHOLD: 17,
  VIDUPDATE: 18,
  T38: 19,
  SRCUPDATE: 20,
  TRANSFER: 21,
  CONNECTED_LINE: 22,
  REDIRECTING: 23,
  T38_PARAMETERS: 24,
  CC: 25,
  SRCCHANGE: 26,
  READ_ACTION: 27,
  AOC: 28,
  END_OF_Q: 29,
  INCOMPLETE: 30,
  MCID: 31,
} as const;

/** Subclasses of HTML frames. [RFC5456 §8.5] */
export const HTML_SUBCLASS = {
  URL: 1,
  DATA: 2,
  BEGIN: 4,
  END: 8,
  LDCOMPLETE: 16,
  NOSUPPORT: 17,
  LINKURL: 18,
  UNLINK: 19,
  LINKREJECT: 20,
} as const;

export type FrameTypeName = keyof typeof FRAME_TYPE;
export type IaxSubclassName = keyof typeof IAX_SUBCLASS;
export type ControlSubclassName = keyof typeof CONTROL_SUBCLASS;
export type HtmlSubclassName = keyof typeof HTML_SUBCLASS;

function reverse<Name extends string>(table: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  return new Map((Object.entries(table) as [Name, number][]).map(([name, value]) => [value, name]));
}

const FRAME_TYPE_NAMES = reverse<FrameTypeName>(FRAME_TYPE);
const IAX_NAMES = reverse<IaxSubclassName>(IAX_SUBCLASS);
const CONTROL_NAMES = reverse<ControlSubclassName>(CONTROL_SUBCLASS);
const HTML_NAMES = reverse<HtmlSubclassName>(HTML_SUBCLASS);

export function frameTypeName(frameType: number): FrameTypeName | undefined {
  return FRAME_TYPE_NAMES.get(frameType);
}

export function iaxSubclassName(subclass: number): IaxSubclassName | undefined {
  return IAX_NAMES.get(subclass);
}

export function controlSubclassName(subclass: number): ControlSubclassName | undefined {
  return CONTROL_NAMES.get(subclass);
}

export function htmlSubclassName(subclass: number): HtmlSubclassName | undefined {
  return HTML_NAMES.get(subclass);
}

/**
 * Whether a frame takes no OSeqno of its own and is neither acknowledged nor checked for order: ACK, INVAL, VNAK, TXCNT,
 * TXACC. A CALLTOKEN counts too: it comes from the stateless call 1. [RFC5456 §7]
 */
export function isOutsideSequence(frameType: number, subclass: number): boolean {
  if (frameType !== FRAME_TYPE.IAX) return false;
  switch (subclass) {
    case IAX_SUBCLASS.ACK:
    case IAX_SUBCLASS.INVAL:
    case IAX_SUBCLASS.VNAK:
    case IAX_SUBCLASS.TXCNT:
    case IAX_SUBCLASS.TXACC:
    case IAX_SUBCLASS.CALLTOKEN:
      return true;
    default:
      return false;
  }
}

/** Whether a frame is the last of its sender's dialog, which lives on only until it is acknowledged. */
export function isFinal(frameType: number, subclass: number): boolean {
  if (frameType !== FRAME_TYPE.IAX) return false;
  switch (subclass) {
    case IAX_SUBCLASS.HANGUP:
    case IAX_SUBCLASS.REJECT:
    case IAX_SUBCLASS.REGACK:
    case IAX_SUBCLASS.REGREJ:
    case IAX_SUBCLASS.TXREL:
      return true;
    default:
      return false;
  }
}

/**
 * The subclass byte: a value below 128 goes literally, a power of two from 128 on as C=1 and its logarithm, -1 as 0xff.
 * Undefined for a number that has no code. [RFC5456 §8.1.1]
 */
export function compressSubclass(subclass: number): number | undefined {
  if (subclass === -1) return 0xff;
  if (!Number.isInteger(subclass) || subclass < 0) return undefined;
  if (subclass < 0x80) return subclass;
  const bit = Math.round(Math.log2(subclass));
  return bit < 0x40 && 2 ** bit === subclass ? 0x80 | bit : undefined;
}

/** The number of a subclass byte; 0x82 and 0x04 both are 4. A power of two up to 2^63, so always exact. */
export function expandSubclass(byte: number): number {
  if (byte === 0xff) return -1;
  return (byte & 0x80) === 0 ? byte : 2 ** (byte & 0x3f);
}
