import type { Cause } from '../base/causes.ts';
import { Queue } from '../base/queue.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { EmergencyLookup, EmergencyMatch, EmergencyPlan } from '../emergency/plan.ts';
import type { Activity } from './activity.ts';
import type { Urgency } from './call.ts';
import { Dial, type DialParts } from './dial.ts';
import { EmergencyLane, type LaneStep } from './emergency-lane.ts';
import { type Party, type Place, targetOf } from './leg.ts';

/** How an emergency call gets on, for whoever has to know. */
export interface EmergencyNews {
  readonly type: 'emergency';
  readonly what: 'placed' | 'way-failed' | 'connected' | 'no-way' | 'ended' | 'callback';
  /** The call. */
  readonly id: string;
  readonly number: string;
  readonly isTest: boolean;
  readonly from: Party;
  /** The dial string of the telephone that called. */
  readonly telephone: string;
  /** `LINE/4`, `IAX2/hq`; null where no way is meant. */
  readonly way: string | null;
  /** What the emergency centre sees: the way's own number, or the caller's. */
  readonly callerId: string | null;
  /** Why a way failed, or the call ended. */
  readonly cause: Cause | null;
}

export interface EmergencyDeskOptions {
  readonly plan: EmergencyPlan;
  /** What an emergency number is dialled with in a context, before the number itself. */
  readonly prefixes: (context: string) => readonly string[];
  readonly noWayTone: TonePattern;
}

/** A number that is called, and by whom. */
export interface Calling extends Place {
  readonly caller: Party;
  /** What the caller's leg is called; empty where there is none yet. */
  readonly channel: string;
  /** See `Leg`. */
  readonly telephone: string | undefined;
}

/** What a call does before its dialplan, or in its place. */
export interface Precedence {
  readonly urgency: Urgency;
  readonly begin: (id: string, parts: DialParts, nowMs: number) => Activity;
}

/** An emergency centre that lost a caller calls back within this time. */
const CALLBACK_MS = 1_800_000;
/** How long the telephone that called is rung before the dialplan has the callback. */
const CALLBACK_RING_MS = 60_000;
/** So many digits at the end of two spellings of one number are the same. */
const SIGNIFICANT_DIGITS = 6;

interface Made {
  readonly telephone: string;
  readonly way: string;
  readonly callerId: string;
  untilMs: number;
}

interface Standing {
  readonly match: EmergencyMatch;
  readonly from: Party;
  readonly telephone: string;
  readonly lane: EmergencyLane;
}

/** Which calls are emergency calls, how they stand, and whose telephone a callback is for. */
export class EmergencyDesk {
  private plan: EmergencyPlan;
  private readonly standing = new Map<string, Standing>();
  /** Where the last calls went out, for callbacks. */
  private made: Made[] = [];
  private readonly news = new Queue<EmergencyNews>();

  constructor(private readonly options: EmergencyDeskOptions) {
    this.plan = options.plan;
  }

  setPlan(plan: EmergencyPlan): void {
    this.plan = plan;
  }

  poll(): EmergencyNews | undefined {
    return this.news.shift();
  }

  /** The extensions that are to be told. */
  get notified(): readonly string[] {
    return this.plan.notify;
  }

  /** What takes precedence over the dialplan for this call, if anything does. */
  precedenceOf(call: Calling, nowMs: number): Precedence | undefined {
    const { telephone } = call;
    if (telephone === undefined) return this.callback(call, nowMs);
    const { match } = this.lookUp(call);
    if (match === undefined) return undefined;
    return {
      urgency: match.isTest ? 'test' : 'emergency',
      begin: (id, parts, atMs) => this.begin(id, { match, telephone, from: call.caller }, parts, atMs),
    };
  }

  lookUp({ context, number }: Place): EmergencyLookup {
    return this.plan.lookUp(number, this.options.prefixes(context));
  }

  /** The call is over. */
  end(id: string, cause: Cause, nowMs: number): void {
    const call = this.standing.get(id);
    if (call === undefined) return;
    this.tell('ended', id, call, { cause });
    for (const made of this.made) if (made.telephone === call.telephone) made.untilMs = nowMs + CALLBACK_MS;
    this.standing.delete(id);
  }

  get size(): number {
    return this.standing.size;
  }

  private begin(id: string, call: Omit<Standing, 'lane'>, parts: DialParts, nowMs: number): EmergencyLane {
    const lane = new EmergencyLane({
      ...parts,
      match: call.match,
      // The caller's own line or peer is no way out for it.
      ways: this.plan.ways.filter(({ channel }) => channel !== call.telephone),
      isTaken: (channel) => this.isTaken(channel, id),
      noWayTone: this.options.noWayTone,
      tell: (step) => this.note(id, call, step, nowMs),
    });
    this.standing.set(id, { ...call, lane });
    return lane;
  }

  /** A town line has one call at a time. */
  private isTaken(channel: string, id: string): boolean {
    if (!channel.startsWith('LINE/')) return false;
    for (const [other, { lane }] of this.standing) if (other !== id && lane.way?.channel === channel) return true;
    return false;
  }

  private note(id: string, call: Omit<Standing, 'lane'>, step: LaneStep, nowMs: number): void {
    if (step.type === 'placed' || step.type === 'no-way') {
      this.tell(step.type, id, call, {});
      return;
    }
    const { channel: way, callerId = call.from.number } = step.way;
    const cause = step.type === 'way-failed' ? step.cause : null;
    this.tell(step.type, id, call, { way, callerId, cause });
    if (step.type !== 'connected' || call.match.isTest) return;
    this.made = this.made.filter((made) => made.way !== way || made.callerId !== callerId);
    this.made.push({ telephone: call.telephone, way, callerId, untilMs: nowMs + CALLBACK_MS });
  }

  private callback(call: Calling, nowMs: number): Precedence | undefined {
    this.made = this.made.filter(({ untilMs }) => untilMs > nowMs);
    const made = this.made.findLast(
      ({ way, callerId }) =>
        isOn(call.channel, way) && (way.startsWith('LINE/') || isSameNumber(call.number, callerId)),
    );
    if (made === undefined) return undefined;
    const { telephone, way, callerId } = made;
    return {
      urgency: 'callback',
      begin: (id, parts) => {
        const match = { number: call.number, isTest: false };
        this.tell('callback', id, { match, telephone, from: call.caller }, { way, callerId });
        // Whatever keeps the telephone from answering leaves the call to the dialplan.
        const order = { timeoutMs: CALLBACK_RING_MS, ringAtOnce: true, goOn: false, emergency: { insist: false } };
        return new Dial({ ...order, targets: [targetOf(telephone)] }, parts);
      },
    };
  }

  private tell(
    what: EmergencyNews['what'],
    id: string,
    { match, telephone, from }: Omit<Standing, 'lane'>,
    more: Partial<Pick<EmergencyNews, 'way' | 'callerId' | 'cause'>>,
  ): void {
    const { number, isTest } = match;
    const rest = { way: null, callerId: null, cause: null, ...more };
    this.news.push({ type: 'emergency', what, id, number, isTest, telephone, from, ...rest });
  }
}

/** `IAX2/hq-12` is a call on `IAX2/hq`. */
function isOn(channel: string, way: string): boolean {
  return channel === way || channel.startsWith(`${way}-`);
}

/** `+33472000001`, `0472000001` and `000001` are one number. */
function isSameNumber(a: string, b: string): boolean {
  const [short = '', long = ''] = [a, b].map((text) => text.replace(/\D/g, '')).sort((x, y) => x.length - y.length);
  if (short === long) return short !== '';
  return short.length >= SIGNIFICANT_DIGITS && long.endsWith(short.replace(/^0+/, ''));
}
