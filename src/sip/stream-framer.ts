import { utf8Decode } from '../base/bytes.ts';
import { parseDecimal } from './grammar.ts';
import { canonicalName } from './header-field.ts';
import type { MalformedReason } from './malformed.ts';
import { findHead, MAX_MESSAGE_BYTES } from './parse.ts';

export type Framed =
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  /** Two empty lines: to be answered with one. [RFC5626 §3.5.1] */
  | { readonly type: 'ping' }
  /** One empty line: the answer to our ping. */
  | { readonly type: 'pong' }
  /** Nobody can say where the next message begins: the connection is to be closed. `bytes` may still be refused. */
  | { readonly type: 'broken'; readonly reason: MalformedReason; readonly bytes: Uint8Array };

const CR = 0x0d;
const LF = 0x0a;

/**
 * Cuts the bytes of a connection into messages by Content-Length. What it keeps is bounded, and bytes that trickle in
 * one by one cost no more than bytes that come at once. [RFC3261 §18.3]
 */
export class StreamFramer {
  private buffer = new Uint8Array(0);
  /** What is held lies between these two. */
  private start = 0;
  private length = 0;
  /** How far the search for the end of the header fields has come. */
  private searched = 0;
  /** Where the message ends that waits for the rest of its body. */
  private end: number | undefined;
  private isBroken = false;

  constructor(private readonly maxBytes = MAX_MESSAGE_BYTES) {}

  /** Takes a chunk and gives what it completes. After `broken` it gives nothing more. */
  handleBytes(chunk: Uint8Array): Framed[] {
    if (this.isBroken) return [];
    this.append(chunk);
    const framed: Framed[] = [];
    for (let next = this.next(); next !== undefined; next = this.next()) {
      framed.push(next);
      if (next.type !== 'broken') continue;
      this.isBroken = true;
      this.buffer = new Uint8Array(0);
      this.start = this.length = 0;
      break;
    }
    return framed;
  }

  /** Bytes that wait for the rest of their message. */
  get pendingBytes(): number {
    return this.length - this.start;
  }

  private get held(): Uint8Array {
    return this.buffer.subarray(this.start, this.length);
  }

  private append(chunk: Uint8Array): void {
    if (this.length + chunk.length > this.buffer.length) {
      const { held } = this;
      const larger = new Uint8Array(Math.max(1024, 2 * (held.length + chunk.length)));
      larger.set(held);
      this.buffer = larger;
      this.start = 0;
      this.length = held.length;
    }
    this.buffer.set(chunk, this.length);
    this.length += chunk.length;
  }

  private next(): Framed | undefined {
    if (this.end === undefined) {
      const blank = this.nextBlank();
      if (blank !== undefined) return blank;
      // A lone carriage return: the rest of a ping may be under way.
      const { held } = this;
      if (held.length === 0 || held[0] === CR) return undefined;
      const head = findHead(held, this.searched);
      if (!head.isClosed) {
        this.searched = Math.max(0, held.length - 3);
        return held.length > this.maxBytes ? this.broken('too-large') : undefined;
      }
      const bodyLength = contentLength(utf8Decode(held.subarray(0, head.end)));
      if (bodyLength === undefined) return this.broken('no-content-length');
      this.end = head.bodyStart + bodyLength;
    }
    if (this.end > this.maxBytes) return this.broken('too-large');
    return this.end > this.pendingBytes ? undefined : { type: 'message', bytes: this.take(this.end) };
  }

  private nextBlank(): Framed | undefined {
    // A carriage return without its line feed is nothing; what follows may be a message.
    while (this.buffer[this.start] === CR && this.pendingBytes > 1 && this.buffer[this.start + 1] !== LF) this.take(1);
    const [first, second, third, fourth] = this.held;
    if (first === LF) {
      this.take(1);
      return { type: 'pong' };
    }
    if (first !== CR || second === undefined) return undefined;
    if (third === CR && fourth === undefined) return undefined;
    const isDouble = third === CR && fourth === LF;
    this.take(isDouble ? 4 : 2);
    return { type: isDouble ? 'ping' : 'pong' };
  }

  private take(length: number): Uint8Array {
    const bytes = this.buffer.slice(this.start, this.start + length);
    this.start += length;
    this.searched = 0;
    this.end = undefined;
    return bytes;
  }

  private broken(reason: MalformedReason): Framed {
    return { type: 'broken', reason, bytes: this.held.slice() };
  }
}

function contentLength(head: string): number | undefined {
  for (const line of head.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && canonicalName(line.slice(0, colon).trim()) === 'Content-Length')
      return parseDecimal(line.slice(colon + 1), MAX_MESSAGE_BYTES * 2);
  }
  return undefined;
}
