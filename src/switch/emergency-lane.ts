import type { Cause } from '../base/causes.ts';
import { earliest } from '../base/machine.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { EmergencyMatch, EmergencyWay } from '../emergency/plan.ts';
import type { Activity, ActivityResult } from './activity.ts';
import { Dial, type DialParts } from './dial.ts';
import { type Leg, type LegEvent, targetOf } from './leg.ts';

export interface EmergencyLaneOptions extends DialParts {
  readonly match: EmergencyMatch;
  readonly ways: readonly EmergencyWay[];
  /** Another emergency call has this way. */
  readonly isTaken: (channel: string) => boolean;
  /** What the caller hears while no way leads out. */
  readonly noWayTone: TonePattern;
  readonly tell: (step: LaneStep) => void;
}

/** How an emergency call gets on. */
export type LaneStep =
  | { readonly type: 'placed' }
  | { readonly type: 'way-failed'; readonly way: EmergencyWay; readonly cause: Cause }
  | { readonly type: 'connected'; readonly way: EmergencyWay }
  /** Every way has failed once; they are tried again as long as the caller stays. */
  | { readonly type: 'no-way' };

/** A way on which nothing is heard of for this long is given up. */
const SILENCE_MS = 10_000;
/** Between two rounds over all ways. */
const RETRY_MS = 5_000;

type Attempt = EmergencyWay & { readonly insist: boolean };

/**
 * The emergency lane of one call: the ways out one after the other until one answers, and again from the first as long
 * as the caller stays. Town lines come first, the free ones and then those in use; an emergency call is never cut for
 * another one. Trunks that are taken for dead come last, and are tried for all that: a far end, or a firewall, that does
 * not answer qualify may let calls through.
 */
export class EmergencyLane implements Activity {
  result: ActivityResult | undefined;
  dial: Dial | undefined;
  private readonly attempts: readonly Attempt[];
  private next = 0;
  /** Trunks that were not tried in this round, for they are taken for dead. */
  private readonly passedOver = new Set<string>();
  private giveUpMs: number | undefined;
  private retryMs: number | undefined;
  private told: 'nothing' | 'connected' | 'no-way' = 'nothing';

  constructor(private readonly options: EmergencyLaneOptions) {
    const free = options.ways.map((way) => ({ ...way, insist: false }));
    const lines = free.filter(isTownLine);
    // Nobody's call is cut for a test.
    const inUse = options.match.isTest ? [] : lines.map((way) => ({ ...way, insist: true }));
    const trunks = free.filter((way) => !isTownLine(way));
    this.attempts = [...lines, ...inUse, ...trunks, ...trunks.map((way) => ({ ...way, insist: true }))];
  }

  /** The way that is being tried, or that answered. */
  get way(): EmergencyWay | undefined {
    return this.dial === undefined ? undefined : this.attempts[this.next - 1];
  }

  start(nowMs: number): void {
    this.options.tell({ type: 'placed' });
    this.tryNext(nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (event.type === 'ringing' || event.type === 'progress' || event.type === 'answered') this.giveUpMs = undefined;
    else if (event.type === 'proceeding' && this.giveUpMs !== undefined) this.giveUpMs = nowMs + 2 * SILENCE_MS;
    this.dial?.handleLegEvent(leg, event, nowMs);
    this.follow(nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.retryMs !== undefined && nowMs >= this.retryMs) {
      this.retryMs = undefined;
      this.next = 0;
      this.tryNext(nowMs);
      return;
    }
    if (this.giveUpMs !== undefined && nowMs >= this.giveUpMs) this.dial?.abort('no-user-response', nowMs);
    else this.dial?.handleTimeout(nowMs);
    this.follow(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(earliest(this.giveUpMs, this.retryMs), this.dial?.nextDeadline());
  }

  abort(cause: Cause, nowMs: number): void {
    this.giveUpMs = undefined;
    this.retryMs = undefined;
    this.dial?.abort(cause, nowMs);
    this.result ??= { cause };
  }

  private follow(nowMs: number): void {
    const { dial, way } = this;
    if (dial === undefined || way === undefined) return;
    if (dial.answered !== undefined && this.told !== 'connected') {
      this.told = 'connected';
      this.options.tell({ type: 'connected', way });
    }
    if (dial.result === undefined) return;
    const { dialStatus, cause = 'normal-unspecified' } = dial.result;
    if (dialStatus === 'ANSWER') {
      this.giveUpMs = undefined;
      this.result = { hangup: cause };
      return;
    }
    this.noteFailure(way, cause);
    this.tryNext(nowMs);
  }

  /** Told in the first round only: after it, it is known that no way leads out. */
  private noteFailure(way: EmergencyWay, cause: Cause): void {
    if (this.told !== 'no-way') this.options.tell({ type: 'way-failed', way, cause });
  }

  private tryNext(nowMs: number): void {
    this.dial = undefined;
    this.giveUpMs = undefined;
    const { caller, match, isTaken, party } = this.options;
    for (;;) {
      const attempt = this.attempts[this.next++];
      if (attempt === undefined) {
        this.haveNoWay(nowMs);
        return;
      }
      if (isTaken(attempt.channel)) continue;
      const isSecondTry = attempt.insist && !isTownLine(attempt);
      if (isSecondTry && !this.passedOver.has(attempt.channel)) continue;
      const number = attempt.callerId ?? party.number;
      this.dial = new Dial(
        {
          targets: [targetOf(`${attempt.channel}/${match.number}`)],
          timeoutMs: undefined,
          ringAtOnce: false,
          goOn: false,
          emergency: { insist: attempt.insist },
        },
        { ...this.options, caller, party: { number, name: party.name } },
      );
      this.giveUpMs = nowMs + SILENCE_MS;
      this.dial.start(nowMs);
      if (this.dial.result === undefined) return;
      const { cause = 'normal-unspecified' } = this.dial.result;
      this.dial = undefined;
      if (cause === 'destination-out-of-order') this.passedOver.add(attempt.channel);
      // What fails at once again has been told.
      if (!isSecondTry) this.noteFailure(attempt, cause);
    }
  }

  private haveNoWay(nowMs: number): void {
    const { caller, noWayTone, tell } = this.options;
    this.giveUpMs = undefined;
    this.passedOver.clear();
    this.retryMs = nowMs + RETRY_MS;
    if (this.told !== 'no-way') {
      this.told = 'no-way';
      tell({ type: 'no-way' });
    }
    caller.indicate('progress', nowMs);
    caller.patchbay.hear(caller.leg.stream, { kind: 'tone', pattern: noWayTone }, nowMs);
  }
}

function isTownLine({ channel }: EmergencyWay): boolean {
  return channel.startsWith('LINE/');
}
