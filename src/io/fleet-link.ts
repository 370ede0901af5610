import { randomBytes } from 'node:crypto';
import type { IClientOptions, MqttClient } from 'mqtt';
import { describeConnectFailure } from './connect-failure.ts';
import { watchUnheard } from './unheard.ts';

export interface FleetLinkOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM text of whom to trust, for TLS with a certificate of one's own. */
  readonly ca?: string;
  /** PEM texts of who we are, where the broker asks for a certificate. */
  readonly cert?: string;
  readonly key?: string;
}

export interface FleetMessage {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
}

/** Nobody subscribes to it. */
const NO_TOPIC = 'branchline-none';
/** How long a goodbye may take. */
const CLOSE_MS = 2_000;

/** Head office's end of the broker: one short connection for one command. */
export class FleetLink {
  private readonly isUnheard: (messageId: number | undefined) => boolean;

  private constructor(private readonly client: MqttClient) {
    this.isUnheard = watchUnheard(client);
  }

  /** Connects, in MQTT 5 or else in 3.1.1; gives why not. */
  static async open(
    options: FleetLinkOptions,
    onMessage: (message: FleetMessage) => void,
  ): Promise<FleetLink | { readonly failure: string }> {
    const { connectAsync } = (await import('mqtt')).default;
    let failure = '';
    for (const protocolVersion of [5, 4] as const) {
      try {
        const client = await connectAsync(options.url, clientOptions(options, protocolVersion), false);
        client.on('message', (topic, payload, { retain }) => {
          onMessage({ topic, payload: payload.toString('utf8'), retained: retain });
        });
        client.on('error', () => {});
        return new FleetLink(client);
      } catch (error) {
        failure = describeConnectFailure(error as Error);
      }
    }
    return { failure };
  }

  /** Whether the broker is there; it is sought for ever. */
  get isConnected(): boolean {
    return this.client.connected;
  }

  /** Gives why the broker refuses, if it does; waits for it while it is away. */
  async subscribe(filters: readonly string[]): Promise<string | undefined> {
    return failureOf(this.client.subscribeAsync([...filters], { qos: 1 }));
  }

  /** Gives why the broker refuses, if it does, or that nobody hears what is not retained; waits for it while it is away. */
  async publish(topic: string, payload: string, retain: boolean): Promise<string | undefined> {
    return failureOf(this.client.publishAsync(topic, payload, { qos: 1, retain }), (packet) => {
      const isUnheard = this.isUnheard(packet?.messageId);
      return isUnheard && !retain ? 'nobody listens there: it is not connected' : undefined;
    });
  }

  /** Asks the broker for nothing: what it sent us before it answers comes before its answer. */
  async roundTrip(): Promise<string | undefined> {
    // An answer is owed even to who never subscribed, and no permission is needed. [MQTT-3.10.4-5]
    return failureOf(this.client.unsubscribeAsync(NO_TOPIC));
  }

  /** What is under way may still arrive, for a moment. */
  async close(): Promise<void> {
    const force = setTimeout(() => this.client.end(true), CLOSE_MS);
    await this.client.endAsync(!this.client.connected);
    clearTimeout(force);
  }
}

async function failureOf<Done>(
  work: Promise<Done>,
  judge: (done: Done) => string | undefined = () => undefined,
): Promise<string | undefined> {
  try {
    return judge(await work);
  } catch (error) {
    return describeConnectFailure(error as Error);
  }
}

function clientOptions(options: FleetLinkOptions, protocolVersion: 4 | 5): IClientOptions {
  const { url: _, ...whoWeAre } = options;
  return {
    protocolVersion,
    clientId: `branchline-fleet-${randomBytes(6).toString('hex')}`,
    clean: true,
    connectTimeout: 10_000,
    reconnectPeriod: 1_000,
    ...whoWeAre,
  };
}
