import type { Log } from './base/log.ts';
import type { Clock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import type { BrokerConnection } from './io/mqtt.ts';
import type { ReleaseFiles } from './io/release-files.ts';
import type { Store } from './io/store.ts';
import { topicRoot } from './status/topics.ts';
import {
  type Launch,
  NEVER_UPDATED,
  type UpdateOrder,
  type UpdateRecord,
  type UpdateReported,
  Updating,
  type UpdatingOptions,
  type UpdatingOutput,
  updateRecordSchema,
} from './status/updating.ts';
import { formatTime } from './status/wall-time.ts';
import { type Tell, ToldOnce } from './told-once.ts';

export interface UpdateDeskOptions extends Pick<UpdatingOptions, 'version' | 'launch' | 'reach' | 'hindrance'> {
  readonly site: string;
  readonly store: Store;
  readonly files: Pick<ReleaseFiles, 'stage' | 'arm' | 'keep' | 'failed' | 'dropped'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when no call stands, or gives why that was not waited for. */
  readonly quiet: () => Promise<string | undefined>;
  /** Ends the process as SIGTERM does. */
  readonly restart: () => void;
  readonly tell: Tell;
}

/** How far an update has come. */
export const UPDATE_FILE = 'update.json';
const OUTCOME_FILE = 'update-outcome.json';

const OUTCOMES: Partial<Record<UpdateReported['state'], string>> = {
  applied: 'runs, and is kept',
  rejected: 'was not tried',
  'rolled-back': 'was rolled back',
};

/** Brings the box to other releases of its program on orders of head office, and tells on `update/reported` how that goes. */
export class UpdateDesk {
  private readonly topic: string;
  private readonly driver: Driver<UpdatingOutput>;
  private readonly machine: Updating;
  private connection: BrokerConnection | undefined;
  private reported: UpdateReported | undefined;

  static async open(options: UpdateDeskOptions): Promise<UpdateDesk> {
    const record = await options.store.read(UPDATE_FILE, (text) => updateRecordSchema.safeParse(JSON.parse(text)).data);
    const told = await ToldOnce.open(options.store, OUTCOME_FILE);
    const past = { failed: await options.files.failed(), dropped: await options.files.dropped() };
    return new UpdateDesk(options, record ?? NEVER_UPDATED, past, told);
  }

  private constructor(
    private readonly options: UpdateDeskOptions,
    record: UpdateRecord,
    past: Pick<UpdatingOptions, 'failed' | 'dropped'>,
    private readonly told: ToldOnce,
  ) {
    const { clock, site, version, launch, reach, hindrance } = options;
    this.topic = `${topicRoot(site)}update/reported`;
    const wallTime = () => formatTime(clock.wallMs());
    const platform = `${process.platform}-${process.arch}`;
    this.machine = new Updating(
      { version, platform, launch, ...past, reach, hindrance, wallTime },
      record,
      clock.nowMs(),
    );
    this.driver = new Driver(this.machine, clock, (output) => this.handleOutput(output));
    this.driver.give(() => {});
  }

  /** Takes an order; gives why not, if not. */
  begin(order: UpdateOrder): string | undefined {
    return this.driver.give(() => this.machine.begin(order));
  }

  handleConnected(connection: BrokerConnection): void {
    this.connection = connection;
    if (this.reported !== undefined) this.tellOutcome(this.reported);
    this.report();
    connection.subscribe([this.topic], { others: true });
  }

  handleDisconnected(): void {
    this.connection = undefined;
  }

  /** Says how far the last update has come. */
  report(): void {
    const { connection, reported } = this;
    if (connection === undefined || reported === undefined) return;
    connection.deliver({ topic: this.topic, payload: JSON.stringify(reported), retain: true }, (delivery) => {
      if (delivery !== 'failed') this.driver.give(() => this.machine.handleReportTaken(reported));
    });
  }

  concerns(topic: string): boolean {
    return topic === this.topic;
  }

  /** Whether a message says that somebody has cleared what was reported. */
  isWipe(topic: string, payload: string): boolean {
    return payload === '' && topic === this.topic && this.reported !== undefined;
  }

  stop(): void {
    this.driver.stop();
  }

  private handleOutput(output: UpdatingOutput): void {
    const { store, files, quiet, restart } = this.options;
    switch (output.type) {
      case 'save':
        void store.write(UPDATE_FILE, `${JSON.stringify(output.record)}\n`).then((failure) => {
          this.driver.give(() => this.machine.handleSaved(failure !== undefined));
        });
        break;
      case 'stage':
        this.await(files.stage(output.order));
        break;
      case 'quiet':
        this.await(quiet());
        break;
      case 'arm':
        this.await(files.arm(output.version));
        break;
      case 'keep':
        this.await(files.keep());
        break;
      case 'restart':
        restart();
        break;
      case 'report':
        this.reported = output.reported;
        this.tellOutcome(output.reported);
        this.report();
        break;
    }
  }

  private await(work: Promise<string | undefined>): void {
    void work.then((failure) => this.driver.give(() => this.machine.handleDone(failure)));
  }

  private tellOutcome({ id, version, state, errors, at }: UpdateReported): void {
    const outcome = OUTCOMES[state];
    if (outcome === undefined) return;
    const { site, log, tell } = this.options;
    this.told.tell(`${site}-update-${state}-${at}`, true, (keeping) => {
      const why = errors[0] === undefined ? '' : `: ${errors[0].message}`;
      const message = `Version ${version} ${outcome}${why}.`;
      const severity = state === 'applied' ? 'info' : 'warn';
      log(severity, 'update', message);
      tell({ kind: 'update', what: state, severity, message, details: { version, command: id } }, keeping);
    });
  }
}

/** How the launcher says that it started this process. */
export function launchOf({ BRANCHLINE_LAUNCH: launch }: NodeJS.ProcessEnv): Launch {
  return launch === 'installed' || launch === 'current' || launch === 'trial' ? launch : undefined;
}
