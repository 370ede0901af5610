import { type Cause, type DialStatus, dialStatusOf } from '../base/causes.ts';
import { earliest } from '../base/machine.ts';
import { NOTHING, type StreamIds } from '../base/media-port.ts';
import { permits, stricter } from '../dialplan/numbering-plan.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import type { Forwarding } from './forwarding.ts';
import {
  type DialRequest,
  type Leg,
  type LegDialler,
  type LegEvent,
  type Party,
  type Place,
  type Target,
  type Technology,
  telephoneAt,
} from './leg.ts';
import type { ForwardCase } from './telephone-orders.ts';

export interface DialOrder {
  readonly targets: readonly Target[];
  readonly timeoutMs: number | undefined;
  /** `r`: the caller hears ringing at once, whatever the targets say. */
  readonly ringAtOnce: boolean;
  /** `g`: the dialplan goes on when the answering party has hung up. */
  readonly goOn: boolean;
  /** `S(s)`: the longest time to talk. */
  readonly talkLimitMs?: number;
  /** `D(digits)`: sent to the party that answers. */
  readonly digitsWhenAnswered?: string;
  readonly emergency?: { readonly insist: boolean };
}

export interface DialParts {
  readonly caller: CallerSide;
  readonly party: Party;
  readonly diallers: ReadonlyMap<Technology, LegDialler>;
  readonly streams: StreamIds;
  /** Whether the class of the caller lets it call there. */
  readonly mayDial: (target: Target) => boolean;
  /** Whether a call may be forwarded there. */
  readonly mayForward: (to: Place) => boolean;
  /** What telephones have ordered for calls that come to them; absent for a call that must ring in any case. */
  readonly forwarding?: Forwarding;
  /** A new leg belongs to this call: its events are to come here. */
  readonly adopt: (leg: Leg, nowMs: number) => void;
}

type Forward = Extract<LegEvent, { type: 'forward' }>;
/** `isForwarded`: somebody else is called in its place, whose failure counts. */
interface Attempt {
  readonly leg: Leg;
  ringing: boolean;
  isForwarded: boolean;
  /** What is called there, where its orders for its calls hold. */
  readonly telephone: string | undefined;
  /** When the call goes elsewhere. */
  forwardAtMs: number | undefined;
}

/** How long a telephone rings before it sends its call on. */
const NO_ANSWER_MS = 15_000;
const UNREACHED: readonly Cause[] = ['no-answer', 'no-user-response', 'destination-out-of-order'];

/** Telephones that forward to each other would call for ever. */
const MAX_FORWARDS = 5;

/**
 * `Dial`: calls every target at once, joins the caller to the first that answers, and says how it went in
 * DIALSTATUS and HANGUPCAUSE as Asterisk's app_dial does.
 */
export class Dial implements Activity {
  result: ActivityResult | undefined;
  /** Who answered, while they talk. */
  answered: Leg | undefined;

  private attempts: Attempt[] = [];
  /** Who has told the other party to wait. */
  private readonly holders = new Set<Leg>();
  private readonly failures: Cause[] = [];
  private answerDeadline: number | undefined;
  private talkDeadline: number | undefined;
  private startedMs = 0;
  /** One extension is called: what its telephones order for its calls holds. */
  private isForOne = false;
  private answeredMs: number | undefined;
  private told: 'nothing' | 'proceeding' | 'ringing' | 'progress' = 'nothing';

  constructor(
    private readonly order: DialOrder,
    private readonly parts: DialParts,
  ) {}

  get dial(): this {
    return this;
  }

  /** Every leg that this Dial has, dialled or joined. */
  get legs(): readonly Leg[] {
    return this.answered === undefined ? this.attempts.map((attempt) => attempt.leg) : [this.answered];
  }

  /** Whom that leg talks to; undefined before anybody has answered. */
  partnerOf(leg: Leg): Leg | undefined {
    const { caller } = this.parts;
    if (this.answered === undefined || (leg !== this.answered && leg !== caller.leg)) return undefined;
    return leg === this.answered ? caller.leg : this.answered;
  }

  get held(): boolean {
    return this.holders.size > 0;
  }

  /** Ends the talk without hanging anybody up: both parties belong to somebody else from now on. `staying`: is not let go. */
  part(staying: Leg, nowMs: number): void {
    const { answered } = this;
    const { patchbay } = this.parts.caller;
    this.endHold(this.partnerOf(staying), nowMs);
    if (answered === staying) patchbay.hear(staying.stream, NOTHING, nowMs);
    else if (answered !== undefined) patchbay.release(answered.stream, nowMs);
    this.answered = undefined;
    this.finish({ dialStatus: 'ANSWER', cause: 'normal-clearing' }, nowMs);
  }

  /** Somebody takes the place of a leg in the middle of it; whom that held waits no more. */
  substitute(old: Leg, leg: Leg, nowMs: number): void {
    this.endHold(old, nowMs);
    if (this.answered === old) this.answered = leg;
    this.attempts = this.attempts.map((one) => (one.leg === old ? { ...one, leg } : one));
  }

  /** Telephones that ring for this call. */
  get ringingTelephones(): readonly string[] {
    const ringing = this.attempts.filter((one) => one.ringing && one.leg.technology !== 'local');
    return ringing.flatMap(({ leg }) => leg.telephone ?? []);
  }

  /** Somebody who was not called answers: whoever rings does so no longer. */
  takeUp(leg: Leg, nowMs: number): void {
    this.join(leg, nowMs);
  }

  get ringing(): boolean {
    return this.attempts.some((attempt) => attempt.ringing);
  }

  start(nowMs: number): void {
    this.startedMs = nowMs;
    if (this.order.timeoutMs !== undefined) this.answerDeadline = nowMs + this.order.timeoutMs;
    this.isForOne = this.parts.forwarding?.isForOne(this.order.targets.map(telephoneAt)) === true;
    for (const target of this.order.targets) this.reach(target, nowMs);
    if (this.order.targets.length === 0) this.failures.push('unallocated-number');
    if (this.order.ringAtOnce && this.attempts.length > 0) this.tellCaller('ringing', nowMs);
    this.endIfAllFailed(nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (this.result !== undefined) return;
    if (this.answered !== undefined) this.handleTalk(leg, event, nowMs);
    else if (leg === this.parts.caller.leg) this.handleCallerWaiting(event, nowMs);
    else this.handleAttempt(leg, event, nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.result !== undefined) return;
    if (this.answered === undefined) this.sendOnUnanswered(nowMs);
    if (this.result !== undefined) return;
    if (this.answered === undefined && this.answerDeadline !== undefined && nowMs >= this.answerDeadline) {
      this.dropAttempts('no-answer', nowMs);
      this.finish({ dialStatus: 'NOANSWER', cause: 'no-answer' }, nowMs);
    } else if (this.talkDeadline !== undefined && nowMs >= this.talkDeadline) {
      this.answered?.hangup('normal-clearing', nowMs);
      this.endTalk('normal-clearing', nowMs);
    }
  }

  nextDeadline(): number | undefined {
    if (this.result !== undefined) return undefined;
    if (this.answered !== undefined) return this.talkDeadline;
    return this.attempts.reduce<number | undefined>(
      (next, { forwardAtMs }) => earliest(next, forwardAtMs),
      this.answerDeadline,
    );
  }

  abort(cause: Cause, nowMs: number): void {
    if (this.result !== undefined) return;
    if (this.answered !== undefined) {
      this.answered.hangup(cause, nowMs);
      this.parts.caller.patchbay.release(this.answered.stream, nowMs);
      this.result = { dialStatus: 'ANSWER', cause };
    } else {
      this.dropAttempts(cause, nowMs);
      this.result = { dialStatus: 'CANCEL', cause };
    }
  }

  /** One target: the telephone there, or where it sends its calls. */
  private reach(target: Target, nowMs: number): void {
    const { forwarding, mayDial } = this.parts;
    const telephone = telephoneAt(target);
    if (!mayDial(target)) this.failures.push('facility-not-subscribed');
    else if (this.sendOn(telephone, 'always', nowMs)) return;
    else if (forwarding?.isUndisturbed(telephone) === true) this.noteFailure(telephone, 'user-busy', nowMs);
    else this.call(target, {}, nowMs, telephone);
  }

  /** By order of that telephone; false if its calls go nowhere else in that case. */
  private sendOn(telephone: string | undefined, when: ForwardCase, nowMs: number): boolean {
    const { caller, forwarding } = this.parts;
    if (telephone === undefined || !this.isForOne) return false;
    const { forwardedBy = [], telephone: calling } = caller.leg;
    const forward = forwarding?.placeFor(telephone, when, calling, forwardedBy);
    if (forward === undefined || !this.forwardTo(forward, forward.dialClass, nowMs, telephone)) return false;
    // Who is called now has as long as the telephone had.
    if (this.order.timeoutMs !== undefined) this.answerDeadline = nowMs + this.order.timeoutMs;
    return true;
  }

  /** What was called there cannot take the call: it goes where the telephone sends it then, if anywhere. */
  private noteFailure(telephone: string | undefined, cause: Cause, nowMs: number): void {
    const when = cause === 'user-busy' ? 'busy' : UNREACHED.includes(cause) ? 'noAnswer' : undefined;
    if (when === undefined || !this.sendOn(telephone, when, nowMs)) this.failures.push(cause);
  }

  /** Telephones that have rung long enough and send their calls on then. */
  private sendOnUnanswered(nowMs: number): void {
    for (const attempt of [...this.attempts]) {
      if (attempt.forwardAtMs === undefined || nowMs < attempt.forwardAtMs) continue;
      attempt.forwardAtMs = undefined;
      if (attempt.isForwarded || !this.sendOn(attempt.telephone, 'noAnswer', nowMs)) continue;
      this.attempts = this.attempts.filter((one) => one !== attempt);
      attempt.leg.hangup('no-answer', nowMs);
      this.parts.caller.patchbay.release(attempt.leg.stream, nowMs);
    }
    this.endIfAllFailed(nowMs);
  }

  /** `how`: what differs from what is known of the caller. `telephone`: the one there, whose orders hold. */
  private call(
    { technology, resource }: Target,
    how: Partial<DialRequest>,
    nowMs: number,
    telephoneThere?: string,
  ): void {
    const { caller, party, streams, diallers } = this.parts;
    const { dialClass } = caller;
    const { codec, voices, video, telephone, wantsAutoAnswer = false, forwardedBy, forwards } = caller.leg;
    const { emergency } = this.order;
    const made = diallers.get(technology)?.dial(
      {
        technology,
        resource,
        caller: party,
        stream: streams.next(),
        ...(codec === undefined ? {} : { codec }),
        // An emergency call is one that everything here can hear.
        ...(voices === undefined || emergency !== undefined ? {} : { voices }),
        ...(video === undefined ? {} : { video }),
        // What is forwarded was dialled by nobody: an emergency number behind it is none.
        ...(telephone === undefined || how.forwards !== undefined ? {} : { telephone }),
        ...(wantsAutoAnswer ? { wantsAutoAnswer } : {}),
        ...(dialClass === undefined ? {} : { dialClass }),
        ...(emergency === undefined ? {} : { emergency }),
        ...(forwardedBy === undefined ? {} : { forwardedBy }),
        ...(forwards === undefined ? {} : { forwards }),
        ...how,
      },
      nowMs,
    );
    if (made === undefined) this.failures.push('facility-rejected');
    else if ('failed' in made) this.noteFailure(telephoneThere, made.failed, nowMs);
    else {
      const { timeoutMs = NO_ANSWER_MS } = this.order;
      const mayMove = telephoneThere !== undefined && this.isForOne;
      const forwardAtMs = mayMove ? nowMs + Math.min(NO_ANSWER_MS, timeoutMs) : undefined;
      this.attempts.push({ leg: made, ringing: false, isForwarded: false, telephone: telephoneThere, forwardAtMs });
      this.parts.adopt(made, nowMs);
    }
  }

  /** Whoever was called is elsewhere. */
  private forward(attempt: Attempt, forward: Forward, nowMs: number): void {
    const { leg } = attempt;
    attempt.isForwarded = this.forwardTo(forward, leg.dialClass, nowMs, leg.telephone);
  }

  /**
   * The first of these numbers that there is is called as well, as if it were dialled there, as app_dial does. What the
   * caller or the forwarding party may not dial is not reached this way. False if there is none, or it was done too often.
   */
  private forwardTo(
    { context, numbers, by }: Omit<Forward, 'type'>,
    held: Leg['dialClass'],
    nowMs: number,
    telephone: string | undefined,
  ): boolean {
    const { caller, party, mayForward } = this.parts;
    const { forwards: before = 0, forwardedBy = [] } = caller.leg;
    const forwards = before + 1;
    // A way of an emergency call that sends it elsewhere has failed: the next way is tried.
    if (this.order.emergency !== undefined || forwards > MAX_FORWARDS) return false;
    if (telephone !== undefined && forwardedBy.includes(telephone)) return false;
    const number = numbers.find((one) => mayForward({ context, number: one }));
    if (number === undefined) return false;
    const dialClass = stricter(caller.dialClass, held);
    const how = {
      caller: by === undefined ? party : { ...party, redirecting: by },
      forwards,
      ...(telephone === undefined ? {} : { forwardedBy: [...forwardedBy, telephone] }),
      ...(dialClass === undefined ? {} : { dialClass }),
    };
    this.call({ technology: 'local', resource: `${number}@${context}` }, how, nowMs);
    return true;
  }

  private handleAttempt(leg: Leg, event: LegEvent, nowMs: number): void {
    const attempt = this.attempts.find((one) => one.leg === leg);
    if (attempt === undefined) return;
    switch (event.type) {
      case 'proceeding':
        this.tellCaller('proceeding', nowMs);
        break;
      case 'ringing':
        attempt.ringing = true;
        this.tellCaller('ringing', nowMs);
        break;
      case 'progress':
        // With several targets nobody can say whose early media the caller should hear.
        if (this.order.targets.length === 1 && !this.order.ringAtOnce) {
          this.suit(leg, nowMs);
          this.tellCaller('progress', nowMs);
          this.parts.caller.patchbay.bridge(this.parts.caller.leg.stream, leg.stream, nowMs);
        }
        break;
      case 'answered':
        this.join(leg, nowMs);
        break;
      case 'hangup':
        this.attempts = this.attempts.filter((one) => one !== attempt);
        this.parts.caller.patchbay.release(leg.stream, nowMs);
        if (!attempt.isForwarded) this.noteFailure(attempt.telephone, event.cause, nowMs);
        this.endIfAllFailed(nowMs);
        break;
      case 'forward':
        this.forward(attempt, event, nowMs);
        break;
      default:
        break;
    }
  }

  private handleCallerWaiting(event: LegEvent, nowMs: number): void {
    // Digits during early media belong to the far end's announcement.
    const early = this.told === 'progress' ? this.attempts[0]?.leg : undefined;
    if (event.type === 'digit') early?.sendDigit(event.digit, event.durationMs, nowMs);
  }

  private join(leg: Leg, nowMs: number): void {
    this.attempts = this.attempts.filter((attempt) => attempt.leg !== leg);
    this.dropAttempts('answered-elsewhere', nowMs);
    this.answered = leg;
    this.answeredMs = nowMs;
    if (this.order.talkLimitMs !== undefined) this.talkDeadline = nowMs + this.order.talkLimitMs;
    const { caller } = this.parts;
    this.suit(leg, nowMs);
    caller.answer(nowMs);
    caller.patchbay.bridge(caller.leg.stream, leg.stream, nowMs);
    for (const digit of this.order.digitsWhenAnswered ?? '') leg.sendDigit(digit, 100, nowMs);
    // Whoever has to end the talk in time must stay in the middle.
    if (this.talkDeadline === undefined) caller.leg.meet(leg, nowMs);
  }

  /** What the caller is told when it is answered is what whoever it talks to has agreed to. */
  private suit(leg: Leg, nowMs: number): void {
    const { caller } = this.parts;
    caller.leg.see?.(leg.video ?? [], nowMs);
    caller.leg.carry?.(leg.carried, nowMs);
  }

  private handleTalk(leg: Leg, event: LegEvent, nowMs: number): void {
    const other = this.partnerOf(leg);
    if (other === undefined) return;
    switch (event.type) {
      case 'digit':
        other.sendDigit(event.digit, event.durationMs, nowMs);
        break;
      case 'hold':
        this.holders.add(leg);
        other.hold(nowMs);
        break;
      case 'unhold':
        this.holders.delete(leg);
        other.unhold(nowMs);
        break;
      case 'flash':
        // An exchange puts its call aside for a flash: nobody taps an emergency centre away. And it gives dial tone: who
        // may not dial everything gets none.
        if (this.order.emergency === undefined && permits(leg.dialClass, 'international')) other.flash(nowMs);
        break;
      case 'text':
        other.sendText(event.text, nowMs);
        break;
      case 'picture-wanted':
        other.requestPicture?.(nowMs);
        break;
      case 'signal':
        if (!other.passOn(event.signal, nowMs) && event.signal.refusal !== undefined)
          leg.passOn(event.signal.refusal, nowMs);
        break;
      case 'hangup':
        if (leg === this.answered) this.endTalk(event.cause, nowMs);
        break;
      default:
        break;
    }
  }

  private endHold(by: Leg | undefined, nowMs: number): void {
    if (by !== undefined && this.holders.delete(by)) this.partnerOf(by)?.unhold(nowMs);
  }

  private endTalk(cause: Cause, nowMs: number): void {
    if (this.order.goOn) this.endHold(this.answered, nowMs);
    if (this.answered !== undefined) this.parts.caller.patchbay.release(this.answered.stream, nowMs);
    const result: ActivityResult = {
      dialStatus: 'ANSWER',
      cause,
      ...(this.answered === undefined ? {} : { peerChannel: this.answered.channel }),
      answeredTimeS: Math.floor((nowMs - (this.answeredMs ?? nowMs)) / 1000),
    };
    this.finish(this.order.goOn ? result : { ...result, hangup: cause }, nowMs);
  }

  private tellCaller(progress: 'proceeding' | 'ringing' | 'progress', nowMs: number): void {
    const order = ['nothing', 'proceeding', 'ringing', 'progress'];
    if (order.indexOf(progress) <= order.indexOf(this.told)) return;
    this.told = progress;
    this.parts.caller.indicate(progress, nowMs);
  }

  private dropAttempts(cause: Cause, nowMs: number): void {
    for (const { leg } of this.attempts) {
      leg.hangup(cause, nowMs);
      this.parts.caller.patchbay.release(leg.stream, nowMs);
    }
    this.attempts = [];
  }

  private endIfAllFailed(nowMs: number): void {
    if (this.attempts.length > 0) return;
    const { dialStatus, cause } = outcome(this.failures);
    this.finish({ dialStatus, cause }, nowMs);
  }

  private finish(result: ActivityResult, nowMs: number): void {
    this.result = { ...result, dialedTimeS: Math.floor((nowMs - this.startedMs) / 1000) };
    this.answerDeadline = undefined;
    this.talkDeadline = undefined;
    this.parts.caller.patchbay.hear(this.parts.caller.leg.stream, NOTHING, nowMs);
  }
}

/** What several failures amount to: one busy target makes BUSY, one congested CONGESTION, as app_dial counts. */
function outcome(failures: readonly Cause[]): { dialStatus: DialStatus; cause: Cause } {
  for (const dialStatus of ['BUSY', 'CONGESTION', 'CHANUNAVAIL', 'NOANSWER'] as const) {
    const cause = failures.findLast((failure) => dialStatusOf(failure) === dialStatus);
    if (cause !== undefined) return { dialStatus, cause };
  }
  return { dialStatus: 'CHANUNAVAIL', cause: 'unallocated-number' };
}
