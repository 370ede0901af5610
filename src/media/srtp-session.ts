import type { Address } from '../base/machine.ts';
import type { SrtpKeys } from '../base/srtp.ts';
import type { PlaneParts } from './iax2-stream.ts';
import { SrtpContext, type SrtpFailure } from './srtp.ts';

/**
 * What stands between an RTP stream and the wire: nothing, or SRTP. What cannot be sealed is not sent, what cannot be
 * verified is not heard; both are counted. Sealing allocates: node:crypto gives no other way.
 */
export class SrtpSession {
  private keys: SrtpKeys | undefined;
  private sending: SrtpContext | undefined;
  private receiving: SrtpContext | undefined;

  constructor(
    private readonly parts: Pick<PlaneParts, 'sendRtp' | 'counters' | 'crypto'>,
    keys: SrtpKeys | undefined,
  ) {
    this.update(keys);
  }

  /** Under a key that stays, the counting goes on: an index must not be used twice. */
  update(keys: SrtpKeys | undefined): void {
    const before = this.keys;
    this.keys = keys;
    const isSameSuite = before?.suite === keys?.suite;
    if (keys === undefined || !isSameSuite || !isSameKey(keys.sendKey, before?.sendKey))
      this.sending = this.contextOf(keys, keys?.sendKey);
    if (keys === undefined || !isSameSuite || !isSameKey(keys.receiveKey, before?.receiveKey))
      this.receiving = this.contextOf(keys, keys?.receiveKey);
  }

  readonly sendRtp = (localPort: number, to: Address, bytes: Uint8Array, at: number, length: number): void => {
    if (this.sending === undefined) this.parts.sendRtp(localPort, to, bytes, at, length);
    else this.send(localPort, to, this.sending.sealRtp(bytes.subarray(at, at + length)));
  };

  sendRtcp(localPort: number, to: Address, bytes: Uint8Array, length: number): void {
    if (this.sending === undefined) this.parts.sendRtp(localPort, to, bytes, 0, length);
    else this.send(localPort, to, this.sending.sealRtcp(bytes.subarray(0, length)));
  }

  /** The packet in the clear; undefined if it is none of the far end's. */
  openRtp(wire: Uint8Array): Uint8Array | undefined {
    return this.receiving === undefined ? wire : this.taken(this.receiving.openRtp(wire));
  }

  openRtcp(wire: Uint8Array): Uint8Array | undefined {
    return this.receiving === undefined ? wire : this.taken(this.receiving.openRtcp(wire));
  }

  private send(localPort: number, to: Address, sealed: Uint8Array | SrtpFailure): void {
    const bytes = this.taken(sealed);
    if (bytes !== undefined) this.parts.sendRtp(localPort, to, bytes, 0, bytes.length);
  }

  private taken(result: Uint8Array | SrtpFailure): Uint8Array | undefined {
    if (typeof result !== 'string') return result;
    this.parts.counters.increment(`media.srtp-${result}`);
    return undefined;
  }

  private contextOf(keys: SrtpKeys | undefined, key: Uint8Array | undefined): SrtpContext | undefined {
    if (keys === undefined || key === undefined) return undefined;
    const { crypto } = this.parts;
    if (crypto === undefined) throw new Error('a stream has keys for SRTP, and the media plane no cryptography');
    return new SrtpContext(crypto, keys.suite, key);
  }
}

function isSameKey(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.every((byte, i) => byte === b[i]);
}
