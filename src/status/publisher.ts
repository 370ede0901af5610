import type { StatusChange } from './feed.ts';
import type { Presence } from './schema.ts';
import { topicRoot } from './topics.ts';
import { formatTime } from './wall-time.ts';

/** A message that a broker gets. State topics are retained; an empty payload clears one. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** One connection to a broker, as the publisher uses it; `io/mqtt.ts` implements it. Nothing here waits or throws. */
export interface MqttConnection {
  publish(message: MqttMessage): void;
  subscribe(filters: readonly string[], options?: SubscribeOptions): void;
}

export interface SubscribeOptions {
  /** 0 by default. */
  readonly qos?: 0 | 1;
  /** Once what is retained has come, only what others publish; MQTT 5 only. [MQTT5 §3.8.3.1, No Local] */
  readonly others?: boolean;
}

/**
 * Tells a broker the status: will and birth on one retained topic, everything retained on each connect, then only what
 * changes. State goes at QoS 0: whatever a broken connection swallowed is made good by the snapshot of the next one,
 * and no older state can arrive after it.
 */
export class StatusPublisher {
  private connection: MqttConnection | undefined;
  private session = '';
  private readonly root: string;

  constructor(
    site: string,
    private readonly current: () => Iterable<readonly [topic: string, body: object]>,
    private readonly wallMs: () => number,
  ) {
    this.root = topicRoot(site);
  }

  /** The last will of a connection that is about to be made; its `at` is the time of connecting. */
  will(session: string): MqttMessage {
    return this.presence('offline', session);
  }

  /** A connection stands; its will named `session`. */
  handleConnected(connection: MqttConnection, session: string): void {
    this.connection = connection;
    this.session = session;
    this.tellAll();
    // What the broker retains of us tells which lines, phones and trunks an earlier configuration left behind, and
    // whether the will of an earlier connection came after our birth. What somebody clears of it is heard as well.
    connection.subscribe([`${this.root}state`]);
    const told = ['health', 'lines/+', 'phones/+', 'trunks/+'].map((filter) => this.root + filter);
    connection.subscribe(told, { others: true });
  }

  /** That it is there, as it is told. */
  birth(): Presence {
    return this.standing('online', this.session);
  }

  handleDisconnected(): void {
    this.connection = undefined;
  }

  /** Birth and everything retained. */
  tellAll(): void {
    this.connection?.publish(this.presence('online', this.session));
    for (const [topic, body] of this.current()) this.tell(topic, body);
  }

  /** Whether a message says that somebody has cleared what we told; what we cleared ourselves is not current. */
  isWipe(topic: string, payload: string): boolean {
    if (this.connection === undefined || payload !== '' || !topic.startsWith(this.root)) return false;
    const name = topic.slice(this.root.length);
    return name === 'state' || this.isCurrent(name);
  }

  /** A message on a topic that we subscribed to. */
  handleMessage(topic: string, payload: string, retained: boolean): void {
    if (this.connection === undefined || payload === '' || !topic.startsWith(this.root)) return;
    const name = topic.slice(this.root.length);
    if (name === 'state') {
      if (isOffline(payload)) this.connection.publish(this.presence('online', this.session));
    } else if (retained && !this.isCurrent(name)) {
      this.connection.publish({ topic, payload: '', qos: 0, retain: true });
    }
  }

  handleChange(change: StatusChange): void {
    if (this.connection === undefined) return;
    if (change.type === 'call') {
      const payload = JSON.stringify(change.body);
      this.connection.publish({ topic: this.root + change.topic, payload, qos: 0, retain: false });
    } else this.tell(change.topic, change.body);
  }

  /** The clean goodbye, to be sent and acknowledged before the connection is closed; nothing is told after it. */
  farewell(): MqttMessage {
    this.connection = undefined;
    return this.presence('offline', this.session);
  }

  private tell(topic: string, body: object | null): void {
    const payload = body === null ? '' : JSON.stringify(body);
    this.connection?.publish({ topic: this.root + topic, payload, qos: 0, retain: true });
  }

  private isCurrent(name: string): boolean {
    for (const [topic] of this.current()) if (topic === name) return true;
    return false;
  }

  private presence(state: Presence['state'], session: string): MqttMessage {
    const body = this.standing(state, session);
    return { topic: `${this.root}state`, payload: JSON.stringify(body), qos: 1, retain: true };
  }

  private standing(state: Presence['state'], session: string): Presence {
    return { state, session, at: formatTime(this.wallMs()) };
  }
}

function isOffline(payload: string): boolean {
  try {
    return (JSON.parse(payload) as Partial<Presence> | null)?.state === 'offline';
  } catch {
    return false;
  }
}
