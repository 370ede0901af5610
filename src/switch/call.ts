import type { Cause } from '../base/causes.ts';
import type { Execution, Location } from '../dialplan/execution.ts';
import { type DialClass, stricter } from '../dialplan/numbering-plan.ts';
import type { Activity, ActivityResult, CallerSide, ProgressTones } from './activity.ts';
import { type Indication, isRestricted, type Leg, type LegEvent, type Party, type Place, type Target } from './leg.ts';
import type { Park } from './parking.ts';
import type { Patchbay } from './patchbay.ts';
import { beginAction, type PerformParts } from './perform.ts';
import { AskingElsewhere } from './remote-lookup.ts';

/** What makes a call one that must go through: an emergency call, a try of its way out, the way back to who made one. */
export type Urgency = 'emergency' | 'test' | 'callback';

/** The words of `status --json`, MQTT and the panel. */
export type CallState = 'dialling' | 'ringing' | 'talking' | 'held' | 'ending';

export interface CallParts extends Omit<PerformParts, 'party' | 'wantsMore' | 'mayDial'> {
  readonly patchbay: Patchbay;
  /** Who calls, as it came in. */
  readonly caller: Party;
  readonly tones: ProgressTones;
  /** Whether more digits could still make a number that this call can reach in that context. */
  readonly wantsMore: (context: string, digits: string) => boolean;
  /** Whether that class lets a call, in the middle of that extension, call there. */
  readonly permits: (held: DialClass | undefined, at: Location, target: Target) => boolean;
  /** What takes precedence over the dialplan now that the caller has dialled a number in the middle of it. */
  readonly precedenceOf: (dialled: Place, nowMs: number) => BeginActivity | undefined;
  /** What it does has changed, and no input to it was why. */
  readonly touched: () => void;
}

/** Makes what a call does in the place of its dialplan; the call starts it. */
export type BeginActivity = (nowMs: number) => Activity;

const NO_LEGS: readonly Leg[] = [];

/**
 * One call: a caller, the dialplan that runs for it, and what the dialplan has it do at the moment.
 *
 * @remarks The call is over when its dialplan has ended and every leg it ever had has said its `hangup`.
 */
export class Call implements CallerSide {
  /** Answered towards the caller. */
  answered = false;
  /** What the caller's leg does before there is a caller: `originate` rings it first. */
  private rung: { readonly deadline: number; ringing: boolean } | undefined;
  private activity: Activity | undefined;
  private first: Activity | undefined;
  private readonly openLegs = new Set<Leg>();
  private ending = false;
  private endCause: Cause | null = null;
  /** Why the last attempt failed: what the caller hears when the dialplan ends without an answer. */
  private lastCause: Cause | undefined;
  /** Where digits that are collected at the moment are dialled; undefined while they are only read. */
  private dialsIn: string | undefined;
  /** Of its caller and of whoever has transferred it since. */
  private held: DialClass | undefined;
  private sender: Leg | undefined;

  constructor(
    readonly id: string,
    public leg: Leg,
    private execution: Execution,
    private readonly parts: CallParts,
  ) {
    this.openLegs.add(leg);
    this.held = leg.dialClass;
  }

  get dialClass(): DialClass | undefined {
    return this.held;
  }

  get sentBy(): Leg | undefined {
    return this.sender;
  }

  /** Somebody has sent it on: what that party may not dial, it may not either. */
  sendOn(by: Leg): void {
    this.sender = by;
    this.held = stricter(this.held, by.dialClass);
  }

  /** Who calls: as the dialplan has left it. Whoever shows another number than the caller's means it to be seen. */
  private get party(): Party {
    const { caller } = this.execution;
    const { number, presentation: given = 0 } = this.parts.caller;
    const presentation = caller.number !== number && caller.presentation === given ? 0 : caller.presentation;
    return { ...caller, presentation, ...(isRestricted(presentation) ? { isWithheld: true } : {}) };
  }

  get patchbay(): Patchbay {
    return this.parts.patchbay;
  }

  /** Why it ends, from the moment it does; null before. */
  get cause(): Cause | null {
    return this.endCause;
  }

  get over(): boolean {
    return this.ending && this.openLegs.size === 0;
  }

  get state(): CallState {
    if (this.ending) return 'ending';
    if (this.rung !== undefined) return this.rung.ringing ? 'ringing' : 'dialling';
    const dial = this.activity?.dial;
    if (dial?.held === true || (dial === undefined && this.parking?.isOccupied === true)) return 'held';
    if (dial === undefined ? this.answered : dial.answered !== undefined) return 'talking';
    return dial?.ringing === true ? 'ringing' : 'dialling';
  }

  /** The caller's leg first, then those that it called. */
  get legs(): readonly Leg[] {
    const others = this.activity?.dial?.legs ?? [];
    return [this.leg, ...others].filter((leg) => this.openLegs.has(leg));
  }

  /** Whether `legs` are those with these channels; every event asks it of every call, so no list is made for it. */
  hasLegs(shown: readonly { readonly channel: string }[]): boolean {
    let count = 0;
    if (this.openLegs.has(this.leg) && this.leg.channel !== shown[count++]?.channel) return false;
    for (const leg of this.activity?.dial?.legs ?? NO_LEGS)
      if (this.openLegs.has(leg) && leg.channel !== shown[count++]?.channel) return false;
    return count === shown.length;
  }

  /** `first` is done before the dialplan has its say, which it has only if that leaves the caller without an answer. */
  start(nowMs: number, first?: Activity): void {
    this.first = first;
    this.run(nowMs);
  }

  /** As `start`, for a party that talks already. */
  goOn(nowMs: number, first?: Activity): void {
    this.answered = true;
    this.start(nowMs, first);
  }

  /** Whom that leg of the call talks to. */
  partnerOf(leg: Leg): Leg | undefined {
    return this.activity?.dial?.partnerOf(leg);
  }

  /** The caller goes on with another run of the dialplan; the party that it talked to is let go. */
  redirect(execution: Execution, nowMs: number, first?: BeginActivity): void {
    this.part(this.leg, nowMs);
    this.execution = execution;
    if (first !== undefined) this.giveWay(first, nowMs);
    this.run(nowMs);
  }

  /** The called party goes on in another call; this one is over. */
  giveAway(leg: Leg, nowMs: number): void {
    this.part(leg, nowMs);
    this.openLegs.delete(leg);
    this.hangup('normal-clearing', nowMs);
  }

  /** As `giveAway`, also of the caller: nobody else is let go but whom it talked to. */
  release(leg: Leg, nowMs: number): void {
    this.part(leg, nowMs);
    this.openLegs.delete(leg);
    if (leg === this.leg) this.end('normal-clearing', nowMs);
    else this.hangup('normal-clearing', nowMs);
  }

  /** The slot that it waits in, or that is offered to its caller. */
  get parking(): Park | undefined {
    return this.activity?.parking;
  }

  /** Telephones that ring for it. */
  get ringingTelephones(): readonly string[] {
    return this.activity?.dial?.ringingTelephones ?? [];
  }

  /** A leg of another call answers in the place of whoever rings, or retrieves who is parked. */
  takeUp(leg: Leg, nowMs: number): void {
    this.openLegs.add(leg);
    (this.parking ?? this.activity?.dial)?.takeUp(leg, nowMs);
  }

  /** Another leg, which talks already, goes on in the place of one of this call. */
  substitute(old: Leg, leg: Leg, nowMs: number): void {
    this.activity?.dial?.substitute(old, leg, nowMs);
    if (this.leg === old) {
      this.leg = leg;
      this.answered = true;
      this.held = stricter(this.held, leg.dialClass);
    }
    this.openLegs.delete(old);
    this.openLegs.add(leg);
  }

  /** The dialplan has its say only if what comes first leaves the caller without an answer. */
  private giveWay(begin: BeginActivity, nowMs: number): void {
    this.activity = begin(nowMs);
    this.activity.start(nowMs);
  }

  private part(staying: Leg, nowMs: number): void {
    this.activity?.dial?.part(staying, nowMs);
    this.activity = undefined;
  }

  /** The caller's leg is being dialled by us: the dialplan runs once it answers. */
  await(deadline: number, first?: Activity): void {
    this.first = first;
    this.rung = { deadline, ringing: false };
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (!this.openLegs.has(leg)) return;
    if (event.type === 'hangup') {
      this.openLegs.delete(leg);
      if (leg === this.leg) {
        this.parts.patchbay.release(leg.stream, nowMs);
        this.end(event.cause, nowMs);
        return;
      }
    }
    if (this.rung !== undefined) {
      this.rung.ringing ||= event.type === 'ringing';
      if (event.type !== 'answered') return;
      this.rung = undefined;
      this.answered = true;
    }
    this.activity?.handleLegEvent(leg, event, nowMs);
    this.run(nowMs);
  }

  /** The answer to a `remote-lookup` that was asked under `id`; false if this call has not asked it. */
  handleLookup(id: number, exists: boolean, nowMs: number): boolean {
    if (!(this.activity instanceof AskingElsewhere) || !this.activity.handleAnswer(id, exists)) return false;
    this.run(nowMs);
    return true;
  }

  handleTimeout(nowMs: number): void {
    if (this.rung !== undefined) {
      if (nowMs >= this.rung.deadline) this.hangup('no-answer', nowMs);
      return;
    }
    this.activity?.handleTimeout(nowMs);
    this.run(nowMs);
  }

  nextDeadline(): number | undefined {
    if (this.ending) return undefined;
    return this.rung?.deadline ?? this.activity?.nextDeadline();
  }

  /** Ends the call from outside: an operator, the drain at shutdown. */
  hangup(cause: Cause, nowMs: number): void {
    if (this.ending) return;
    this.end(cause, nowMs);
    this.leg.hangup(cause, nowMs);
  }

  touch(): void {
    this.parts.touched();
  }

  adopt(leg: Leg): void {
    this.openLegs.add(leg);
  }

  indicate(progress: Indication, nowMs: number): void {
    if (!this.answered) {
      this.leg.indicate(progress, nowMs);
      return;
    }
    // Nobody can be told of progress once the call is answered; it can only hear it.
    const { tones, patchbay } = this.parts;
    const pattern = { ringing: tones.ringback, busy: tones.busy, congestion: tones.congestion }[progress as string];
    if (pattern !== undefined) patchbay.hear(this.leg.stream, { kind: 'tone', pattern }, nowMs);
  }

  answer(nowMs: number): void {
    if (this.answered) return;
    this.answered = true;
    this.leg.answer(nowMs);
  }

  /** Lets the dialplan go on as long as it does what takes no time. */
  private run(nowMs: number): void {
    if (this.first !== undefined && !this.ending) {
      this.activity = this.first;
      this.first = undefined;
      this.activity.start(nowMs);
    }
    while (!this.ending) {
      if (this.activity !== undefined) {
        const { result } = this.activity;
        if (result === undefined) return;
        this.activity = undefined;
        if (!this.take(result, nowMs)) return;
        if (this.activity !== undefined) continue;
      }
      const step = this.execution.next();
      if (step.type === 'end') {
        this.finish(step.cause ?? this.lastCause ?? 'normal-clearing', nowMs);
        return;
      }
      const { location } = step;
      const { context } = location;
      this.dialsIn = step.action.type === 'collect' ? context : undefined;
      const parts: PerformParts = {
        ...this.parts,
        party: this.party,
        wantsMore: (digits) => this.parts.wantsMore(context, digits),
        mayDial: (target) => this.parts.permits(this.held, location, target),
      };
      const begun = beginAction(step.action, this, parts, nowMs);
      if ('start' in begun) {
        this.activity = begun;
        begun.start(nowMs);
      } else if (this.ending || !this.take(begun, nowMs)) return;
    }
  }

  /** False if it ends the call. */
  private take(result: ActivityResult, nowMs: number): boolean {
    if (result.cause !== undefined) this.lastCause = result.cause;
    if (result.hangup !== undefined) {
      this.finish(result.hangup, nowMs);
      return false;
    }
    this.execution.resume(result);
    const { dialsIn } = this;
    this.dialsIn = undefined;
    if (dialsIn === undefined || result.digits === undefined) return true;
    const begin = this.parts.precedenceOf({ context: dialsIn, number: result.digits }, nowMs);
    if (begin !== undefined) this.giveWay(begin, nowMs);
    return true;
  }

  private finish(cause: Cause, nowMs: number): void {
    this.end(cause, nowMs);
    this.leg.hangup(cause, nowMs);
  }

  private end(cause: Cause, nowMs: number): void {
    if (this.ending) return;
    this.ending = true;
    this.endCause = cause;
    this.activity?.abort(cause, nowMs);
    this.activity = undefined;
    this.runHangupExtension();
  }

  /** Extension h: variables may be set and logged, but there is nobody left to do anything with. */
  private runHangupExtension(): void {
    this.execution.hangup();
    for (let step = this.execution.next(); step.type !== 'end'; step = this.execution.next()) this.execution.resume({});
  }
}
