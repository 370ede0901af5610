import type { Log } from './base/log.ts';
import type { Clock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import type { BrokerConnection } from './io/mqtt.ts';
import type { Store } from './io/store.ts';
import {
  type Proposal,
  Provisioning,
  type ProvisioningOptions,
  type ProvisioningOutput,
  type Standing,
} from './status/provisioning.ts';
import {
  NEVER_PROVISIONED,
  type ProvisioningRecord,
  type Reported,
  recordSchema,
  settleStart,
} from './status/provisioning-record.ts';
import type { Fault } from './status/signed.ts';
import { topicRoot } from './status/topics.ts';
import { formatTime } from './status/wall-time.ts';
import { type Tell, ToldOnce } from './told-once.ts';

export interface ConfigurationDeskOptions extends Omit<ProvisioningOptions, 'wallTime'> {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes a configuration run, null being that of the box itself; gives why not. */
  readonly apply: (config: string | null) => Promise<string | undefined>;
  readonly tell: Tell;
}

/** What was given to this box so far, by head office and at its panel. */
export const RECORD_FILE = 'provisioning.json';
/** The event of the last outcome that is on its way: what the power cut short is told at the next start. */
export const OUTCOME_FILE = 'outcome.json';

/** What the disk says of provisioning, with a trial that was interrupted ended. */
export async function readProvisioning(store: Store, clock: Clock, log: Log): Promise<ProvisioningRecord> {
  const kept = await store.read(RECORD_FILE, (text) => recordSchema.safeParse(JSON.parse(text)).data);
  const record = settleStart(kept ?? NEVER_PROVISIONED, formatTime(clock.wallMs()));
  if (kept !== undefined && record !== kept) {
    log('warn', 'config', 'The appliance stopped while a configuration was on trial: the one before it counts.');
    await writeProvisioning(store, record);
  }
  return record;
}

export function writeProvisioning(store: Store, record: ProvisioningRecord) {
  return store.write(RECORD_FILE, `${JSON.stringify(record)}\n`);
}

/**
 * Where configurations are handed in, those of head office and those that are made at the panel: there is one trial at a time.
 * Says on `config/reported`, in the log and as events what became of them.
 */
export class ConfigurationDesk {
  /** Whether configurations come from head office. */
  readonly isManaged: boolean;
  readonly desiredTopic: string;
  private readonly reportedTopic: string;
  private readonly machine: Provisioning;
  private readonly driver: Driver<ProvisioningOutput>;
  private connection: BrokerConnection | undefined;
  private reported: Reported | undefined;

  static async open(options: ConfigurationDeskOptions, record: ProvisioningRecord): Promise<ConfigurationDesk> {
    return new ConfigurationDesk(options, record, await ToldOnce.open(options.store, OUTCOME_FILE));
  }

  private constructor(
    private readonly options: ConfigurationDeskOptions,
    record: ProvisioningRecord,
    private readonly told: ToldOnce,
  ) {
    const root = topicRoot(options.site);
    this.desiredTopic = `${root}config/desired`;
    this.reportedTopic = `${root}config/reported`;
    this.isManaged = options.verify !== undefined;
    this.reported = record.reported ?? undefined;
    const wallTime = () => formatTime(options.clock.wallMs());
    this.machine = new Provisioning({ ...options, wallTime }, record);
    this.driver = new Driver(this.machine, options.clock, (output) => this.handleOutput(output));
  }

  handleConnected(connection: BrokerConnection): void {
    this.connection = connection;
    if (this.reported !== undefined) this.tellOutcome(this.reported);
    this.report();
    connection.subscribe([this.reportedTopic], { others: true });
  }

  handleDisconnected(): void {
    this.connection = undefined;
  }

  /** Whether a configuration is being tried or changed. */
  get isBusy(): boolean {
    return this.machine.isBusy;
  }

  /** What is on its way to run is not wanted any longer. */
  get isAbandoned(): boolean {
    return this.machine.isAbandoned;
  }

  /** What proved good last, and counts more than the file of the box; null where that counts. */
  get good(): ProvisioningRecord['good'] {
    return this.machine.good;
  }

  /** What became of the last one; undefined if there never was any. */
  get lastReported(): Reported | undefined {
    return this.reported;
  }

  concerns(topic: string): boolean {
    return topic === this.desiredTopic || topic === this.reportedTopic;
  }

  /** Whether a message says that somebody has cleared what was reported. */
  isWipe(topic: string, payload: string): boolean {
    return payload === '' && topic === this.reportedTopic && this.reported !== undefined;
  }

  handleDesired(payload: string): void {
    this.driver.give(() => this.machine.handleDesired(payload));
  }

  /** Puts a change that was made at the panel on trial; gives why not. */
  propose(proposal: Proposal): readonly Fault[] | undefined {
    return this.driver.give(() => this.machine.propose(proposal));
  }

  /** Head office, or with `atPanel` the panel, keeps what waits for that; gives why not. */
  confirm(revision: number | undefined, atPanel = false): string | undefined {
    return this.driver.give(() => (atPanel ? this.machine.confirmProposal() : this.machine.confirm(revision)));
  }

  /** Head office, or with `atPanel` the panel, ends a trial; gives why not. */
  rollBack(atPanel = false): string | undefined {
    return this.driver.give(() => (atPanel ? this.machine.endProposal() : this.machine.endTrial()));
  }

  /** The file of the box counts again in place of what was made of it at the panel; gives why not. */
  returnToFile(): string | undefined {
    return this.driver.give(() => this.machine.returnToFile());
  }

  standing(): Standing {
    return this.machine.standing(this.options.clock.nowMs());
  }

  /** Says what became of the last configuration. */
  report(): void {
    const { connection, reported } = this;
    if (connection === undefined || reported === undefined) return;
    const message = { topic: this.reportedTopic, payload: JSON.stringify(reported), retain: true };
    connection.deliver(message, (delivery) => {
      if (delivery !== 'failed') this.driver.give(() => this.machine.handleReportTaken(reported));
    });
  }

  stop(): void {
    this.driver.stop();
  }

  private handleOutput(output: ProvisioningOutput): void {
    switch (output.type) {
      case 'save':
        void writeProvisioning(this.options.store, output.record).then((failure) => {
          this.driver.give(() => this.machine.handleSaved(failure !== undefined));
        });
        break;
      case 'apply':
        void this.options.apply(output.config).then((failure) => {
          this.driver.give((nowMs) => this.machine.handleApplied(failure, nowMs));
        });
        break;
      case 'report':
        // What was found at the start is told to the broker, once there is one.
        if (output.reported !== this.reported) this.tellOutcome(output.reported);
        this.reported = output.reported;
        this.report();
        break;
    }
  }

  /** Tells an outcome once; one that no start has told yet is told by the next. */
  private tellOutcome({ revision, by, user, state, errors, at }: Reported): void {
    const { site, log, tell } = this.options;
    // Whoever cannot sign must not be able to wear out the disk.
    const isKept = revision !== null || by === 'panel';
    this.told.tell(`${site}-config-${revision}-${state}-${at}`, isKept, (keeping) => {
      const isWell = state === 'applied' || state === 'pending-confirm';
      const why = errors[0] === undefined ? '' : `: ${errors[0].message}`;
      const name =
        by === 'panel' ? `made at the panel${user === null ? '' : ` by ${user}`}` : (revision ?? 'of unknown revision');
      const message = `Configuration ${name} is ${state}${why}.`;
      const severity = isWell ? 'info' : 'warn';
      log(severity, 'config', message);
      tell({ kind: 'config', what: state, severity, message, details: { revision, by, user } }, keeping);
    });
  }
}
