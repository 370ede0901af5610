import type { Counters } from '../base/counters.ts';
import { type Address, sameAddress } from '../base/machine.ts';
import type { CallLeg } from './call-leg.ts';
import { frameKind, readDestinationCall, readSourceCall, readVideoSourceCall } from './frame-header.ts';
import { isMalformed } from './malformed.ts';
import { STATELESS_CALL } from './stateless.ts';

/**
 * The encrypted calls of an endpoint. Their datagrams are opened before the media plane and the dialogs see them, and
 * their mini frames closed after the plane has made them, so that neither knows of keys. [RFC5456 §7.4]
 */
export class SealedCalls {
  private readonly byLocalCall = new Map<number, CallLeg>();

  constructor(private readonly counters: Counters) {}

  /** A call that is, or is about to be, encrypted. */
  add(call: CallLeg): void {
    this.byLocalCall.set(call.reliable.localCall, call);
  }

  /** By our own call number. */
  has(localCall: number): boolean {
    return this.byLocalCall.has(localCall);
  }

  get isEmpty(): boolean {
    return this.byLocalCall.size === 0;
  }

  remove(call: CallLeg): void {
    this.byLocalCall.delete(call.reliable.localCall);
  }

  unseal(bytes: Uint8Array, from: Address, nowMs: number): Uint8Array | undefined {
    if (this.isEmpty) return bytes;
    const call = this.find(bytes, from);
    if (call === undefined) return bytes;
    const plain = call.unseal(bytes, nowMs);
    if (!isMalformed(plain)) return plain;
    this.counters.increment(`iax2.${plain.reason}`);
    return undefined;
  }

  sealMini(bytes: Uint8Array): Uint8Array {
    if (this.isEmpty) return bytes;
    const isVideo = frameKind(bytes) === 'video-mini';
    const localCall = isVideo ? readVideoSourceCall(bytes) : readSourceCall(bytes);
    return this.byLocalCall.get(localCall)?.sealMini(bytes) ?? bytes;
  }

  /** Call numbers stay readable. */
  private find(bytes: Uint8Array, from: Address): CallLeg | undefined {
    const kind = frameKind(bytes);
    if (kind === 'full') {
      // Whoever answers from call 1 has no key; a NEW that comes again was sent before there was one.
      if (readSourceCall(bytes) === STATELESS_CALL) return undefined;
      const call = this.byLocalCall.get(readDestinationCall(bytes));
      // The port may have changed on the way: whether it has shows in the frame, once it is in clear.
      return call?.reliable.remote.ip === from.ip ? call : undefined;
    }
    if (kind !== 'mini' && kind !== 'video-mini') return undefined;
    const remoteCall = kind === 'mini' ? readSourceCall(bytes) : readVideoSourceCall(bytes);
    for (const call of this.byLocalCall.values())
      if (call.reliable.remoteCall === remoteCall && sameAddress(call.reliable.remote, from)) return call;
    return undefined;
  }
}
