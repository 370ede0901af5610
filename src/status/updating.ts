import { z } from 'zod';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import { compareVersions } from '../base/version.ts';
import type { Arguments } from './command.ts';
import { LOOK_MS, Probation, type Reach } from './probation.ts';
import { type Fault, faultSchema } from './signed.ts';

export const updateReportedSchema = z
  .object({
    id: z.string().describe('of the command'),
    version: z.string().describe('of the release that was ordered last'),
    state: z.enum(['downloading', 'waiting', 'on-trial', 'applied', 'rejected', 'rolled-back']),
    running: z.string().describe('the version that runs'),
    errors: z.array(faultSchema),
    at: z.iso.datetime(),
  })
  .meta({ id: 'UpdateReported' });

export type UpdateReported = z.infer<typeof updateReportedSchema>;

/** What a command orders, and the id that it came under. */
export type UpdateOrder = Arguments<'update'> & { readonly id: string };

/** All that must survive a power cut, but for which release is to be started: that the launcher knows. */
export const updateRecordSchema = z.object({
  order: z
    .object({ id: z.string(), version: z.string(), trunks: z.array(z.string()), confirmWithinMs: z.number() })
    .nullable(),
  /** Why the trial was ended by the release itself. */
  why: z.array(faultSchema),
  reported: updateReportedSchema.nullable(),
});

export type UpdateRecord = z.infer<typeof updateRecordSchema>;

export const NEVER_UPDATED: UpdateRecord = { order: null, why: [], reported: null };

/** How the launcher started this process; without it there is nobody who would start another release. */
export type Launch = 'installed' | 'current' | 'trial' | undefined;

export type UpdatingOutput =
  /** To be on the disk before anything else happens; the answer is `handleSaved`. */
  | { readonly type: 'save'; readonly record: UpdateRecord }
  /** To be fetched, compared with what was signed, and unpacked; the answer is `handleDone`. */
  | { readonly type: 'stage'; readonly order: UpdateOrder }
  /** No call may stand; the answer is `handleDone`. */
  | { readonly type: 'quiet' }
  /** The next start is to try it; the answer is `handleDone`. */
  | { readonly type: 'arm'; readonly version: string }
  /** The process is to end, so that the launcher starts what is to be started. */
  | { readonly type: 'restart' }
  /** From now on every start is to take the release that is on trial; the answer is `handleDone`. */
  | { readonly type: 'keep' }
  /** To be told on `update/reported`; the answer is `handleReportTaken` when a broker has it. */
  | { readonly type: 'report'; readonly reported: UpdateReported };

export interface UpdatingOptions {
  /** The version that runs. */
  readonly version: string;
  /** `linux-arm64`: as Node names operating system and processor. */
  readonly platform: string;
  readonly launch: Launch;
  /** The version whose trial failed last, as the launcher noted. */
  readonly failed: string | undefined;
  /** The version that was kept, and that the launcher gave up for the one before it. */
  readonly dropped: string | undefined;
  readonly reach: () => Pick<Reach, 'trunks'>;
  /** Why no update may begin now. */
  readonly hindrance: () => string | undefined;
  /** RFC 3339. */
  readonly wallTime: () => string;
}

type Phase = 'idle' | 'saving' | 'staging' | 'waiting' | 'arming' | 'trial' | 'keeping' | 'restarting';

/** How long a trial lasts whose order the disk has lost. */
const DEFAULT_TRIAL_MS = 300_000;

/**
 * Another release of the program, from order to outcome: fetched, unpacked beside the one that runs, tried by one start when
 * no call stands, and kept only if the broker and every trunk that was reached before are reached again in time. A start
 * that finds a trial behind it which nobody confirmed is one of the release before: whatever ended the trial, it is over.
 * A release that was kept and does not come up any longer is followed by the one before it, too, and that is told once.
 */
export class Updating implements Machine<UpdatingOutput> {
  private readonly outputs = new Queue<UpdatingOutput>();
  private readonly timers = new Timers<'look' | 'deadline'>();
  private phase: Phase = 'idle';
  private order: UpdateOrder | undefined;
  private probation: Probation | undefined;
  /** What the disk was given and has not answered for, and what follows. */
  private saving: { readonly record: UpdateRecord; readonly then: (failed: boolean) => void } | undefined;
  private told: UpdateReported | undefined;
  /** What the launcher gave up and nobody was told of. */
  private dropped: string | undefined;

  /** `record` is what the disk had. */
  constructor(
    private readonly options: UpdatingOptions,
    private record: UpdateRecord,
    nowMs: number,
  ) {
    const { reported } = record;
    const isTold = reported?.state === 'rolled-back' && reported.version === options.dropped;
    this.dropped = isTold ? undefined : options.dropped;
    if (options.launch === 'trial') this.beginTrial(nowMs);
    else if (record.order !== null) this.settleStart(record.order.version);
    else if (this.dropped !== undefined) this.settleDropped(this.dropped);
    else if (reported !== null) this.tell(reported);
  }

  /** `cmd/update`. Gives why not, if not; the rest is reported. */
  begin(order: UpdateOrder): string | undefined {
    const refusal = this.refusal(order);
    if (refusal !== undefined) return refusal;
    const { id, version, confirmWithin } = order;
    this.order = order;
    const trunks = [...this.options.reach().trunks];
    const record: UpdateRecord = {
      order: { id, version, trunks, confirmWithinMs: confirmWithin },
      why: [],
      reported: this.reportOf(id, version, 'downloading'),
    };
    this.save(record, (failed) => {
      if (failed) this.end('rejected', [{ path: '', message: 'the disk does not take it' }]);
      else {
        this.tell(record.reported!);
        this.phase = 'staging';
        this.outputs.push({ type: 'stage', order });
      }
    });
    return undefined;
  }

  handleSaved(failed: boolean): void {
    const { saving } = this;
    if (saving === undefined) return;
    this.saving = undefined;
    // Also when the disk failed: a start would find the order before it, and settle that.
    this.record = saving.record;
    saving.then(failed);
  }

  /** What was put out last was done, or failed for a reason. */
  handleDone(failure: string | undefined): void {
    const { phase } = this;
    if (phase === 'keeping') {
      if (failure === undefined) this.end('applied', []);
      else this.giveUp([{ path: '', message: failure }]);
      return;
    }
    const { order } = this;
    if (order === undefined) return;
    if (failure !== undefined) {
      this.end('rejected', [{ path: phase === 'staging' ? 'url' : '', message: failure }]);
    } else if (phase === 'staging') {
      this.phase = 'waiting';
      this.tell(this.reportOf(order.id, order.version, 'waiting'));
      this.outputs.push({ type: 'quiet' });
    } else if (phase === 'waiting') {
      this.phase = 'arming';
      this.outputs.push({ type: 'arm', version: order.version });
    } else if (phase === 'arming') this.restart();
  }

  /** A broker has the report that was given last: it is reached. */
  handleReportTaken(reported: UpdateReported): void {
    if (this.phase === 'trial' && reported === this.told) this.probation?.noteBroker();
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (this.phase !== 'trial') continue;
      if (timer === 'deadline') this.giveUp(this.whatIsMissing());
      else if (this.probation?.passes(nowMs) === true) {
        this.timers.clearAll();
        this.phase = 'keeping';
        this.outputs.push({ type: 'keep' });
      } else this.timers.set('look', nowMs + LOOK_MS);
    }
  }

  poll(): UpdatingOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  private refusal(order: UpdateOrder): string | undefined {
    const { launch, platform, version, hindrance } = this.options;
    if (launch === undefined) return 'this appliance was not started by its launcher, which an update takes';
    if (this.phase !== 'idle') {
      const { order: current } = this.record;
      return `an update to ${current?.version ?? version} is under way`;
    }
    if (order.platform !== platform) return `the release is for ${order.platform}, and this is ${platform}`;
    if (order.version === version) return `${version} runs already`;
    if (!order.allowOlder && compareVersions(order.version, version) < 0)
      return `${order.version} is older than ${version}, which runs; allowOlder is not set`;
    return hindrance();
  }

  private beginTrial(nowMs: number): void {
    const { version } = this.options;
    const { id, trunks, confirmWithinMs } = this.trialOrder();
    this.phase = 'trial';
    this.probation = new Probation({ trunks, broker: true }, confirmWithinMs, this.options.reach);
    this.timers.set('look', nowMs + LOOK_MS);
    this.timers.set('deadline', nowMs + confirmWithinMs);
    this.tell(this.reportOf(id, version, 'on-trial'));
  }

  private trialOrder(): NonNullable<UpdateRecord['order']> {
    const { version } = this.options;
    return this.record.order ?? { id: '', version, trunks: [], confirmWithinMs: DEFAULT_TRIAL_MS };
  }

  /** An order that was not brought to its end before the process ended. */
  private settleStart(version: string): void {
    const { version: running, launch, failed } = this.options;
    const { why } = this.record;
    if (running === version && launch === 'current') this.end('applied', []);
    else if (failed === version) {
      const stopped = [{ path: '', message: 'it did not come up, or stopped while it was on trial' }];
      this.end('rolled-back', why.length > 0 ? why : stopped);
    } else this.end('rejected', [{ path: '', message: 'the appliance stopped before the release was tried' }]);
  }

  private settleDropped(version: string): void {
    this.dropped = undefined;
    const message = 'it was kept, and did not come up any longer';
    const { reported } = this.record;
    const id = reported?.version === version ? reported.id : '';
    this.endWith(this.reportOf(id, version, 'rolled-back', [{ path: '', message }]));
  }

  private whatIsMissing(): Fault[] {
    const faults = this.probation?.missing() ?? [];
    return faults.length > 0 ? faults : [{ path: '', message: 'what it must reach was not reached for long enough' }];
  }

  /** Ends the trial: the next start is one of the release before, which tells why. */
  private giveUp(why: readonly Fault[]): void {
    this.timers.clearAll();
    this.save({ ...this.record, order: this.trialOrder(), why: [...why] }, () => this.restart());
  }

  private restart(): void {
    this.phase = 'restarting';
    this.outputs.push({ type: 'restart' });
  }

  private end(state: UpdateReported['state'], errors: readonly Fault[]): void {
    const { id, version } = this.trialOrder();
    this.endWith(this.reportOf(id, version, state, errors));
  }

  private endWith(reported: UpdateReported): void {
    this.order = undefined;
    this.save({ order: null, why: [], reported }, () => {
      this.phase = 'idle';
      this.tell(reported);
      if (this.dropped !== undefined) this.settleDropped(this.dropped);
    });
  }

  private save(record: UpdateRecord, then: (failed: boolean) => void): void {
    this.phase = 'saving';
    this.saving = { record, then };
    this.outputs.push({ type: 'save', record });
  }

  private tell(reported: UpdateReported): void {
    this.told = reported;
    this.outputs.push({ type: 'report', reported });
  }

  private reportOf(
    id: string,
    version: string,
    state: UpdateReported['state'],
    errors: readonly Fault[] = [],
  ): UpdateReported {
    const { version: running, wallTime } = this.options;
    return { id, version, state, running, errors: [...errors], at: wallTime() };
  }
}
