import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { type Cause, causeOfQ850, causeText, q850Of } from '../base/causes.ts';
import { earliest } from '../base/machine.ts';
import type { MediaEvent } from '../base/media-port.ts';
import type { Call, CallEvent, CallState } from './call.ts';
import { CallDigits } from './call-digits.ts';
import type { CallIdentity } from './call-life.ts';
import { meaningOfControl } from './control.ts';
import type { Surroundings } from './dialog.ts';
import type { InformationElements } from './information-element.ts';
import { LEGAL_MESSAGES } from './legal-messages.ts';
import { type FormatMask, includesFormat, isAudio } from './media-format.ts';
import type { Message, MessageName } from './message.ts';
import { type FarReport, readQualityReport } from './quality-report.ts';
import type { Reliable } from './reliable.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';
import { TransferableCall } from './transferable-call.ts';

/** Mean nothing once the call was answered. */
const EARLY: ReadonlySet<CallEvent['type']> = new Set(['proceeding', 'ringing', 'progress']);
/**
 * A call leg whichever side began it: what its owner has it say, and what its far end says. How it comes to ACCEPT is in
 * `OutgoingCallLeg` and `IncomingCallLeg`, how it lives and ends in `CallLife`. [RFC5456 §6.3] [RFC5456 §6.4]
 */
export abstract class CallLeg extends TransferableCall implements Call {
  abstract override readonly direction: Call['direction'];
  /** What the far end may send us. */
  protected capability: FormatMask = 0n;
  private readonly digits: CallDigits;
  private readonly admit: CallIdentity['admit'];
  /** What the far end has said last of our voice. */
  private told: FarReport | undefined;

  constructor(around: Surroundings, reliable: Reliable, identity: CallIdentity, state: CallState, nowMs: number) {
    super(around, reliable, identity, state, nowMs);
    this.admit = identity.admit;
    this.digits = new CallDigits({
      clock: () => reliable.clock,
      send: (frameType, subclass, timestamp, atMs) => this.sendFrame(frameType, subclass, timestamp, undefined, atMs),
    });
  }

  protected tell(event: CallEvent): void {
    if (this.isShown) this.around.emit({ type: 'call', call: this, event });
  }

  // Commands.

  abstract accept(nowMs: number): void;

  /** Whether control frames may be sent: accepts an offered call first. */
  protected abstract agree(nowMs: number): boolean;

  /** Only a call that we placed can be to a number that is yet to be told. */
  dial(_number: string, _nowMs: number): void {}

  reject(cause: Cause, nowMs: number): void {
    this.hangup(cause, nowMs);
  }

  proceeding(nowMs: number): void {
    this.sendProgress(CONTROL_SUBCLASS.PROCEEDING, nowMs);
  }

  ringing(nowMs: number): void {
    this.sendProgress(CONTROL_SUBCLASS.RINGING, nowMs);
  }

  progress(nowMs: number): void {
    this.sendProgress(CONTROL_SUBCLASS.PROGRESS, nowMs);
  }

  busy(nowMs: number): void {
    this.sendProgress(CONTROL_SUBCLASS.BUSY, nowMs);
  }

  congestion(nowMs: number): void {
    this.sendProgress(CONTROL_SUBCLASS.CONGESTION, nowMs);
  }

  answer(nowMs: number): void {
    if (this.direction === 'outgoing' || this.state === 'up' || !this.agree(nowMs)) return;
    this.enter('up');
    this.control(CONTROL_SUBCLASS.ANSWER, undefined, nowMs);
    this.around.changed(this, nowMs);
  }

  hangup(cause: Cause, nowMs: number, text = causeText(cause)): void {
    if (this.state === 'ending' || this.state === 'gone') return;
    const final = this.direction === 'incoming' && !this.isAccepted ? IAX_SUBCLASS.REJECT : IAX_SUBCLASS.HANGUP;
    this.leave(final, cause, text, 'local', nowMs);
    this.around.changed(this, nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (!this.isAccepted) return;
    if (!this.digits.play(digit, durationMs, nowMs)) this.count('iax2.too-many-digits');
    this.around.changed(this, nowMs);
  }

  beginDigit(digit: string, nowMs: number): void {
    if (!this.isAccepted) return;
    this.digits.begin(digit, nowMs);
    this.around.changed(this, nowMs);
  }

  endDigit(digit: string, nowMs: number): void {
    if (!this.isAccepted) return;
    this.digits.end(digit, nowMs);
    this.around.changed(this, nowMs);
  }

  hold(nowMs: number, musicClass = ''): void {
    this.sendControl(CONTROL_SUBCLASS.HOLD, utf8Encode(musicClass), nowMs);
  }

  unhold(nowMs: number): void {
    this.sendControl(CONTROL_SUBCLASS.UNHOLD, new Uint8Array(0), nowMs);
  }

  flash(nowMs: number): void {
    this.sendControl(CONTROL_SUBCLASS.FLASH, new Uint8Array(0), nowMs);
  }

  sendText(text: string, nowMs: number): void {
    this.sendInStream(FRAME_TYPE.TEXT, 0, utf8Encode(text), nowMs);
  }

  sendControl(subclass: number, payload: Uint8Array, nowMs: number): void {
    this.sendInStream(FRAME_TYPE.CONTROL, subclass, payload, nowMs);
  }

  sendHtml(subclass: number, payload: Uint8Array, nowMs: number): void {
    this.sendInStream(FRAME_TYPE.HTML, subclass, payload, nowMs);
  }

  sendImage(format: number, payload: Uint8Array, nowMs: number): void {
    this.sendInStream(FRAME_TYPE.IMAGE, format, payload, nowMs);
  }

  sendComfortNoise(level: number, nowMs: number): void {
    this.sendInStream(FRAME_TYPE.CNG, level, new Uint8Array(0), nowMs);
  }

  quelch(on: boolean, nowMs: number): void {
    if (!this.isAccepted) return;
    this.sendIax(on ? IAX_SUBCLASS.QUELCH : IAX_SUBCLASS.UNQUELCH, {}, nowMs);
    this.around.changed(this, nowMs);
  }

  transferTo(number: string, context: string | undefined, nowMs: number): void {
    if (!this.isAccepted) return;
    const elements = { calledNumber: number, ...(context === undefined ? {} : { calledContext: context }) };
    this.sendIax(IAX_SUBCLASS.TRANSFER, elements, nowMs);
    this.around.changed(this, nowMs);
  }

  get farReport(): FarReport | undefined {
    return this.told;
  }

  /** A block of voice that the media plane wants as a full frame; it has given it its timestamp. [RFC5456 §8.1.2] */
  sendVoice(timestamp: number, format: number, payload: Uint8Array, nowMs: number): void {
    if (!this.isAccepted) return;
    this.sendFrame(FRAME_TYPE.VOICE, format, timestamp, payload, nowMs);
    this.around.changed(this, nowMs);
  }

  /** The same of a packet of a picture; the mini frames that need it go behind it. [RFC5456 §8.1.3.1] */
  sendVideo(event: Extract<MediaEvent, { type: 'video-full-due' }>, nowMs: number): void {
    if (!this.isAccepted) return;
    const { timestamp, format, marker, payload, minis } = event;
    this.sendFrame(FRAME_TYPE.VIDEO, format, timestamp, payload, nowMs, undefined, marker);
    for (const mini of minis) this.around.transmit(this.reliable.remote, this.sealMini(mini));
    this.around.changed(this, nowMs);
  }

  /** A mini frame came before any full voice frame: ask for what was lost. [RFC5456 §6.9.3] */
  requestVoiceFormat(nowMs: number): void {
    if (this.isAccepted) this.reliable.sendVnak(nowMs);
  }

  // From below.

  protected legalMessages(): ReadonlySet<MessageName> {
    return LEGAL_MESSAGES[this.state];
  }

  protected override handleTaken({ name, frame }: Message): void {
    const clockless =
      name === 'ACK' || name === 'PONG' || name === 'LAGRP' || name === 'VOICE' || name === 'VIDEO' || name === 'VNAK';
    if (!clockless) this.voice.noteReceived(frame.timestamp);
  }

  protected handleMessage(message: Message, nowMs: number): void {
    const { name, frame, ies } = message;
    switch (name) {
      case 'HANGUP':
      case 'REJECT':
        this.handleHangup(ies, nowMs);
        break;
      case 'CONTROL':
        this.handleControl(frame.subclass, frame.body, nowMs);
        break;
      case 'VOICE':
        this.handleVoice(frame.subclass);
        break;
      case 'DTMF_BEGIN':
        this.tellAll(this.digits.handleBegin(frame.subclass, frame.timestamp, nowMs));
        break;
      case 'DTMF':
        this.tellAll(this.digits.handleEnd(frame.subclass, frame.timestamp, nowMs));
        break;
      case 'TEXT':
        this.tell({ type: 'text', text: utf8Decode(frame.body).replace(/\0+$/, '') });
        break;
      case 'HTML':
        this.tell({ type: 'html', subclass: frame.subclass, payload: frame.body.slice() });
        break;
      case 'IMAGE':
        this.tell({ type: 'image', format: frame.subclass, payload: frame.body.slice() });
        break;
      case 'CNG':
        this.tell({ type: 'comfort-noise', level: frame.subclass });
        break;
      case 'QUELCH':
        this.voice.hush('quelched', true);
        this.tell(ies.musicOnHold === undefined ? { type: 'quelch' } : { type: 'hold', musicClass: ies.musicOnHold });
        break;
      case 'UNQUELCH':
        this.voice.hush('quelched', false);
        this.tell({ type: 'unquelch' });
        break;
      case 'TXREQ':
      case 'TXREADY':
      case 'TXREJ':
      case 'TXREL':
      case 'TXMEDIA':
        this.handleNativeTransfer(name, ies, nowMs);
        break;
      case 'TRANSFER':
        this.handleTransfer(ies);
        break;
      case 'RTKEY':
        if (!this.seal.handleRotation(ies.challenge, nowMs)) this.count('iax2.bad-key');
        break;
      case 'PONG':
        this.told = readQualityReport(ies, this.reliable.roundTripMs) ?? this.told;
        break;
      case 'LAGRP':
      case 'UNSUPPORT':
      case 'VIDEO':
        break;
      default:
        this.count('iax2.unused-message');
    }
  }

  /** Our own HANGUP may be on its way at the same time: then both are acknowledged and both ends are done. */
  private handleHangup(ies: InformationElements, nowMs: number): void {
    // Asterisk says 0 where nobody gave it a cause, as when a dialplan or its console ends a conversation.
    const { causeCode = q850Of('normal-clearing') } = ies;
    const cause = causeCode === 0 && this.state === 'up' ? 'normal-clearing' : causeOfQ850(causeCode);
    const reason = ies.cause === undefined || ies.cause === '' ? causeText(cause) : ies.cause;
    this.fail(cause, reason, 'far-end', nowMs);
  }

  override handleTimeout(nowMs: number): void {
    super.handleTimeout(nowMs);
    if (!this.isAccepted) return;
    this.digits.run(nowMs);
  }

  override nextDeadline(): number | undefined {
    const next = super.nextDeadline();
    if (!this.isAccepted) return next;
    return earliest(next, this.digits.nextDeadline());
  }

  private tellAll(events: readonly CallEvent[]): void {
    for (const event of events) this.tell(event);
  }

  private sendProgress(subclass: number, nowMs: number): void {
    if (this.direction === 'outgoing' || this.state === 'up' || !this.agree(nowMs)) return;
    this.control(subclass, undefined, nowMs);
    this.around.changed(this, nowMs);
  }

  private control(subclass: number, payload: Uint8Array | undefined, nowMs: number): void {
    const timestamp = this.reliable.clock.stampInStream(nowMs);
    this.sendFrame(FRAME_TYPE.CONTROL, subclass, timestamp, payload, nowMs);
  }

  private sendInStream(frameType: number, subclass: number, payload: Uint8Array, nowMs: number): void {
    if (!this.isAccepted) return;
    const timestamp = this.reliable.clock.stampInStream(nowMs);
    this.sendFrame(frameType, subclass, timestamp, payload, nowMs);
    this.around.changed(this, nowMs);
  }

  /** It may send its party where it could call itself. [RFC5456 §6.4.6] */
  private handleTransfer({ calledNumber, calledContext }: InformationElements): void {
    const context = this.admit(calledContext);
    if (context === undefined) this.count('iax2.transfer-refused');
    else this.tell({ type: 'transfer', number: calledNumber ?? 's', context });
  }

  private handleVoice(format: number): void {
    if (!isAudio(format) || !includesFormat(this.capability, format)) {
      this.count('iax2.unexpected-format');
      return;
    }
    this.format = format;
    this.voice.change(format);
  }

  private handleControl(subclass: number, payload: Uint8Array, nowMs: number): void {
    const meaning = meaningOfControl(subclass, payload, this.direction === 'outgoing');
    if (meaning === 'nothing') this.count('iax2.unused-control');
    else if (meaning === 'hangup')
      this.leave(IAX_SUBCLASS.HANGUP, 'normal-clearing', causeText('normal-clearing'), 'far-end', nowMs);
    else if (meaning === 'answer') this.handleAnswer();
    else if (this.state !== 'up' || !EARLY.has(meaning.type)) this.tell(meaning);
  }

  private handleAnswer(): void {
    if (this.state === 'up') return;
    this.enter('up');
    this.tell({ type: 'answered' });
  }
}
