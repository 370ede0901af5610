import { randomUUID } from 'node:crypto';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Delivery } from '../status/outbox.ts';
import type { MqttConnection, MqttMessage, SubscribeOptions } from '../status/publisher.ts';
import type { LinkReading } from '../status/snapshot.ts';
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { describeConnectFailure } from './connect-failure.ts';
import { watchUnheard } from './unheard.ts';

/** As MQTT counts its versions on the wire: 4 is 3.1.1. */
export type MqttVersion = 4 | 5;

/** A connection that also says what became of a message. */
export interface BrokerConnection extends MqttConnection {
  /** Publishes at QoS 1; `done` is called once at most, and not at all when the connection breaks before the answer. */
  deliver(message: DeliverableMessage, done: (delivery: Delivery) => void): void;
  subscribe(filters: readonly string[], options?: SubscribeOptions): void;
}

export interface DeliverableMessage extends Pick<MqttMessage, 'topic' | 'payload'> {
  readonly retain?: boolean;
  /** What the asker named its question with; MQTT 5 only. */
  readonly correlation?: Uint8Array;
}

/** Where the sender of a message wants its answer; MQTT 5 only. [MQTT5 §4.10.1] */
export interface ReplyTo {
  readonly responseTopic?: string;
  readonly correlation?: Uint8Array;
}

/** PEM texts: whom to trust, and who we are. */
export interface BrokerTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface BrokerLinkOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: BrokerTls;
  readonly will: (session: string) => MqttMessage;
  readonly onConnected: (connection: BrokerConnection, session: string) => void;
  readonly onDisconnected: () => void;
  readonly onMessage: (topic: string, payload: string, retained: boolean, replyTo: ReplyTo) => void;
  /** `status()` says something else. */
  readonly onStatus: () => void;
  /** What each broker, by URL, was found to speak: kept by the caller, so that a new link need not ask again. */
  readonly versions: Map<string, MqttVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

type Connect = typeof import('mqtt').connect;

const KEEPALIVE_S = 30;
const CONNECT_TIMEOUT_MS = 10_000;
const FAREWELL_TIMEOUT_MS = 1_000;
/** A connection that held this long was a success: the next failure waits as little as the first. */
const STABLE_MS = 30_000;
/** A broker that takes bytes slower than we make them is no broker: beyond this the connection is given up. */
const MAX_UNSENT_BYTES = 4 << 20;

/** The least return code of a SUBACK that is a refusal. [MQTT5 §3.9.3] */
const REFUSED = 0x80;

/** CONNACK codes for "not this version": 1 in 3.1.1 [MQTT-3.1.2-2], 0x84 in 5 [MQTT-3.1.2-2]. */
const VERSION_REFUSED = new Set([1, 0x84]);

/**
 * Keeps one connection to a broker, for ever: MQTT 5 first, 3.1.1 at once where the broker has no 5. Each connection is a
 * client of its own, so that nothing queued for a broken one is sent, late, on the next.
 */
export class BrokerLink {
  private state: LinkReading['state'] = 'stopped';
  private reason: string | null = null;
  private version: MqttVersion | null = null;
  private sinceMs: number;
  private failures = 0;
  private client: MqttClient | undefined;
  private cancelRetry = () => {};

  constructor(private readonly options: BrokerLinkOptions) {
    this.sinceMs = options.clock.nowMs();
  }

  start(): void {
    this.become('connecting', null);
    // An office without a broker does without the client: it is read here, not before.
    void import('mqtt').then(({ default: { connect } }) => {
      if (this.state !== 'stopped') this.attempt(connect, this.options.versions.get(this.options.url) ?? 5);
    });
  }

  /** Sends the farewell, waits a second at most for its acknowledgement, closes. */
  async stop(farewell: MqttMessage): Promise<void> {
    this.cancelRetry();
    const client = this.client;
    const connected = this.state === 'connected';
    this.client = undefined;
    this.become('stopped', null);
    if (client === undefined) return;
    if (connected) {
      await new Promise<void>((resolve) => {
        const cancel = this.options.clock.after(FAREWELL_TIMEOUT_MS, resolve);
        const { topic, payload, qos, retain } = farewell;
        client.publish(topic, payload, { qos, retain }, () => {
          cancel();
          resolve();
        });
      });
    }
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(FAREWELL_TIMEOUT_MS, () => {
        client.end(true);
        resolve();
      });
      client.end(!connected, {}, () => {
        cancel();
        resolve();
      });
    });
  }

  status(): LinkReading {
    return {
      url: withoutUser(this.options.url),
      state: this.state,
      protocol: this.version === null ? null : this.version === 5 ? '5' : '3.1.1',
      reason: this.reason,
      sinceMs: this.sinceMs,
    };
  }

  private attempt(connect: Connect, version: MqttVersion, isSecondTry = false): void {
    if (this.state !== 'waiting' && this.state !== 'connecting') this.become('connecting', null);
    const session = randomUUID();
    const client = this.open(connect, version, session);
    if (client === undefined) return;
    this.client = client;
    let failure: Error | undefined;
    let connectedMs: number | undefined;
    client.on('error', (error) => {
      failure ??= error;
    });
    client.on('connect', () => {
      if (this.client !== client) return;
      connectedMs = this.options.clock.nowMs();
      this.version = version;
      this.options.versions.set(this.options.url, version);
      this.become('connected', null);
      this.options.onConnected(this.connectionOf(client), session);
    });
    client.on('message', (topic, payload, packet) => {
      if (this.client !== client) return;
      this.options.onMessage(topic, payload.toString('utf8'), packet.retain, replyTo(packet.properties));
    });
    client.on('close', () => {
      if (this.client !== client) return;
      this.client = undefined;
      client.end(true);
      if (connectedMs !== undefined) {
        this.options.onDisconnected();
        if (this.options.clock.nowMs() - connectedMs >= STABLE_MS) this.failures = 0;
      } else if (!isSecondTry && this.isVersionRefused(version, failure)) {
        this.attempt(connect, version === 5 ? 4 : 5, true);
        return;
      }
      this.retryLater(connect, connectedMs !== undefined, failure);
    });
  }

  /** Certificates that cannot be read are thrown out of here; they may be mended while we wait. */
  private open(connect: Connect, version: MqttVersion, session: string): MqttClient | undefined {
    try {
      return connect(this.options.url, this.clientOptions(version, session));
    } catch (error) {
      this.retryLater(connect, false, error as Error);
      return undefined;
    }
  }

  /**
   * Some brokers without MQTT 5 say so, others close the connection without a word. An unknown broker is asked again in
   * 3.1.1 in both cases; a known one only when it says so.
   */
  private isVersionRefused(version: MqttVersion, failure: Error | undefined): boolean {
    const code = (failure as { code?: unknown } | undefined)?.code;
    if (typeof code === 'number') return VERSION_REFUSED.has(code);
    return version === 5 && failure === undefined && !this.options.versions.has(this.options.url);
  }

  private retryLater(connect: Connect, wasConnected: boolean, failure: Error | undefined): void {
    this.failures++;
    const delayMs = backoffMs(this.failures, this.options.random);
    const what = wasConnected ? 'connection lost' : 'cannot connect';
    const why = failure === undefined ? 'the broker closed the connection' : describeConnectFailure(failure);
    this.become('waiting', `${what}: ${why}`);
    this.cancelRetry = this.options.clock.after(delayMs, () => {
      this.attempt(connect, this.options.versions.get(this.options.url) ?? 5);
    });
  }

  /**
   * A broker may refuse for a while, as a cluster does that has just lost a node; what is not subscribed to would never
   * come, while all else looks well. So it is asked again for what it refused, for as long as the connection lasts.
   */
  private subscribe(client: MqttClient, filters: readonly string[], options: SubscribeOptions, attempt: number): void {
    if (this.client !== client) return;
    const { qos = 0, others = false } = options;
    client.subscribe([...filters], { qos }, (error) => {
      if (this.client !== client) return;
      if (error === null) {
        if (others && this.version === 5) this.hearOthers(client, filters, qos);
        return;
      }
      const granted = 'packet' in error ? (error.packet as { granted?: readonly number[] }).granted : undefined;
      const refused = filters.filter((_, index) => (granted?.[index] ?? REFUSED) >= REFUSED);
      const topics = refused.join(' ');
      this.options.log('warn', 'mqtt', 'The broker refuses a subscription; it is asked again.', { topics, attempt });
      const delayMs = backoffMs(attempt, this.options.random);
      this.options.clock.after(delayMs, () => this.subscribe(client, refused, options, attempt + 1));
    });
  }

  /**
   * From now on only what others publish. Asked for like that from the start, a broker may keep from us what it retains of an
   * earlier run of ours; and mosquitto does not take it for a subscription that stands. [MQTT5 §3.8.3.1]
   */
  private hearOthers(client: MqttClient, filters: readonly string[], qos: 0 | 1): void {
    client.unsubscribe([...filters], () => {
      if (this.client === client) client.subscribe([...filters], { qos, nl: true, rh: 2 });
    });
  }

  private connectionOf(client: MqttClient): BrokerConnection {
    const isUnheard = watchUnheard(client);
    return {
      deliver: ({ topic, payload, retain = false, correlation }, done) => {
        if (this.client !== client) return;
        const properties = correlation === undefined ? {} : { correlationData: Buffer.from(correlation) };
        client.publish(topic, payload, { qos: 1, retain, properties }, (error, packet) => {
          if (this.client !== client) return;
          const nobody = isUnheard(packet?.messageId);
          done(error ? 'failed' : nobody ? 'unheard' : 'taken');
        });
      },
      publish: ({ topic, payload, qos, retain }) => {
        if (this.client !== client) return;
        client.publish(topic, payload, { qos, retain });
        if (client.stream.writableLength > MAX_UNSENT_BYTES) client.stream.destroy();
      },
      subscribe: (filters, options = {}) => {
        this.subscribe(client, filters, options, 1);
      },
    };
  }

  private clientOptions(version: MqttVersion, session: string): IClientOptions {
    const { clientId, username, password, tls } = this.options;
    const { topic, payload, qos, retain } = this.options.will(session);
    return {
      protocolVersion: version,
      clientId,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      will: { topic, payload: Buffer.from(payload), qos, retain },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...tls,
    };
  }

  private become(state: LinkReading['state'], reason: string | null): void {
    if (state === this.state && reason === this.reason) return;
    this.options.log(reason === null ? 'info' : 'warn', 'mqtt', reason ?? state, {
      broker: withoutUser(this.options.url),
      state,
      protocol: this.version,
    });
    if (state !== this.state) this.sinceMs = this.options.clock.nowMs();
    this.state = state;
    this.reason = reason;
    this.options.onStatus();
  }
}

function withoutUser(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}

function replyTo(properties: IPublishPacket['properties']): ReplyTo {
  const { responseTopic, correlationData } = properties ?? {};
  return {
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlation: correlationData }),
  };
}
