import type { StreamId } from '../base/media-port.ts';
import type { CallLeg } from './call-leg.ts';
import type { KnownPeer } from './known-peer.ts';

/** The calls of an endpoint, and how many each peer has. */
export class CallLedger {
  private readonly byStream = new Map<StreamId, CallLeg>();
  /** The peer object of a call stays the same over a change of configuration, so that counts come out even. */
  private readonly peerOf = new Map<CallLeg, KnownPeer>();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  add(call: CallLeg, peer: KnownPeer | undefined): void {
    this.byStream.set(call.stream, call);
    if (peer === undefined) return;
    this.peerOf.set(call, peer);
    peer.calls++;
  }

  remove(call: CallLeg): void {
    this.byStream.delete(call.stream);
    const peer = this.peerOf.get(call);
    this.peerOf.delete(call);
    if (peer !== undefined) peer.calls--;
  }

  ofStream(stream: StreamId): CallLeg | undefined {
    return this.byStream.get(stream);
  }

  get all(): readonly CallLeg[] {
    return [...this.byStream.values()];
  }

  get size(): number {
    return this.byStream.size;
  }
}
