import { causeOfQ850 } from '../base/causes.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { type Credentials, proveIdentity } from './authentication.ts';
import type { PlaceCall } from './call.ts';
import { CallLeg } from './call-leg.ts';
import type { CallIdentity, CallTimer } from './call-life.ts';
import { dateTimeOf } from './date-time.ts';
import type { Surroundings } from './dialog.ts';
import { deriveKey, FrameCipher } from './encryption.ts';
import { decodeFrame } from './frame.ts';
import { ENCRYPTION_METHOD, type InformationElements } from './information-element.ts';
import { TO_BE_DETERMINED } from './lookup-dialog.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import type { FormatName } from './media-format.ts';
import {
  commonVideo,
  encodePreferences,
  formatMaskText,
  formatName,
  formatOf,
  formatsOf,
  isAudio,
  maskOf,
} from './media-format.ts';
import type { Message } from './message.ts';
import { callSchedule, Opening } from './opening.ts';
import type { PeerConfig } from './peer.ts';
import type { Reliable } from './reliable.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

const PROTOCOL_VERSION = 2;
/** How long a name may take to resolve: the next route must get its turn within two seconds. */
const RESOLVE_MS = 1_900;
/** From NEW to ACCEPT or REJECT. */
const SETUP_MS = 32_000;

/** What an outgoing leg needs besides what the owner asked for. */
export interface OutgoingOptions extends CallIdentity {
  readonly request: PlaceCall;
  readonly username: string | undefined;
  readonly credentials: Credentials;
  readonly codecs: readonly FormatName[];
  readonly encryption: PeerConfig['encryption'];
  readonly autokillMs: PeerConfig['autokillMs'];
}

/** A call that we place: NEW, the call token, AUTHREP, and the ACCEPT or REJECT that ends its set-up. [RFC5456 §6.2] */
export class OutgoingCallLeg extends CallLeg {
  readonly direction = 'outgoing';
  /** The far end knows which number is meant. */
  private hasDialled: boolean;

  constructor(
    around: Surroundings,
    reliable: Reliable,
    private readonly options: OutgoingOptions,
    nowMs: number,
  ) {
    super(around, reliable, options, 'resolving', nowMs);
    this.hasDialled = options.request.number !== TO_BE_DETERMINED;
    this.capability = maskOf(options.codecs.map(formatOf));
    this.timers.set('setup', nowMs + RESOLVE_MS);
  }

  /** Where the far end is has become known: NEW goes out. */
  start(remote: Address, nowMs: number): void {
    if (this.state !== 'resolving') return;
    this.reliable.remote = remote;
    this.enter('calling');
    this.timers.set('setup', nowMs + SETUP_MS);
    const schedule = callSchedule(this.options.autokillMs);
    this.opening = new Opening(this.reliable, IAX_SUBCLASS.NEW, this.newElements(), schedule);
    this.opening.start(nowMs);
  }

  /** The host's name has no address. */
  failToResolve(reason: string, nowMs: number): void {
    if (this.state === 'resolving') this.fail('destination-out-of-order', reason, 'timeout', nowMs);
  }

  override dial(number: string, nowMs: number): void {
    if (this.hasDialled || this.state !== 'accepted') return;
    this.hasDialled = true;
    this.sendIax(IAX_SUBCLASS.DIAL, { calledNumber: number }, nowMs);
    this.around.changed(this, nowMs);
  }

  /** Ours to place, theirs to accept. */
  accept(_nowMs: number): void {}

  protected agree(_nowMs: number): boolean {
    return false;
  }

  protected override handleMessage(message: Message, nowMs: number): void {
    switch (message.name) {
      case 'AUTHREQ':
        this.handleChallenge(message.ies, nowMs);
        break;
      case 'ACCEPT':
        if (!this.isAccepted) this.handleAccept(message.ies, nowMs);
        break;
      default:
        super.handleMessage(message, nowMs);
    }
  }

  /** A refusal without reasons is about the call token. */
  protected override handleRefusal(ies: InformationElements, nowMs: number): void {
    const cause = ies.causeCode === undefined ? 'call-rejected' : causeOfQ850(ies.causeCode);
    const where = formatAddress(this.reliable.remote);
    const what = this.opening?.hasToken === true ? 'did not take its own call token back' : 'asks for a call token';
    this.fail(cause, ies.cause ?? `${where} refused the call and ${what}.`, 'far-end', nowMs);
  }

  protected override handleSilence(nowMs: number): void {
    if (this.state !== 'calling') {
      super.handleSilence(nowMs);
      return;
    }
    this.fail('destination-out-of-order', `${formatAddress(this.reliable.remote)} does not answer.`, 'timeout', nowMs);
  }

  protected override handleTimer(timer: CallTimer, nowMs: number): void {
    if (this.state === 'resolving') this.failToResolve('The name could not be resolved in time.', nowMs);
    else super.handleTimer(timer, nowMs);
  }

  private handleChallenge(ies: InformationElements, nowMs: number): void {
    const { credentials } = this.options;
    const challenge = ies.challenge ?? new Uint8Array(0);
    const proof = proveIdentity(ies.authMethods ?? 0, challenge, credentials, this.around.crypto);
    if (proof === undefined) {
      const reason = 'The far end asks for a secret or key that is not configured for it.';
      this.leave(IAX_SUBCLASS.HANGUP, 'facility-not-subscribed', reason, 'local', nowMs);
      return;
    }
    const methods = (ies.encryption ?? 0) & this.offeredEncryption;
    if ((methods & ENCRYPTION_METHOD.AES128) !== 0 && credentials.secret !== undefined) {
      const { crypto } = this.around;
      this.encrypt(new FrameCipher(crypto, deriveKey(crypto, challenge, credentials.secret)), methods);
    } else if (this.options.encryption?.force === true) {
      this.refuseClear(nowMs);
      return;
    }
    this.enter('authenticating');
    this.sendIax(IAX_SUBCLASS.AUTHREP, proof, nowMs);
  }

  /** While it waits for an answer to AUTHREP, an AUTHREQ that was not acknowledged comes again, in clear as before. */
  override unseal(bytes: Uint8Array, nowMs: number): Uint8Array | Malformed {
    const plain = super.unseal(bytes, nowMs);
    if (!isMalformed(plain) || this.state !== 'authenticating') return plain;
    const frame = decodeFrame(bytes);
    const isChallenge =
      frame.type === 'full' && frame.frameType === FRAME_TYPE.IAX && frame.subclass === IAX_SUBCLASS.AUTHREQ;
    return isChallenge ? bytes : plain;
  }

  /** ENCRYPTION bits of our NEW. */
  private get offeredEncryption(): number {
    const { encryption, credentials } = this.options;
    if (encryption === undefined || credentials.secret === undefined) return 0;
    return ENCRYPTION_METHOD.AES128 | ENCRYPTION_METHOD.KEY_ROTATION;
  }

  private refuseClear(nowMs: number): void {
    const reason = 'The far end does not encrypt, and this call may not go in clear.';
    this.leave(IAX_SUBCLASS.HANGUP, 'bearer-unavailable', reason, 'local', nowMs);
  }

  private handleAccept(ies: InformationElements, nowMs: number): void {
    if (this.options.encryption?.force === true && !this.isEncrypted) {
      this.refuseClear(nowMs);
      return;
    }
    const chosen = formatsOf(ies.format2 ?? ies.format ?? 0n);
    const format = chosen[0];
    if (format === undefined || chosen.length !== 1 || !isAudio(format) || !this.allows(format)) {
      const text = `The far end chose ${formatMaskText(maskOf(chosen))}, which was not offered.`;
      this.leave(IAX_SUBCLASS.REJECT, 'bearer-unavailable', text, 'local', nowMs);
      return;
    }
    // Asterisk does not say what it can show: what its peer is configured with is taken for it.
    this.videoFormats = commonVideo(
      this.options.codecs.map(formatOf),
      ies.capability2 ?? ies.capability ?? this.capability,
    );
    this.link(format, nowMs);
    this.tell({ type: 'accepted', format });
  }

  private allows(format: number): boolean {
    const name = formatName(format);
    return name !== undefined && this.options.codecs.includes(name);
  }

  /** In Asterisk's order, which the encoder keeps. [RFC5456 §6.2.2] */
  private newElements(): InformationElements {
    const { request, username, codecs } = this.options;
    const { caller } = request;
    const formats = codecs.map(formatOf);
    const mask = maskOf(formats);
    const wish = maskOf(formats.filter(isAudio).slice(0, 1));
    const { wallClock, utcOffsetMs } = this.around;
    const epochMs = wallClock();
    return {
      version: PROTOCOL_VERSION,
      calledNumber: request.number,
      ...(request.autoAnswer === true ? { autoAnswer: true } : {}),
      codecPreferences: encodePreferences(formats),
      ...(caller.number === '' ? {} : { callingNumber: caller.number }),
      callingPresentation: caller.presentation ?? 0,
      callingTypeOfNumber: caller.typeOfNumber ?? 0,
      callingTransitNetwork: caller.transitNetwork ?? 0,
      ...(caller.redirecting === undefined ? {} : { rdnis: caller.redirecting }),
      ...(caller.ani2 === undefined || caller.ani2 === 0 ? {} : { callingAni2: caller.ani2 }),
      ...(caller.name === '' ? {} : { callingName: caller.name }),
      ...(request.context === undefined ? {} : { calledContext: request.context }),
      ...(username === undefined ? {} : { username }),
      ...(this.offeredEncryption === 0 ? {} : { encryption: this.offeredEncryption }),
      format: wish,
      format2: wish,
      capability: mask,
      capability2: mask,
      adsiCpe: 0,
      dateTime: dateTimeOf(epochMs + utcOffsetMs(epochMs)),
      ...(request.variables === undefined ? {} : { variables: request.variables }),
    };
  }
}
