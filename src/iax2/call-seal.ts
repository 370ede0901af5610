import { type FrameCipher, isPlausible } from './encryption.ts';
import { FarClock } from './far-clock.ts';
import { ENCRYPTION_METHOD } from './information-element.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import type { Reliable } from './reliable.ts';

/** What makes one call unreadable for others, once both ends have agreed on it. [RFC5456 §7.4] */
export class CallSeal {
  private cipher: FrameCipher | undefined;
  private readonly farClock = new FarClock();
  /** Whether the far end follows a change of key. */
  private rotates = false;

  constructor(private readonly reliable: Reliable) {}

  get isClosed(): boolean {
    return this.cipher !== undefined;
  }

  get canRotate(): boolean {
    return this.rotates;
  }

  /** From now on everything of this call is encrypted, both ways. `methods` are the ENCRYPTION bits agreed on. */
  close(cipher: FrameCipher, methods: number): void {
    this.cipher = cipher;
    this.rotates = (methods & ENCRYPTION_METHOD.KEY_ROTATION) !== 0;
    this.useKey(cipher);
  }

  /** A datagram of this call in clear. */
  unseal(bytes: Uint8Array, nowMs: number): Uint8Array | Malformed {
    if (this.cipher === undefined) return bytes;
    // One wrong key in twenty makes something that looks like a frame; it does not fit where this call stands as well.
    const fits = (frame: Uint8Array) =>
      isPlausible(frame) && this.reliable.fits(frame) && this.farClock.fits(frame, nowMs);
    const plain = this.cipher.decrypt(bytes, nowMs, fits);
    if (!isMalformed(plain)) this.farClock.note(plain, nowMs);
    return plain;
  }

  /** A mini frame of this call as it goes out. */
  sealMini(bytes: Uint8Array): Uint8Array {
    return this.cipher === undefined ? bytes : this.cipher.encrypt(bytes);
  }

  /** Changes our key: `tell` sends the RTKEY, which goes under the old key, whatever follows under the new one. */
  rotate(tell: (key: Uint8Array) => void): void {
    const { cipher } = this;
    if (cipher === undefined) return;
    const key = cipher.newKey();
    tell(key);
    cipher.rotate(key);
    this.useKey(cipher);
  }

  /** The far end changes its key. False for what is no key. */
  handleRotation(key: Uint8Array | undefined, nowMs: number): boolean {
    return this.cipher?.handleRotation(key, nowMs) === true;
  }

  /** A frame that is sent again keeps the key it was first sent with, since the far end may wait for just that one. */
  private useKey(cipher: FrameCipher): void {
    const key = cipher.keyInUse;
    this.reliable.seal = (plain) => cipher.encrypt(plain, key);
  }
}
