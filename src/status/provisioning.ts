import { z } from 'zod';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import { duration, LOOK_MS, Probation, type Reach } from './probation.ts';
import { type Fault, faultSchema, openEnvelope, type VerifySignature } from './signed.ts';

/** What is signed: a configuration for one site. */
export const desiredSchema = z.strictObject({
  site: z.string(),
  revision: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  confirmWithin: duration.prefault('2m'),
  confirm: z.enum(['auto', 'operator']).prefault('auto'),
  config: z.string().describe('the configuration, YAML'),
});

export const reportedSchema = z
  .object({
    revision: z.number().nullable().describe('of the document that was judged last; null if it could not be read'),
    state: z.enum(['applied', 'pending-confirm', 'rejected', 'rolled-back']),
    running: z.number().nullable().describe('the revision that runs; null for the configuration from the box itself'),
    changes: z.array(z.string()).describe('what it changes, key by key, without secrets'),
    errors: z.array(faultSchema),
    at: z.iso.datetime(),
  })
  .meta({ id: 'ConfigReported' });

export type Reported = z.infer<typeof reportedSchema>;

const candidateSchema = z.object({
  revision: z.number(),
  config: z.string(),
  confirm: z.enum(['auto', 'operator']),
  confirmWithinMs: z.number(),
  trunks: z.array(z.string()),
  changes: z.array(z.string()),
});

/** All that must survive a power cut; one file, replaced as a whole. */
export const recordSchema = z.object({
  highestJudged: z.number(),
  /** The last configuration that proved good; null: the one from the box itself. */
  good: z.object({ revision: z.number(), config: z.string() }).nullable(),
  /** On trial. Found at a start, it was interrupted. */
  candidate: candidateSchema.nullable(),
  reported: reportedSchema.nullable(),
});

export type ProvisioningRecord = z.infer<typeof recordSchema>;
type Candidate = z.infer<typeof candidateSchema>;

export const NEVER_PROVISIONED: ProvisioningRecord = {
  highestJudged: -1,
  good: null,
  candidate: null,
  reported: null,
};

export type ProvisioningOutput =
  /** To be on the disk before anything else happens; the answer is `handleSaved`. */
  | { readonly type: 'save'; readonly record: ProvisioningRecord }
  /** To run from now on, null being the configuration from the box itself; the answer is `handleApplied`. */
  | { readonly type: 'apply'; readonly config: string | null }
  /** To be told on `config/reported`; the answer is `handleReportTaken` when a broker has it. */
  | { readonly type: 'report'; readonly reported: Reported };

export interface ProvisioningOptions {
  readonly site: string;
  readonly verify: VerifySignature;
  /** Reads a configuration as `check` does: why it must not run, or what it would change of the one that runs. */
  readonly judge: (
    config: string,
  ) =>
    | { readonly faults: readonly Fault[] }
    | { readonly changes: readonly string[]; readonly trunks: readonly string[] };
  readonly reach: () => Reach;
  /** RFC 3339. */
  readonly wallTime: () => string;
}

type Phase =
  | 'idle'
  | 'saving-judgement'
  | 'saving-candidate'
  | 'applying'
  | 'trial'
  | 'saving-good'
  | 'saving-rollback'
  | 'applying-good';

const MAX_PAYLOAD = 1 << 20;
const RETRY_MS = 10_000;

/**
 * Commit-confirmed configuration. A document is verified, judged, put on the disk as a candidate, applied, and kept only if
 * the broker and every trunk that was reached before are reached again in time; else the last good configuration
 * returns. Each step is on the disk before it takes effect, so that a start at any point finds one good configuration.
 */
export class Provisioning implements Machine<ProvisioningOutput> {
  private readonly outputs = new Queue<ProvisioningOutput>();
  private readonly timers = new Timers<'look' | 'deadline' | 'retry'>();
  private phase: Phase = 'idle';
  /** The document that came while another was on trial. */
  private next: string | undefined;
  private refused: string | undefined;
  private probation: Probation | undefined;
  private operatorConfirmed = false;
  /** What the disk was given and has not answered for. */
  private saving: ProvisioningRecord | undefined;

  /** `record` is what the disk had; `settleStart` has been applied to it. */
  constructor(
    private readonly options: ProvisioningOptions,
    private record: ProvisioningRecord,
  ) {
    if (record.reported !== null) this.outputs.push({ type: 'report', reported: record.reported });
  }

  /** Whether a document is being judged, tried or taken back. */
  get isBusy(): boolean {
    return this.phase !== 'idle';
  }

  /** What stands on `config/desired`. */
  handleDesired(payload: string): void {
    if (payload === '') return;
    if (this.phase === 'idle') this.judge(payload);
    else this.next = payload;
  }

  handleSaved(failed: boolean): void {
    const { saving } = this;
    if (saving === undefined) return;
    this.saving = undefined;
    switch (this.phase) {
      case 'saving-judgement':
        this.record = saving;
        this.settle();
        break;
      case 'saving-candidate':
        if (failed) this.refuseUnsaved(saving);
        else {
          this.record = saving;
          this.phase = 'applying';
          this.outputs.push({ type: 'apply', config: saving.candidate?.config ?? null });
        }
        break;
      case 'saving-good':
        if (failed) this.rollBack([{ path: '', message: 'it could not be saved as the last good one' }]);
        else {
          this.record = saving;
          this.settle();
        }
        break;
      case 'saving-rollback':
        // Also when the disk failed: a start would find the interrupted candidate and do the same.
        this.record = saving;
        this.applyGood();
        break;
      default:
        break;
    }
  }

  /** `failure`: why the configuration cannot run. */
  handleApplied(failure: string | undefined, nowMs: number): void {
    if (this.phase === 'applying') {
      if (failure !== undefined) this.rollBack([{ path: 'config', message: failure }]);
      else this.beginTrial(nowMs);
    } else if (this.phase === 'applying-good') {
      if (failure === undefined) this.settle();
      else this.timers.set('retry', nowMs + RETRY_MS);
    }
  }

  /** A broker has the report that was given last: it is reached. */
  handleReportTaken(reported: Reported): void {
    if (this.phase === 'trial' && reported === this.record.reported) this.probation?.noteBroker();
  }

  /** `cmd/confirm`. Gives why not, if not. */
  confirm(revision: number | undefined): string | undefined {
    const { candidate } = this.record;
    if (this.phase !== 'trial' || candidate === null) return 'no configuration waits to be confirmed';
    if (revision !== undefined && revision !== candidate.revision) {
      return `revision ${candidate.revision} waits to be confirmed, not ${revision}`;
    }
    this.operatorConfirmed = true;
    return undefined;
  }

  /** `cmd/rollback`: ends a trial at once. Gives why not, if not. */
  endTrial(): string | undefined {
    if (this.phase !== 'trial') return 'no configuration is on trial';
    this.rollBack([{ path: '', message: 'an operator rolled it back' }]);
    return undefined;
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (timer === 'retry') this.applyGood();
      else if (this.phase !== 'trial') continue;
      else if (timer === 'look') this.look(nowMs);
      else this.rollBack(this.whatIsMissing());
    }
  }

  poll(): ProvisioningOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  private judge(payload: string): void {
    const opened = this.open(payload);
    if ('fault' in opened) {
      // Whoever cannot sign must not be able to use revisions up, or to wear out the disk.
      if (this.refused !== payload) this.tell(this.reportOf(null, 'rejected', [opened.fault]));
      this.refused = payload;
      return;
    }
    const { desired } = opened;
    const { revision } = desired;
    if (revision <= this.record.highestJudged) {
      if (this.record.reported?.revision === revision) return;
      const message = `revision ${this.record.highestJudged} was judged before; a new document needs a higher one`;
      this.reject(revision, [{ path: 'revision', message }], this.record.highestJudged);
      return;
    }
    const judged = this.options.judge(desired.config);
    if ('faults' in judged) {
      this.reject(revision, judged.faults, revision);
      return;
    }
    const wanted = this.options.reach().trunks.filter((name) => judged.trunks.includes(name));
    const candidate: Candidate = {
      revision,
      config: desired.config,
      confirm: desired.confirm,
      confirmWithinMs: desired.confirmWithin,
      trunks: wanted,
      changes: [...judged.changes],
    };
    this.phase = 'saving-candidate';
    const reported = this.reportOf(revision, 'pending-confirm', [], candidate.changes);
    this.save({ ...this.record, highestJudged: revision, candidate, reported });
  }

  private open(payload: string): { readonly desired: z.infer<typeof desiredSchema> } | { readonly fault: Fault } {
    if (payload.length > MAX_PAYLOAD) return { fault: { path: '', message: `it is larger than ${MAX_PAYLOAD} bytes` } };
    const opened = openEnvelope(payload, 'config', this.options.verify);
    if ('fault' in opened) return opened;
    const parsed = desiredSchema.safeParse(opened.content);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return { fault: { path: issue?.path.join('.') ?? '', message: issue?.message ?? 'it is not a document' } };
    }
    if (parsed.data.site !== this.options.site) {
      return { fault: { path: 'site', message: `it is for ${parsed.data.site}, and this is ${this.options.site}` } };
    }
    return { desired: parsed.data };
  }

  private reject(revision: number, faults: readonly Fault[], highestJudged: number): void {
    this.phase = 'saving-judgement';
    this.save({ ...this.record, highestJudged, reported: this.reportOf(revision, 'rejected', faults) });
  }

  /** The candidate never reached the disk: nothing has happened, and nothing will. */
  private refuseUnsaved(saving: ProvisioningRecord): void {
    const faults = [{ path: '', message: 'it could not be saved: the disk does not take it' }];
    const reported = this.reportOf(saving.candidate?.revision ?? null, 'rejected', faults);
    this.record = { ...this.record, reported };
    this.settle();
  }

  private beginTrial(nowMs: number): void {
    const { candidate, reported } = this.record;
    this.phase = 'trial';
    this.probation = new Probation(candidate!.trunks, candidate!.confirmWithinMs, this.options.reach);
    this.operatorConfirmed = false;
    this.timers.set('look', nowMs + LOOK_MS);
    this.timers.set('deadline', nowMs + candidate!.confirmWithinMs);
    if (reported !== null) this.tell(reported);
  }

  private look(nowMs: number): void {
    this.timers.set('look', nowMs + LOOK_MS);
    const { candidate } = this.record;
    if (this.probation?.passes(nowMs) !== true) return;
    if (candidate!.confirm === 'operator' && !this.operatorConfirmed) return;
    this.timers.clearAll();
    this.phase = 'saving-good';
    const { revision, config, changes } = candidate!;
    const reported = { ...this.reportOf(revision, 'applied', [], changes), running: revision };
    this.save({ ...this.record, good: { revision, config }, candidate: null, reported });
  }

  private whatIsMissing(): Fault[] {
    const faults = this.probation?.missing() ?? [];
    if (this.record.candidate?.confirm === 'operator' && !this.operatorConfirmed) {
      faults.push({ path: '', message: 'no operator confirmed it in time' });
    }
    return faults.length > 0 ? faults : [{ path: '', message: 'what it must reach was not reached for long enough' }];
  }

  private rollBack(faults: readonly Fault[]): void {
    this.timers.clearAll();
    this.phase = 'saving-rollback';
    this.save(withoutCandidate(this.record, faults, this.options.wallTime()));
  }

  private applyGood(): void {
    this.phase = 'applying-good';
    this.outputs.push({ type: 'apply', config: this.record.good?.config ?? null });
  }

  /** A judgement stands: it is told, and the document that came meanwhile is looked at. */
  private settle(): void {
    this.phase = 'idle';
    if (this.record.reported !== null) this.tell(this.record.reported);
    const { next } = this;
    this.next = undefined;
    if (next !== undefined) this.judge(next);
  }

  private save(record: ProvisioningRecord): void {
    this.saving = record;
    this.outputs.push({ type: 'save', record });
  }

  private tell(reported: Reported): void {
    this.outputs.push({ type: 'report', reported });
  }

  private reportOf(
    revision: number | null,
    state: Reported['state'],
    errors: readonly Fault[],
    changes: readonly string[] = [],
  ): Reported {
    const running = this.record.good?.revision ?? null;
    return { revision, state, running, changes: [...changes], errors: [...errors], at: this.options.wallTime() };
  }
}

/**
 * What a start makes of what it finds: a configuration that was on trial when the power went is not the good one. The
 * record is to be saved if it is another one.
 */
export function settleStart(record: ProvisioningRecord, wallTime: string): ProvisioningRecord {
  if (record.candidate === null) return record;
  return withoutCandidate(record, [{ path: '', message: 'the appliance stopped while it was on trial' }], wallTime);
}

function withoutCandidate(record: ProvisioningRecord, errors: readonly Fault[], at: string): ProvisioningRecord {
  const { candidate, good } = record;
  const reported: Reported = {
    revision: candidate?.revision ?? good?.revision ?? null,
    state: 'rolled-back',
    running: good?.revision ?? null,
    changes: [],
    errors: [...errors],
    at,
  };
  return { ...record, candidate: null, reported };
}
