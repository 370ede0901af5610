import { randomBytes } from 'node:crypto';
import type { Log } from './base/log.ts';
import { formatAddress } from './base/machine.ts';
import type { Configuration } from './config/load.ts';
import { type BrokerAccess, type EmbeddedBroker, startEmbeddedBroker } from './io/broker.ts';
import { systemClock } from './io/clock.ts';
import { type BrokerConnection, BrokerLink, type BrokerTls, type MqttVersion } from './io/mqtt.ts';
import { systemRandom } from './io/random.ts';
import type { RecordKeeper } from './record-keeper.ts';
import type { RemoteControl } from './remote-control.ts';
import { BIRTH_TOPIC, discovery, discoveryTopic } from './status/home-assistant.ts';
import type { StatusPublisher } from './status/publisher.ts';
import type { StatusSnapshot } from './status/schema.ts';
import type { BrokerReading } from './status/snapshot.ts';

export interface BrokerHostOptions {
  /** The configuration that runs. */
  readonly configuration: () => Configuration;
  readonly status: () => StatusSnapshot;
  readonly publisher: StatusPublisher;
  readonly records: () => RecordKeeper | undefined;
  readonly remote: RemoteControl | undefined;
  /** `reading()` says something else. */
  readonly onStatus: () => void;
  readonly log: Log;
}

/** Topics that are cleared within this are told again together. */
const WIPE_MS = 1_000;
/** When a port that is taken is asked for again. */
const RETRY_MS = 10_000;

/** Keeps the link to the broker that is configured, and shares its connection among all who speak over it. */
export class BrokerHost {
  private link: BrokerLink | undefined;
  /** Changes of the broker are made one after the other. */
  private linking: Promise<void> = Promise.resolve();
  private stopped = false;
  /** The connection on which Home Assistant was told. */
  private announcedTo: BrokerConnection | undefined;
  private isWiped = false;
  private embedded: { readonly broker: EmbeddedBroker; readonly own: BrokerAccess['own'] } | undefined;
  private cancelRetry = () => {};
  private readonly versions = new Map<string, MqttVersion>();

  constructor(private readonly options: BrokerHostOptions) {
    this.link = this.makeLink();
  }

  start(): void {
    if (this.options.configuration().mqtt?.embedded === undefined) this.link?.start();
    else this.relink();
  }

  reading(): BrokerReading | null {
    const waiting = this.options.records()?.waiting ?? 0;
    return this.link === undefined ? null : { ...this.link.status(), waiting };
  }

  /** Leaves the broker and connects to the one that is configured now. */
  relink(): void {
    this.linking = this.linking.then(async () => {
      if (this.stopped) return;
      await this.unlink();
      await this.openEmbedded();
      this.link = this.makeLink();
      this.link?.start();
      this.options.onStatus();
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.linking;
    await this.unlink();
  }

  private makeLink(): BrokerLink | undefined {
    const { publisher, records, remote, onStatus, log } = this.options;
    const { mqtt, site } = this.options.configuration();
    const url = mqtt?.url ?? this.embedded?.broker.url;
    if (mqtt === undefined || url === undefined) return undefined;
    return new BrokerLink({
      url,
      clientId: site.id,
      ...this.embedded?.own,
      ...(mqtt.username === undefined ? {} : { username: mqtt.username }),
      ...(mqtt.password === undefined ? {} : { password: mqtt.password.reveal() }),
      ...(mqtt.tls === undefined ? {} : { tls: certificates(mqtt.tls) }),
      will: (session) => publisher.will(session),
      onConnected: (connection, session) => {
        publisher.handleConnected(connection, session);
        records()?.handleConnected(connection);
        remote?.handleConnected(connection);
        this.announce(connection);
      },
      onDisconnected: () => {
        publisher.handleDisconnected();
        records()?.handleDisconnected();
        remote?.handleDisconnected();
      },
      onMessage: (topic, payload, retained, replyTo) => {
        if (topic === BIRTH_TOPIC) {
          // What is retained is of a start before ours.
          if (!retained && payload !== 'offline') this.tellAll();
        } else if (publisher.isWipe(topic, payload) || remote?.isWipe(topic, payload)) this.handleWipe();
        else if (remote?.concerns(topic)) remote.handleMessage(topic, payload, retained, replyTo);
        else publisher.handleMessage(topic, payload, retained);
      },
      onStatus,
      versions: this.versions,
      clock: systemClock,
      random: systemRandom,
      log,
    });
  }

  /** The broker of this appliance itself, if it is to have one; a port that is taken is tried again for ever. */
  private async openEmbedded(): Promise<void> {
    const { configuration, log } = this.options;
    const { mqtt, site } = configuration();
    if (mqtt?.embedded === undefined) return;
    const { listen, users } = mqtt.embedded;
    const own = { username: site.id, password: randomBytes(24).toString('base64') };
    const names = Object.entries(users).map(([name, { password }]) => [name, password.reveal()] as const);
    try {
      const broker = await startEmbeddedBroker(listen, {
        own,
        users: names.length === 0 ? undefined : Object.fromEntries(names),
      });
      this.embedded = { broker, own };
      log('info', 'mqtt', 'The broker of this appliance listens.', {
        listen: formatAddress(listen),
        users: names.length,
      });
    } catch (error) {
      log(
        'error',
        'mqtt',
        `The broker of this appliance cannot listen: ${(error as Error).message}; it is tried again.`,
      );
      this.cancelRetry = systemClock.after(RETRY_MS, () => this.relink());
    }
  }

  /** Somebody clears what the broker retained of us, one topic after the other: all is told again when that is over. */
  private handleWipe(): void {
    if (this.isWiped) return;
    this.isWiped = true;
    systemClock.after(WIPE_MS, () => {
      this.isWiped = false;
      this.tellAll();
    });
  }

  /** All that is retained, as on a connect. */
  private tellAll(): void {
    this.options.publisher.tellAll();
    this.options.remote?.tellReports();
    this.announce(this.announcedTo);
  }

  /** Tells Home Assistant what there is here, if it is wanted. */
  private announce(connection: BrokerConnection | undefined): void {
    const { mqtt, site } = this.options.configuration();
    if (connection === undefined || mqtt?.homeAssistant !== true) return;
    if (this.announcedTo !== connection) connection.subscribe([BIRTH_TOPIC]);
    this.announcedTo = connection;
    const payload = JSON.stringify(discovery(this.options.status(), site.name, mqtt.commands !== 'signed'));
    connection.publish({ topic: discoveryTopic(site.id), payload, qos: 0, retain: true });
  }

  private async unlink(): Promise<void> {
    this.cancelRetry();
    const { link, embedded } = this;
    this.link = undefined;
    this.embedded = undefined;
    if (link !== undefined) {
      const { publisher, records, remote } = this.options;
      const farewell = publisher.farewell();
      records()?.handleDisconnected();
      remote?.handleDisconnected();
      await link.stop(farewell);
    }
    await embedded?.broker.close();
  }
}

function certificates({ ca, cert, key }: NonNullable<NonNullable<Configuration['mqtt']>['tls']>): BrokerTls {
  return {
    ...(ca === undefined ? {} : { ca: ca.reveal() }),
    ...(cert === undefined ? {} : { cert: cert.reveal() }),
    ...(key === undefined ? {} : { key: key.reveal() }),
  };
}
