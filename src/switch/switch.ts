import type { Cause } from '../base/causes.ts';
import type { LookUpNumber } from '../base/digit-collection.ts';
import type { Log } from '../base/log.ts';
import { earliest, type Machine } from '../base/machine.ts';
import type { MediaPort, StreamId, StreamIds } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import { type ClassOfService, classMissing } from '../dialplan/class-of-service.ts';
import type { Dialplan } from '../dialplan/dialplan.ts';
import type { Environment } from '../dialplan/environment.ts';
import { Execution } from '../dialplan/execution.ts';
import type { NumberingPlan } from '../dialplan/numbering-plan.ts';
import { outsidePrefixes } from '../dialplan/outside-line.ts';
import type { EmergencyPlan } from '../emergency/plan.ts';
import type { Activity, ProgressTones } from './activity.ts';
import { type BeginActivity, Call, type CallParts, type Urgency } from './call.ts';
import { type CallChange, CallRegister, type CallView, type Entry, isEmergency } from './call-register.ts';
import { Conferences, type ConferenceView, type RoomSettings } from './conference.ts';
import type { DialParts } from './dial.ts';
import { type Calling, EmergencyDesk, type EmergencyNews, type Precedence } from './emergency-desk.ts';
import { type Forwarder, Forwarding } from './forwarding.ts';
import { Handsets, type TelephoneSettingsOf } from './handsets.ts';
import {
  type DialFailure,
  type IncomingCall,
  type Leg,
  type LegDialler,
  type LegEvent,
  type Party,
  type Place,
  type Technology,
  targetOf,
} from './leg.ts';
import { LocalChannels } from './local-channel.ts';
import { Matching } from './matching.ts';
import { Moves } from './moves.ts';
import { Patchbay } from './patchbay.ts';
import type { RemoteDialplans } from './remote-lookup.ts';
import { StandingOrders } from './telephone-orders.ts';
import { Sounding } from './waiting.ts';

export type SwitchOutput =
  | CallChange
  | EmergencyNews
  /** Something else holds at that telephone for the calls that come to it. */
  | { readonly type: 'orders'; readonly telephone: string };

export interface SwitchOptions {
  readonly dialplan: Dialplan;
  readonly environment: Environment;
  readonly media: MediaPort;
  readonly streams: StreamIds;
  readonly diallers: ReadonlyMap<Technology, LegDialler>;
  readonly tones: ProgressTones;
  readonly others: RemoteDialplans;
  readonly emergency: EmergencyPlan;
  /** What classes of service go by. */
  readonly numbering: NumberingPlan;
  /** What telephones can do with their calls; none without. */
  readonly telephones?: { readonly settingsOf: TelephoneSettingsOf; readonly lookUp: LookUpNumber };
  /** By the number of the room; a room that is not here has no PIN. */
  readonly conferences?: ReadonlyMap<string, RoomSettings>;
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
  /** The telephone that is rung, if it is one of this office: it may be connected to an emergency number. */
  readonly telephone?: string;
}

/** Tones by the names that indications give them. */
const NAMED_TONES: Readonly<Record<string, keyof ProgressTones>> = {
  dial: 'dial',
  ring: 'ringback',
  busy: 'busy',
  congestion: 'congestion',
  info: 'information',
};
/** How long whoever answers the notice of an emergency call hears the tone. */
const NOTICE_MS = 10_000;
/** How long a party that `originate` rings may take to answer. */
const ORIGINATE_TIMEOUT_MS = 60_000;

/** The switch: calls and their legs. It knows no protocol, only legs, and asks the dialplan what to do. */
export class Switch implements Machine<SwitchOutput> {
  private readonly outputs = new Queue<SwitchOutput>();
  private readonly register = new CallRegister(
    (change) => this.outputs.push(change),
    (id, cause, nowMs) => this.desk.end(id, cause, nowMs),
  );
  private readonly moves: Moves;
  private readonly patchbay: Patchbay;
  private readonly matching: Matching;
  private readonly locals: LocalChannels;
  private readonly desk: EmergencyDesk;
  private readonly conferences: Conferences;
  private readonly handsets: Handsets;
  /** What holds at each telephone for the calls that come to it. */
  readonly orders = new StandingOrders();
  private readonly forwarding: Forwarding;
  private readonly diallers: ReadonlyMap<Technology, LegDialler>;
  readonly classOfService: ClassOfService;
  private dialplan: Dialplan;
  /** Names calls; begins anywhere, since a start within the second, or with a clock set back, must not name one again. */
  private count: number;
  private draining = false;

  constructor(private readonly options: SwitchOptions) {
    this.dialplan = options.dialplan;
    this.count = options.environment.random.integer(1_000_000_000);
    this.patchbay = new Patchbay(options.media);
    this.matching = new Matching(this.patchbay);
    this.locals = new LocalChannels(options.streams, this.patchbay);
    this.desk = new EmergencyDesk({
      plan: options.emergency,
      prefixes: (context) => outsidePrefixes(this.dialplan, context),
      noWayTone: options.tones.information,
    });
    this.conferences = new Conferences(options.media, options.streams, options.conferences ?? new Map());
    this.classOfService = {
      numbering: options.numbering,
      isEmergency: (context, number) => this.desk.lookUp({ context, number }).match !== undefined,
      prefixes: (context) => outsidePrefixes(this.dialplan, context),
    };
    this.handsets = this.makeHandsets();
    this.moves = this.makeMoves();
    this.forwarding = new Forwarding({
      orders: this.orders,
      forwarderAt: (telephone) => this.forwarderAt(telephone),
      devices: (extension) => options.environment.devices(extension),
    });
    const diallers = [...options.diallers].map(([technology, dialler]): [Technology, LegDialler] => [
      technology,
      this.handsets.around(technology, this.matching.around(dialler)),
    ]);
    this.diallers = new Map([...diallers, ['local', this.locals]]);
  }

  /** Calls from now on go by it; those that stand finish with what they began with. */
  configure({ dialplan, emergency, conferences }: Pick<SwitchOptions, 'dialplan' | 'emergency' | 'conferences'>): void {
    this.dialplan = dialplan;
    this.desk.setPlan(emergency);
    this.conferences.configure(conferences ?? new Map());
  }

  conferenceViews(): readonly ConferenceView[] {
    return this.conferences.views();
  }

  /** The number of a conference, of which the media plane knows the id. */
  conferenceNumber(room: StreamId): string | undefined {
    return this.conferences.numberOf(room);
  }

  /** Calls that stand go on; new ones are refused from now on, but for emergency calls and their callbacks. */
  drain(): void {
    this.draining = true;
  }

  handleIncoming(incoming: IncomingCall, nowMs: number): void {
    this.matching.add(incoming.leg);
    if (incoming.replaces !== undefined) {
      this.moves.replace(incoming.leg, incoming.replaces, nowMs);
      this.settle(nowMs);
      return;
    }
    const precedence = this.desk.precedenceOf({ ...incoming, ...addressOf(incoming.leg) }, nowMs);
    if (this.draining && precedence === undefined) {
      incoming.leg.hangup('temporary-failure', nowMs);
      return;
    }
    this.begin({ ...incoming, leg: this.handsets.wrap(incoming.leg) }, precedence, nowMs);
    this.settle(nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (event.type === 'hangup') this.matching.remove(leg);
    if (event.type === 'codec') this.matching.note();
    else if (!this.handsets.handleLegEvent(leg, event, nowMs)) this.deliver(leg, event, nowMs);
    this.settle(nowMs);
  }

  /** Rings a party and connects it to a number once it answers. The id is that of the call to be. */
  originate(order: Originate, nowMs: number): { readonly id: string } | DialFailure {
    const { technology, resource } = order;
    const precedence = this.desk.precedenceOf({ ...order, channel: '', telephone: order.telephone }, nowMs);
    if (this.draining && precedence === undefined)
      return { failed: 'temporary-failure', reason: 'The appliance is about to stop.' };
    const stream = this.options.streams.next();
    const leg = this.diallers.get(technology)?.dial({ technology, resource, caller: order.caller, stream }, nowMs);
    if (leg === undefined) return { failed: 'facility-rejected', reason: `There is no ${technology} here.` };
    if ('failed' in leg) return leg;
    const entry = this.enter(leg, order, precedence?.urgency);
    this.awaitAnswer(entry, precedence?.begin(entry.call.id, this.dialParts(entry, order.caller), nowMs), nowMs);
    this.settle(nowMs);
    return { id: entry.call.id };
  }

  /** The answer to a question of `RemoteDialplans`. */
  handleLookup(id: number, exists: boolean, nowMs: number): void {
    this.register.handleLookup(id, exists, nowMs);
    this.settle(nowMs);
  }

  /** Ends a call; false if there is none with this id. */
  hangup(id: string, cause: Cause, nowMs: number): boolean {
    const entry = this.register.get(id);
    if (entry === undefined) return false;
    entry.call.hangup(cause, nowMs);
    this.settle(nowMs);
    return true;
  }

  views(): readonly CallView[] {
    return this.register.views();
  }

  handleTimeout(nowMs: number): void {
    // The clock is asked for each part of the office: of the timers that fire hardly one is of a call's dialplan.
    const deadlineMs = this.nextDeadline();
    if (deadlineMs === undefined || nowMs < deadlineMs) return;
    this.register.handleTimeout(nowMs);
    this.handsets.handleTimeout(nowMs);
    this.settle(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.handsets.nextDeadline(), this.register.nextDeadline());
  }

  poll(): SwitchOutput | undefined {
    const telephone = this.orders.poll();
    return telephone === undefined ? this.outputs.shift() : { type: 'orders', telephone };
  }

  /** Everything that a call holds here; 0 when no call stands. */
  get size(): number {
    const { register, patchbay, matching, locals, desk, conferences, handsets } = this;
    const parts = [register, patchbay, matching, locals, desk, conferences, handsets];
    return parts.reduce((sum, { size }) => sum + size, 0);
  }

  private forwarderAt(telephone: string): Forwarder | undefined {
    const settings = this.options.telephones?.settingsOf(telephone);
    if (settings === undefined) return undefined;
    const { context, caller, dialClass } = settings;
    return { context, extension: caller.number, dialClass };
  }

  /** Nobody sends his calls to himself, to an emergency number, or to a number that there is not. */
  private forwardRefusal(telephone: string, number: string): Cause | undefined {
    const { context } = this.forwarderAt(telephone) ?? {};
    if (context === undefined) return 'facility-rejected';
    if (this.options.environment.devices(number).includes(telephone)) return 'call-rejected';
    if (this.classOfService.isEmergency(context, number)) return 'call-rejected';
    return this.isReachable(context, number) ? undefined : 'unallocated-number';
  }

  private makeHandsets(): Handsets {
    const { options, patchbay } = this;
    const { telephones, streams, tones } = options;
    const nothing: ReturnType<LookUpNumber> = {
      exists: false,
      canExist: false,
      matchMore: false,
      ignorePattern: false,
    };
    return new Handsets(
      {
        patchbay,
        streams,
        tones,
        lookUp: telephones?.lookUp ?? (() => nothing),
        call: (leg, { context, caller }, number, nowMs) => {
          const incoming = { leg, context, number, caller };
          this.begin(incoming, this.desk.precedenceOf({ ...incoming, ...addressOf(leg) }, nowMs), nowMs);
        },
        isUrgent: (place) => this.register.of(place.id)?.view.emergency === true,
        join: (held, consulted, nowMs) => this.moves.join(held, consulted, nowMs),
        recall: (place, nowMs) => this.moves.recall(place, nowMs),
        moved: ({ id }) => this.register.touchCallOf(id),
      },
      telephones?.settingsOf ?? (() => undefined),
    );
  }

  private makeMoves(): Moves {
    const { register, patchbay, handsets, options } = this;
    return new Moves({
      register,
      patchbay,
      devices: (extension) => options.environment.devices(extension),
      forwarderAt: (telephone) => this.forwarderAt(telephone),
      otherHalf: (leg) => this.locals.otherHalf(leg),
      wrap: (leg) => handsets.wrap(leg),
      enter: (leg, calling, urgency) => this.enter(leg, calling, urgency),
      execution: (at, caller, leg, uniqueId) => this.execution(at, caller, leg, uniqueId),
      dialParts: (entry, party) => this.dialParts(entry, party),
      precedenceOfTelephone: (calling, nowMs) => this.precedenceOfTelephone(calling, nowMs),
      stand: (entry, precedence, calling) => this.stand(entry, precedence, calling),
      isReachable: (context, number) => this.isReachable(context, number),
    });
  }

  private deliver(leg: Leg, event: LegEvent, nowMs: number): void {
    const entry = this.register.of(leg.id);
    if (entry === undefined) return;
    if (event.type === 'transfer') {
      this.moves.transfer(entry, leg, event, nowMs);
      return;
    }
    if (event.type === 'transfer-to-leg') {
      this.moves.transferToLeg(entry, leg, event.other, nowMs);
      return;
    }
    if (event.type === 'hangup') this.register.drop(leg.id);
    entry.history.handleLegEvent(leg, event, nowMs);
    entry.call.handleLegEvent(leg, event, nowMs);
  }

  /** What takes precedence in a call that stands already. */
  private stand(entry: Entry, precedence: Precedence | undefined, calling: Calling): BeginActivity | undefined {
    if (precedence === undefined) return undefined;
    const { urgency, begin } = precedence;
    return (nowMs) => {
      entry.view = { ...entry.view, to: calling.number, emergency: isEmergency(urgency) };
      return begin(entry.call.id, this.dialParts(entry, calling.caller), nowMs);
    };
  }

  private precedenceOf(entry: Entry, dialled: Place, nowMs: number): BeginActivity | undefined {
    const calling = { ...dialled, caller: entry.caller, ...addressOf(entry.call.leg) };
    return this.stand(entry, this.precedenceOfTelephone(calling, nowMs), calling);
  }

  /** In the middle of a call only what a telephone dials counts: a callback has been looked for where it came in. */
  private precedenceOfTelephone(calling: Calling, nowMs: number): Precedence | undefined {
    return calling.telephone === undefined ? undefined : this.desk.precedenceOf(calling, nowMs);
  }

  /** Numbers that only another switch knows count, too: it is asked once the party is on its way. */
  private isReachable(context: string, number: string): boolean {
    const at = { clock: this.options.environment.clock };
    return this.dialplan.lookup(context, number, at).exists || this.dialplan.switches(context, at).length > 0;
  }

  /** A telephone that forwards what comes has not dialled an emergency number, nor has whoever called it. */
  private mayForward({ context, number }: Place): boolean {
    return this.isReachable(context, number) && this.desk.lookUp({ context, number }).match === undefined;
  }

  private begin(incoming: IncomingCall, precedence: Precedence | undefined, nowMs: number): void {
    const { leg, caller } = incoming;
    const entry = this.enter(leg, incoming, precedence?.urgency);
    entry.history.begin(leg, 'in', nowMs);
    this.register.announce(entry, nowMs);
    entry.call.start(nowMs, precedence?.begin(entry.call.id, this.dialParts(entry, caller), nowMs));
  }

  /** The leg of the caller to be is dialled by us. */
  private awaitAnswer(entry: Entry, first: Activity | undefined, nowMs: number): void {
    entry.history.begin(entry.call.leg, 'out', nowMs);
    entry.call.await(nowMs + ORIGINATE_TIMEOUT_MS, first);
    this.register.announce(entry, nowMs);
  }

  private dialParts(entry: Entry, party: Party): DialParts {
    const { diallers, options } = this;
    const adopt = (leg: Leg, atMs: number) => this.adopt(entry, leg, atMs);
    // Only what must go through is dialled past the dialplan.
    const mayForward = (to: Place) => this.mayForward(to);
    return { caller: entry.call, party, diallers, streams: options.streams, adopt, mayDial: () => true, mayForward };
  }

  private enter(leg: Leg, { context, number, caller }: Omit<IncomingCall, 'leg'>, urgency?: Urgency): Entry {
    const { environment, streams, tones, others, log } = this.options;
    const id = this.nextId();
    const { dialplan } = this;
    const parts: CallParts = {
      patchbay: this.patchbay,
      caller,
      tones,
      streams,
      diallers: this.diallers,
      others,
      pickUp: (extensions, atMs) => this.moves.pickUp(entry, extensions, atMs),
      retrieve: (slot, atMs) => this.moves.retrieve(entry, slot, atMs),
      freeSlot: () => this.moves.freeSlot(),
      orders: this.orders,
      forwarding: this.forwarding,
      forwardRefusal: (telephone, forwardTo) => this.forwardRefusal(telephone, forwardTo),
      conferences: this.conferences,
      log,
      namedTone: (name) => (NAMED_TONES[name] === undefined ? undefined : tones[NAMED_TONES[name]]),
      wantsMore: (from, digits) =>
        dialplan.lookup(from, digits, { clock: environment.clock }).matchMore ||
        (leg.telephone !== undefined && this.desk.lookUp({ context: from, number: digits }).canGrow),
      mayForward: (to) => this.mayForward(to),
      permits: (held, at, target) => classMissing(held, at, target, this.classOfService) === undefined,
      precedenceOf: (dialled, atMs) => this.precedenceOf(entry, dialled, atMs),
      adopt: (adopted, atMs) => this.adopt(entry, adopted, atMs),
      touched: () => this.register.touch(entry),
    };
    const call = new Call(id, leg, this.execution({ context, number }, caller, leg, id), parts);
    const entry = this.register.enter(call, caller, number, urgency);
    return entry;
  }

  private execution({ context, number }: Place, caller: Party, { channel }: Leg, uniqueId: string): Execution {
    const start = { context, exten: number, priority: 1, caller, channel, uniqueId };
    return new Execution(this.dialplan, start, this.options.environment);
  }

  private adopt(entry: Entry, leg: Leg, nowMs: number): void {
    entry.history.begin(leg, 'out', nowMs);
    entry.call.adopt(leg);
    this.register.give(leg.id, entry);
  }

  /** Lets Local channels carry on what was said into them, then tells what changed. */
  private settle(nowMs: number): void {
    while (this.settleLocals(nowMs) || this.settleHandsets(nowMs)) {
      // What one of them says may make the other speak.
    }
    this.matching.settle(nowMs);
    this.register.report(nowMs);
    for (let news = this.desk.poll(); news !== undefined; news = this.desk.poll()) {
      this.outputs.push(news);
      if (!news.isTest && (news.what === 'placed' || news.what === 'no-way')) this.notify(news, nowMs);
    }
  }

  private settleLocals(nowMs: number): boolean {
    const output = this.locals.poll();
    if (output === undefined) return false;
    if (output.type === 'leg') this.deliver(output.leg, output.event, nowMs);
    else {
      const calling = { ...output.call, ...addressOf(output.call.leg) };
      const { leg, context, number } = output.call;
      // Nobody's call becomes an emergency call by what the telephone that it was for has ordered.
      if ((leg.forwardedBy ?? []).length > 0 && this.classOfService.isEmergency(context, number)) {
        leg.hangup('call-rejected', nowMs);
        return true;
      }
      this.begin(output.call, this.precedenceOfTelephone(calling, nowMs), nowMs);
    }
    return true;
  }

  private settleHandsets(nowMs: number): boolean {
    const output = this.handsets.poll();
    if (output !== undefined) this.deliver(output.place, output.event, nowMs);
    return output !== undefined;
  }

  /** Rings whoever is to be told of emergency calls: the display says which and from where, a tone is all there is to hear. */
  private notify({ what, number, from, telephone }: EmergencyNews, nowMs: number): void {
    const { environment, streams, tones } = this.options;
    const caller = { number: from.number, name: what === 'placed' ? `EMERGENCY ${number}` : `${number} HAS NO LINE` };
    for (const extension of this.desk.notified) {
      for (const device of environment.devices(extension)) {
        if (device === telephone) continue;
        const target = targetOf(device);
        const leg = this.diallers.get(target.technology)?.dial({ ...target, caller, stream: streams.next() }, nowMs);
        if (leg === undefined || 'failed' in leg) continue;
        const entry = this.enter(leg, { context: '', number: extension, caller });
        this.awaitAnswer(entry, new Sounding(entry.call, tones.information, undefined, NOTICE_MS), nowMs);
      }
    }
  }

  /** As Asterisk's UNIQUEID: the time and a count. */
  private nextId(): string {
    return `${Math.floor(this.options.wallClock() / 1000)}-${++this.count}`;
  }
}

function addressOf({ channel, telephone }: Leg): Pick<Calling, 'channel' | 'telephone'> {
  return { channel, telephone };
}
