import type { z } from 'zod';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import { LOOK_MS, Probation, type Reach } from './probation.ts';
import {
  type Candidate,
  desiredSchema,
  fileCounts,
  type ProvisioningRecord,
  type Reported,
  standsOverFile,
  withoutCandidate,
} from './provisioning-record.ts';
import { type Fault, openEnvelope, type VerifySignature } from './signed.ts';

/** A configuration that somebody has made at the panel. */
export interface Proposal {
  readonly config: string;
  /** Null where nobody logs in. */
  readonly user: string | null;
  readonly confirmWithinMs: number;
}

/** What is being tried, and how far it has come. */
export interface Standing {
  /** `applying`: on its way to run; `trial`: it runs; `ending`: kept or taken back, and not yet on the disk. */
  readonly phase: 'idle' | 'applying' | 'trial' | 'ending';
  readonly by: Reported['by'] | null;
  readonly user: string | null;
  /** Whether it waits for an operator. */
  readonly unconfirmed: boolean;
  /** Until it is rolled back; null unless it is on trial. */
  readonly remainingMs: number | null;
  /** What it does not reach, one sentence each. */
  readonly missing: string[];
}

export type ProvisioningOutput =
  /** To be on the disk before anything else happens; the answer is `handleSaved`. */
  | { readonly type: 'save'; readonly record: ProvisioningRecord }
  /** To run from now on, null being the configuration from the box itself; the answer is `handleApplied`. */
  | { readonly type: 'apply'; readonly config: string | null }
  /** To be told on `config/reported`; the answer is `handleReportTaken` when a broker has it. */
  | { readonly type: 'report'; readonly reported: Reported };

export interface ProvisioningOptions {
  readonly site: string;
  /** Undefined where no configurations come from head office. */
  readonly verify: VerifySignature | undefined;
  /** Reads a configuration as `check` does: why it must not run, or what it would change of the one that runs. */
  readonly judge: (
    config: string,
  ) =>
    | { readonly faults: readonly Fault[] }
    | { readonly changes: readonly string[]; readonly trunks: readonly string[] };
  readonly reach: () => Reach;
  /** Digest of the configuration of the box itself. */
  readonly file: () => string;
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
const ENDED: readonly Fault[] = [{ path: '', message: 'an operator rolled it back' }];

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
  private deadlineMs = 0;
  /** An operator wants it back before it runs. */
  private abandoned = false;
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

  /** What proved good last; null: the configuration from the box itself. */
  get good(): ProvisioningRecord['good'] {
    return this.record.good;
  }

  /** What is on its way to run is not wanted any longer: whoever waits for calls to end need not. */
  get isAbandoned(): boolean {
    return this.abandoned;
  }

  /** What stands on `config/desired`. */
  handleDesired(payload: string): void {
    if (payload === '') return;
    if (this.phase === 'idle') this.judge(payload);
    else this.next = payload;
  }

  /** A change at the panel goes the way of a document, and uses no revision up. Gives why not, if not. */
  propose({ config, user, confirmWithinMs }: Proposal): readonly Fault[] | undefined {
    if (this.phase !== 'idle')
      return [{ path: '', message: 'another configuration is being tried; wait until that is over' }];
    const judged = this.options.judge(config);
    if ('faults' in judged) return judged.faults;
    this.try({ revision: null, by: 'panel', user, config, confirm: 'operator', confirmWithinMs }, judged, {});
    return undefined;
  }

  /** The file of the box was changed after the panel made a change of it, and counts again. Gives why not, if not. */
  returnToFile(): string | undefined {
    if (this.phase !== 'idle') return 'a configuration is on trial';
    this.phase = 'saving-judgement';
    this.save(fileCounts(this.record, this.options.wallTime()));
    return undefined;
  }

  standing(nowMs: number): Standing {
    const { phase } = this;
    const { candidate } = this.saving ?? this.record;
    const isTrial = phase === 'trial';
    return {
      phase:
        isTrial || phase === 'idle'
          ? phase
          : phase === 'saving-candidate' || phase === 'applying'
            ? 'applying'
            : 'ending',
      by: candidate?.by ?? null,
      user: candidate?.user ?? null,
      unconfirmed: candidate?.confirm === 'operator' && !this.operatorConfirmed,
      remainingMs: isTrial ? Math.max(0, Math.round(this.deadlineMs - nowMs)) : null,
      missing: isTrial ? (this.probation?.missing() ?? []).map(({ message }) => message) : [],
    };
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
          if (this.abandoned) this.rollBack(ENDED);
          else {
            this.phase = 'applying';
            this.outputs.push({ type: 'apply', config: saving.candidate?.config ?? null });
          }
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
      if (this.abandoned) this.rollBack(ENDED);
      else if (failure !== undefined) this.rollBack([{ path: 'config', message: failure }]);
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
    if (candidate.by === 'panel') return 'what is on trial was made at the panel of the box, and is confirmed there';
    if (revision !== undefined && revision !== candidate.revision) {
      return `revision ${candidate.revision} waits to be confirmed, not ${revision}`;
    }
    this.operatorConfirmed = true;
    return undefined;
  }

  /** Keeps what was made at the panel, once all is reached again. Gives why not, if not. */
  confirmProposal(): string | undefined {
    if (this.phase !== 'trial') return 'no configuration waits to be confirmed';
    const failure = this.whyNoProposal();
    if (failure === undefined) this.operatorConfirmed = true;
    return failure;
  }

  /** `cmd/rollback`: ends a trial at once, or before it has begun. Gives why not, if not. */
  endTrial(): string | undefined {
    if (this.phase === 'applying' || this.phase === 'saving-candidate') this.abandoned = true;
    else if (this.phase === 'trial') this.rollBack(ENDED);
    else return 'no configuration is on trial';
    return undefined;
  }

  /** Ends the trial of what was made at the panel. Gives why not, if not. */
  endProposal(): string | undefined {
    return this.whyNoProposal() ?? this.endTrial();
  }

  private whyNoProposal(): string | undefined {
    const { candidate } = this.saving ?? this.record;
    return candidate === null || candidate.by === 'panel'
      ? undefined
      : 'what is on trial came from head office, which decides about it';
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
      if (this.refused !== payload) this.tell(this.reportOf(document(null), 'rejected', [opened.fault]));
      this.refused = payload;
      return;
    }
    const { desired } = opened;
    const { revision } = desired;
    if (revision <= this.record.highestJudged) {
      if ((this.record.document ?? this.record.reported?.revision) === revision) return;
      const message = `revision ${this.record.highestJudged} was judged before; a new document needs a higher one`;
      this.reject(revision, [{ path: 'revision', message }], this.record.highestJudged);
      return;
    }
    const judged = this.options.judge(desired.config);
    if ('faults' in judged) {
      this.reject(revision, judged.faults, revision);
      return;
    }
    const { config, confirm, confirmWithin: confirmWithinMs } = desired;
    this.try({ revision, by: 'head-office', user: null, config, confirm, confirmWithinMs }, judged, {
      highestJudged: revision,
      document: revision,
    });
  }

  private try(
    given: Omit<Candidate, 'trunks' | 'broker' | 'changes'>,
    judged: { readonly changes: readonly string[]; readonly trunks: readonly string[] },
    noted: Partial<ProvisioningRecord>,
  ): void {
    const { trunks, broker } = this.options.reach();
    const candidate: Candidate = {
      ...given,
      trunks: trunks.filter((name) => judged.trunks.includes(name)),
      // A document has come from a broker.
      broker: broker || given.by === 'head-office',
      changes: [...judged.changes],
    };
    this.phase = 'saving-candidate';
    this.operatorConfirmed = false;
    this.abandoned = false;
    const reported = this.reportOf(candidate, 'pending-confirm', [], candidate.changes);
    this.save({ ...this.record, ...noted, candidate, reported });
  }

  private open(payload: string): { readonly desired: z.infer<typeof desiredSchema> } | { readonly fault: Fault } {
    if (payload.length > MAX_PAYLOAD) return { fault: { path: '', message: `it is larger than ${MAX_PAYLOAD} bytes` } };
    const { verify } = this.options;
    if (verify === undefined) return { fault: { path: '', message: 'mqtt.provisioning is not set here' } };
    const opened = openEnvelope(payload, 'config', verify);
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
    const reported = this.reportOf(document(revision), 'rejected', faults);
    this.save({ ...this.record, highestJudged, document: revision, reported });
  }

  /** The candidate never reached the disk: nothing has happened, and nothing will. */
  private refuseUnsaved(saving: ProvisioningRecord): void {
    const faults = [{ path: '', message: 'it could not be saved: the disk does not take it' }];
    const reported = this.reportOf(saving.candidate ?? document(null), 'rejected', faults);
    this.record = { ...this.record, reported };
    this.settle();
  }

  private beginTrial(nowMs: number): void {
    const { candidate, reported } = this.record;
    this.phase = 'trial';
    const { trunks, broker, confirmWithinMs } = candidate!;
    this.probation = new Probation({ trunks, broker }, confirmWithinMs, this.options.reach);
    this.deadlineMs = nowMs + confirmWithinMs;
    this.timers.set('look', nowMs + LOOK_MS);
    this.timers.set('deadline', this.deadlineMs);
    if (reported !== null) this.tell(reported);
  }

  private look(nowMs: number): void {
    this.timers.set('look', nowMs + LOOK_MS);
    const { candidate } = this.record;
    if (this.probation?.passes(nowMs) !== true) return;
    if (candidate!.confirm === 'operator' && !this.operatorConfirmed) return;
    this.timers.clearAll();
    this.phase = 'saving-good';
    const { revision, by, config, changes } = candidate!;
    const reported = { ...this.reportOf(candidate!, 'applied', [], changes), running: revision };
    const file = by === 'panel' && standsOverFile(this.record) ? this.options.file() : null;
    this.save({ ...this.record, good: { revision, config, file }, candidate: null, reported });
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
    this.abandoned = false;
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
    { revision, by, user }: Pick<Candidate, 'revision' | 'by' | 'user'>,
    state: Reported['state'],
    errors: readonly Fault[],
    changes: readonly string[] = [],
  ): Reported {
    const running = this.record.good?.revision ?? null;
    const at = this.options.wallTime();
    return { revision, by, user, state, running, changes: [...changes], errors: [...errors], at };
  }
}

function document(revision: number | null): Pick<Candidate, 'revision' | 'by' | 'user'> {
  return { revision, by: 'head-office', user: null };
}
