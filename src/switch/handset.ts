import type { Cause } from '../base/causes.ts';
import { type CollectionStep, DigitCollection, type LookUpNumber } from '../base/digit-collection.ts';
import type { StreamId, StreamIds, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { DialClass } from '../dialplan/numbering-plan.ts';
import type { ProgressTones } from './activity.ts';
import type { DialRequest, Indication, Leg, LegEvent, Party, Signal } from './leg.ts';
import type { Patchbay } from './patchbay.ts';

/** What a telephone of this office may do with its calls, and as whom it calls. */
export interface TelephoneSettings {
  readonly context: string;
  readonly caller: Party;
  /** `features`: a flash is for the calls here; `pass`: it is told to the far end. */
  readonly flash: 'features' | 'pass';
  readonly callWaiting: boolean;
  /** What it may dial; absent: everything. */
  readonly dialClass?: DialClass | undefined;
}

/** What a handset needs of the switch. */
export interface HandsetParts {
  readonly patchbay: Patchbay;
  readonly streams: StreamIds;
  readonly tones: ProgressTones;
  readonly lookUp: LookUpNumber;
  /** Something happened at that place, for the call that it is in. */
  readonly say: (place: Place, event: LegEvent) => void;
  /** A number was dialled there. */
  readonly call: (place: Place, settings: TelephoneSettings, number: string, nowMs: number) => void;
  /** Nobody taps such a call away. */
  readonly isUrgent: (place: Place) => boolean;
  /** Whoever is talked to at `held` goes on with whom `consulted` called; both places are gone. */
  readonly join: (held: Place, consulted: Place, nowMs: number) => void;
  /** Whoever is talked to at that place is left: the telephone is to ring for them. */
  readonly recall: (place: Place, nowMs: number) => void;
  /** A place is at another leg of its telephone than its call was told of. */
  readonly moved: (place: Place) => void;
  /** The telephone is down and somebody waits for it still: the leg that rings it, undefined if it cannot. */
  readonly ringAgain: (place: Place, request: DialRequest, nowMs: number) => Handset | undefined;
}

const TIMES = { firstDigitMs: 16_000, incompleteMs: 5_000, matchMs: 3_000 };

/** A call at a telephone: one of those that it has at a time. It is the leg that the call knows. */
export class Place implements Leg {
  /** The far end and the telephone talk, or have talked. */
  isUp = false;
  /** Its far end has the telephone wait. */
  isHeld = false;
  private hasEnded = false;

  constructor(
    readonly id: string,
    readonly stream: StreamId,
    public handset: Handset,
    /** `own`: it is the call of the telephone's leg; `consulted`: dialled behind a flash; `waiting`: it came into a call. */
    public kind: 'own' | 'consulted' | 'waiting',
    /** Who waits here. */
    readonly request?: DialRequest,
  ) {}

  get technology(): Leg['technology'] {
    return this.leg.technology;
  }

  get channel(): string {
    return this.leg.channel;
  }

  get codec(): string | undefined {
    return this.leg.codec;
  }

  get voices(): readonly VoiceFormat[] {
    return this.leg.voices ?? [];
  }

  get carried(): VoiceFormat | undefined {
    return this.leg.carried;
  }

  get video(): readonly VideoFormat[] {
    return this.leg.video ?? [];
  }

  get telephone(): string | undefined {
    return this.leg.telephone;
  }

  get dialClass(): Leg['dialClass'] {
    return this.leg.dialClass;
  }

  indicate(progress: Indication, nowMs: number): void {
    if (this.kind === 'own') this.leg.indicate(progress, nowMs);
    else this.handset.indicate(this, progress, nowMs);
  }

  answer(nowMs: number): void {
    this.isUp = true;
    if (this.kind === 'own') this.leg.answer(nowMs);
  }

  hangup(cause: Cause, nowMs: number): void {
    if (!this.hasEnded) this.handset.end(this, cause, nowMs);
  }

  hold(nowMs: number): void {
    this.isHeld = true;
    this.handset.followHold(nowMs);
  }

  unhold(nowMs: number): void {
    this.isHeld = false;
    this.handset.followHold(nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (this.isActive) this.leg.sendDigit(digit, durationMs, nowMs);
  }

  flash(nowMs: number): void {
    if (this.isActive) this.leg.flash(nowMs);
  }

  sendText(text: string, nowMs: number): void {
    if (this.isActive) this.leg.sendText(text, nowMs);
  }

  passOn(signal: Signal, nowMs: number): boolean {
    return this.leg.passOn(signal, nowMs);
  }

  see(video: readonly VideoFormat[], nowMs: number): void {
    if (this.isActive) this.leg.see?.(video, nowMs);
  }

  carry(format: VoiceFormat | undefined, nowMs: number): void {
    if (this.isActive) this.leg.carry?.(format, nowMs);
  }

  requestPicture(nowMs: number): void {
    if (this.isActive) this.leg.requestPicture?.(nowMs);
  }

  meet(other: Leg, nowMs: number): void {
    this.leg.meet(other instanceof Place ? other.leg : other, nowMs);
  }

  reportTransfer(failure: Cause | undefined, nowMs: number): void {
    this.leg.reportTransfer(failure, nowMs);
  }

  /** True the first time: a leg says its hangup once. */
  finish(): boolean {
    const isFirst = !this.hasEnded;
    this.hasEnded = true;
    return isFirst;
  }

  private get leg(): Leg {
    return this.handset.leg;
  }

  private get isActive(): boolean {
    return this.handset.hears(this);
  }
}

/**
 * A telephone of this office while it is off the hook or rings, and every call that it has: the one that it talks in,
 * those that it holds, one that waits, and dial tone for another. A flash goes from one to the next:
 *
 * | the telephone | a flash |
 * |---|---|
 * | talks | holds the call and gives dial tone |
 * | hears dial tone, a refusal or ringing behind it | goes back to the call that is held |
 * | talks to whom it dialled then | joins all three |
 * | is in such a conference | lets go of whom it called last |
 * | talks while another call waits | holds the call and answers that one; then from one to the other |
 *
 * Put down while it consults, it leaves the two to each other; while it holds a call otherwise, or one waits, it rings.
 */
export class Handset {
  private readonly places: Place[] = [];
  private active: Place | undefined;
  private waiting: Place | undefined;
  /** What is heard in the place of a call. */
  private tone: StreamId | undefined;
  private collection: DigitCollection | undefined;
  private deadline: number | undefined;
  private room: StreamId | undefined;
  private isHeld = false;
  private isDown = false;
  private count = 0;

  constructor(
    readonly leg: Leg,
    private readonly settings: TelephoneSettings,
    private readonly parts: HandsetParts,
  ) {}

  /** The place of the call that the telephone's own leg is in. */
  begin(place: Place): void {
    this.places.push(place);
    this.active = place;
  }

  hears(place: Place): boolean {
    return this.room === undefined ? place === this.active : this.places.includes(place);
  }

  get isInConference(): boolean {
    return this.room !== undefined;
  }

  nextDeadline(): number | undefined {
    return this.deadline;
  }

  // ---- what the telephone does

  handleLegEvent(event: LegEvent, nowMs: number): void {
    const own = this.places.find(({ kind }) => kind === 'own');
    switch (event.type) {
      case 'hangup':
        this.putDown(event, nowMs);
        break;
      case 'flash':
        this.flash(event, nowMs);
        break;
      case 'digit':
        if (this.collection !== undefined) this.follow(this.collection.add(event.digit), nowMs);
        else for (const place of this.talking) this.parts.say(place, event);
        break;
      case 'answered':
        if (own !== undefined) own.isUp = true;
        if (own !== undefined) this.parts.say(own, event);
        break;
      case 'proceeding':
      case 'ringing':
      case 'progress':
        if (own !== undefined) this.parts.say(own, event);
        break;
      default:
        for (const place of this.talking) this.parts.say(place, event);
    }
  }

  handleTimeout(nowMs: number): void {
    if (this.deadline === undefined || nowMs < this.deadline) return;
    this.deadline = undefined;
    if (this.collection !== undefined) this.follow(this.collection.end(), nowMs);
  }

  private flash(event: LegEvent, nowMs: number): void {
    const { active, room, waiting } = this;
    const [first] = this.places;
    if (this.settings.flash === 'pass' || (active !== undefined && this.parts.isUrgent(active))) {
      if (active !== undefined) this.parts.say(active, event);
    } else if (room !== undefined) this.dropLast(nowMs);
    else if (waiting !== undefined) this.takeWaiting(waiting, nowMs);
    else if (active === undefined) {
      if (first !== undefined) this.goTo(first, nowMs);
    } else if (this.places.length > 1) this.turn(active, nowMs);
    else if (active.isUp && active.codec === undefined) this.consult(active, nowMs);
  }

  private consult(active: Place, nowMs: number): void {
    this.parts.say(active, { type: 'hold' });
    this.collection = new DigitCollection(this.settings.context, this.parts.lookUp, TIMES);
    this.deadline = nowMs + TIMES.firstDigitMs;
    this.hear(this.parts.tones.dial, nowMs);
  }

  /** Two calls: from one to the other, or all three together. */
  private turn(active: Place, nowMs: number): void {
    const other = this.places.find((place) => place !== active);
    if (other === undefined) return;
    if (active.kind !== 'consulted') {
      this.parts.say(active, { type: 'hold' });
      this.goTo(other, nowMs);
    } else if (active.isUp) {
      this.room = this.parts.streams.next();
      this.parts.say(other, { type: 'unhold' });
      this.patch(nowMs);
    } else {
      this.remove(active);
      this.bye(active);
      this.goTo(other, nowMs);
    }
  }

  private dropLast(nowMs: number): void {
    const last = this.places.at(-1);
    this.room = undefined;
    if (last === undefined) return;
    this.remove(last);
    this.bye(last);
    this.active = this.places[0];
    this.patch(nowMs);
  }

  private takeWaiting(waiting: Place, nowMs: number): void {
    this.stopWaiting(nowMs);
    if (this.active !== undefined) this.parts.say(this.active, { type: 'hold' });
    waiting.isUp = true;
    this.places.push(waiting);
    this.active = waiting;
    this.endTone(nowMs);
    this.parts.say(waiting, { type: 'answered' });
    this.patch(nowMs);
  }

  private follow(step: CollectionStep, nowMs: number): void {
    const { collection, parts, settings } = this;
    if (collection === undefined) return;
    if (step.type === 'more') {
      this.deadline = nowMs + step.waitMs;
      if (!step.dialTone && this.tone !== undefined) this.endTone(nowMs);
      this.patch(nowMs);
      return;
    }
    this.collection = undefined;
    this.deadline = undefined;
    if (step.type === 'impossible') {
      this.refuse('unallocated-number', nowMs);
      return;
    }
    this.endTone(nowMs);
    const place = new Place(`${this.leg.id}.${++this.count}`, parts.streams.next(), this, 'consulted');
    this.places.push(place);
    this.active = place;
    this.patch(nowMs);
    parts.call(place, settings, collection.digits, nowMs);
  }

  /** The telephone is down, or its leg failed. */
  private putDown(event: LegEvent & { type: 'hangup' }, nowMs: number): void {
    const { active, room, waiting, parts } = this;
    const consulted = room === undefined ? active : this.places.at(-1);
    const held = this.places.find((place) => place !== consulted);
    this.isDown = true;
    this.stopWaiting(nowMs);
    this.endTone(nowMs);
    this.collection = undefined;
    this.deadline = undefined;
    this.room = undefined;
    parts.patchbay.leave(this.leg.stream, nowMs);
    if (held !== undefined && consulted?.kind === 'consulted') parts.join(held, consulted, nowMs);
    else {
      if (consulted !== undefined) this.bye(consulted, event);
      if (held !== undefined) parts.recall(held, nowMs);
    }
    if (waiting?.request === undefined) return;
    if (parts.ringAgain(waiting, waiting.request, nowMs) === undefined) this.bye(waiting);
  }

  // ---- what its calls want

  /** Another call comes for it while it talks; undefined where that is not wanted or not possible. */
  offer(request: DialRequest, nowMs: number): Place | undefined {
    const { active, leg, parts } = this;
    const isFree = this.places.length === 1 && this.waiting === undefined && this.tone === undefined;
    if (!this.settings.callWaiting || leg.announceWaiting === undefined || request.codec !== undefined)
      return undefined;
    if (!isFree || active?.isUp !== true || active.codec !== undefined || parts.isUrgent(active)) return undefined;
    this.waiting = new Place(`${leg.id}.${++this.count}`, request.stream, this, 'waiting', request);
    parts.say(this.waiting, { type: 'ringing' });
    leg.announceWaiting(request.caller, nowMs);
    this.patch(nowMs);
    return this.waiting;
  }

  /** How a call gets on that was dialled behind a flash: the telephone is told by tones, it is answered already. */
  indicate(place: Place, progress: Indication, nowMs: number): void {
    const { tones, patchbay } = this.parts;
    const pattern = { ringing: tones.ringback, busy: tones.busy, congestion: tones.congestion }[progress as string];
    if (pattern !== undefined) patchbay.hear(place.stream, { kind: 'tone', pattern }, nowMs);
  }

  /** The call at that place is over. */
  end(place: Place, cause: Cause, nowMs: number): void {
    const isLast = this.places.length === 1 && this.waiting === undefined && this.tone === undefined;
    if (!this.isDown && isLast && this.places[0] === place) {
      this.leg.hangup(cause, nowMs);
      return;
    }
    this.bye(place, { type: 'hangup', cause, reason: 'The call ended.' });
    if (this.isDown) return;
    if (place === this.waiting) this.stopWaiting(nowMs);
    else this.leaveEnded(place, cause, nowMs);
    this.patch(nowMs);
  }

  private leaveEnded(place: Place, cause: Cause, nowMs: number): void {
    const wasIn = this.room !== undefined || place === this.active;
    this.remove(place);
    const [other] = this.places;
    if (!wasIn) return;
    if (this.room !== undefined) {
      this.room = undefined;
      this.active = other;
    } else if (other !== undefined && place.isUp) this.goTo(other, nowMs);
    else this.refuse(cause, nowMs);
  }

  /** There is nothing to be had here. Where nothing else is left either, the line says so, and when it goes on for too long. */
  private refuse(cause: Cause, nowMs: number): void {
    const { tones } = this.parts;
    if (this.places.length > 0 || this.waiting !== undefined)
      this.hear(cause === 'user-busy' ? tones.busy : tones.congestion, nowMs);
    else {
      this.endTone(nowMs);
      this.leg.hangup(cause, nowMs);
    }
  }

  // ---- what is heard

  private goTo(place: Place, nowMs: number): void {
    this.collection = undefined;
    this.deadline = undefined;
    this.endTone(nowMs);
    this.active = place;
    this.parts.say(place, { type: 'unhold' });
    this.patch(nowMs);
  }

  private hear(pattern: TonePattern, nowMs: number): void {
    this.endTone(nowMs);
    this.active = undefined;
    this.tone = this.parts.streams.next();
    this.patch(nowMs);
    this.parts.patchbay.hear(this.tone, { kind: 'tone', pattern }, nowMs);
  }

  private endTone(nowMs: number): void {
    if (this.tone !== undefined) this.parts.patchbay.release(this.tone, nowMs);
    this.tone = undefined;
  }

  private stopWaiting(nowMs: number): void {
    if (this.waiting !== undefined && !this.isDown) this.leg.announceWaiting?.(undefined, nowMs);
    this.waiting = undefined;
  }

  /** The telephone waits while the call that it is in does. */
  followHold(nowMs: number): void {
    const isHeld = this.room === undefined && this.active?.isHeld === true;
    if (isHeld === this.isHeld || this.isDown) return;
    this.isHeld = isHeld;
    if (isHeld) this.leg.hold(nowMs);
    else this.leg.unhold(nowMs);
  }

  private patch(nowMs: number): void {
    this.followHold(nowMs);
    const places = [...this.places, ...(this.waiting === undefined ? [] : [this.waiting])].map(({ stream }) => stream);
    const active = this.active?.stream ?? this.tone;
    if (this.tone !== undefined) places.push(this.tone);
    this.parts.patchbay.stand(this.leg.stream, { places, active, room: this.room }, nowMs);
  }

  private get talking(): readonly Place[] {
    if (this.room !== undefined) return this.places;
    return this.active === undefined ? [] : [this.active];
  }

  private remove(place: Place): void {
    this.places.splice(this.places.indexOf(place), 1);
    if (this.active === place) this.active = undefined;
  }

  private bye(place: Place, event: LegEvent = { type: 'hangup', cause: 'normal-clearing', reason: 'Let go.' }): void {
    this.parts.say(place, event);
  }
}
