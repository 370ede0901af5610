import { Counters } from '../../src/base/counters.ts';
import type { Crypto } from '../../src/base/crypto.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import type { Address } from '../../src/base/machine.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { SeededRandom } from '../../src/base/random.ts';
import {
  type Call,
  type CallEvent,
  Endpoint,
  type EndpointOptions,
  type EndpointOutput,
  type PeerConfig,
} from '../../src/iax2/endpoint.ts';
import { nodeCrypto } from '../../src/io/node-crypto.ts';
import type { Host, Network, Station } from './network.ts';
import { RecordingMedia } from './recording-media.ts';

/** Real digests, seeded randomness: the same run twice gives the same bytes. */
export function seededCrypto(seed: number): Crypto {
  const random = new SeededRandom(seed);
  return { ...nodeCrypto, randomBytes: (length) => Uint8Array.from({ length }, () => random.integer(256)) };
}

export const DEFAULT_PEER = {
  type: 'friend',
  secrets: ['s3cret'],
  auth: ['md5'],
  acl: [],
  codecs: ['ulaw', 'alaw'],
  callToken: 'required',
  context: 'from-peer',
} as const satisfies Partial<PeerConfig>;

export function peer(fields: Partial<PeerConfig> & Pick<PeerConfig, 'name' | 'host'>): PeerConfig {
  return { ...DEFAULT_PEER, ...fields };
}

type NonTransmit = Exclude<EndpointOutput, { type: 'transmit' }>;

/** An endpoint on a simulated network, with what it has said so far. */
export class Switch {
  readonly media = new RecordingMedia();
  readonly counters = new Counters();
  readonly streams = new StreamIds();
  readonly outputs: NonTransmit[] = [];
  readonly events = new Map<number, CallEvent[]>();
  readonly incoming: Call[] = [];
  endpoint: Endpoint;
  readonly host: Host<NonTransmit>;
  /** What is done with every call event; the tests set it. */
  onCall: (call: Call, event: CallEvent, nowMs: number) => void = () => {};
  onOutput: (output: NonTransmit, nowMs: number) => void = () => {};
  /** Names that DNS knows; answered at once. */
  readonly dns = new Map<string, readonly { ip: string; port?: number }[]>();

  constructor(
    readonly network: Network,
    readonly address: Address,
    private readonly seed: number,
    private readonly options: Partial<EndpointOptions> & { peers: readonly PeerConfig[] },
    private readonly log: Log = silentLog,
  ) {
    this.endpoint = this.makeEndpoint();
    const station: Station<NonTransmit> = {
      handleDatagram: (bytes, from, nowMs) => {
        const plain = this.endpoint.unseal(bytes, from, nowMs);
        if (plain !== undefined) this.endpoint.handleDatagram(plain, from, nowMs);
      },
      handleTimeout: (nowMs) => this.endpoint.handleTimeout(nowMs),
      poll: () => this.endpoint.poll(),
      nextDeadline: () => this.endpoint.nextDeadline(),
    };
    this.host = network.add<NonTransmit>(address, station, (output, nowMs) => this.take(output, nowMs));
    this.command((endpoint, nowMs) => endpoint.start(nowMs));
  }

  command<Result>(give: (endpoint: Endpoint, nowMs: number) => Result): Result {
    const result = give(this.endpoint, this.network.nowMs);
    this.host.drain();
    return result;
  }

  dial(peerName: string, number = '600', more: Partial<Parameters<Endpoint['placeCall']>[0]> = {}): Call {
    const stream = this.streams.next();
    const call = this.command((endpoint, nowMs) =>
      endpoint.placeCall({ peer: peerName, number, caller: { number: '201', name: 'Front' }, stream, ...more }, nowMs),
    );
    if ('failed' in call) throw new Error(call.reason);
    return call;
  }

  /** Runs a command of a call, then drains. */
  with(call: Call, give: (call: Call, nowMs: number) => void): void {
    this.command((_endpoint, nowMs) => give(call, nowMs));
  }

  eventsOf(call: Call): readonly CallEvent[] {
    return this.events.get(call.id) ?? [];
  }

  typesOf(call: Call): string[] {
    return this.eventsOf(call).map(({ type }) => type);
  }

  /** The process dies and starts again: all state is lost, the address stays. */
  restart(): void {
    this.endpoint = this.makeEndpoint();
    this.media.streams.clear();
    this.command((endpoint, nowMs) => endpoint.start(nowMs));
  }

  private makeEndpoint(): Endpoint {
    return new Endpoint({
      crypto: seededCrypto(this.seed + this.network.nowMs),
      media: this.media,
      streams: this.streams,
      log: this.log,
      counters: this.counters,
      random: new SeededRandom(this.seed * 7 + this.network.nowMs),
      wallClock: () => 1_795_000_000_000 + this.network.nowMs,
      ...this.options,
    });
  }

  private take(output: NonTransmit, nowMs: number): void {
    this.outputs.push(output);
    if (output.type === 'resolve') {
      const addresses = this.dns.get(output.host);
      if (addresses !== undefined) this.command((endpoint) => endpoint.handleResolved(output.host, addresses, nowMs));
    }
    this.onOutput(output, nowMs);
    if (output.type !== 'call') return;
    const { call, event } = output;
    this.events.set(call.id, [...(this.events.get(call.id) ?? []), event]);
    if (event.type === 'incoming') this.incoming.push(call);
    this.onCall(call, event, nowMs);
    this.host.drain();
  }
}
