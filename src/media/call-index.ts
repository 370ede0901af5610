import type { Address } from '../base/machine.ts';

interface OfCall {
  readonly spec: { readonly remote: Address; readonly remoteCall: number };
}

/** Places at the beginning, a power of two; never more than half of them are taken. */
const FIRST_PLACES = 64;
/** 2³² divided by the golden ratio: neighbouring keys come to lie far from each other. */
const SPREAD = 0x9e3779b1;

/**
 * Streams of IAX2 calls by who sends to them. One look-up per packet: an open-addressing table whose keys, port and call
 * number in one integer, lie side by side in memory.
 */
export class CallIndex<Stream extends OfCall> {
  private keys = new Int32Array(FIRST_PLACES);
  private streams: (Stream | undefined)[] = empty(FIRST_PLACES);
  /** IP addresses of the streams, beside them for the same reason. */
  private ips = new Array<string>(FIRST_PLACES).fill('');
  private count = 0;

  get(remote: Address, remoteCall: number): Stream | undefined {
    return this.streams[this.placeOf(remote, remoteCall)];
  }

  /** One of the same call gives its place to it. */
  add(stream: Stream): void {
    if (2 * (this.count + 1) > this.keys.length) this.layOut(2 * this.keys.length);
    const { remote, remoteCall } = stream.spec;
    const place = this.placeOf(remote, remoteCall);
    if (this.streams[place] === undefined) this.count++;
    this.keys[place] = callKey(remote, remoteCall);
    this.ips[place] = remote.ip;
    this.streams[place] = stream;
  }

  /** Another one that has taken its place stays. */
  remove(stream: Stream): void {
    const { remote, remoteCall } = stream.spec;
    const place = this.placeOf(remote, remoteCall);
    if (this.streams[place] !== stream) return;
    this.streams[place] = undefined;
    // What lay behind it may have been pushed away by it.
    this.layOut(this.keys.length);
  }

  /** Where a call's stream is, or the empty place where it would be. */
  private placeOf(remote: Address, remoteCall: number): number {
    const { keys, streams, ips } = this;
    const last = keys.length - 1;
    const key = callKey(remote, remoteCall);
    let place = (Math.imul(key, SPREAD) >>> 8) & last;
    for (;;) {
      if (streams[place] === undefined || (keys[place] === key && ips[place] === remote.ip)) return place;
      place = (place + 1) & last;
    }
  }

  private layOut(places: number): void {
    const former = this.streams;
    this.keys = new Int32Array(places);
    this.streams = empty(places);
    this.ips = new Array<string>(places).fill('');
    this.count = 0;
    for (const stream of former) if (stream !== undefined) this.add(stream);
  }
}

function empty<Stream>(places: number): (Stream | undefined)[] {
  return new Array<Stream | undefined>(places).fill(undefined);
}

/** 16 bits of port and 15 of call number: a small integer. */
function callKey({ port }: Address, call: number): number {
  return port * 0x8000 + call;
}
