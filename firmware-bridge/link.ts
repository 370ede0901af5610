import type { Counters } from '../src/base/counters.ts';
import { type Log, RateLimitedLog } from '../src/base/log.ts';
import { earliest, type Machine } from '../src/base/machine.ts';
import { Queue } from '../src/base/queue.ts';
import type { Random } from '../src/base/random.ts';
import { Timers } from '../src/base/timers.ts';
import { encodeFrame, type Frame, FrameDecoder } from './frame.ts';
import { decodeMessage, encodeMessage, LINK, MESSAGES, type Message, type MessageOf } from './messages.ts';
import { ReliableReceiver, ReliableSender } from './reliable.ts';

export interface LinkOptions {
  /** Puts bytes on the wire, which belong to the receiver; not called while the port is closed. */
  readonly transmit: (bytes: Uint8Array) => void;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
}

/** Why there is no HAT: words for status and log. */
export type DownReason =
  | 'port-closed'
  | 'silent'
  | 'no-ack'
  /** The HAT has started afresh, or had given us up. */
  | 'reset'
  | 'unknown-version'
  /** Bytes come and no frame among them: most likely another baud rate. */
  | 'noise-only'
  | 'no-answer'
  /** Its reset line did not help, five times in ten minutes. */
  | 'hung';

export type LinkOutput =
  /** A HAT answers, for the first time or again: it knows nothing of what it was told before. */
  | { readonly type: 'up'; readonly hello: MessageOf<'HELLO'> }
  /** Said once for each reason until the link is up. */
  | { readonly type: 'down'; readonly reason: DownReason }
  | { readonly type: 'message'; readonly message: Message }
  /** The HAT does not answer though its port is open: its reset line may help. */
  | { readonly type: 'reset-wanted' };

type TimerName = 'ask' | 'ping' | 'silence' | 'judge' | 'reset';

const ASK_MS = 250;
/** A HAT of another version is not asked as often: it needs somebody's hands. */
const ASK_SLOWLY_MS = 5000;
/** The wire is judged after this long without a HELLO, and the reset line wanted after longer, ever more rarely. */
const JUDGE_MS = 1000;
const RESET_MS = 3000;
const MAX_RESETS = 5;
const RESETS_WITHIN_MS = 600_000;
/** Fewer bytes may be left over from before the port was opened. */
const NOISE_BYTES = 64;

/** What the link has counted since the start, and the last round trip. */
export interface LinkStatistics {
  readonly rttMs: number | undefined;
  readonly sessions: number;
  readonly repeated: number;
  readonly pending: number;
  /** How often the reset line was wanted. */
  readonly resetsWanted: number;
}

/**
 * The host's end of the serial link, pure: sessions, versions, acks and repeats, pings, loss and reset of the HAT.
 *
 * A session is the host's name for the time it spends with a HAT that runs. The HAT starts afresh with each, so neither a
 * host nor a HAT that was reset can go on with sequence numbers that the other knows nothing of.
 */
export class Link implements Machine<LinkOutput> {
  private readonly transmit: (bytes: Uint8Array) => void;
  private readonly random: Random;
  private readonly counters: Counters;
  private readonly complaints: RateLimitedLog;
  private readonly decoder: FrameDecoder;
  private readonly sender = new ReliableSender((code, sequence, payload) => this.sendFrame(code, sequence, payload));
  private readonly receiver = new ReliableReceiver();
  private readonly timers = new Timers<TimerName>();
  private readonly outputs = new Queue<LinkOutput>();
  private state: 'closed' | 'asking' | 'up' = 'closed';
  private session = 0;
  private sessions = 0;
  private told: DownReason | undefined;
  private askEveryMs = ASK_MS;
  private readonly resets: number[] = [];
  private resetsWanted = 0;
  private noiseBytes = 0;
  private ping: { readonly token: number; readonly atMs: number } | undefined;
  private rttMs: number | undefined;

  constructor(options: LinkOptions) {
    this.transmit = options.transmit;
    this.random = options.random;
    this.counters = options.counters;
    this.complaints = new RateLimitedLog(options.log, 'hat');
    this.decoder = new FrameDecoder(options.counters);
  }

  get isUp(): boolean {
    return this.state === 'up';
  }

  get statistics(): LinkStatistics {
    const { rttMs, sessions, sender, resetsWanted } = this;
    return { rttMs, sessions, repeated: sender.repeated, pending: sender.pending, resetsWanted };
  }

  poll(): LinkOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return earliest(this.timers.next(), this.sender.deadline);
  }

  /** The port is open; whatever was said before is lost. */
  handleOpened(nowMs: number): void {
    if (this.state === 'closed') this.seek(nowMs);
  }

  /** The port is gone, or cannot be opened. */
  handleClosed(): void {
    this.state = 'closed';
    this.forget();
    this.timers.clearAll();
    this.tell('port-closed');
  }

  handleBytes(chunk: Uint8Array, nowMs: number): void {
    if (this.state === 'closed') return;
    if (this.state === 'asking') this.noiseBytes += chunk.length;
    for (const frame of this.decoder.frames(chunk)) this.handleFrame(frame, nowMs);
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) this.handleTimer(timer, nowMs);
    if (this.state === 'up' && !this.sender.handleTimeout(nowMs)) this.lose('no-ack', nowMs);
  }

  /** Sends a message; without a session it is dropped, because the next one starts afresh. */
  send(message: Message, nowMs: number): void {
    if (this.state !== 'up') return;
    const { code, payload } = encodeMessage(message);
    if (MESSAGES[message.type].reliable) this.sender.push(code, payload, nowMs);
    else this.sendFrame(code, 0, payload);
  }

  // ---- sessions

  private seek(nowMs: number): void {
    this.state = 'asking';
    this.forget();
    this.askEveryMs = ASK_MS;
    this.session = 1 + this.random.integer(0xffff_ffff);
    this.timers.clearAll();
    this.timers.set('judge', nowMs + JUDGE_MS);
    this.timers.set('reset', nowMs + RESET_MS);
    this.ask(nowMs);
  }

  private lose(reason: DownReason, nowMs: number): void {
    this.counters.increment(`hat.lost-${reason}`);
    this.seek(nowMs);
    this.tell(reason);
  }

  private forget(): void {
    this.decoder.reset();
    this.sender.reset();
    this.receiver.reset();
    this.noiseBytes = 0;
    this.ping = undefined;
    this.rttMs = undefined;
  }

  private tell(reason: DownReason): void {
    if (this.told === reason) return;
    this.told = reason;
    this.outputs.push({ type: 'down', reason });
  }

  private ask(nowMs: number): void {
    this.timers.set('ask', nowMs + this.askEveryMs);
    const { PROTOCOL } = LINK;
    const { code, payload } = encodeMessage({
      type: 'HELLO_REQ',
      protocolMin: PROTOCOL,
      protocolMax: PROTOCOL,
      session: this.session,
    });
    this.sendFrame(code, 0, payload);
  }

  private handleTimer(timer: TimerName, nowMs: number): void {
    switch (timer) {
      case 'ask':
        this.ask(nowMs);
        break;
      case 'judge':
        this.timers.set('judge', nowMs + JUDGE_MS);
        if (this.told !== 'hung') this.tell(this.noiseBytes >= NOISE_BYTES ? 'noise-only' : 'no-answer');
        break;
      case 'reset':
        this.wantReset(nowMs);
        break;
      case 'ping':
        this.sendPing(nowMs);
        break;
      case 'silence':
        this.lose('silent', nowMs);
        break;
    }
  }

  private wantReset(nowMs: number): void {
    while (this.resets.length > 0 && this.resets[0]! <= nowMs - RESETS_WITHIN_MS) this.resets.shift();
    if (this.resets.length >= MAX_RESETS) {
      this.timers.set('reset', this.resets[0]! + RESETS_WITHIN_MS);
      this.tell('hung');
      return;
    }
    this.resets.push(nowMs);
    this.resetsWanted++;
    this.timers.set('reset', nowMs + RESET_MS * 2 ** this.resets.length);
    this.outputs.push({ type: 'reset-wanted' });
  }

  private sendPing(nowMs: number): void {
    this.timers.set('ping', nowMs + LINK.PING_MS);
    const token = this.random.integer(0x1_0000);
    this.ping = { token, atMs: nowMs };
    this.send({ type: 'PING', token }, nowMs);
  }

  // ---- what comes in

  private handleFrame(frame: Frame, nowMs: number): void {
    const message = decodeMessage(frame.code, frame.payload);
    if ('malformed' in message) this.complain(message.malformed, frame.code, nowMs);
    else if (MESSAGES[message.type].direction === 'down') this.complain('wrong-direction', frame.code, nowMs);
    else if (message.type === 'HELLO') this.handleHello(message, nowMs);
    // What comes without a session was under way when the one before ended.
    else if (this.state === 'up') this.handleMessage(message, frame.sequence, nowMs);
  }

  private handleMessage(message: Message, sequence: number, nowMs: number): void {
    this.timers.set('silence', nowMs + LINK.HAT_SILENT_MS);
    if (MESSAGES[message.type].reliable) this.handleReliable(message, sequence);
    else if (message.type === 'ACK') this.sender.handleAck(message.next, nowMs);
    else if (message.type === 'PONG') this.handlePong(message.token, nowMs);
    else this.outputs.push({ type: 'message', message });
  }

  private handleHello(hello: MessageOf<'HELLO'>, nowMs: number): void {
    if (this.state === 'up') {
      // The HAT answers every request; another session is not ours, so the HAT was reset or gave us up.
      if (hello.session !== this.session) this.lose('reset', nowMs);
      return;
    }
    this.noiseBytes = 0;
    if (hello.protocol !== LINK.PROTOCOL) {
      this.askEveryMs = ASK_SLOWLY_MS;
      this.timers.clear('judge');
      this.timers.clear('reset');
      this.timers.set('ask', nowMs + this.askEveryMs);
      this.complain('unknown-version', MESSAGES.HELLO.code, nowMs);
      this.tell('unknown-version');
      return;
    }
    if (hello.session !== this.session) return;
    this.state = 'up';
    this.sessions++;
    this.told = undefined;
    this.timers.clearAll();
    this.timers.set('silence', nowMs + LINK.HAT_SILENT_MS);
    this.outputs.push({ type: 'up', hello });
    this.sendPing(nowMs);
  }

  private handleReliable(message: Message, sequence: number): void {
    if (this.receiver.accept(sequence)) this.outputs.push({ type: 'message', message });
    else this.counters.increment('hat.repeated-event');
    const { code, payload } = encodeMessage({ type: 'ACK', next: this.receiver.expected });
    this.sendFrame(code, 0, payload);
  }

  private handlePong(token: number, nowMs: number): void {
    if (this.ping?.token !== token) return;
    this.rttMs = nowMs - this.ping.atMs;
    this.ping = undefined;
  }

  private complain(reason: string, code: number, nowMs: number): void {
    this.counters.increment(`hat.${reason}`);
    this.complaints.warn(reason, `A frame from the HAT was dropped: ${reason}.`, nowMs, { code });
  }

  private sendFrame(code: number, sequence: number, payload: Uint8Array): void {
    this.transmit(encodeFrame(code, sequence, payload));
  }
}
