import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { type Cause, causeOfQ850, causeText, q850Of } from '../base/causes.ts';
import { type Address, earliest, formatAddress } from '../base/machine.ts';
import type { StreamId, TrunkMode } from '../base/media-port.ts';
import type { Call, CallEvent, CallState, HangupBy } from './call.ts';
import { meaningOfControl } from './control.ts';
import { Dialog, type Surroundings } from './dialog.ts';
import { DigitReceiver } from './digit-receiver.ts';
import { DigitSender } from './digit-sender.ts';
import { type FrameCipher, isPlausible } from './encryption.ts';
import { FarClock } from './far-clock.ts';
import type { FullFrame } from './frame.ts';
import { ENCRYPTION_METHOD, encodeInformationElements, type InformationElements } from './information-element.ts';
import { LEGAL_MESSAGES } from './legal-messages.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { type FormatMask, includesFormat } from './media-format.ts';
import type { Message, MessageName } from './message.ts';
import { qualityReport } from './quality-report.ts';
import type { Reliable } from './reliable.ts';
import { SILENCE_LOOK_MS, SilenceWatch } from './silence-watch.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';
import { TransferParty, type TransferPolicy, type TransferTarget } from './transfer.ts';

/** As Asterisk; the RFC has 20 s. [RFC5456 §6.7.2] */
const PING_MS = 21_000;
const LAGRQ_MS = 10_000;
/** From NEW to ACCEPT or REJECT, and from the offer to the owner's decision: nothing waits for ever. */
const SETUP_MS = 32_000;
/** Mean nothing once the call was answered. */
const EARLY: ReadonlySet<CallEvent['type']> = new Set(['proceeding', 'ringing', 'progress']);
/** A key is used for two to five minutes. */
const ROTATE_MIN_MS = 120_000;
const ROTATE_SPAN_MS = 180_000;

/** Voice waits no longer for an RTKEY to be acknowledged. */
const KEY_CHANGE_MS = 3_000;

export type CallTimer = 'setup' | 'ping' | 'lagrq' | 'silence' | 'rotate' | 'rotated';

/** What a leg is told at its birth. */
export interface CallIdentity {
  readonly id: number;
  readonly peer: string;
  readonly stream: StreamId;
  readonly transfer: TransferPolicy;
  readonly trunk: TrunkMode | undefined;
}

/**
 * A call leg from ACCEPT to its end, whichever side began it; how it gets there is in `OutgoingCallLeg` and
 * `IncomingCallLeg`. [RFC5456 §6.2] [RFC5456 §6.3]
 */
export abstract class CallLeg extends Dialog<CallTimer> implements Call {
  abstract readonly direction: 'outgoing' | 'incoming';
  readonly id: number;
  readonly peer: string;
  readonly stream: StreamId;
  format = 0;
  private trunk: TrunkMode | undefined;
  /** What the far end may send us. */
  protected capability: FormatMask = 0n;
  /** Set once the call is encrypted. */
  protected cipher: FrameCipher | undefined;
  private readonly farClock = new FarClock();
  /** Whether the far end follows a change of key. */
  protected canRotate = false;
  private current: CallState;
  private readonly transfer: TransferParty;
  private mediaFormat = 0;
  private isMediaOpen = false;
  /** The far end does not want our voice. */
  private isQuelched = false;
  /** An RTKEY of ours is on its way. */
  private isChangingKey = false;
  /** Whether the owner knows of this leg: an incoming call shows itself only when it has proved who it is. */
  protected isShown: boolean;
  private readonly silence = new SilenceWatch();
  private readonly digits = new DigitSender();
  private digitBegan: { readonly digit: string; readonly timestamp: number; readonly atMs: number } | undefined;
  private readonly heardDigits = new DigitReceiver();

  constructor(around: Surroundings, reliable: Reliable, identity: CallIdentity, state: CallState, nowMs: number) {
    super(around, reliable, nowMs);
    this.id = identity.id;
    this.peer = identity.peer;
    this.stream = identity.stream;
    this.trunk = identity.trunk;
    this.transfer = new TransferParty(identity.transfer, {
      tellHub: (name, atMs) => this.tellHub(name, atMs),
      tellParty: (target, name, atMs) => this.tellParty(target, name, atMs),
      move: (to, toCall, what, atMs) => this.move(to, toCall, what, atMs),
      refused: () => this.count('iax2.transfer-refused'),
    });
    this.current = state;
    this.isShown = state !== 'challenged';
    this.timers.set('setup', nowMs + SETUP_MS);
  }

  get state(): CallState {
    return this.current;
  }

  /** What a log may print of a call: its options hold secrets. */
  toJSON(): { readonly id: number; readonly peer: string; readonly state: CallState } {
    return { id: this.id, peer: this.peer, state: this.current };
  }

  // Commands.

  abstract accept(nowMs: number): void;

  /** Whether control frames may be sent: accepts an offered call first. */
  protected abstract agree(nowMs: number): boolean;

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
    if (this.direction === 'outgoing' || this.current === 'up' || !this.agree(nowMs)) return;
    this.enter('up');
    this.control(CONTROL_SUBCLASS.ANSWER, undefined, nowMs);
    this.around.changed(this, nowMs);
  }

  hangup(cause: Cause, nowMs: number, text = causeText(cause)): void {
    if (this.current === 'ending' || this.current === 'gone') return;
    const final = this.direction === 'incoming' && !this.isAccepted ? IAX_SUBCLASS.REJECT : IAX_SUBCLASS.HANGUP;
    this.leave(final, cause, text, 'local', nowMs);
    this.around.changed(this, nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (!this.isAccepted) return;
    if (!this.digits.add(digit, durationMs, nowMs)) this.count('iax2.too-many-digits');
    this.runDigits(nowMs);
    this.around.changed(this, nowMs);
  }

  beginDigit(digit: string, nowMs: number): void {
    if (!this.isAccepted) return;
    const timestamp = this.reliable.clock.stampInStream(nowMs);
    this.digitBegan = { digit, timestamp, atMs: nowMs };
    this.sendFrame(FRAME_TYPE.DTMF_BEGIN, digit.charCodeAt(0), timestamp, undefined, nowMs);
    this.around.changed(this, nowMs);
  }

  /** The end's timestamp is as far from the begin's as the digit was long: the far end measures it there. */
  endDigit(digit: string, nowMs: number): void {
    if (!this.isAccepted) return;
    const began = this.digitBegan;
    this.digitBegan = undefined;
    const { clock } = this.reliable;
    const timestamp =
      began?.digit === digit
        ? clock.stampAfter(began.timestamp, Math.round(nowMs - began.atMs))
        : clock.stampInStream(nowMs);
    this.sendFrame(FRAME_TYPE.DTMF, digit.charCodeAt(0), timestamp, undefined, nowMs);
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

  /** A block of voice that the media plane wants as a full frame; it has given it its timestamp. [RFC5456 §8.1.2] */
  sendVoice(timestamp: number, format: number, payload: Uint8Array, nowMs: number): void {
    if (!this.isAccepted) return;
    this.sendFrame(FRAME_TYPE.VOICE, format, timestamp, payload, nowMs);
    this.around.changed(this, nowMs);
  }

  /** A mini frame came before any full voice frame: ask for what was lost. [RFC5456 §6.9.3] */
  requestVoiceFormat(nowMs: number): void {
    if (this.isAccepted) this.reliable.sendVnak(nowMs);
  }

  // Encryption. [RFC5456 §7.4]

  get isEncrypted(): boolean {
    return this.cipher !== undefined;
  }

  /** Whether the far end's next frame may be encrypted. */
  get mayBeSealed(): boolean {
    return this.isEncrypted;
  }

  /** A datagram of this call in clear. */
  unseal(bytes: Uint8Array, nowMs: number): Uint8Array | Malformed {
    if (this.cipher === undefined) return bytes;
    // One wrong key in twenty makes something that looks like a frame; it does not fit where this call stands as well.
    const fits = (frame: Uint8Array) =>
      isPlausible(frame) && this.reliable.fits(frame) && this.farClock.fits(frame, nowMs);
    const plain = this.cipher.decrypt(bytes, nowMs, fits);
    if (!isMalformed(plain)) this.farClock.note(plain, nowMs);
    return plain;
  }

  /** A mini frame of this call as it goes out. */
  sealMini(bytes: Uint8Array): Uint8Array {
    return this.cipher === undefined ? bytes : this.cipher.encrypt(bytes);
  }

  /** From now on everything of this call is encrypted, both ways. */
  protected encrypt(cipher: FrameCipher, methods: number): void {
    this.cipher = cipher;
    this.canRotate = (methods & ENCRYPTION_METHOD.KEY_ROTATION) !== 0;
    this.useKey(cipher);
  }

  /** A frame that is sent again keeps the key it was first sent with, since the far end may wait for just that one. */
  private useKey(cipher: FrameCipher): void {
    const key = cipher.keyInUse;
    this.reliable.seal = (plain) => cipher.encrypt(plain, key);
  }

  /** The RTKEY itself goes under the old key, whatever follows under the new one. */
  private rotateKey(nowMs: number): void {
    const { cipher } = this;
    if (cipher === undefined) return;
    this.timers.set('rotate', nowMs + ROTATE_MIN_MS + this.around.random.integer(ROTATE_SPAN_MS));
    const key = cipher.newKey();
    this.sendIax(IAX_SUBCLASS.RTKEY, { challenge: key }, nowMs);
    cipher.rotate(key);
    this.useKey(cipher);
    // Until the far end has the RTKEY, and Asterisk after it, too, voice under the other key would be noise there.
    this.isChangingKey = true;
    this.timers.set('rotated', nowMs + KEY_CHANGE_MS);
    this.quelchVoice();
  }

  private resumeVoice(): void {
    if (!this.isChangingKey) return;
    this.isChangingKey = false;
    this.timers.clear('rotated');
    this.quelchVoice();
  }

  private quelchVoice(): void {
    if (this.isMediaOpen) this.around.media.quelch(this.stream, this.isQuelched || this.isChangingKey);
  }

  // States.

  protected get isAccepted(): boolean {
    return this.current === 'accepted' || this.current === 'up';
  }

  protected enter(state: CallState): void {
    this.current = state;
  }

  /** ACCEPT went out or came in: the voice path opens and the far end is watched. */
  protected link(format: number, nowMs: number): void {
    this.enter('accepted');
    this.format = format;
    this.mediaFormat = format;
    this.timers.clear('setup');
    this.timers.set('ping', nowMs + PING_MS);
    this.timers.set('lagrq', nowMs + LAGRQ_MS);
    this.timers.set('silence', nowMs + SILENCE_LOOK_MS);
    if (this.canRotate) this.timers.set('rotate', nowMs + ROTATE_MIN_MS + this.around.random.integer(ROTATE_SPAN_MS));
    this.openMedia(this.reliable.remote, this.reliable.remoteCall, nowMs);
  }

  /** Opens the voice path, or moves it to another far end; who hears whom stays as it is. */
  private openMedia(remote: Address, remoteCall: number, nowMs: number): void {
    const { localCall, clock } = this.reliable;
    const { media } = this.around;
    const spec = { kind: 'iax2', remote, localCall, remoteCall, format: this.format, epochMs: clock.epochMs } as const;
    this.isMediaOpen = true;
    // A trunk frame would show the voice of an encrypted call.
    const trunk = this.isEncrypted ? undefined : this.trunk;
    media.open(this.stream, trunk === undefined ? spec : { ...spec, trunk }, nowMs);
    media.noteSent(this.stream, clock.lastSent);
  }

  protected tell(event: CallEvent): void {
    if (this.isShown) this.around.emit({ type: 'call', call: this, event });
  }

  private tellAll(events: readonly CallEvent[]): void {
    for (const event of events) this.tell(event);
  }

  /** Ends the leg from our side: the far end is told, and has some time to acknowledge it. */
  protected leave(final: number, cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    this.over(cause, reason, by, nowMs);
    if (this.reliable.remoteCall === 0) {
      // Whatever state it has by now, it will hear that there is no such call.
      this.finish();
      return;
    }
    this.enter('ending');
    this.sendIax(final, { cause: reason, causeCode: q850Of(cause) }, nowMs);
  }

  /** The leg has ended, and there is nobody to tell. */
  protected fail(cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    this.over(cause, reason, by, nowMs);
    this.finish();
  }

  private over(cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    this.timers.clearAll();
    if (this.isMediaOpen) this.around.media.close(this.stream, nowMs);
    this.isMediaOpen = false;
    this.tell({ type: 'hangup', cause, reason, by });
    this.isShown = false;
  }

  protected override finish(): void {
    super.finish();
    this.enter('gone');
  }

  // Native transfer. [RFC5456 §6.5]

  /** Whether a frame comes from the party that the hub wants us to talk to. */
  isTransferTarget(from: Address, sourceCall: number): boolean {
    return this.transfer.isWith(from, sourceCall);
  }

  /** From that party; it stands outside the sequence of the call with the hub. */
  handleTransferFrame(frame: FullFrame, nowMs: number): void {
    if (frame.frameType !== FRAME_TYPE.IAX) return;
    if (frame.subclass === IAX_SUBCLASS.TXCNT) this.transfer.handleParty('TXCNT', nowMs);
    else if (frame.subclass === IAX_SUBCLASS.TXACC) this.transfer.handleParty('TXACC', nowMs);
  }

  private tellHub(name: 'TXREJ' | 'TXREADY', nowMs: number): void {
    const elements = name === 'TXREADY' ? { callNumber: this.reliable.localCall } : {};
    this.sendIax(IAX_SUBCLASS[name], elements, nowMs);
  }

  private tellParty({ to, toCall, id }: TransferTarget, name: 'TXCNT' | 'TXACC', nowMs: number): void {
    const body = encodeInformationElements({ transferId: id });
    this.reliable.sendBeside(IAX_SUBCLASS[name], this.reliable.clock.stampGenuine(nowMs), body, to, toCall);
  }

  private move(to: Address, toCall: number, what: 'call' | 'media', nowMs: number): void {
    if (what === 'call') {
      // The hub hears this ACK; what follows goes to the other party, from sequence number 0.
      this.reliable.acknowledge();
      this.reliable.redirect(to, toCall, nowMs);
    }
    // What was agreed with the hub says nothing of the other party.
    this.trunk = undefined;
    this.openMedia(to, toCall, nowMs);
  }

  // From below.

  protected legalMessages(): ReadonlySet<MessageName> {
    return LEGAL_MESSAGES[this.current];
  }

  protected override handleTaken({ name, frame }: Message): void {
    const clockless = name === 'ACK' || name === 'PONG' || name === 'LAGRP' || name === 'VOICE' || name === 'VNAK';
    if (this.isMediaOpen && !clockless) this.around.media.noteReceived(this.stream, frame.timestamp);
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
        this.tellAll(this.heardDigits.begin(String.fromCharCode(frame.subclass), frame.timestamp, nowMs));
        break;
      case 'DTMF':
        this.tellAll(this.heardDigits.end(String.fromCharCode(frame.subclass), frame.timestamp, nowMs));
        break;
      case 'TEXT':
        this.tell({ type: 'text', text: utf8Decode(frame.body).replace(/\0+$/, '') });
        break;
      case 'HTML':
        this.tell({ type: 'html', subclass: frame.subclass, payload: frame.body.slice() });
        break;
      case 'QUELCH':
        this.isQuelched = true;
        this.quelchVoice();
        this.tell(ies.musicOnHold === undefined ? { type: 'quelch' } : { type: 'hold', musicClass: ies.musicOnHold });
        break;
      case 'UNQUELCH':
        this.isQuelched = false;
        this.quelchVoice();
        this.tell({ type: 'unquelch' });
        break;
      case 'TXREQ':
        this.transfer.begin(ies, this.isEncrypted, nowMs);
        break;
      case 'TXREL':
      case 'TXMEDIA':
      case 'TXREJ':
        if (!this.transfer.conclude(name, ies, nowMs)) this.count('iax2.unused-message');
        break;
      case 'TRANSFER':
        this.tell({ type: 'transfer', number: ies.calledNumber ?? 's', context: ies.calledContext ?? '' });
        break;
      case 'RTKEY':
        if (this.cipher?.handleRotation(ies.challenge, nowMs) !== true) this.count('iax2.bad-key');
        break;
      case 'PONG':
      case 'LAGRP':
      case 'UNSUPPORT':
      case 'CNG':
      case 'IMAGE':
      case 'VIDEO':
        break;
      default:
        this.count('iax2.unused-message');
    }
  }

  /** Our own HANGUP may be on its way at the same time: then both are acknowledged and both ends are done. */
  private handleHangup(ies: InformationElements, nowMs: number): void {
    const cause = ies.causeCode === undefined ? 'normal-clearing' : causeOfQ850(ies.causeCode);
    const reason = ies.cause === undefined || ies.cause === '' ? causeText(cause) : ies.cause;
    this.fail(cause, reason, 'far-end', nowMs);
  }

  protected override handleSettled(_nowMs: number): void {
    if (this.current === 'ending') this.finish();
    else this.resumeVoice();
  }

  /** [RFC5456 §6.6]: the far end is taken for dead, and is not told. */
  protected handleSilence(nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    this.fail('destination-out-of-order', `${where} does not answer any more.`, 'timeout', nowMs);
  }

  protected handleInvalid(nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    this.fail('destination-out-of-order', `${where} knows nothing of this call.`, 'far-end', nowMs);
  }

  protected handleTimer(timer: CallTimer, nowMs: number): void {
    switch (timer) {
      case 'setup':
        this.leave(
          this.direction === 'incoming' ? IAX_SUBCLASS.REJECT : IAX_SUBCLASS.HANGUP,
          'timer-expired',
          'The call was not accepted in time.',
          'timeout',
          nowMs,
        );
        break;
      case 'ping':
        this.timers.set('ping', nowMs + PING_MS);
        this.sendIax(IAX_SUBCLASS.PING, {}, nowMs);
        break;
      case 'lagrq':
        this.timers.set('lagrq', nowMs + LAGRQ_MS);
        this.sendIax(IAX_SUBCLASS.LAGRQ, {}, nowMs);
        break;
      case 'silence':
        this.lookForSilence(nowMs);
        break;
      case 'rotate':
        this.rotateKey(nowMs);
        break;
      case 'rotated':
        this.resumeVoice();
        break;
    }
  }

  override handleTimeout(nowMs: number): void {
    super.handleTimeout(nowMs);
    if (!this.isAccepted) return;
    this.runDigits(nowMs);
    this.transfer.run(nowMs);
  }

  override nextDeadline(): number | undefined {
    const next = super.nextDeadline();
    if (!this.isAccepted) return next;
    return earliest(next, earliest(this.digits.nextDeadline(), this.transfer.nextDeadline()));
  }

  protected override report(): InformationElements {
    const counts = this.around.media.statistics(this.stream);
    return counts === undefined ? {} : qualityReport(counts);
  }

  protected override sendFrame(
    frameType: number,
    subclass: number,
    timestamp: number,
    body: Uint8Array | undefined,
    nowMs: number,
    schedule?: readonly number[],
  ): void {
    super.sendFrame(frameType, subclass, timestamp, body, nowMs, schedule);
    if (this.isMediaOpen && frameType !== FRAME_TYPE.VOICE) this.around.media.noteSent(this.stream, timestamp);
  }

  private sendProgress(subclass: number, nowMs: number): void {
    if (this.direction === 'outgoing' || this.current === 'up' || !this.agree(nowMs)) return;
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

  private runDigits(nowMs: number): void {
    for (let step = this.digits.take(nowMs); step !== undefined; step = this.digits.take(nowMs)) {
      if (step.type === 'begin') this.beginDigit(step.digit, nowMs);
      else this.endDigit(step.digit, nowMs);
    }
  }

  private handleVoice(format: number): void {
    if (!Number.isInteger(Math.log2(format)) || !includesFormat(this.capability, format)) {
      this.count('iax2.unexpected-format');
      return;
    }
    if (format === this.mediaFormat) return;
    this.mediaFormat = format;
    this.format = format;
    this.around.media.setFormat(this.stream, format);
  }

  private handleControl(subclass: number, payload: Uint8Array, nowMs: number): void {
    const meaning = meaningOfControl(subclass, payload, this.direction === 'outgoing');
    if (meaning === 'nothing') this.count('iax2.unused-control');
    else if (meaning === 'hangup')
      this.leave(IAX_SUBCLASS.HANGUP, 'normal-clearing', causeText('normal-clearing'), 'far-end', nowMs);
    else if (meaning === 'answer') this.handleAnswer();
    else if (this.current !== 'up' || !EARLY.has(meaning.type)) this.tell(meaning);
  }

  private handleAnswer(): void {
    if (this.current === 'up') return;
    this.enter('up');
    this.tell({ type: 'answered' });
  }

  /** A call of which nothing comes any more, not even an answer to PING, is given up before its frames are. */
  private lookForSilence(nowMs: number): void {
    this.timers.set('silence', nowMs + SILENCE_LOOK_MS);
    const blocks = this.around.media.statistics(this.stream)?.received ?? 0;
    const seen = this.silence.look(this.heardMs, blocks, nowMs);
    if (seen === 'ask') this.sendIax(IAX_SUBCLASS.PING, {}, nowMs);
    else if (seen === 'dead') this.handleSilence(nowMs);
  }
}
