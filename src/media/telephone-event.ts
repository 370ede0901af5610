/** Digits as telephone events: an event, whether it has ended, and how long it has lasted. [RFC4733 §2.3] */

export const EVENT_LENGTH = 4;
export const HOOK_FLASH = 16;

/** In the order of their numbers. [RFC4733 §3.2] */
const EVENTS = '0123456789*#ABCD';

/** Level of the digit in −dBm0. [RFC4733 §2.3.4] */
const VOLUME = 10;

/** A digit lasts no less than this, and no longer than fits into one segment. [RFC4733 §2.5.1.4, §2.3.5] */
const SHORTEST_MS = 40;
const LONGEST_MS = 8_000;

/** How often a digit that lasts is told again, and how often and how closely its end. [RFC4733 §2.5.1] */
const UPDATE_MS = 20;
const ENDS = 3;
/** Silence between two digits. */
const PAUSE_MS = 40;

/** A digit whose end was lost has ended when nothing more is heard of it. */
const LOST_END_MS = 250;

const CAPACITY = 64;

export interface EventListener {
  onBegin(digit: string): void;
  onEnd(digit: string, durationMs: number): void;
  onFlash(): void;
}

/** Number of a digit's event, `!` being a hook flash; −1 for what has none. */
export function eventOf(digit: string): number {
  return digit === '!' ? HOOK_FLASH : digit.length === 1 ? EVENTS.indexOf(digit.toUpperCase()) : -1;
}

/** Makes one digit of the packets that tell of it. */
export class EventReceiver {
  private event = -1;
  private timestamp = 0;
  /** Samples of the segments before this one, and of this one. */
  private before = 0;
  private duration = 0;
  private ended = true;
  private lastMs = 0;

  constructor(private readonly listener: EventListener) {}

  /** False if the payload is none. Events that are no digit are passed over. */
  handle(bytes: Uint8Array, at: number, length: number, timestamp: number, nowMs: number): boolean {
    if (length < EVENT_LENGTH) return false;
    const event = bytes[at]!;
    const isEnd = (bytes[at + 1]! & 0x80) !== 0;
    const duration = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (event > HOOK_FLASH) return true;
    if (this.event < 0 || timestamp !== this.timestamp) {
      // One that is older than what is known came late; all that it says is known.
      if (this.event >= 0 && ((timestamp - this.timestamp) | 0) < 0 && nowMs - this.lastMs < LOST_END_MS) return true;
      this.begin(event, timestamp);
    }
    this.lastMs = nowMs;
    this.duration = Math.max(this.duration, duration);
    if (isEnd) this.end();
    return true;
  }

  /** A digit of which nothing has come for a while is over. */
  tick(nowMs: number): void {
    if (!this.ended && nowMs - this.lastMs > LOST_END_MS) this.end();
  }

  private begin(event: number, timestamp: number): void {
    const continues = !this.ended && event === this.event && ((timestamp - this.timestamp) | 0) === 0xffff;
    this.before = continues ? this.before + 0xffff : 0;
    if (!continues) this.end();
    this.timestamp = timestamp;
    this.duration = 0;
    this.event = event;
    if (continues) return;
    this.ended = false;
    if (event === HOOK_FLASH) this.listener.onFlash();
    else this.listener.onBegin(EVENTS[event]!);
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.event !== HOOK_FLASH) this.listener.onEnd(EVENTS[this.event]!, (this.before + this.duration) / 8);
  }
}

/** Tells the packet that is due to whoever sends it: with the event's own timestamp, and marked if it is the first. */
export type EventSink = (payload: Uint8Array, timestamp: number, marker: boolean) => void;

/** Sends digits one after another, each as a begin, updates and three ends. */
export class EventSender {
  private readonly events = new Uint8Array(CAPACITY);
  private readonly durationsMs = new Uint16Array(CAPACITY);
  private first = 0;
  private waiting = 0;
  private readonly payload = new Uint8Array(EVENT_LENGTH);
  private startedMs = 0;
  private timestamp = 0;
  private durationMs = 0;
  private endsLeft = 0;
  private sounding = false;
  /** When the next packet may go. */
  private dueMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly send: EventSink) {}

  /** Queues a digit. False if it is none, or if too many wait. */
  play(digit: string, durationMs: number): boolean {
    const event = eventOf(digit);
    if (event < 0 || this.waiting === CAPACITY) return false;
    const slot = (this.first + this.waiting++) % CAPACITY;
    this.events[slot] = event;
    this.durationsMs[slot] = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, durationMs));
    return true;
  }

  /** Whether a digit sounds or waits. */
  get active(): boolean {
    return this.sounding || this.waiting > 0;
  }

  /** `timestamp` is that of `nowMs` on the stream's clock. */
  tick(timestamp: number, nowMs: number): void {
    if (!this.active || nowMs < this.dueMs) return;
    if (!this.sounding) {
      this.start(timestamp, nowMs);
      return;
    }
    const elapsedMs = nowMs - this.startedMs;
    if (elapsedMs >= this.durationMs) {
      this.tell(this.durationMs, true, false);
      // The ends follow each other at the pace of packets, so that one burst of loss does not take all of them.
      this.dueMs = nowMs + UPDATE_MS / 2;
      if (--this.endsLeft > 0) return;
      this.sounding = false;
      this.dueMs = nowMs + PAUSE_MS;
    } else {
      this.tell(elapsedMs, false, false);
      this.dueMs = nowMs + UPDATE_MS;
    }
  }

  private start(timestamp: number, nowMs: number): void {
    const slot = this.first;
    this.first = (slot + 1) % CAPACITY;
    this.waiting--;
    this.sounding = true;
    this.startedMs = nowMs - UPDATE_MS;
    this.timestamp = timestamp;
    this.durationMs = this.durationsMs[slot]!;
    this.endsLeft = ENDS;
    this.payload[0] = this.events[slot]!;
    this.tell(UPDATE_MS, false, true);
    this.dueMs = nowMs + UPDATE_MS;
  }

  private tell(elapsedMs: number, isEnd: boolean, marker: boolean): void {
    const samples = Math.round(elapsedMs) * 8;
    this.payload[1] = (isEnd ? 0x80 : 0) | VOLUME;
    this.payload[2] = samples >>> 8;
    this.payload[3] = samples;
    this.send(this.payload, this.timestamp, marker);
  }
}
