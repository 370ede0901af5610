import { Agenda } from '../base/agenda.ts';
import type { Cause } from '../base/causes.ts';
import type { StreamId } from '../base/media-port.ts';
import type { Call, CallState, Urgency } from './call.ts';
import { type CallRecord, LegHistory } from './call-record.ts';
import type { LegId, Party, Technology } from './leg.ts';

/** A call as status, MQTT and the panel show it. */
export interface CallView {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state: CallState;
  /** When the call began, and when `state` did; monotonic ms. */
  readonly startedMs: number;
  readonly sinceMs: number;
  /** An emergency call, or the way back to who made one. */
  readonly emergency: boolean;
  /** The extension that has sent it on to `to`; null: none has. */
  readonly forwardedBy: string | null;
  readonly legs: readonly { readonly technology: Technology; readonly channel: string; readonly stream: StreamId }[];
}

/** A call began, changed its state or its legs, or is over. */
export interface CallChange {
  readonly type: 'call';
  readonly change: 'started' | 'changed' | 'ended';
  readonly view: CallView;
  /** Why it ends, from the moment it does; null before. */
  readonly cause: Cause | null;
  /** All that it was, once it is over; null before. */
  readonly record: CallRecord | null;
}

/** A call that stands, and what is known of it. */
export interface Entry {
  readonly call: Call;
  readonly caller: Party;
  readonly history: LegHistory;
  /** Who those are that have come into it from another call. */
  readonly came: Map<LegId, Party>;
  view: CallView;
}

/**
 * Every call that stands, whose each leg is, what is told of them, and which is due next. Most calls stand for minutes while
 * others come and go: only those are looked at that an input was for.
 *
 * Rule: whoever is given a call by `get` or `of` may change it. One that is changed from elsewhere is to be touched.
 */
export class CallRegister {
  private readonly byId = new Map<string, Entry>();
  private readonly byLeg = new Map<LegId, Entry>();
  /** Those that may not be as they were told of. */
  private readonly touched = new Set<Entry>();
  private readonly agenda = new Agenda<Call>();

  /** `ended` hears of a call's end before `tell` does. */
  constructor(
    private readonly tell: (change: CallChange) => void,
    private readonly ended: (id: string, cause: Cause, nowMs: number) => void,
  ) {}

  /** A call to `number` begins; nothing is told of it before `announce`. */
  enter(call: Call, caller: Party, number: string, urgency: Urgency | undefined): Entry {
    const view: CallView = {
      id: call.id,
      from: caller.number,
      to: number,
      state: call.state,
      startedMs: 0,
      sinceMs: 0,
      emergency: isEmergency(urgency),
      forwardedBy: caller.redirecting ?? null,
      legs: [],
    };
    const entry: Entry = { call, caller, history: new LegHistory(), came: new Map(), view };
    this.byId.set(call.id, entry);
    this.byLeg.set(call.leg.id, entry);
    this.touched.add(entry);
    return entry;
  }

  get(id: string): Entry | undefined {
    return this.lend(this.byId.get(id));
  }

  /** The call that a leg is in. */
  of(leg: LegId): Entry | undefined {
    return this.lend(this.byLeg.get(leg));
  }

  /** From now on the leg is one of that call. */
  give(leg: LegId, entry: Entry): void {
    this.byLeg.set(leg, entry);
    this.touched.add(entry);
  }

  /** It may have changed: `report` looks at it. */
  touch(entry: Entry): void {
    this.touched.add(entry);
  }

  /** The same of the call that a leg is in. */
  touchCallOf(leg: LegId): void {
    this.lend(this.byLeg.get(leg));
  }

  private lend(entry: Entry | undefined): Entry | undefined {
    if (entry !== undefined) this.touched.add(entry);
    return entry;
  }

  drop(leg: LegId): void {
    this.byLeg.delete(leg);
  }

  /** To be read. */
  entries(): Iterable<Entry> {
    return this.byId.values();
  }

  views(): readonly CallView[] {
    return [...this.byId.values()].map((entry) => entry.view);
  }

  /** Calls and legs; 0 when no call stands. */
  get size(): number {
    return this.byId.size + this.byLeg.size;
  }

  announce(entry: Entry, nowMs: number): void {
    const { call, view } = entry;
    entry.view = { ...view, state: call.state, startedMs: nowMs, sinceMs: nowMs, legs: viewLegs(call) };
    this.tell({ type: 'call', change: 'started', view: entry.view, cause: null, record: null });
  }

  /** The answer to a question that one of the calls has asked. */
  handleLookup(id: number, exists: boolean, nowMs: number): void {
    for (const entry of this.byId.values()) {
      if (!entry.call.handleLookup(id, exists, nowMs)) continue;
      this.touch(entry);
      return;
    }
  }

  /** Gives the calls that are due their timeout. */
  handleTimeout(nowMs: number): void {
    for (let call = this.agenda.take(nowMs); call !== undefined; call = this.agenda.take(nowMs)) {
      const entry = this.byId.get(call.id);
      if (entry !== undefined) this.touch(entry);
      call.handleTimeout(nowMs);
    }
  }

  nextDeadline(): number | undefined {
    return this.agenda.next();
  }

  /** Tells what has changed, and forgets the calls that are over. */
  report(nowMs: number): void {
    for (const entry of this.touched) this.reportOf(entry, nowMs);
    this.touched.clear();
  }

  private reportOf(entry: Entry, nowMs: number): void {
    const { call, view } = entry;
    if (call.answered) entry.history.noteAnswer(call.leg, nowMs);
    const sameState = call.state === view.state;
    const changed = !sameState || !call.hasLegs(view.legs);
    if (changed) {
      const sinceMs = sameState ? view.sinceMs : nowMs;
      entry.view = { ...view, state: call.state, sinceMs, legs: call.over ? view.legs : viewLegs(call) };
    }
    if (!call.over) this.agenda.touch(call);
    else if (this.byId.delete(call.id)) {
      this.agenda.remove(call);
      const cause = call.cause ?? 'normal-clearing';
      this.ended(call.id, cause, nowMs);
      const record = recordOf(entry, cause, nowMs);
      this.tell({ type: 'call', change: 'ended', view: entry.view, cause, record });
      return;
    }
    if (changed && !call.over)
      this.tell({ type: 'call', change: 'changed', view: entry.view, cause: call.cause, record: null });
  }
}

export function isEmergency(urgency: Urgency | undefined): boolean {
  return urgency === 'emergency' || urgency === 'callback';
}

function viewLegs(call: Call): CallView['legs'] {
  return call.legs.map(({ technology, channel, stream }) => ({ technology, channel, stream }));
}

function recordOf({ history, view }: Entry, cause: Cause, nowMs: number): CallRecord {
  const legs = history.records(nowMs, cause);
  const { id, from, to, startedMs, emergency, forwardedBy } = view;
  return {
    id,
    from,
    to,
    emergency,
    forwardedBy,
    startedMs,
    answeredMs: legs[0]?.answeredMs ?? null,
    endedMs: nowMs,
    cause,
    legs,
  };
}
