import type { Address } from '../base/machine.ts';

interface OfCall {
  readonly spec: { readonly remote: Address; readonly remoteCall: number };
}

/** Streams of IAX2 calls by who sends to them: by IP address, then by port and call number in one integer, so that a look-up builds no key. */
export class CallIndex<Stream extends OfCall> {
  private readonly byCall = new Map<string, Map<number, Stream>>();

  get(remote: Address, remoteCall: number): Stream | undefined {
    return this.byCall.get(remote.ip)?.get(callKey(remote, remoteCall));
  }

  add(stream: Stream): void {
    const { remote, remoteCall } = stream.spec;
    let calls = this.byCall.get(remote.ip);
    if (calls === undefined) this.byCall.set(remote.ip, (calls = new Map()));
    calls.set(callKey(remote, remoteCall), stream);
  }

  /** Another one that has taken its place stays. */
  remove(stream: Stream): void {
    const { remote, remoteCall } = stream.spec;
    const calls = this.byCall.get(remote.ip);
    const key = callKey(remote, remoteCall);
    if (calls?.get(key) !== stream) return;
    calls.delete(key);
    if (calls.size === 0) this.byCall.delete(remote.ip);
  }
}

/** 16 bits of port and 15 of call number: a small integer. */
function callKey(remote: Address, call: number): number {
  return remote.port * 0x8000 + call;
}
