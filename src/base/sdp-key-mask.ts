/** What stands before a key of SRTP in SDP. [RFC4568 §9.1, key-info] */
const BEFORE = Uint8Array.from('inline:', (letter) => letter.charCodeAt(0));
/** What a message begins with. [RFC3261 §7] */
const START = /^(?:SIP\/2\.0 \d|[A-Z]{3,20} sips?:)/;
/** A method and the scheme behind it. */
const START_BYTES = 28;
const STAR = 0x2a;

/**
 * SIP messages of one connection, one way, with the keys of SRTP in their SDP as `*`, so that they may be shown: each as long
 * as it was, for Content-Length to stay right. A key may come in two pieces.
 */
export class SdpKeyMask {
  /** How much of what stands before a key has just passed. */
  private matched = 0;
  private isInKey = false;
  /** All that has passed was looked at. */
  private isInStep = true;

  /** The next bytes, masked. They are copied. */
  mask(bytes: Uint8Array): Uint8Array {
    // `slice` of a Buffer would share its bytes.
    const masked = new Uint8Array(bytes);
    // Whoever looks only from here on may begin in the middle of a key.
    if (!this.isInStep) this.isInKey = !START.test(String.fromCharCode(...bytes.subarray(0, START_BYTES)));
    this.isInStep = true;
    for (let i = 0; i < masked.length; i++) {
      const byte = bytes[i]!;
      if (this.isInKey && isKey(byte)) {
        masked[i] = STAR;
        continue;
      }
      this.isInKey = false;
      if (byte === BEFORE[this.matched]) this.matched++;
      else this.matched = this.fallBack(byte);
      if (this.matched < BEFORE.length) continue;
      this.matched = 0;
      this.isInKey = true;
    }
    return masked;
  }

  /** Bytes have passed that were not shown. */
  skip(): void {
    this.isInStep = false;
    this.matched = 0;
  }

  /** `inline:` begins anew only with its `in`, which ends `inlin` as well. */
  private fallBack(byte: number): number {
    if (this.matched === 5 && byte === BEFORE[2]) return 3;
    return byte === BEFORE[0] ? 1 : 0;
  }
}

/** Base64, and what some write in its place. */
function isKey(byte: number): boolean {
  return byte > 0x20 && byte !== 0x7c && byte !== 0x3b && byte !== 0x2c;
}
