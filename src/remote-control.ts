import type { Log } from './base/log.ts';
import type { ConfigurationDesk } from './configuration-desk.ts';
import type { Clock } from './io/clock.ts';
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
import { topicRoot } from './status/topics.ts';
import type { Tell } from './told-once.ts';
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
  /** Where configurations are handed in. */
  readonly desk: ConfigurationDesk;
  readonly perform: Performers;
  /** Who brings the box to another release. */
  readonly updates?: UpdateDesk | undefined;
  readonly tell: Tell;
}

const LEDGER_FILE = 'commands.json';

/** What head office may do with this appliance over its broker: give it a configuration, and commands. */
export class RemoteControl {
  private readonly root: string;
  private connection: BrokerConnection | undefined;

  static async open(options: RemoteControlOptions): Promise<RemoteControl> {
    const ledger = await options.store.read(LEDGER_FILE, (text) => CommandLedger.parse(text));
    return new RemoteControl(options, ledger ?? new CommandLedger());
  }

  private constructor(
    private readonly options: RemoteControlOptions,
    private readonly ledger: CommandLedger,
  ) {
    this.root = topicRoot(options.site);
  }

  handleConnected(connection: BrokerConnection): void {
    const { desk, updates } = this.options;
    this.connection = connection;
    updates?.handleConnected(connection);
    const filters = [`${this.root}cmd/+`];
    if (desk.isManaged) filters.push(desk.desiredTopic);
    desk.handleConnected(connection);
    connection.subscribe(filters, { qos: 1 });
  }

  handleDisconnected(): void {
    this.connection = undefined;
    this.options.desk.handleDisconnected();
    this.options.updates?.handleDisconnected();
  }

  /** Whether a topic is one of those that this listens to. */
  concerns(topic: string): boolean {
    const { desk, updates } = this.options;
    return topic.startsWith(`${this.root}cmd/`) || desk.concerns(topic) || updates?.concerns(topic) === true;
  }

  /** Whether a message says that somebody has cleared what was reported. */
  isWipe(topic: string, payload: string): boolean {
    const { desk, updates } = this.options;
    return desk.isWipe(topic, payload) || updates?.isWipe(topic, payload) === true;
  }

  handleMessage(topic: string, payload: string, retained: boolean, replyTo: ReplyTo): void {
    const { desk } = this.options;
    if (topic === desk.desiredTopic && desk.isManaged) {
      desk.handleDesired(payload);
      return;
    }
    const commands = `${this.root}cmd/`;
    // A command is for now: one that waited at the broker would be done at each connect.
    if (topic.startsWith(commands) && !retained)
      void this.handleCommand(topic.slice(commands.length), payload, replyTo);
  }

  /** Says what became of the last configuration, and of the last update. */
  tellReports(): void {
    this.options.desk.report();
    this.options.updates?.report();
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
        return this.outcomeOf((desk) => desk.confirm(command.args.revision));
      case 'rollback':
        return this.outcomeOf((desk) => desk.rollBack());
    }
  }

  private outcomeOf(act: (desk: ConfigurationDesk) => string | undefined): Outcome {
    const { desk } = this.options;
    return desk.isManaged
      ? outcomeOf(act(desk))
      : { error: 'configurations do not come over MQTT here: mqtt.provisioning is not set' };
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
