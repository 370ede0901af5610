/** What protects the voice of a call. [RFC4568 §6.2] */
export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32';

/** A master key of 16 bytes and the master salt of 14 after it. [RFC4568 §6.1] */
export const SRTP_KEY_LENGTH = 30;

/** What offer and answer agreed on for SRTP: a key for each direction. */
export interface SrtpKeys {
  readonly suite: SrtpSuite;
  /** What we seal with, and what the far end does; `SRTP_KEY_LENGTH` bytes each. */
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
}
