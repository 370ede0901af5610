import type { Execution } from '../dialplan/execution.ts';
import type { ActivityResult } from './activity.ts';
import type { BeginActivity, Urgency } from './call.ts';
import type { CallRegister, Entry } from './call-register.ts';
import { Dial, type DialParts } from './dial.ts';
import type { Calling, Precedence } from './emergency-desk.ts';
import type { Forwarder } from './forwarding.ts';
import type { Place as PlaceOfTelephone } from './handset.ts';
import { type IncomingCall, type Leg, type LegId, type Party, type Place, targetOf } from './leg.ts';
import { SLOTS } from './parking.ts';
import type { Patchbay } from './patchbay.ts';

/** What moving parties takes of the switch. */
export interface MoveParts {
  readonly register: CallRegister;
  readonly patchbay: Patchbay;
  readonly devices: (extension: string) => readonly string[];
  readonly forwarderAt: (telephone: string) => Forwarder | undefined;
  /** Of a Local channel. */
  readonly otherHalf: (leg: Leg) => Leg | undefined;
  /** A leg as its telephone has it. */
  readonly wrap: (leg: Leg) => Leg;
  readonly enter: (leg: Leg, calling: Omit<IncomingCall, 'leg'>, urgency?: Urgency) => Entry;
  readonly execution: (at: Place, caller: Party, leg: Leg, uniqueId: string) => Execution;
  readonly dialParts: (entry: Entry, party: Party) => DialParts;
  readonly precedenceOfTelephone: (calling: Calling, nowMs: number) => Precedence | undefined;
  readonly stand: (entry: Entry, precedence: Precedence | undefined, calling: Calling) => BeginActivity | undefined;
  readonly isReachable: (context: string, number: string) => boolean;
}

/** How long a telephone rings for somebody that it held when it was put down. */
const RECALL_MS = 60_000;
const TRANSFERRED = 'Transferred.';

/** Parties that move between calls that stand: transfers, replacement, pickup, parking, and the recall of who was held. */
export class Moves {
  constructor(private readonly parts: MoveParts) {}

  /** Attended transfer: whoever a telephone held goes on with whom it called meanwhile, in that call. */
  join(held: Leg, consulted: Leg, nowMs: number): void {
    const from = this.parts.register.of(held.id);
    const to = this.parts.register.of(consulted.id);
    const party = from?.call.partnerOf(held);
    const isPossible = party !== undefined && to?.view.emergency === false && this.farEndOf(party) !== consulted;
    if (from === undefined || to === undefined || !isPossible) {
      for (const place of [held, consulted]) place.hangup('normal-clearing', nowMs);
      return;
    }
    const who = identityOf(from, party);
    from.call.release(party, nowMs);
    noteLeaving(from, party, TRANSFERRED, nowMs);
    const { parking } = to.call;
    const rings = isRinging(to, consulted);
    this.substitute(to, consulted, party, { who, reason: TRANSFERRED }, nowMs);
    if (rings) to.call.handleLegEvent(party, { type: 'answered' }, nowMs);
    else if (parking !== undefined) {
      to.view = { ...to.view, from: who.number };
      parking.occupy(who, nowMs);
    }
    held.hangup('normal-clearing', nowMs);
  }

  /** Who is heard through the Local channels that a leg is half of; the leg itself where it is none. */
  private farEndOf(leg: Leg): Leg | undefined {
    let end: Leg | undefined = leg;
    for (let half = this.parts.otherHalf(leg); half !== undefined; half = end && this.parts.otherHalf(end))
      end = this.parts.register.of(half.id)?.call.partnerOf(half);
    return end;
  }

  /** A leg of the same far end takes the place of one that talks, or that rings: it is answered, the old one let go. */
  replace(came: Leg, replaced: LegId, nowMs: number): void {
    const entry = this.parts.register.of(replaced);
    const old = entry?.call.legs.find(({ id }) => id === replaced);
    const rings = entry !== undefined && old !== undefined && isRinging(entry, old);
    if (entry === undefined || old === undefined || entry.view.emergency || (!rings && !entry.call.answered)) {
      came.hangup('call-rejected', nowMs);
      return;
    }
    const leg = this.parts.wrap(came);
    this.substitute(entry, old, leg, { who: identityOf(entry, old), reason: 'Replaced.' }, nowMs);
    leg.answer(nowMs);
    if (rings) entry.call.handleLegEvent(leg, { type: 'answered' }, nowMs);
    old.hangup(rings ? 'answered-elsewhere' : 'normal-clearing', nowMs);
  }

  /** Call pickup: the caller answers a call that rings elsewhere, the one that has rung longest. */
  pickUp(entry: Entry, extensions: readonly string[], nowMs: number): ActivityResult {
    const { leg } = entry.call;
    const { telephone } = leg;
    const own = telephone === undefined ? undefined : this.parts.forwarderAt(telephone);
    if (own === undefined) return { cause: 'facility-rejected' };
    const devices = extensions.flatMap((extension) => this.parts.devices(extension));
    const isMeant = (rung: string) =>
      rung !== telephone &&
      (extensions.length > 0 ? devices.includes(rung) : this.parts.forwarderAt(rung)?.context === own.context);
    const other = [...this.parts.register.entries()].find(
      ({ call, view }) =>
        call !== entry.call && !view.emergency && call.leg.codec === undefined && call.ringingTelephones.some(isMeant),
    );
    if (other === undefined) return { cause: 'unallocated-number', variables: { PICKUPRESULT: 'FAILURE' } };
    this.takeOver(entry, other, 'Picked up.', nowMs);
    return {};
  }

  /** The caller goes on with who is parked in that slot; without one, with who has been parked for the longest. */
  retrieve(entry: Entry, slot: number | undefined, nowMs: number): ActivityResult {
    const { telephone } = entry.call.leg;
    const other = [...this.parts.register.entries()].find(
      ({ call }) =>
        call.parking?.isOccupied === true &&
        (slot === undefined || call.parking.slot === slot) &&
        (telephone === undefined || call.leg.telephone !== telephone),
    );
    if (other === undefined || entry.call.leg.codec !== undefined) return { cause: 'unallocated-number' };
    this.takeOver(entry, other, 'Retrieved.', nowMs);
    return {};
  }

  /** The lowest slot that nobody waits in and that is offered to nobody. */
  freeSlot(): number | undefined {
    const taken = new Set([...this.parts.register.entries()].map(({ call }) => call.parking?.slot));
    return SLOTS.find((slot) => !taken.has(slot));
  }

  /** The caller of one call becomes who is called in another, which is answered by that. */
  private takeOver(entry: Entry, other: Entry, reason: string, nowMs: number): void {
    const { leg } = entry.call;
    entry.call.release(leg, nowMs);
    noteLeaving(entry, leg, reason, nowMs);
    noteComing(other, leg, 'in', nowMs);
    other.came.set(leg.id, identityOf(entry, leg));
    this.parts.register.give(leg.id, other);
    leg.answer(nowMs);
    other.call.takeUp(leg, nowMs);
  }

  /** In its call a leg goes on in the place of another. */
  private substitute(
    entry: Entry,
    left: Leg,
    came: Leg,
    { who, reason }: { readonly who: Party; readonly reason: string },
    nowMs: number,
  ): void {
    noteComing(entry, came, 'in', nowMs);
    noteLeaving(entry, left, reason, nowMs);
    entry.came.set(came.id, who);
    entry.call.substitute(left, came, nowMs);
    this.parts.register.give(came.id, entry);
    this.parts.register.drop(left.id);
    this.parts.patchbay.substitute(left.stream, came.stream, nowMs);
  }

  /** A telephone was put down while it held somebody: it rings, and they are told so. */
  recall(place: PlaceOfTelephone, nowMs: number): void {
    const entry = this.parts.register.of(place.id);
    const partner = entry?.call.partnerOf(place);
    const { telephone } = place;
    if (entry === undefined || partner === undefined || telephone === undefined) {
      place.hangup('normal-clearing', nowMs);
      return;
    }
    const isCaller = partner === entry.call.leg;
    const caller = identityOf(entry, partner);
    const order = { targets: [targetOf(telephone)], timeoutMs: RECALL_MS, ringAtOnce: true, goOn: false };
    const nowhere = { context: '', number: telephone };
    if (isCaller) {
      place.hangup('normal-clearing', nowMs);
      const begin = () => new Dial(order, this.parts.dialParts(entry, caller));
      entry.call.redirect(this.parts.execution(nowhere, caller, partner, entry.call.id), nowMs, begin);
      return;
    }
    const next = this.moveOut(entry, partner, { ...nowhere, caller }, undefined, nowMs);
    next.call.goOn(nowMs, new Dial(order, this.parts.dialParts(next, caller)));
  }

  /** The called party goes on in a call of its own. */
  private moveOut(
    entry: Entry,
    partner: Leg,
    calling: Omit<IncomingCall, 'leg'>,
    urgency: Urgency | undefined,
    nowMs: number,
  ): Entry {
    const next = this.parts.enter(partner, calling, urgency);
    noteLeaving(entry, partner, TRANSFERRED, nowMs);
    noteComing(next, partner, 'out', nowMs);
    entry.call.giveAway(partner, nowMs);
    this.parts.register.announce(next, nowMs);
    return next;
  }

  /** The party that `leg` talks to goes on with the one that its far end talks to, or rings, on another leg. */
  transferToLeg(entry: Entry, leg: Leg, other: LegId, nowMs: number): void {
    const to = this.parts.register.of(other);
    const consulted = to?.call.legs.find(({ id }) => id === other);
    const party = entry.call.partnerOf(leg);
    const isPossible = party !== undefined && !entry.view.emergency && !to?.view.emergency;
    // Nobody is connected with himself: such a call would have nobody left.
    const isOne = to === entry || (party !== undefined && this.farEndOf(party) === consulted);
    if (to === undefined || consulted === undefined || !isPossible || isOne) {
      leg.reportTransfer('call-rejected', nowMs);
      return;
    }
    leg.reportTransfer(undefined, nowMs);
    this.join(leg, consulted, nowMs);
    consulted.hangup('normal-clearing', nowMs);
  }

  /** The party that `leg` talks to goes on with another number, in its own call or, if it was called, in a new one. */
  transfer(entry: Entry, leg: Leg, { context, number }: Place, nowMs: number): void {
    const { call } = entry;
    const partner = call.partnerOf(leg);
    // Nobody sends an emergency centre to another number.
    if (partner === undefined || entry.view.emergency) {
      leg.reportTransfer('call-rejected', nowMs);
      return;
    }
    const isCaller = partner === call.leg;
    const caller = identityOf(entry, partner);
    // Whoever is handed on to an emergency number has a telephone here to be rung back: its own, or that of who handed it on.
    const telephone = partner.telephone ?? leg.telephone;
    const calling = { context, number, caller, channel: partner.channel, telephone };
    const precedence = this.parts.precedenceOfTelephone(calling, nowMs);
    if (precedence === undefined && !this.parts.isReachable(context, number)) {
      leg.reportTransfer('unallocated-number', nowMs);
      return;
    }
    leg.reportTransfer(undefined, nowMs);
    if (isCaller) {
      leg.hangup('normal-clearing', nowMs);
      const execution = this.parts.execution({ context, number }, caller, partner, call.id);
      call.sendOn(leg);
      call.redirect(execution, nowMs, this.parts.stand(entry, precedence, calling));
      return;
    }
    const next = this.moveOut(entry, partner, calling, precedence?.urgency, nowMs);
    next.call.sendOn(leg);
    next.call.goOn(nowMs, precedence?.begin(next.call.id, this.parts.dialParts(next, caller), nowMs));
  }
}

/** Who a party of a call is; of one that was called, whom it was called as is all that is known. */
function identityOf({ call, caller, came, view }: Entry, party: Leg): Party {
  return came.get(party.id) ?? (party === call.leg ? caller : { number: view.to, name: '' });
}

/** It was called, and has not answered. */
function isRinging({ call }: Entry, leg: Leg): boolean {
  return leg !== call.leg && call.partnerOf(leg) === undefined;
}

/** The record of a call has a leg more, which talks. */
function noteComing({ history }: Entry, leg: Leg, direction: 'in' | 'out', nowMs: number): void {
  history.begin(leg, direction, nowMs);
  history.noteAnswer(leg, nowMs);
}

/** The record of a call has the end of a leg that goes on elsewhere, or that another stands for. */
function noteLeaving({ history }: Entry, leg: Leg, reason: string, nowMs: number): void {
  history.handleLegEvent(leg, { type: 'hangup', cause: 'normal-clearing', reason }, nowMs);
}
