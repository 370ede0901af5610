import { type Cause, q850Of } from '../base/causes.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import type { StreamId, TrunkMode } from '../base/media-port.ts';
import type { Call, CallEvent, CallState, HangupBy } from './call.ts';
import { CallSeal } from './call-seal.ts';
import { CallVoice } from './call-voice.ts';
import { Dialog, type Surroundings } from './dialog.ts';
import type { FrameCipher } from './encryption.ts';
import type { FullFrame } from './frame.ts';
import type { InformationElements } from './information-element.ts';
import type { Malformed } from './malformed.ts';
import { MovedFarEnd } from './moved-far-end.ts';
import { qualityReport } from './quality-report.ts';
import type { Reliable } from './reliable.ts';
import { SILENCE_LOOK_MS, SilenceWatch } from './silence-watch.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';
import type { TransferPolicy } from './transfer.ts';

/** As Asterisk; the RFC has 20 s. [RFC5456 §6.7.2] */
const PING_MS = 21_000;
const LAGRQ_MS = 10_000;
/** Questions of calls fall on multiples of this: those of many calls leave together, and so do the answers. */
const QUESTIONS_GRID_MS = 100;
/** From NEW to ACCEPT or REJECT, and from the offer to the owner's decision: nothing waits for ever. */
const SETUP_MS = 32_000;
/** A key is used for two to five minutes. */
const ROTATE_MIN_MS = 120_000;
const ROTATE_SPAN_MS = 180_000;

/** Voice waits no longer for an RTKEY to be acknowledged. */
const KEY_CHANGE_MS = 3_000;

export type CallTimer = 'setup' | 'ping' | 'lagrq' | 'silence' | 'rotate' | 'rotated' | 'hub';

/** What a leg is told at its birth. */
export interface CallIdentity {
  readonly id: number;
  readonly peer: string;
  readonly stream: StreamId;
  readonly transfer: TransferPolicy;
  /** The context in which the peer may have its party go on by TRANSFER, if it asks for this one; undefined: it may not. */
  readonly admit: (context: string | undefined) => string | undefined;
  readonly trunk: TrunkMode | undefined;
}

/**
 * How a call lives and ends: its states, its voice path and its keys from ACCEPT on, and the watch over a far end that may
 * have gone. What both ends say to each other meanwhile is in `CallLeg`. [RFC5456 §6.2] [RFC5456 §6.6] [RFC5456 §6.7]
 */
export abstract class CallLife extends Dialog<CallTimer> {
  abstract readonly direction: Call['direction'];
  readonly id: number;
  readonly peer: string;
  readonly stream: StreamId;
  format = 0;
  /** What both ends can show, in our order; known from ACCEPT on. */
  videoFormats: readonly number[] = [];
  protected readonly voice: CallVoice;
  protected readonly seal: CallSeal;
  private readonly trunk: TrunkMode | undefined;
  private current: CallState;
  /** Whether the owner knows of this leg: an incoming call shows itself only when it has proved who it is. */
  protected isShown: boolean;
  private readonly silence = new SilenceWatch();
  private readonly movedFarEnd = new MovedFarEnd();
  /** How many frames were sent with the last RTKEY, which is the last of them, while voice waits for it. */
  private sentWithKey = Number.POSITIVE_INFINITY;

  constructor(around: Surroundings, reliable: Reliable, identity: CallIdentity, state: CallState, nowMs: number) {
    super(around, reliable, nowMs);
    this.id = identity.id;
    this.peer = identity.peer;
    this.stream = identity.stream;
    this.trunk = identity.trunk;
    this.seal = new CallSeal(reliable);
    this.voice = new CallVoice(around.media, identity.stream, reliable);
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

  /** The parties that we wanted to bring together have not said in time that they are. */
  protected abstract handleHubTimeout(nowMs: number): void;

  /** Tells the owner, once it knows of this leg. */
  protected abstract tell(event: CallEvent): void;

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
    this.timers.clear('setup');
    this.timers.set('ping', onGrid(nowMs + PING_MS));
    this.timers.set('lagrq', onGrid(nowMs + LAGRQ_MS));
    this.timers.set('silence', onGrid(nowMs + SILENCE_LOOK_MS));
    if (this.seal.canRotate) this.armRotation(nowMs);
    // A trunk frame would show the voice of an encrypted call.
    this.voice.open(format, this.videoFormats, this.isEncrypted ? undefined : this.trunk, nowMs);
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

  /** Both far ends go on without us; TXREL tells this one, at which call number of the other. [RFC5456 §6.5.5] */
  protected release(callNumber: number, nowMs: number): void {
    this.over('normal-clearing', 'Both far ends go on without us.', 'local', nowMs);
    this.enter('ending');
    this.sendIax(IAX_SUBCLASS.TXREL, { callNumber }, nowMs);
  }

  /** The leg has ended, and there is nobody to tell. */
  protected fail(cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    this.over(cause, reason, by, nowMs);
    this.finish();
  }

  private over(cause: Cause, reason: string, by: HangupBy, nowMs: number): void {
    this.timers.clearAll();
    this.voice.close(nowMs);
    this.tell({ type: 'hangup', cause, reason, by });
    this.isShown = false;
  }

  protected override finish(): void {
    super.finish();
    this.enter('gone');
  }

  // ---- encryption [RFC5456 §7.4]

  get isEncrypted(): boolean {
    return this.seal.isClosed;
  }

  /** Whether the far end's next frame may be encrypted. */
  get mayBeSealed(): boolean {
    return this.isEncrypted;
  }

  /** A datagram of this call in clear. */
  unseal(bytes: Uint8Array, nowMs: number): Uint8Array | Malformed {
    return this.seal.unseal(bytes, nowMs);
  }

  /** A mini frame of this call as it goes out. */
  sealMini(bytes: Uint8Array): Uint8Array {
    return this.seal.sealMini(bytes);
  }

  /** From now on everything of this call is encrypted, both ways. */
  protected encrypt(cipher: FrameCipher, methods: number): void {
    this.seal.close(cipher, methods);
  }

  /** Until the far end has the RTKEY, and Asterisk after it, too, voice under the other key would be noise there. */
  private rotateKey(nowMs: number): void {
    this.armRotation(nowMs);
    this.seal.rotate((challenge) => this.sendIax(IAX_SUBCLASS.RTKEY, { challenge }, nowMs));
    this.sentWithKey = this.reliable.sent;
    this.timers.set('rotated', nowMs + KEY_CHANGE_MS);
    this.voice.hush('key-change', true);
  }

  private armRotation(nowMs: number): void {
    this.timers.set('rotate', nowMs + ROTATE_MIN_MS + this.around.random.integer(ROTATE_SPAN_MS));
  }

  private resumeVoice(): void {
    this.timers.clear('rotated');
    this.sentWithKey = Number.POSITIVE_INFINITY;
    this.voice.hush('key-change', false);
  }

  // ---- the watch

  /**
   * A frame to this call from another address than that of its far end. `moved`: it is the far end, at another port, and
   * goes on there; `watched`: it may be; `stranger`: it is not.
   */
  considerMove(frame: FullFrame, from: Address, nowMs: number): 'moved' | 'watched' | 'stranger' {
    const { reliable } = this;
    const isOurs =
      this.isAccepted &&
      frame.sourceCall === reliable.remoteCall &&
      from.ip === reliable.remote.ip &&
      reliable.continues(frame);
    if (!isOurs) return 'stranger';
    if (!this.movedFarEnd.judge(from, this.heardMs, this.voice.statistics?.received ?? 0, nowMs)) return 'watched';
    reliable.remote = from;
    this.voice.follow(nowMs);
    return 'moved';
  }

  protected override handleAcknowledged(): void {
    if (this.reliable.acknowledged >= this.sentWithKey) this.resumeVoice();
  }

  protected override handleSettled(_nowMs: number): void {
    if (this.current === 'ending') this.finish();
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
        this.timers.set('ping', onGrid(nowMs + PING_MS));
        this.sendIax(IAX_SUBCLASS.PING, {}, nowMs);
        break;
      case 'lagrq':
        this.timers.set('lagrq', onGrid(nowMs + LAGRQ_MS));
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
      case 'hub':
        this.handleHubTimeout(nowMs);
        break;
    }
  }

  protected override report(): InformationElements {
    const counts = this.voice.statistics;
    return counts === undefined ? {} : qualityReport(counts);
  }

  protected override sendFrame(
    frameType: number,
    subclass: number,
    timestamp: number,
    body: Uint8Array | undefined,
    nowMs: number,
    schedule?: readonly number[],
    marker?: boolean,
  ): void {
    super.sendFrame(frameType, subclass, timestamp, body, nowMs, schedule, marker);
    if (frameType !== FRAME_TYPE.VOICE && frameType !== FRAME_TYPE.VIDEO) this.voice.noteSent(timestamp);
  }

  /** A call of which nothing comes any more, not even an answer to PING, is given up before its frames are. */
  private lookForSilence(nowMs: number): void {
    this.timers.set('silence', onGrid(nowMs + SILENCE_LOOK_MS));
    const blocks = this.voice.statistics?.received ?? 0;
    const seen = this.silence.look(this.heardMs, blocks, nowMs);
    if (seen === 'ask') this.sendIax(IAX_SUBCLASS.PING, {}, nowMs);
    else if (seen === 'dead') this.handleSilence(nowMs);
  }
}

/** The nearest place on it: a timer that is served late does not move the next one. */
function onGrid(ms: number): number {
  return Math.round(ms / QUESTIONS_GRID_MS) * QUESTIONS_GRID_MS;
}
