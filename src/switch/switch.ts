import type { Cause } from '../base/causes.ts';
import type { Log } from '../base/log.ts';
import { earliest, type Machine } from '../base/machine.ts';
import type { MediaPort, StreamId, StreamIds } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Dialplan } from '../dialplan/dialplan.ts';
import type { Environment } from '../dialplan/environment.ts';
import { Execution } from '../dialplan/execution.ts';
import type { ProgressTones } from './activity.ts';
import { Call, type CallParts, type CallState } from './call.ts';
import { type CallRecord, LegHistory } from './call-record.ts';
import type { DialFailure, IncomingCall, Leg, LegDialler, LegEvent, LegId, Party, Technology } from './leg.ts';
import { LocalChannels } from './local-channel.ts';
import { Patchbay } from './patchbay.ts';
import type { RemoteDialplans } from './remote-lookup.ts';

/** A call as status, MQTT and the panel show it. */
export interface CallView {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state: CallState;
  /** When the call began, and when `state` did; monotonic ms. */
  readonly startedMs: number;
  readonly sinceMs: number;
  readonly legs: readonly { readonly technology: Technology; readonly channel: string; readonly stream: StreamId }[];
}

/** A call began, changed its state or its legs, or is over. */
export interface SwitchOutput {
  readonly type: 'call';
  readonly change: 'started' | 'changed' | 'ended';
  readonly view: CallView;
  /** Why it ends, from the moment it does; null before. */
  readonly cause: Cause | null;
  /** All that it was, once it is over; null before. */
  readonly record: CallRecord | null;
}

export interface SwitchOptions {
  readonly dialplan: Dialplan;
  readonly environment: Environment;
  readonly media: MediaPort;
  readonly streams: StreamIds;
  readonly diallers: ReadonlyMap<Technology, LegDialler>;
  readonly tones: ProgressTones;
  readonly others: RemoteDialplans;
  readonly wallClock: () => number;
  readonly log: Log;
}

export interface Originate {
  /** Whom to ring first: `line` and `1`. */
  readonly technology: Technology;
  readonly resource: string;
  /** What the rung party is connected to once it answers. */
  readonly context: string;
  readonly number: string;
  readonly caller: Party;
}

/** Where a party enters the dialplan. */
interface Place {
  readonly context: string;
  readonly number: string;
}

interface Entry {
  readonly call: Call;
  readonly caller: Party;
  readonly history: LegHistory;
  view: CallView;
}

/** Tones by the names that indications give them. */
const NAMED_TONES: Readonly<Record<string, keyof ProgressTones>> = {
  dial: 'dial',
  ring: 'ringback',
  busy: 'busy',
  congestion: 'congestion',
  info: 'information',
};
/** How long a party that `originate` rings may take to answer. */
const ORIGINATE_TIMEOUT_MS = 60_000;

/** The switch: calls and their legs. It knows no protocol, only legs, and asks the dialplan what to do. */
export class Switch implements Machine<SwitchOutput> {
  private readonly entries = new Map<string, Entry>();
  private readonly entryOfLeg = new Map<LegId, Entry>();
  private readonly outputs = new Queue<SwitchOutput>();
  private readonly patchbay: Patchbay;
  private readonly locals: LocalChannels;
  private readonly diallers: ReadonlyMap<Technology, LegDialler>;
  private dialplan: Dialplan;
  private calls = 0;
  private draining = false;

  constructor(private readonly options: SwitchOptions) {
    this.dialplan = options.dialplan;
    this.patchbay = new Patchbay(options.media);
    this.locals = new LocalChannels(options.streams, this.patchbay);
    this.diallers = new Map<Technology, LegDialler>([...options.diallers, ['local', this.locals]]);
  }

  /** New calls run this dialplan; those that stand finish with theirs. */
  setDialplan(dialplan: Dialplan): void {
    this.dialplan = dialplan;
  }

  /** Calls that stand go on; new ones are refused from now on. */
  drain(): void {
    this.draining = true;
  }

  handleIncoming(incoming: IncomingCall, nowMs: number): void {
    if (this.draining) {
      incoming.leg.hangup('temporary-failure', nowMs);
      return;
    }
    this.begin(incoming.leg, incoming.context, incoming.number, incoming.caller, nowMs);
    this.settle(nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    this.deliver(leg, event, nowMs);
    this.settle(nowMs);
  }

  /** Rings a party and connects it to a number once it answers. The id is that of the call to be. */
  originate(order: Originate, nowMs: number): { readonly id: string } | DialFailure {
    const { technology, resource } = order;
    if (this.draining) return { failed: 'temporary-failure', reason: 'The appliance is about to stop.' };
    const stream = this.options.streams.next();
    const leg = this.diallers.get(technology)?.dial({ technology, resource, caller: order.caller, stream }, nowMs);
    if (leg === undefined) return { failed: 'facility-rejected', reason: `There is no ${technology} here.` };
    if ('failed' in leg) return leg;
    const { context, number, caller } = order;
    const entry = this.enter(leg, context, number, caller);
    entry.history.begin(leg, 'out', nowMs);
    entry.call.await(nowMs + ORIGINATE_TIMEOUT_MS);
    this.announce(entry, nowMs);
    this.settle(nowMs);
    return { id: entry.call.id };
  }

  /** The answer to a question of `RemoteDialplans`. */
  handleLookup(id: number, exists: boolean, nowMs: number): void {
    for (const { call } of this.entries.values()) call.handleLookup(id, exists, nowMs);
    this.settle(nowMs);
  }

  /** Ends a call; false if there is none with this id. */
  hangup(id: string, cause: Cause, nowMs: number): boolean {
    const entry = this.entries.get(id);
    if (entry === undefined) return false;
    entry.call.hangup(cause, nowMs);
    this.settle(nowMs);
    return true;
  }

  views(): readonly CallView[] {
    return [...this.entries.values()].map((entry) => entry.view);
  }

  handleTimeout(nowMs: number): void {
    for (const { call } of this.entries.values()) call.handleTimeout(nowMs);
    this.settle(nowMs);
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { call } of this.entries.values()) next = earliest(next, call.nextDeadline());
    return next;
  }

  poll(): SwitchOutput | undefined {
    return this.outputs.shift();
  }

  /** Everything that a call holds here; 0 when no call stands. */
  get size(): number {
    return this.entries.size + this.entryOfLeg.size + this.patchbay.size + this.locals.size;
  }

  private deliver(leg: Leg, event: LegEvent, nowMs: number): void {
    const entry = this.entryOfLeg.get(leg.id);
    if (entry === undefined) return;
    if (event.type === 'transfer') {
      this.transfer(entry, leg, event, nowMs);
      return;
    }
    if (event.type === 'hangup') this.entryOfLeg.delete(leg.id);
    entry.history.handleLegEvent(leg, event, nowMs);
    entry.call.handleLegEvent(leg, event, nowMs);
  }

  /** The party that `leg` talks to goes on with another number, in its own call or, if it was called, in a new one. */
  private transfer(entry: Entry, leg: Leg, { context, number }: Place, nowMs: number): void {
    const { call } = entry;
    const partner = call.partnerOf(leg);
    if (partner === undefined || !this.isReachable(context, number)) {
      leg.reportTransfer(partner === undefined ? 'call-rejected' : 'unallocated-number', nowMs);
      return;
    }
    leg.reportTransfer(undefined, nowMs);
    if (partner === call.leg) {
      leg.hangup('normal-clearing', nowMs);
      call.redirect(this.execution({ context, number }, entry.caller, partner, call.id), nowMs);
      return;
    }
    // Whom it called is all that is known of it.
    const next = this.enter(partner, context, number, { number: entry.view.to, name: '' });
    entry.history.handleLegEvent(partner, { type: 'hangup', cause: 'normal-clearing', reason: 'Transferred.' }, nowMs);
    next.history.begin(partner, 'out', nowMs);
    next.history.noteAnswer(partner, nowMs);
    call.giveAway(partner, nowMs);
    this.announce(next, nowMs);
    next.call.goOn(nowMs);
  }

  /** Numbers that only another switch knows count, too: it is asked once the party is on its way. */
  private isReachable(context: string, number: string): boolean {
    const at = { clock: this.options.environment.clock };
    return this.dialplan.lookup(context, number, at).exists || this.dialplan.switches(context, at).length > 0;
  }

  private begin(leg: Leg, context: string, number: string, caller: Party, nowMs: number): void {
    const entry = this.enter(leg, context, number, caller);
    entry.history.begin(leg, 'in', nowMs);
    this.announce(entry, nowMs);
    entry.call.start(nowMs);
  }

  private enter(leg: Leg, context: string, number: string, caller: Party): Entry {
    const { environment, streams, tones, others, log } = this.options;
    const id = this.nextId();
    const { dialplan } = this;
    const parts: CallParts = {
      patchbay: this.patchbay,
      tones,
      streams,
      diallers: this.diallers,
      others,
      log,
      namedTone: (name) => (NAMED_TONES[name] === undefined ? undefined : tones[NAMED_TONES[name]]),
      wantsMore: (from, digits) => dialplan.lookup(from, digits, { clock: environment.clock }).matchMore,
      adopt: (adopted, atMs) => this.adopt(entry, adopted, atMs),
    };
    const call = new Call(id, leg, this.execution({ context, number }, caller, leg, id), parts);
    const view: CallView = {
      id,
      from: caller.number,
      to: number,
      state: call.state,
      startedMs: 0,
      sinceMs: 0,
      legs: [],
    };
    const entry: Entry = { call, caller, history: new LegHistory(), view };
    this.entries.set(id, entry);
    this.entryOfLeg.set(leg.id, entry);
    return entry;
  }

  private execution({ context, number }: Place, caller: Party, { channel }: Leg, uniqueId: string): Execution {
    const start = { context, exten: number, priority: 1, caller, channel, uniqueId };
    return new Execution(this.dialplan, start, this.options.environment);
  }

  private announce(entry: Entry, nowMs: number): void {
    const { call, view } = entry;
    entry.view = { ...view, state: call.state, startedMs: nowMs, sinceMs: nowMs, legs: viewLegs(call) };
    this.outputs.push({ type: 'call', change: 'started', view: entry.view, cause: null, record: null });
  }

  private adopt(entry: Entry, leg: Leg, nowMs: number): void {
    entry.history.begin(leg, 'out', nowMs);
    entry.call.adopt(leg);
    this.entryOfLeg.set(leg.id, entry);
  }

  /** Lets Local channels carry on what was said into them, then tells what changed. */
  private settle(nowMs: number): void {
    for (let output = this.locals.poll(); output !== undefined; output = this.locals.poll()) {
      if (output.type === 'leg') this.deliver(output.leg, output.event, nowMs);
      else {
        const { leg, context, number, caller } = output.call;
        this.begin(leg, context, number, caller, nowMs);
      }
    }
    for (const entry of this.entries.values()) this.report(entry, nowMs);
  }

  private report(entry: Entry, nowMs: number): void {
    const { call, view } = entry;
    if (call.answered) entry.history.noteAnswer(call.leg, nowMs);
    const legs = viewLegs(call);
    const sameState = call.state === view.state;
    const changed = !sameState || legs.map((leg) => leg.channel).join() !== view.legs.map((leg) => leg.channel).join();
    if (changed) {
      const sinceMs = sameState ? view.sinceMs : nowMs;
      entry.view = { ...view, state: call.state, sinceMs, legs: call.over ? view.legs : legs };
    }
    if (call.over) {
      this.entries.delete(call.id);
      const cause = call.cause ?? 'normal-clearing';
      const record = recordOf(entry, cause, nowMs);
      this.outputs.push({ type: 'call', change: 'ended', view: entry.view, cause, record });
    } else if (changed)
      this.outputs.push({ type: 'call', change: 'changed', view: entry.view, cause: call.cause, record: null });
  }

  /** As Asterisk's UNIQUEID: the time of the start and a count, so that it is unique across restarts. */
  private nextId(): string {
    return `${Math.floor(this.options.wallClock() / 1000)}-${++this.calls}`;
  }
}

function viewLegs(call: Call): CallView['legs'] {
  return call.legs.map(({ technology, channel, stream }) => ({ technology, channel, stream }));
}

function recordOf({ history, view }: Entry, cause: Cause, nowMs: number): CallRecord {
  const legs = history.records(nowMs, cause);
  const { id, from, to, startedMs } = view;
  return { id, from, to, startedMs, answeredMs: legs[0]?.answeredMs ?? null, endedMs: nowMs, cause, legs };
}
