import type { Cause } from '../base/causes.ts';
import { earliest } from '../base/machine.ts';
import { parseTonePattern, type TonePattern } from '../base/tone-pattern.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import { Dial, type DialParts } from './dial.ts';
import { Place } from './handset.ts';
import { type Leg, type LegEvent, type Party, targetOf } from './leg.ts';

/** The slots of the office. One digit each, so that whoever parks can count what it hears. */
export const SLOTS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** How long a parked party waits before the telephone that parked it rings, and for how long that rings. */
const WAIT_MS = 45_000;
const RECALL_MS = 30_000;
/** How often that is tried before the dialplan goes on. */
const MAX_RECALLS = 3;
/** How long a slot is kept for who has heard it and parks nobody. */
const OFFERED_MS = 30_000;

export interface ParkParts extends Omit<DialParts, 'caller'> {
  /** The lowest slot that is free; undefined: none is. */
  readonly freeSlot: () => number | undefined;
}

/** `Park`: in a slot until somebody retrieves it; whoever parked it is rung from time to time. */
export function beginPark(caller: CallerSide, parts: ParkParts): Activity | ActivityResult {
  const { leg, sentBy } = caller;
  // Nobody is at a Local channel that the dialplan has dialled; whoever was forwarded through one may be handed on here.
  const isNobody = leg.technology === 'local' && sentBy === undefined;
  if (isNobody || leg.codec !== undefined) return { cause: 'facility-rejected' };
  const slot = parts.freeSlot();
  if (sentBy !== undefined) return new Park(caller, parts, slot, sentBy.telephone, parts.party);
  if (leg.telephone === undefined) return { cause: 'facility-rejected' };
  return slot === undefined ? { cause: 'user-busy' } : new Park(caller, parts, slot, leg.telephone, undefined);
}

/**
 * One slot. Whoever was sent here by a blind transfer waits at once; a telephone that called here hears as many beeps as
 * the slot's number, and whoever it hands on to this call then waits in its place.
 */
export class Park implements Activity {
  result: ActivityResult | undefined;
  private deadline: number | undefined;
  private talk: Dial | undefined;
  private recalls = 0;

  constructor(
    private readonly caller: CallerSide,
    private readonly parts: ParkParts,
    /** Undefined: there was none left, and the telephone is rung at once. */
    private readonly ownSlot: number | undefined,
    private readonly parker: string | undefined,
    /** Who waits; undefined while it is only offered. */
    private party: Party | undefined,
  ) {}

  get dial(): Dial | undefined {
    return this.talk;
  }

  /** What it is to others, until somebody has taken it. */
  get parking(): this | undefined {
    return this.talk?.answered === undefined && this.result === undefined ? this : undefined;
  }

  get slot(): number | undefined {
    return this.ownSlot;
  }

  get isOccupied(): boolean {
    return this.party !== undefined;
  }

  start(nowMs: number): void {
    if (this.party !== undefined) this.wait(nowMs);
    else if (this.ownSlot !== undefined) this.offer(this.ownSlot, nowMs);
  }

  /** Whoever was offered the slot has handed this party on to it. */
  occupy(party: Party, nowMs: number): void {
    this.party = party;
    this.wait(nowMs);
  }

  /** A leg of another call takes the party from here. */
  takeUp(leg: Leg, nowMs: number): void {
    this.deadline = undefined;
    this.talk ??= this.dialTo([]);
    this.caller.leg.unhold(nowMs);
    this.talk.takeUp(leg, nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (this.talk === undefined) return;
    const before = this.talk.answered;
    this.talk.handleLegEvent(leg, event, nowMs);
    if (before === undefined && this.talk.answered !== undefined) this.caller.leg.unhold(nowMs);
    this.settle(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.talk?.handleTimeout(nowMs);
    this.settle(nowMs);
    if (this.deadline === undefined || nowMs < this.deadline) return;
    this.deadline = undefined;
    if (this.party === undefined) this.result = { hangup: 'normal-clearing' };
    else this.recall(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.deadline, this.talk?.nextDeadline());
  }

  abort(cause: Cause, nowMs: number): void {
    this.talk?.abort(cause, nowMs);
    this.deadline = undefined;
    this.result ??= {};
  }

  private offer(slot: number, nowMs: number): void {
    const { leg, patchbay } = this.caller;
    // Behind a flash it stays a call that nobody has answered, so that another flash goes back and makes no conference.
    if (leg instanceof Place && leg.kind === 'consulted') this.caller.indicate('progress', nowMs);
    else this.caller.answer(nowMs);
    patchbay.hear(leg.stream, { kind: 'tone', pattern: beeps(slot) }, nowMs);
    this.deadline = nowMs + OFFERED_MS;
  }

  private wait(nowMs: number): void {
    const { leg, patchbay } = this.caller;
    leg.hold(nowMs);
    patchbay.hold(leg.stream, nowMs);
    this.deadline = this.ownSlot === undefined && this.recalls === 0 ? nowMs : nowMs + WAIT_MS;
  }

  private recall(nowMs: number): void {
    if (this.recalls === MAX_RECALLS) {
      this.caller.leg.unhold(nowMs);
      this.result = {};
      return;
    }
    this.recalls++;
    this.talk = this.dialTo(this.parker === undefined ? [] : [this.parker]);
    this.talk.start(nowMs);
    this.settle(nowMs);
  }

  /** Where nobody has answered the party waits on; where somebody has, the end of the talk is the end of all. */
  private settle(nowMs: number): void {
    const outcome = this.talk?.result;
    if (outcome === undefined || this.result !== undefined) return;
    if (outcome.dialStatus === 'ANSWER') {
      this.result = outcome;
      return;
    }
    this.talk = undefined;
    this.wait(nowMs);
  }

  private dialTo(telephones: readonly string[]): Dial {
    const { caller, parts } = this;
    const order = { targets: telephones.map(targetOf), timeoutMs: RECALL_MS, ringAtOnce: false, goOn: false };
    return new Dial(order, { ...parts, caller, party: this.party ?? parts.party, mayDial: () => true });
  }
}

/** As many beeps as the slot's number, again and again. */
function beeps(slot: number): TonePattern {
  return parseTonePattern(`${'620/150,0/300,'.repeat(slot)}0/2000`)!;
}
