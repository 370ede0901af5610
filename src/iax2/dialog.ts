import type { Scheduled } from '../base/agenda.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import type { RateLimitedLog } from '../base/log.ts';
import { earliest } from '../base/machine.ts';
import type { MediaPort } from '../base/media-port.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import type { FullFrame } from './frame.ts';
import { encodeInformationElements, type InformationElements } from './information-element.ts';
import { isMalformed } from './malformed.ts';
import { type Message, type MessageName, readMessage } from './message.ts';
import type { Opening } from './opening.ts';
import type { Reliable, TransmitSink } from './reliable.ts';
import { STATELESS_CALL } from './stateless.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

/** What a dialog needs of the endpoint that it belongs to. */
export interface Surroundings {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: RateLimitedLog;
  readonly media: MediaPort;
  /** Epoch ms. */
  readonly wallClock: () => number;
  /** What local time is ahead of UTC at an epoch time, ms: DATETIME is local. */
  readonly utcOffsetMs: (epochMs: number) => number;
  readonly transmit: TransmitSink;
  readonly emit: (output: EndpointOutput) => void;
  /** A dialog got a command: its deadline may have moved, it may be gone. */
  readonly changed: (dialog: Dialog, nowMs: number) => void;
}

/** An opening with all its retransmissions and tokens is over by then. */
const OPENING_MS = 15_000;

/** What we know and do not do: answered like what we do not know. */
const NOT_SUPPORTED: ReadonlySet<MessageName> = new Set([
  'UNKNOWN_IAX',
  'MWI',
  'PAGE',
  'PROVISION',
  'FWDOWNL',
  'FWDATA',
]);

/**
 * One dialog, that is everything between two call numbers: a call, a registration, a lookup. Here is what they share:
 * the reliable layer is asked first, PING and LAGRQ are answered, what is out of place is passed over. [RFC5456 §6]
 */
export abstract class Dialog<Timer extends string = string> implements Scheduled {
  /** Nothing more will happen; the call number can be given back. */
  isGone = false;
  protected readonly timers = new Timers<Timer>();
  /** When the far end was last heard in this dialog. */
  protected heardMs: number;
  /** How it began, if we began it. */
  protected opening: Opening | undefined;
  /** Timestamp of the first frame taken in. */
  private openedWith: number | undefined;

  constructor(
    protected readonly around: Surroundings,
    readonly reliable: Reliable,
    protected readonly startedMs: number,
  ) {
    this.heardMs = startedMs;
  }

  /** The messages that mean something at this moment. */
  protected abstract legalMessages(): ReadonlySet<MessageName>;
  protected abstract handleMessage(message: Message, nowMs: number): void;
  /** The far end did not acknowledge a frame after all its transmissions. */
  protected abstract handleSilence(nowMs: number): void;
  /** The far end knows no such dialog. */
  protected abstract handleInvalid(nowMs: number): void;
  protected abstract handleTimer(timer: Timer, nowMs: number): void;
  /** Our opening was refused by a far end that kept no state of it. */
  protected handleRefusal(_ies: InformationElements, _nowMs: number): void {}
  /** Some of what we sent was acknowledged. */
  protected handleAcknowledged(): void {}
  /** Everything we sent was acknowledged. */
  protected handleSettled(_nowMs: number): void {}
  /** A new frame of the far end was taken in. */
  protected handleTaken(_message: Message, _nowMs: number): void {}
  /** What a PONG says about the quality that we receive. [RFC5456 §6.7.3] */
  protected report(): InformationElements {
    return {};
  }

  /** The far end has begun anew under the same call number: it has forgotten this dialog. */
  supersede(nowMs: number): void {
    if (!this.isGone) this.handleInvalid(nowMs);
  }

  /** Whether an opening frame is another one than that which began this dialog, and too late to belong to it. */
  isOtherOpening(frame: FullFrame, nowMs: number): boolean {
    return frame.timestamp !== this.openedWith && nowMs - this.startedMs > OPENING_MS;
  }

  handleFrame(frame: FullFrame, nowMs: number): void {
    if (this.isGone) return;
    const message = readMessage(frame);
    if (isMalformed(message)) {
      this.count(`iax2.${message.reason}`);
      return;
    }
    if (frame.sourceCall === STATELESS_CALL) {
      this.handleStateless(message, nowMs);
      return;
    }
    if (!this.isFromFarEnd(frame, message.name)) {
      this.count('iax2.wrong-call-number');
      return;
    }
    if (this.reliable.remoteCall === 0 && message.name !== 'INVAL') {
      this.reliable.remoteCall = frame.sourceCall;
      this.opening?.close();
    }
    this.heardMs = nowMs;
    this.openedWith ??= frame.timestamp;
    const { isSettled: wasSettled, acknowledged } = this.reliable;
    const verdict = this.reliable.receive(frame, nowMs);
    if (verdict === 'duplicate') this.count('iax2.duplicate');
    else if (verdict === 'gap') this.count('iax2.out-of-order');
    else this.dispatch(message, nowMs);
    if (this.reliable.acknowledged > acknowledged && !this.isGone) this.handleAcknowledged();
    if (!wasSettled && this.reliable.isSettled && !this.isGone) this.handleSettled(nowMs);
    if (verdict !== 'next') return;
    const held = this.reliable.takeHeld();
    if (held !== undefined) this.handleFrame(held, nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.isGone) return;
    if (!this.reliable.handleTimeout(nowMs)) this.handleSilence(nowMs);
    for (const timer of this.timers.due(nowMs)) if (!this.isGone) this.handleTimer(timer, nowMs);
  }

  nextDeadline(): number | undefined {
    return this.isGone ? undefined : earliest(this.reliable.nextDeadline(), this.timers.next());
  }

  /** Sends an IAX frame reliably; gives its timestamp. */
  protected sendIax(
    subclass: number,
    elements: InformationElements,
    nowMs: number,
    schedule?: readonly number[],
  ): number {
    const timestamp = this.reliable.clock.stampGenuine(nowMs);
    this.sendFrame(FRAME_TYPE.IAX, subclass, timestamp, encodeInformationElements(elements), nowMs, schedule);
    return timestamp;
  }

  /** Everything that goes out reliably passes here. */
  protected sendFrame(
    frameType: number,
    subclass: number,
    timestamp: number,
    body: Uint8Array | undefined,
    nowMs: number,
    schedule?: readonly number[],
    marker?: boolean,
  ): void {
    this.reliable.send(frameType, subclass, timestamp, body, nowMs, schedule, marker);
  }

  /** The dialog is over: nothing is sent again, no timer runs. */
  protected finish(): void {
    this.isGone = true;
    this.reliable.abandon();
    this.timers.clearAll();
  }

  protected count(reason: string): void {
    this.around.counters.increment(reason);
  }

  /** A reply from call 1, to an opening of ours: a token, or a refusal that is not acknowledged. */
  private handleStateless({ name, ies }: Message, nowMs: number): void {
    if (this.opening?.isOpen !== true) this.count('iax2.stateless-late');
    else if (name === 'CALLTOKEN') this.opening.handleCallToken(ies.callToken, nowMs);
    else if (name === 'REJECT' || name === 'REGREJ' || name === 'HANGUP') this.handleRefusal(ies, nowMs);
    else this.count('iax2.out-of-state');
  }

  /** Asterisk insists on the right destination only in an ACK, so we are as patient with the rest. */
  private isFromFarEnd(frame: FullFrame, name: MessageName): boolean {
    const { localCall, remoteCall } = this.reliable;
    if (frame.destinationCall !== localCall && (frame.destinationCall !== 0 || name === 'ACK')) return false;
    return remoteCall === 0 || frame.sourceCall === remoteCall || (name === 'INVAL' && frame.sourceCall === 0);
  }

  private dispatch(message: Message, nowMs: number): void {
    const { name, frame } = message;
    this.handleTaken(message, nowMs);
    switch (name) {
      case 'ACK':
      case 'VNAK':
        break;
      case 'INVAL':
        this.handleInvalid(nowMs);
        break;
      case 'PING':
        this.echo(IAX_SUBCLASS.PONG, frame.timestamp, this.report(), nowMs);
        break;
      case 'LAGRQ':
        this.echo(IAX_SUBCLASS.LAGRP, frame.timestamp, {}, nowMs);
        break;
      default:
        if (NOT_SUPPORTED.has(name)) {
          this.count('iax2.unsupported');
          this.sendIax(IAX_SUBCLASS.UNSUPPORT, { iaxUnknown: frame.subclass }, nowMs);
        } else if (this.legalMessages().has(name)) this.handleMessage(message, nowMs);
        else this.count('iax2.out-of-state');
    }
    // A dialog that just ended still acknowledges what ended it. [RFC5456 §6.2.5]
    this.reliable.acknowledge();
  }

  /** An answer with the timestamp of the question, by which the far end knows the delay. [RFC5456 §6.7] */
  private echo(subclass: number, timestamp: number, elements: InformationElements, nowMs: number): void {
    this.reliable.send(FRAME_TYPE.IAX, subclass, timestamp, encodeInformationElements(elements), nowMs);
  }
}
