import { utf8Encode } from '../base/bytes.ts';
import { type Cause, causeText } from '../base/causes.ts';
import { formatAddress } from '../base/machine.ts';
import { makeChallenge, methodBits, verifierOf, verifyIdentity } from './authentication.ts';
import type { CallRequest } from './call.ts';
import { CallLeg } from './call-leg.ts';
import type { CallIdentity, CallTimer } from './call-life.ts';
import type { Surroundings } from './dialog.ts';
import { deriveKey, FrameCipher, findKey } from './encryption.ts';
import { decodeFrame } from './frame.ts';
import {
  AUTH_METHOD,
  DPSTATUS,
  decodeInformationElements,
  ENCRYPTION_METHOD,
  type InformationElements,
} from './information-element.ts';
import { TO_BE_DETERMINED } from './lookup-dialog.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { commonVideo, decodePreferences, formatOf, maskOf, negotiate } from './media-format.ts';
import type { Message } from './message.ts';
import type { CallerId, PeerConfig } from './peer.ts';
import type { Reliable } from './reliable.ts';
import type { LookupAnswer } from './remote-dialplan.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

/** A call that only asks is ended when it has asked nothing for so long. */
const LOOKUP_IDLE_MS = 30_000;
/** How long our answers hold, seconds. */
const LOOKUP_REFRESH_S = 600;

/** What an incoming leg needs of the endpoint. */
export interface IncomingOptions extends CallIdentity {
  /** Whose call it says it is; undefined for a name that nobody has, which is challenged like any other. */
  readonly config: PeerConfig | undefined;
  /** Where it enters our dialplan. */
  readonly context: string;
  /** A call token has shown that the caller receives at its address. */
  readonly isAddressProven: boolean;
  /** What is shown instead of what the caller says about itself. */
  readonly overrideCallerId: CallerId | undefined;
  /** The peer asks whether a number exists: the answer comes by `answerLookup`. */
  readonly asked: (number: string, answer: (answer: LookupAnswer, nowMs: number) => void) => void;
  /** Why the peer may have no further call, if so. */
  readonly refuse: () => Cause | undefined;
  /** Somebody proved who he is, or failed to. */
  readonly judged: (isGenuine: boolean, nowMs: number) => void;
}

/** A call that comes in: AUTHREQ, the proof, the offer to the owner, ACCEPT or REJECT. [RFC5456 §6.2] */
export class IncomingCallLeg extends CallLeg {
  readonly direction = 'incoming';
  private request: InformationElements | undefined;
  private challenge = '';
  /** Accepted by us, but nothing yet shows that the caller is where it says. */
  private isUnproven = false;
  /** ENCRYPTION bits of our AUTHREQ: the proof that answers it comes encrypted. */
  private encryption = 0;
  /** A call to "TBD": it asks for numbers, and may become a call by DIAL. [RFC5456 §6.8] */
  private isLookup = false;

  constructor(
    around: Surroundings,
    reliable: Reliable,
    private readonly options: IncomingOptions,
    nowMs: number,
  ) {
    super(around, reliable, options, 'challenged', nowMs);
  }

  accept(nowMs: number): void {
    this.agree(nowMs);
    this.around.changed(this, nowMs);
  }

  protected agree(nowMs: number): boolean {
    if (this.isAccepted) return true;
    if (this.state !== 'offered') return false;
    this.sendAccept(nowMs);
    return true;
  }

  protected override handleMessage(message: Message, nowMs: number): void {
    switch (message.name) {
      case 'NEW':
        if (this.request === undefined) this.handleNew(message.ies, nowMs);
        break;
      case 'AUTHREP':
        this.handleProof(message.ies, nowMs);
        break;
      case 'DPREQ':
        this.handleQuestion(message.ies.calledNumber ?? '', nowMs);
        break;
      case 'DIAL':
        this.handleDial(message.ies, nowMs);
        break;
      default:
        super.handleMessage(message, nowMs);
    }
  }

  protected override handleTaken(message: Message): void {
    super.handleTaken(message);
    // The first frame after our ACCEPT that knows our call number: no forger could have sent it.
    if (this.isUnproven && message.frame.destinationCall === this.reliable.localCall) {
      this.isUnproven = false;
      this.show();
    }
  }

  private handleNew(ies: InformationElements, nowMs: number): void {
    this.request = ies;
    const { config, isAddressProven } = this.options;
    const methods = config === undefined ? AUTH_METHOD.MD5 : methodBits(verifierOf(config));
    if (!this.chooseEncryption(methods, nowMs)) return;
    if (methods !== 0) {
      this.challenge = makeChallenge(this.around.crypto);
      this.sendIax(IAX_SUBCLASS.AUTHREQ, this.challengeElements(methods), nowMs);
      return;
    }
    if (!this.negotiateFormat(nowMs)) return;
    if (isAddressProven) this.offer(nowMs);
    else {
      this.isUnproven = true;
      this.sendAccept(nowMs);
    }
  }

  /** The owner decides about a call; a call that only asks is accepted by itself. */
  private offer(nowMs: number): void {
    this.isLookup = this.options.config?.remoteDialplan === true && this.request?.calledNumber === TO_BE_DETERMINED;
    if (this.isLookup) {
      const mask = maskOf([this.format]);
      this.enter('accepted');
      this.timers.set('setup', nowMs + LOOKUP_IDLE_MS);
      this.sendIax(IAX_SUBCLASS.ACCEPT, { format: mask, format2: mask }, nowMs);
      return;
    }
    this.enter('offered');
    this.show();
  }

  protected override handleTimer(timer: CallTimer, nowMs: number): void {
    if (this.isLookup && timer === 'setup')
      this.leave(IAX_SUBCLASS.HANGUP, 'normal-clearing', causeText('normal-clearing'), 'local', nowMs);
    else super.handleTimer(timer, nowMs);
  }

  private handleQuestion(number: string, nowMs: number): void {
    if (!this.isLookup) {
      this.count('iax2.unused-message');
      return;
    }
    this.timers.set('setup', nowMs + LOOKUP_IDLE_MS);
    this.options.asked(number, (answer, atMs) => this.answerQuestion(number, answer, atMs));
  }

  private answerQuestion(number: string, { status, matchMore, ignorePattern }: LookupAnswer, nowMs: number): void {
    if (!this.isLookup || this.state !== 'accepted') return;
    const bit =
      status === 'exists' ? DPSTATUS.EXISTS : status === 'can-exist' ? DPSTATUS.CANEXIST : DPSTATUS.NONEXISTENT;
    const dialplanStatus = bit | (matchMore ? DPSTATUS.MATCHMORE : 0) | (ignorePattern ? DPSTATUS.IGNOREPAT : 0);
    this.sendIax(IAX_SUBCLASS.DPREP, { calledNumber: number, dialplanStatus, refreshS: LOOKUP_REFRESH_S }, nowMs);
    this.around.changed(this, nowMs);
  }

  /** The lookup becomes a call: it is accepted already, and the owner hears of it. */
  private handleDial(ies: InformationElements, nowMs: number): void {
    if (!this.isLookup) {
      this.count('iax2.unused-message');
      return;
    }
    this.isLookup = false;
    this.request = { ...this.request, calledNumber: ies.calledNumber ?? 's' };
    this.link(this.format, nowMs);
    this.show();
  }

  private challengeElements(methods: number): InformationElements {
    // A caller that gave no name learns whose secret is meant: Asterisk's lookups choose theirs by it.
    const username = this.request?.username ?? this.options.config?.name;
    return {
      authMethods: methods,
      challenge: utf8Encode(this.challenge),
      ...(username === undefined ? {} : { username }),
      ...(this.encryption === 0 ? {} : { encryption: this.encryption }),
    };
  }

  /** False if the call was refused because it would go in clear. */
  private chooseEncryption(methods: number, nowMs: number): boolean {
    const config = this.options.config;
    if (config?.encryption === undefined) return true;
    const offered = this.request?.encryption ?? 0;
    // The key is made of challenge and secret.
    const isPossible = (offered & ENCRYPTION_METHOD.AES128) !== 0 && methods !== 0 && config.secrets.length > 0;
    if (isPossible) {
      this.encryption = offered & (ENCRYPTION_METHOD.AES128 | ENCRYPTION_METHOD.KEY_ROTATION);
      return true;
    }
    if (!config.encryption.force) return true;
    this.refuse('bearer-unavailable', 'Only encrypted calls are taken', nowMs);
    return false;
  }

  override get mayBeSealed(): boolean {
    return this.encryption !== 0;
  }

  /** Which of the peer's secrets made the key shows only when the proof is decrypted. */
  override unseal(bytes: Uint8Array, nowMs: number): Uint8Array | Malformed {
    if (this.encryption === 0 || this.isEncrypted) return super.unseal(bytes, nowMs);
    const { crypto } = this.around;
    const challenge = utf8Encode(this.challenge);
    const keys = (this.options.config?.secrets ?? []).map((secret) => deriveKey(crypto, challenge, secret));
    const key = findKey(crypto, keys, bytes, isProof);
    if (key === undefined) return malformed('undecipherable');
    this.encrypt(new FrameCipher(crypto, key), this.encryption);
    return super.unseal(bytes, nowMs);
  }

  /** An unknown name fails here, after the same steps as a wrong secret, so that names cannot be tried out. */
  private handleProof(proof: InformationElements, nowMs: number): void {
    const { config, judged } = this.options;
    const verified =
      config === undefined ? undefined : verifyIdentity(proof, this.challenge, verifierOf(config), this.around.crypto);
    judged(verified !== undefined, nowMs);
    if (verified === undefined) {
      this.refuse('facility-not-subscribed', causeText('facility-not-subscribed'), nowMs);
      return;
    }
    if (this.negotiateFormat(nowMs)) this.offer(nowMs);
  }

  /** Whether the call can be offered: there is a codec and the peer may have one more call. */
  private negotiateFormat(nowMs: number): boolean {
    const { config, refuse } = this.options;
    const cause = refuse();
    if (cause !== undefined) {
      this.refuse(cause, causeText(cause), nowMs);
      return false;
    }
    const ies = this.request ?? {};
    const ours = (config?.codecs ?? []).map(formatOf);
    const requested = ies.format2 ?? ies.format ?? 0n;
    const capability = ies.capability2 ?? ies.capability ?? requested;
    const format = negotiate({
      priority: config?.codecPriority ?? 'host',
      ours,
      capability,
      requested,
      preferences: decodePreferences(ies.codecPreferences ?? ''),
    });
    if (format === undefined) {
      this.refuse('bearer-unavailable', 'Unable to negotiate codec', nowMs);
      return false;
    }
    this.format = format;
    this.videoFormats = commonVideo(ours, capability);
    this.capability = maskOf(ours);
    return true;
  }

  private refuse(cause: Cause, reason: string, nowMs: number): void {
    this.leave(IAX_SUBCLASS.REJECT, cause, reason, 'local', nowMs);
  }

  private sendAccept(nowMs: number): void {
    const mask = maskOf([this.format]);
    // FORMAT has room for one; CAPABILITY, which nobody expects here, tells those who look what pictures there can be.
    const both = maskOf([this.format, ...this.videoFormats]);
    const pictures = this.videoFormats.length === 0 ? {} : { capability: both, capability2: both };
    this.sendIax(IAX_SUBCLASS.ACCEPT, { format: mask, format2: mask, ...pictures }, nowMs);
    this.link(this.format, nowMs);
  }

  private show(): void {
    this.isShown = true;
    this.tell({ type: 'incoming', request: this.describe() });
  }

  private describe(): CallRequest {
    const ies = this.request ?? {};
    return {
      number: ies.calledNumber ?? 's',
      context: this.options.context,
      peer: this.peer,
      caller: this.options.overrideCallerId ?? callerOf(ies),
      dialledNumber: ies.dnid ?? null,
      redirectingNumber: ies.rdnis ?? null,
      language: ies.language ?? null,
      autoAnswer: ies.autoAnswer === true,
      variables: ies.variables ?? new Map(),
    };
  }

  protected override handleInvalid(nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    this.fail('destination-out-of-order', `${where} has given up this call.`, 'far-end', nowMs);
  }
}

/** Nothing else comes first, and hardly any wrong key makes one. */
function isProof(bytes: Uint8Array): boolean {
  const frame = decodeFrame(bytes);
  if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX || frame.subclass !== IAX_SUBCLASS.AUTHREP)
    return false;
  return !isMalformed(decodeInformationElements(frame.body));
}

/** Punctuation that people write into numbers is taken out, as Asterisk does. */
function callerOf(ies: InformationElements): CallerId {
  return {
    number: (ies.callingNumber ?? '').replace(/[() .-]/g, ''),
    name: ies.callingName ?? '',
    ...(ies.callingPresentation === undefined ? {} : { presentation: ies.callingPresentation }),
    ...(ies.callingTypeOfNumber === undefined ? {} : { typeOfNumber: ies.callingTypeOfNumber }),
    ...(ies.callingTransitNetwork === undefined ? {} : { transitNetwork: ies.callingTransitNetwork }),
    ...(ies.callingAni2 === undefined ? {} : { ani2: ies.callingAni2 }),
  };
}
