import { distance8, next8 } from '../src/base/sequence.ts';
import { LINK } from './messages.ts';

interface Entry {
  readonly code: number;
  readonly payload: Uint8Array;
}

/**
 * Commands that arrive once and in order: numbered modulo 256, acked cumulatively, all of them repeated while the ack is
 * missing (go-back-n).
 */
export class ReliableSender {
  private readonly entries: Entry[] = [];
  private inFlight = 0;
  private base = 0;
  private repeatAtMs: number | undefined;
  private waitMs: number = LINK.REPEAT_MS;
  private repeats = 0;
  private repeatedFrames = 0;

  /** `send` puts one frame on the wire. */
  constructor(private readonly send: (code: number, sequence: number, payload: Uint8Array) => void) {}

  /** Frames that were sent more than once, since the start. */
  get repeated(): number {
    return this.repeatedFrames;
  }

  /** Commands that are not acked. */
  get pending(): number {
    return this.entries.length;
  }

  get deadline(): number | undefined {
    return this.repeatAtMs;
  }

  /** Forgets everything and begins to count at 0. */
  reset(): void {
    this.entries.length = 0;
    this.inFlight = 0;
    this.base = 0;
    this.settle();
  }

  push(code: number, payload: Uint8Array, nowMs: number): void {
    this.entries.push({ code, payload });
    this.flush(nowMs);
  }

  /** The HAT expects `next`: everything before it has arrived. */
  handleAck(next: number, nowMs: number): void {
    const arrived = distance8(next, this.base);
    if (arrived === 0 || arrived > this.inFlight) return;
    this.entries.splice(0, arrived);
    this.inFlight -= arrived;
    this.base = next;
    this.settle();
    if (this.inFlight > 0) this.repeatAtMs = nowMs + this.waitMs;
    this.flush(nowMs);
  }

  /** False when the HAT has not acked for too long. */
  handleTimeout(nowMs: number): boolean {
    if (this.repeatAtMs === undefined || nowMs < this.repeatAtMs) return true;
    if (this.repeats++ === LINK.REPEATS) return false;
    this.waitMs = Math.min(this.waitMs * 2, LINK.REPEAT_MAX_MS);
    this.repeatAtMs = nowMs + this.waitMs;
    this.repeatedFrames += this.inFlight;
    for (let i = 0; i < this.inFlight; i++) this.sendEntry(i);
    return true;
  }

  private flush(nowMs: number): void {
    while (this.inFlight < Math.min(this.entries.length, LINK.WINDOW)) {
      if (this.inFlight === 0) this.repeatAtMs = nowMs + this.waitMs;
      this.sendEntry(this.inFlight++);
    }
  }

  private sendEntry(index: number): void {
    const { code, payload } = this.entries[index]!;
    this.send(code, distance8(this.base + index, 0), payload);
  }

  private settle(): void {
    this.repeatAtMs = undefined;
    this.waitMs = LINK.REPEAT_MS;
    this.repeats = 0;
  }
}

/** The other end: which frame is the next one. */
export class ReliableReceiver {
  private next = 0;

  get expected(): number {
    return this.next;
  }

  reset(): void {
    this.next = 0;
  }

  /** Whether this frame is new and in order. */
  accept(sequence: number): boolean {
    if (sequence !== this.next) return false;
    this.next = next8(this.next);
    return true;
  }
}
