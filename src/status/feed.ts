import type { Cause } from '../base/causes.ts';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import type { CallEvent, CallStatus, HealthStatus, LegStatus, StatusSnapshot } from './schema.ts';
import { difference, escapeLevel, stateTopics, type Topic } from './topics.ts';
import { formatTime } from './wall-time.ts';

export type StatusChange =
  /** The state of a line, phone, trunk or of the machine itself; null when it is no longer there. */
  | { readonly type: 'state'; readonly topic: Topic; readonly body: object | null }
  | { readonly type: 'call'; readonly topic: Topic; readonly body: CallEvent };

/** Changes that come closer together than this are told as one. */
const COALESCE_MS = 100;
/** Everything is looked at this often, told or not: call quality, and whatever nobody announced. */
const SWEEP_MS = 5_000;
/** How often a trunk is told again when only its measured values moved; phones are many. */
const MEASURES_MS = 30_000;
const PHONE_MEASURES_MS = 300_000;
const HEALTH_MS = 60_000;

interface Told {
  readonly status: object;
  readonly atMs: number;
  readonly body: object;
}

/**
 * Says what changed in the status, as MQTT and the panel tell it: compares the snapshot with what it said last. Whoever
 * changes something calls `noteChange`; a forgotten call costs no more than the seconds until the next sweep.
 */
export class StatusFeed implements Machine<StatusChange> {
  private readonly outputs = new Queue<StatusChange>();
  private readonly timers = new Timers<'look' | 'sweep' | 'health'>();
  private readonly told = new Map<Topic, Told>();
  private readonly calls = new Map<string, CallStatus>();
  /** Calls that are over and whose end `noteCall` will tell. */
  private readonly awaited = new Set<string>();
  private lookedMs = Number.NEGATIVE_INFINITY;
  /** Whether the HAT worked when health was told last; null without one. */
  private toldHatUp: boolean | null = null;

  constructor(
    private readonly readings: {
      /** Reads the status as it stands. */
      readonly snapshot: () => StatusSnapshot;
      readonly health: () => HealthStatus;
      /** Milliseconds since 1970. */
      readonly wallMs: () => number;
    },
    nowMs: number,
  ) {
    this.timers.set('sweep', nowMs);
    this.timers.set('health', nowMs);
  }

  /** Something other than a call may have changed. */
  noteChange(nowMs: number): void {
    if (nowMs >= this.lookedMs + COALESCE_MS) this.look(nowMs);
    else if (this.timers.at('look') === undefined) this.timers.set('look', this.lookedMs + COALESCE_MS);
  }

  /** A call is over, and its end is told by `noteCall` as soon as its records cannot be lost. */
  awaitEnd(id: string): void {
    this.awaited.add(id);
  }

  /** A call came into another state: told at once, one event for each. `cause` is given with `ending`. */
  noteCall(call: CallStatus, cause: Cause | null): void {
    const before = this.calls.get(call.id);
    if (call.state === 'ending' && cause !== null) this.awaited.delete(call.id);
    // A call that is on its way out is told of when it is over, since only then its cause is certain.
    if (before?.state === 'ending' || (call.state === 'ending' && cause === null)) return;
    const legs = call.state === 'ending' ? lastMeasured(before?.legs ?? [], call.legs) : call.legs;
    const noted = { ...call, legs };
    this.calls.set(call.id, noted);
    if (before?.state !== call.state) this.tellCall(noted, 'state', cause);
  }

  /** Every retained topic as it was told last: what a broker or a panel gets on connecting. */
  *current(): Generator<readonly [Topic, object]> {
    for (const [topic, { body }] of this.told) yield [topic, body];
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (timer === 'health') {
        this.tellHealth(nowMs);
      } else {
        const sweep = timer === 'sweep';
        if (sweep) this.timers.set('sweep', nowMs + SWEEP_MS);
        this.look(nowMs, sweep);
      }
    }
  }

  poll(): StatusChange | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  private look(nowMs: number, isSweep = false): void {
    this.timers.clear('look');
    this.lookedMs = nowMs;
    const snapshot = this.readings.snapshot();
    // A HAT that comes or goes is not news a minute later.
    if (this.told.has('health') && (snapshot.hat?.up ?? null) !== this.toldHatUp) this.tellHealth(nowMs);
    const topics = stateTopics(snapshot);
    for (const topic of this.told.keys()) {
      if (topic === 'health' || topics.has(topic)) continue;
      this.told.delete(topic);
      this.outputs.push({ type: 'state', topic, body: null });
    }
    for (const [topic, body] of topics) {
      const told = this.told.get(topic);
      if (told?.status === body) continue;
      if (told !== undefined) {
        const differs = difference(told.status, body);
        const pauseMs = topic.startsWith('phones/') ? PHONE_MEASURES_MS : MEASURES_MS;
        const isDue = differs === 'words' || (differs === 'measures' && nowMs - told.atMs >= pauseMs);
        if (!isDue) continue;
      }
      this.tellState(topic, body, nowMs);
    }
    // Between sweeps calls are left to `noteCall`: what is about to be told of them may be older than the snapshot.
    if (isSweep) this.sweepCalls(snapshot.calls);
  }

  private sweepCalls(calls: readonly CallStatus[]): void {
    for (const call of calls) {
      this.noteCall(call, null);
      const measured = call.legs.some((leg) => leg.mos !== null);
      if (measured && (call.state === 'talking' || call.state === 'held')) this.tellCall(call, 'quality', null);
    }
    const present = new Set(calls.map(({ id }) => id));
    for (const [id, call] of this.calls) {
      if (present.has(id) || this.awaited.has(id)) continue;
      this.calls.delete(id);
      if (call.state !== 'ending') this.tellCall({ ...call, state: 'ending', since: this.wallTime() }, 'state', null);
    }
  }

  private tellHealth(nowMs: number): void {
    this.timers.set('health', nowMs + HEALTH_MS);
    const health = this.readings.health();
    this.toldHatUp = health.hat?.up ?? null;
    this.tellState('health', health, nowMs);
  }

  private tellState(topic: Topic, status: object, nowMs: number): void {
    const body = { ...status, at: this.wallTime() };
    this.told.set(topic, { status, atMs: nowMs, body });
    this.outputs.push({ type: 'state', topic, body });
  }

  private tellCall(call: CallStatus, event: CallEvent['event'], cause: Cause | null): void {
    const body: CallEvent = { ...call, event, cause, at: this.wallTime() };
    this.outputs.push({ type: 'call', topic: `calls/${escapeLevel(call.id)}`, body });
  }

  private wallTime(): string {
    return formatTime(this.readings.wallMs());
  }
}

/** The legs of a call that ends: those that are gone, and measures that went with their streams, as they were last. */
function lastMeasured(before: readonly LegStatus[], now: readonly LegStatus[]): LegStatus[] {
  const gone = before.filter(({ channel }) => !now.some((leg) => leg.channel === channel));
  const kept = now.map((leg) => (leg.mos === null && before.find(({ channel }) => channel === leg.channel)) || leg);
  return [...gone, ...kept];
}
