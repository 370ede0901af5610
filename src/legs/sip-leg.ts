import { type Cause, sipStatusOf } from '../base/causes.ts';
import type { Address } from '../base/machine.ts';
import {
  isCarriedCodec,
  type MediaEvent,
  type StreamId,
  type VideoFormat,
  type VoiceFormat,
} from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Call, CallEvent, CallFailure, CallRequest, MediaAgreement, PlaceCall } from '../sip/endpoint.ts';
import type {
  DialFailure,
  DialRequest,
  IncomingCall,
  Indication,
  Leg,
  LegDialler,
  LegEvent,
  Party,
} from '../switch/leg.ts';

export type SipLegOutput =
  | { readonly type: 'leg'; readonly leg: Leg; readonly event: LegEvent }
  | { readonly type: 'incoming'; readonly call: IncomingCall };

/** Where the voice of the legs is: an RTP port each, and a stream of the media plane once both sides agree. */
export interface SipLegMedia {
  /** A port for a call to that peer, and what the peer is to call it; undefined if none is left. */
  reserve(stream: StreamId, peer: string): Address | undefined;
  /** Opens the stream, or changes it to what both sides agree on now. */
  agree(call: Call, agreement: MediaAgreement, nowMs: number): void;
  /** Asks the far end for a whole picture by RTCP. */
  requestPicture(stream: StreamId, by: 'pli' | 'fir', nowMs: number): void;
  /** Lets go of port and stream; of one that has neither it does nothing. */
  release(stream: StreamId, nowMs: number): void;
  /** As a telephone event, or in the audio where the far end has none. [RFC4733] */
  playDigit(stream: StreamId, digit: string, durationMs: number, nowMs: number): void;
}

/** What the legs have to know of phones and trunks. */
export interface SipLegPeers {
  /** Where its calls enter the dialplan, and whom it transfers, too. */
  contextOf(peer: string): string | undefined;
  /** Whether it is a telephone of ours, not a trunk. */
  isTelephone(peer: string): boolean;
  /** The number of a phone of ours; undefined of a trunk. */
  numberOf(peer: string): string | undefined;
  /** What it may dial here. */
  dialClassOf(peer: string): Leg['dialClass'];
}

/** The SIP endpoint's calls as legs: `SIP/phone`, `SIP/trunk/number`, `SIP/number@trunk`. */
export class SipLegs implements LegDialler {
  private readonly outputs = new Queue<SipLegOutput>();
  private readonly legs = new Map<number, SipLeg>();
  private readonly byStream = new Map<StreamId, SipLeg>();

  constructor(
    private readonly placeCall: (request: PlaceCall, nowMs: number) => Call | CallFailure,
    private readonly media: SipLegMedia,
    private readonly peers: SipLegPeers,
  ) {}

  dial(request: DialRequest, nowMs: number): Leg | DialFailure {
    const { resource, caller, stream, codec, video = [], emergency, wantsAutoAnswer: autoAnswer = false } = request;
    const isBound = codec !== undefined;
    const target = parseSipResource(resource);
    if (target === undefined) return { failed: 'invalid-number-format', reason: 'SIP/ needs a phone or a trunk.' };
    if (isBound && !isCarriedCodec(codec))
      return { failed: 'bearer-unavailable', reason: `${target.peer} cannot make sound of ${codec}.` };
    const voices = isBound ? [{ codec }] : (request.voices ?? []);
    const media = this.media.reserve(stream, target.peer);
    if (media === undefined) return { failed: 'no-circuit', reason: 'Every RTP port is in use.' };
    const { number, name, isWithheld: isRestricted = false } = caller;
    const shown = {
      number,
      name,
      ...(isRestricted ? { isRestricted } : {}),
      ...(caller.redirecting === undefined ? {} : { redirecting: caller.redirecting }),
    };
    const urgency = { emergency: emergency !== undefined, insist: emergency?.insist === true };
    const how = { ...urgency, voices, isBound, video, ...(autoAnswer ? { autoAnswer } : {}) };
    const call = this.placeCall({ ...target, ...how, caller: shown, stream, media }, nowMs);
    if (!('failed' in call)) return this.adopt(call);
    this.media.release(stream, nowMs);
    return call;
  }

  handleCallEvent(call: Call, event: CallEvent, nowMs: number): void {
    if (event.type === 'incoming') {
      const { replaces } = event.request;
      const replaced = replaces === undefined ? undefined : this.legs.get(replaces.id);
      const incoming = incomingCall(this.adopt(call), event.request);
      const came = replaced === undefined ? incoming : { ...incoming, replaces: replaced.id };
      this.outputs.push({ type: 'incoming', call: came });
      return;
    }
    const leg = this.legs.get(call.id);
    if (leg === undefined) return;
    if (event.type === 'media') this.media.agree(call, event.agreement, nowMs);
    else if (event.type === 'transfer') this.transfer(leg, event.number, nowMs);
    else if (event.type === 'redirected') this.forward(leg, event.numbers);
    else if (event.type === 'transfer-to-call') this.transferToCall(leg, event.other, nowMs);
    else if (event.type === 'hangup') {
      this.legs.delete(call.id);
      this.byStream.delete(call.stream);
      this.media.release(call.stream, nowMs);
    }
    const said = leg.translate(event);
    if (said !== undefined) this.outputs.push({ type: 'leg', leg, event: said });
  }

  /** Digits that came as telephone events, and feedback that came by RTCP; what happens in other streams does nothing. */
  handleMedia(event: MediaEvent): void {
    if (event.type !== 'digit-end' && event.type !== 'picture-wanted') return;
    const leg = this.byStream.get(event.stream);
    if (event.type === 'picture-wanted') {
      if (leg !== undefined) this.outputs.push({ type: 'leg', leg, event: { type: 'picture-wanted' } });
      return;
    }
    const { digit, durationMs } = event;
    if (leg !== undefined) this.outputs.push({ type: 'leg', leg, event: { type: 'digit', digit, durationMs } });
  }

  poll(): SipLegOutput | undefined {
    return this.outputs.shift();
  }

  /** Calls that stand with that phone or trunk. */
  legsOf(peer: string): readonly SipLeg[] {
    return [...this.legs.values()].filter((leg) => leg.peer === peer);
  }

  get size(): number {
    return this.legs.size;
  }

  private transfer(leg: SipLeg, number: string, nowMs: number): void {
    const context = this.peers.contextOf(leg.peer);
    if (context === undefined) leg.reportTransfer('call-rejected', nowMs);
    else this.outputs.push({ type: 'leg', leg, event: { type: 'transfer', context, number } });
  }

  /** Whoever may not call here by itself sends nobody anywhere. */
  private forward(leg: SipLeg, numbers: readonly string[]): void {
    const context = this.peers.contextOf(leg.peer);
    if (context === undefined) return;
    const by = this.peers.numberOf(leg.peer);
    this.outputs.push({ type: 'leg', leg, event: { type: 'forward', context, numbers, by } });
  }

  private transferToCall(leg: SipLeg, call: Call, nowMs: number): void {
    const other = this.legs.get(call.id);
    if (other === undefined) leg.reportTransfer('call-rejected', nowMs);
    else this.outputs.push({ type: 'leg', leg, event: { type: 'transfer-to-leg', other: other.id } });
  }

  private adopt(call: Call): SipLeg {
    const telephone = this.peers.isTelephone(call.peer) ? `SIP/${call.peer}` : undefined;
    const leg = new SipLeg(call, this.media, telephone, this.peers.dialClassOf(call.peer));
    this.legs.set(call.id, leg);
    this.byStream.set(call.stream, leg);
    return leg;
  }
}

/** What is said of a transfer that took place. */
const DONE = 200;

export class SipLeg implements Leg {
  readonly technology = 'sip';
  readonly id: string;
  readonly channel: string;
  isUp = false;
  isHeld = false;

  constructor(
    private readonly call: Call,
    private readonly media: SipLegMedia,
    readonly telephone: string | undefined,
    readonly dialClass: Leg['dialClass'],
  ) {
    this.id = `sip-${call.id}`;
    this.channel = `SIP/${call.peer}-${call.id}`;
  }

  get stream(): StreamId {
    return this.call.stream;
  }

  get peer(): string {
    return this.call.peer;
  }

  /** It rings, or is being dialled. */
  get isRinging(): boolean {
    return this.call.direction === 'outgoing' && !this.isUp;
  }

  indicate(progress: Indication, nowMs: number): void {
    if (this.call.direction === 'outgoing' || this.isUp) return;
    // A phone makes its own tones of a refusal; that also ends the leg.
    if (progress === 'busy') this.call.hangup('user-busy', nowMs);
    else if (progress === 'congestion') this.call.hangup('no-circuit', nowMs);
    else if (progress !== 'proceeding') this.call[progress](nowMs);
  }

  answer(nowMs: number): void {
    if (this.call.direction === 'outgoing' || this.isUp) return;
    this.isUp = true;
    this.call.answer(nowMs);
  }

  hangup(cause: Cause, nowMs: number): void {
    this.call.hangup(cause, nowMs);
  }

  hold(nowMs: number): void {
    this.call.hold(nowMs);
  }

  unhold(nowMs: number): void {
    this.call.unhold(nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (this.call.media !== undefined) this.media.playDigit(this.stream, digit, durationMs, nowMs);
  }

  flash(nowMs: number): void {
    this.call.flash(nowMs);
  }

  sendText(text: string, nowMs: number): void {
    this.call.sendText(text, nowMs);
  }

  get codec(): string | undefined {
    return this.call.onlyVoice?.codec;
  }

  get voices(): readonly VoiceFormat[] {
    return this.call.voices;
  }

  get carried(): VoiceFormat | undefined {
    return this.call.carried;
  }

  carry(format: VoiceFormat | undefined, nowMs: number): void {
    this.call.carry(format, nowMs);
  }

  get video(): readonly VideoFormat[] {
    return this.call.video;
  }

  see(video: readonly VideoFormat[], nowMs: number): void {
    this.call.see(video, nowMs);
  }

  requestPicture(nowMs: number): void {
    const feedback = this.call.media?.video?.format.feedback;
    if (feedback === undefined) return;
    if (feedback.includes('nack pli')) this.media.requestPicture(this.stream, 'pli', nowMs);
    else if (feedback.includes('ccm fir')) this.media.requestPicture(this.stream, 'fir', nowMs);
    else this.call.requestPicture(nowMs);
  }

  passOn(): boolean {
    return false;
  }

  meet(): void {}

  reportTransfer(failure: Cause | undefined, nowMs: number): void {
    this.call.reportTransfer(failure === undefined ? DONE : sipStatusOf(failure), nowMs);
  }

  translate(event: CallEvent): LegEvent | undefined {
    switch (event.type) {
      case 'answered':
        this.isUp = true;
        return { type: 'answered' };
      case 'hold':
      case 'unhold':
        this.isHeld = event.type === 'hold';
        return { type: event.type };
      case 'proceeding':
      case 'ringing':
      case 'progress':
      case 'flash':
      case 'picture-wanted':
      case 'codec':
        return { type: event.type };
      case 'digit':
        return { type: 'digit', digit: event.digit, durationMs: event.durationMs };
      case 'text':
        return { type: 'text', text: event.text };
      case 'hangup':
        return { type: 'hangup', cause: event.cause, reason: event.reason };
      default:
        return undefined;
    }
  }
}

/** Who does not want to be shown is not named to anybody here. */
const NOBODY: Party = { number: '', name: '', isWithheld: true, presentation: 0x20 };

function incomingCall(leg: Leg, { context, number, caller, redirectingNumber }: CallRequest): IncomingCall {
  const known = caller.isRestricted === true ? NOBODY : { number: caller.number, name: caller.name };
  const party = redirectingNumber === null ? known : { ...known, redirecting: redirectingNumber };
  return { leg, context, number: number === '' ? 's' : number, caller: party };
}

/** Reads what stands behind `SIP/`; undefined without a peer. */
export function parseSipResource(resource: string): Pick<PlaceCall, 'peer' | 'number'> | undefined {
  const slash = resource.indexOf('/');
  const first = slash < 0 ? resource : resource.slice(0, slash);
  const at = first.lastIndexOf('@');
  const peer = first.slice(at + 1);
  if (peer === '') return undefined;
  const before = at < 0 ? '' : first.slice(0, at);
  return { peer, number: slash < 0 ? before : resource.slice(slash + 1) };
}
