import type { Log } from './base/log.ts';
import type { Clock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import type { BrokerConnection, ReplyTo } from './io/mqtt.ts';
import type { Store } from './io/store.ts';
import {
  type Answer,
  type Arguments,
  type Authority,
  answerTopic,
  type Command,
  CommandLedger,
  commandSchemas,
  MAX_VERB,
  readCommand,
  type Verb,
} from './status/command.ts';
import {
  NEVER_PROVISIONED,
  Provisioning,
  type ProvisioningOptions,
  type ProvisioningOutput,
  type ProvisioningRecord,
  type Reported,
  recordSchema,
  settleStart,
} from './status/provisioning.ts';
import { topicRoot } from './status/topics.ts';
import { formatTime } from './status/wall-time.ts';
import { type Tell, ToldOnce } from './told-once.ts';
import type { UpdateDesk } from './update-desk.ts';

/** What a command gave, or why it could not be done. */
export type Outcome = { readonly result?: Record<string, unknown> } | { readonly error: string };

/** Carries out what does not concern provisioning. */
export type Performers = {
  readonly [Name in Exclude<Verb, 'confirm' | 'rollback' | 'update'>]: (
    args: Arguments<Name>,
  ) => Outcome | Promise<Outcome>;
};

export interface RemoteControlOptions {
  readonly site: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Who may command, as the configuration that runs says. */
  readonly authority: () => Authority | { readonly failure: string };
  /** Undefined where configurations do not come from head office. */
  readonly provisioning: Pick<ProvisioningOptions, 'verify' | 'judge' | 'reach'> | undefined;
  /** Makes a configuration run, null being that of the box itself; gives why not. */
  readonly apply: (config: string | null) => Promise<string | undefined>;
  readonly perform: Performers;
  /** Who brings the box to another release. */
  readonly updates?: UpdateDesk | undefined;
  readonly tell: Tell;
}

/** What head office has given this box so far. */
export const RECORD_FILE = 'provisioning.json';
/** The event of the last outcome that is on its way: what the power cut short is told at the next start. */
export const OUTCOME_FILE = 'outcome.json';
const LEDGER_FILE = 'commands.json';

/** What the disk says of provisioning, with a trial that was interrupted ended. */
export async function readProvisioning(store: Store, clock: Clock): Promise<ProvisioningRecord> {
  const kept = await store.read(RECORD_FILE, (text) => recordSchema.safeParse(JSON.parse(text)).data);
  const record = settleStart(kept ?? NEVER_PROVISIONED, formatTime(clock.wallMs()));
  if (kept !== undefined && record !== kept) await store.write(RECORD_FILE, `${JSON.stringify(record)}\n`);
  return record;
}

/** What head office may do with this appliance over its broker: give it a configuration, and commands. */
export class RemoteControl {
  private readonly root: string;
  private readonly provisioning: Provisioning | undefined;
  private readonly driver: Driver<ProvisioningOutput> | undefined;
  private connection: BrokerConnection | undefined;
  private reported: Reported | undefined;

  static async open(options: RemoteControlOptions, record: ProvisioningRecord): Promise<RemoteControl> {
    const ledger = await options.store.read(LEDGER_FILE, (text) => CommandLedger.parse(text));
    const told = await ToldOnce.open(options.store, OUTCOME_FILE);
    return new RemoteControl(options, record, ledger ?? new CommandLedger(), told);
  }

  private constructor(
    private readonly options: RemoteControlOptions,
    record: ProvisioningRecord,
    private readonly ledger: CommandLedger,
    private readonly told: ToldOnce,
  ) {
    this.root = topicRoot(options.site);
    if (options.provisioning === undefined) return;
    const wallTime = () => formatTime(options.clock.wallMs());
    this.reported = record.reported ?? undefined;
    this.provisioning = new Provisioning({ site: options.site, wallTime, ...options.provisioning }, record);
    this.driver = new Driver(this.provisioning, options.clock, (output) => this.handleOutput(output));
  }

  handleConnected(connection: BrokerConnection): void {
    this.connection = connection;
    this.options.updates?.handleConnected(connection);
    if (this.reported !== undefined) this.tellOutcome(this.reported);
    this.report();
    const filters = [`${this.root}cmd/+`];
    if (this.provisioning !== undefined) filters.push(`${this.root}config/desired`);
    connection.subscribe(filters, { qos: 1 });
    if (this.provisioning !== undefined) connection.subscribe([`${this.root}config/reported`], { others: true });
  }

  handleDisconnected(): void {
    this.connection = undefined;
    this.options.updates?.handleDisconnected();
  }

  /** Whether a configuration is being tried or changed. */
  get isProvisioning(): boolean {
    return this.provisioning?.isBusy === true;
  }

  /** Whether a topic is one of those that this listens to. */
  concerns(topic: string): boolean {
    return (
      topic.startsWith(`${this.root}cmd/`) ||
      topic.startsWith(`${this.root}config/`) ||
      this.options.updates?.concerns(topic) === true
    );
  }

  /** Whether a message says that somebody has cleared what was reported. */
  isWipe(topic: string, payload: string): boolean {
    if (this.options.updates?.isWipe(topic, payload) === true) return true;
    return payload === '' && topic === `${this.root}config/reported` && this.reported !== undefined;
  }

  handleMessage(topic: string, payload: string, retained: boolean, replyTo: ReplyTo): void {
    if (topic === `${this.root}config/desired`) {
      this.driver?.give(() => this.provisioning?.handleDesired(payload));
      return;
    }
    const commands = `${this.root}cmd/`;
    // A command is for now: one that waited at the broker would be done at each connect.
    if (topic.startsWith(commands) && !retained)
      void this.handleCommand(topic.slice(commands.length), payload, replyTo);
  }

  stop(): void {
    this.driver?.stop();
  }

  // ---- configuration

  private handleOutput(output: ProvisioningOutput): void {
    switch (output.type) {
      case 'save':
        void this.options.store.write(RECORD_FILE, `${JSON.stringify(output.record)}\n`).then((failure) => {
          this.driver?.give(() => this.provisioning?.handleSaved(failure !== undefined));
        });
        break;
      case 'apply':
        void this.options.apply(output.config).then((failure) => {
          this.driver?.give((nowMs) => this.provisioning?.handleApplied(failure, nowMs));
        });
        break;
      case 'report':
        this.tellOutcome(output.reported);
        this.reported = output.reported;
        this.report();
        break;
    }
  }

  /** Says what became of the last configuration, and of the last update. */
  tellReports(): void {
    this.report();
    this.options.updates?.report();
  }

  private report(): void {
    const { connection, reported } = this;
    if (connection === undefined || reported === undefined) return;
    const message = { topic: `${this.root}config/reported`, payload: JSON.stringify(reported), retain: true };
    connection.deliver(message, (delivery) => {
      if (delivery !== 'failed') this.driver?.give(() => this.provisioning?.handleReportTaken(reported));
    });
  }

  /** Tells an outcome once; one that no start has told yet is told by the next. */
  private tellOutcome({ revision, state, errors, at }: Reported): void {
    const { site, log, tell } = this.options;
    // Whoever cannot sign must not be able to wear out the disk.
    const isKept = revision !== null;
    this.told.tell(`${site}-config-${revision}-${state}-${at}`, isKept, (keeping) => {
      const isWell = state === 'applied' || state === 'pending-confirm';
      const why = errors[0] === undefined ? '' : `: ${errors[0].message}`;
      const message = `Configuration ${revision ?? 'of unknown revision'} is ${state}${why}.`;
      const severity = isWell ? 'info' : 'warn';
      log(severity, 'config', message);
      tell({ kind: 'config', what: state, severity, message, details: { revision } }, keeping);
    });
  }

  // ---- commands

  private async handleCommand(verb: string, payload: string, replyTo: ReplyTo): Promise<void> {
    const authority = this.options.authority();
    if ('failure' in authority) {
      this.audit(verb, undefined, authority.failure);
      return;
    }
    const { site, clock } = this.options;
    const read = readCommand(verb, payload, { site, authority, wallMs: clock.wallMs() });
    if ('fault' in read) {
      const { path, message } = read.fault;
      const error = path === '' ? message : `${path}: ${message}`;
      this.audit(verb, read.id, error);
      if (read.id !== undefined) await this.answer({ id: read.id, verb, ok: false, error }, replyTo);
      return;
    }
    await this.carryOut(read.command, replyTo);
  }

  private async carryOut(command: Command, replyTo: ReplyTo): Promise<void> {
    const { id, verb } = command;
    const known = this.ledger.find(id);
    if (known !== undefined) {
      if (known.verb !== verb)
        await this.answer({ id, verb, ok: false, error: `the id ${id} was used for ${known.verb} before` }, replyTo);
      else if (known.answer !== null) await this.answer(known.answer, replyTo);
      return;
    }
    this.ledger.begin(command);
    await this.options.store.write(LEDGER_FILE, this.ledger.format());
    const outcome = await this.perform(command);
    const error = 'error' in outcome ? outcome.error : undefined;
    const answer: Answer =
      'error' in outcome ? { id, verb, ok: false, error: outcome.error } : { id, verb, ok: true, ...outcome };
    this.ledger.finish(answer);
    this.audit(verb, id, error);
    await Promise.all([this.options.store.write(LEDGER_FILE, this.ledger.format()), this.answer(answer, replyTo)]);
  }

  private async perform(command: Command): Promise<Outcome> {
    const { perform } = this.options;
    switch (command.verb) {
      case 'restart':
        return perform.restart(command.args);
      case 'reload':
        return perform.reload(command.args);
      case 'identify':
        return perform.identify(command.args);
      case 'originate':
        return perform.originate(command.args);
      case 'hangup':
        return perform.hangup(command.args);
      case 'capture':
        return perform.capture(command.args);
      case 'update': {
        const { updates } = this.options;
        return outcomeOf(
          updates === undefined ? 'it is not possible here' : updates.begin({ ...command.args, id: command.id }),
        );
      }
      case 'confirm':
        return this.outcomeOf((provisioning) => provisioning.confirm(command.args.revision));
      case 'rollback':
        return this.outcomeOf((provisioning) => provisioning.endTrial());
    }
  }

  private outcomeOf(act: (provisioning: Provisioning) => string | undefined): Outcome {
    const { driver, provisioning } = this;
    if (driver === undefined || provisioning === undefined) {
      return { error: 'configurations do not come over MQTT here: mqtt.provisioning is not set' };
    }
    const error = driver.give(() => act(provisioning));
    return outcomeOf(error);
  }

  private answer(answer: Answer, { responseTopic, correlation }: ReplyTo): Promise<void> {
    return new Promise((resolve) => {
      const topic = answerTopic(this.root, answer.id, responseTopic);
      const message = { topic, payload: JSON.stringify(answer), ...(correlation === undefined ? {} : { correlation }) };
      if (this.connection === undefined) resolve();
      else this.connection.deliver(message, () => resolve());
    });
  }

  private audit(verb: string, id: string | undefined, error: string | undefined): void {
    const ok = error === undefined;
    const isKnown = Object.hasOwn(commandSchemas, verb);
    const name = isKnown ? verb : verb.slice(0, MAX_VERB);
    const message = ok
      ? `The command ${name} was carried out.`
      : `The command ${name} was refused: ${error.replace(/\.$/, '')}.`;
    const severity = ok ? 'info' : 'warn';
    this.options.log(severity, 'command', message, { id });
    this.options.tell({
      kind: 'command',
      // One of its kind for all that somebody makes up: how often one is told is limited.
      what: isKnown ? verb : 'unknown',
      severity,
      message,
      details: { id: id ?? null, ok, ...(ok ? {} : { error }) },
    });
  }
}

/** What comes of something that says why it could not be done, if it could not. */
export function outcomeOf(error: string | undefined): Outcome {
  return error === undefined ? {} : { error };
}
