import { randomUUID } from 'node:crypto';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { Clock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import { Journal } from './io/journal.ts';
import type { BrokerConnection } from './io/mqtt.ts';
import { type Event, eventMessage } from './status/event.ts';
import { formatMessage, Outbox, type OutboxMessage, type OutboxOutput, parseMessage } from './status/outbox.ts';
import { topicRoot } from './status/topics.ts';
import { formatTime } from './status/wall-time.ts';

/** Some 16,000 records: weeks of a branch without its broker. */
const MAX_BYTES = 8 << 20;

export interface RecordKeeperOptions {
  readonly site: string;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly maxBytes?: number;
}

/** The outbox with its disk and its broker: what is kept here is delivered, today or after next week's restart. */
export class RecordKeeper {
  private readonly driver: Driver<OutboxOutput>;
  private connection: BrokerConnection | undefined;
  /** Who waits for the disk, by the message that it waits for. */
  private readonly waiters = new Map<string, () => void>();
  private readonly root: string;
  private isDiskFailing = false;

  static async open(options: RecordKeeperOptions): Promise<RecordKeeper> {
    const { journal, entries } = await Journal.open(options.directory, options.log);
    return new RecordKeeper(
      options,
      journal,
      entries.flatMap(({ text }) => parseMessage(text) ?? []),
    );
  }

  private constructor(
    private readonly options: RecordKeeperOptions,
    private readonly journal: Journal,
    kept: readonly OutboxMessage[],
  ) {
    const { clock, site } = options;
    this.root = topicRoot(site);
    this.outbox = new Outbox(
      { maxBytes: options.maxBytes ?? MAX_BYTES, fullNotice: (waiting) => this.fullNotice(waiting) },
      kept,
    );
    this.driver = new Driver(this.outbox, clock, (output) => this.handleOutput(output));
    this.driver.give(() => {});
  }

  private readonly outbox: Outbox;

  /** How many messages wait for a broker. */
  get waiting(): number {
    return this.outbox.size;
  }

  /** `settled` is called once the disk has them, or has failed. */
  keep(messages: readonly OutboxMessage[], settled?: () => void): void {
    const last = messages.at(-1);
    if (last === undefined) settled?.();
    else if (settled !== undefined) this.waiters.set(last.id, settled);
    this.driver.give((nowMs) => this.outbox.add(messages, nowMs));
  }

  handleConnected(connection: BrokerConnection): void {
    this.connection = connection;
    this.driver.give(() => this.outbox.handleConnected());
  }

  handleDisconnected(): void {
    this.connection = undefined;
    this.driver.give(() => this.outbox.handleDisconnected());
  }

  /** Waits for the disk; what was not delivered is there at the next start. */
  async close(): Promise<void> {
    this.driver.stop();
    await this.journal.close();
  }

  private handleOutput(output: OutboxOutput): void {
    switch (output.type) {
      case 'store':
        void this.store(output.messages);
        break;
      case 'send': {
        const { message, connection } = output;
        this.settle(message.id);
        this.connection?.deliver({ topic: this.root + message.topic, payload: message.payload }, (delivery) => {
          this.driver.give((nowMs) => this.outbox.handleDelivery(message.id, connection, delivery, nowMs));
        });
        break;
      }
      case 'forget':
        void this.journal.forget(output.ids);
        break;
      case 'dropped':
        for (const id of output.ids) this.settle(id);
        this.options.counters.increment('outbox.full', output.ids.length);
        this.options.log('error', 'outbox', 'The outbox was full; the oldest records were dropped.', {
          dropped: output.ids.length,
        });
        break;
    }
  }

  private settle(id: string): void {
    const settled = this.waiters.get(id);
    this.waiters.delete(id);
    settled?.();
  }

  private async store(messages: readonly OutboxMessage[]): Promise<void> {
    const entries = messages.map((message) => ({ id: message.id, text: formatMessage(message) }));
    const failure = await this.journal.append(entries);
    for (const { id } of messages) this.settle(id);
    this.driver.give((nowMs) => this.outbox.handleStored(failure !== undefined, nowMs));
    this.tellOfDisk(failure?.failed);
  }

  /** Once when it fails, once when it is back: the journal logs each failure. */
  private tellOfDisk(failed: string | undefined): void {
    if ((failed !== undefined) === this.isDiskFailing) return;
    this.isDiskFailing = failed !== undefined;
    this.keep([
      this.isDiskFailing
        ? this.fault('disk-failed', 'error', `Records would not outlast a power cut: ${failed}.`, {})
        : this.fault('disk-back', 'info', 'Records are kept on the disk again.', {}),
    ]);
  }

  private fullNotice(waiting: number): OutboxMessage {
    this.options.log('error', 'outbox', 'The outbox is full; the oldest records are about to be dropped.', { waiting });
    return this.fault('outbox-full', 'error', 'The outbox is full; the oldest records are dropped.', { waiting });
  }

  private fault(what: string, severity: Event['severity'], message: string, details: Event['details']): OutboxMessage {
    const at = formatTime(this.options.clock.wallMs());
    return eventMessage({ id: randomUUID(), at, kind: 'fault', what, severity, message, details });
  }
}
