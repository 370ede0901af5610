import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Address, earliest } from '../../src/base/machine.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { SeededRandom } from '../../src/base/random.ts';
import {
  type Call,
  type CallEvent,
  Endpoint,
  type EndpointOptions,
  type EndpointOutput,
  type PhoneConfig,
  type PlaceCall,
  type TrunkConfig,
} from '../../src/sip/endpoint.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Host, Network, Station } from './network.ts';

type NonTransmit = Exclude<EndpointOutput, { type: 'transmit' }>;

export function phone(user: string, fields: Partial<PhoneConfig> = {}): PhoneConfig {
  return { user, secret: { password: `secret ${user}` }, context: 'office', codecs: ['ulaw', 'alaw'], ...fields };
}

/** What a phone is configured with: the office is its one trunk. */
export function office(host: Address, user: string, fields: Partial<TrunkConfig> = {}): TrunkConfig {
  return {
    name: 'office',
    registrar: sipUri({ host: host.ip, port: host.port }),
    username: user,
    secret: { password: `secret ${user}` },
    register: { expiresS: 600 },
    context: 'phone',
    codecs: ['ulaw', 'alaw'],
    ...fields,
  };
}

/** A SIP endpoint on a simulated network, an office or a phone, with what it has said so far. */
export class SipSwitch {
  readonly counters = new Counters();
  readonly streams = new StreamIds();
  readonly outputs: NonTransmit[] = [];
  readonly events = new Map<Call, CallEvent[]>();
  readonly incoming: Call[] = [];
  readonly media = new Set<number>();
  endpoint: Endpoint;
  private tasks: { atMs: number; task: () => void }[] = [];
  readonly host: Host<NonTransmit>;
  /** What is done with every call event; the tests set it. */
  onCall: (call: Call, event: CallEvent, nowMs: number) => void = () => {};

  constructor(
    readonly network: Network,
    readonly address: Address,
    private readonly seed: number,
    private readonly options: Partial<EndpointOptions>,
  ) {
    this.endpoint = this.makeEndpoint();
    this.host = network.add<NonTransmit>(address, this.station(), (output, nowMs) => this.take(output, nowMs));
    this.command((endpoint, nowMs) => endpoint.start(nowMs));
  }

  command<Result>(give: (endpoint: Endpoint, nowMs: number) => Result): Result {
    const result = give(this.endpoint, this.network.nowMs);
    this.host.drain();
    return result;
  }

  dial(peer: string, number = '600', more: Partial<PlaceCall> = {}): Call {
    const stream = this.streams.next();
    const request = {
      peer,
      number,
      caller: { number: '201', name: 'Front' },
      stream,
      media: this.rtp(stream),
      ...more,
    };
    const call = this.command((endpoint, nowMs) => endpoint.placeCall(request, nowMs));
    if ('failed' in call) throw new Error(call.reason);
    this.media.add(stream);
    return call;
  }

  /** Runs a command of a call, then drains. */
  with(call: Call, give: (call: Call, nowMs: number) => void): void {
    this.command((_endpoint, nowMs) => give(call, nowMs));
  }

  typesOf(call: Call): string[] {
    return (this.events.get(call) ?? []).map(({ type }) => type);
  }

  eventOf<Type extends CallEvent['type']>(call: Call, type: Type): Extract<CallEvent, { type: Type }> | undefined {
    return (this.events.get(call) ?? []).findLast((event) => event.type === type) as never;
  }

  /** Does something when the clock is that much further. */
  later(delayMs: number, task: () => void): void {
    this.tasks.push({ atMs: this.network.nowMs + delayMs, task });
    this.host.drain();
  }

  /** The process dies and starts again with what was kept of its phones. */
  restart(): void {
    const kept = this.endpoint.bindings;
    this.endpoint = this.makeEndpoint();
    this.command((endpoint, nowMs) => endpoint.start(nowMs, JSON.parse(JSON.stringify(kept)) as typeof kept));
  }

  private rtp(stream: number): Address {
    return { ip: this.address.ip, port: 10_000 + 2 * stream };
  }

  private makeEndpoint(): Endpoint {
    const { address, network, seed } = this;
    return new Endpoint({
      phones: [],
      trunks: [],
      realm: 'lyon-01',
      crypto: seededCrypto(seed + network.nowMs),
      random: new SeededRandom(seed * 7 + network.nowMs),
      counters: this.counters,
      log: silentLog,
      wallClock: () => 1_795_000_000_000 + network.nowMs,
      streams: this.streams,
      local: () => ({ host: address.ip, port: address.port }),
      openMedia: (stream) => {
        this.media.add(stream);
        return this.rtp(stream);
      },
      openVideo: (stream) => 20_000 + 2 * stream,
      closeMedia: (stream) => this.media.delete(stream),
      ...this.options,
    });
  }

  private station(): Station<NonTransmit> {
    return {
      handleDatagram: (bytes, from, nowMs) => this.endpoint.handleDatagram(bytes, { transport: 'udp', ...from }, nowMs),
      handleTimeout: (nowMs) => {
        this.endpoint.handleTimeout(nowMs);
        const due = this.tasks.filter(({ atMs }) => atMs <= nowMs);
        this.tasks = this.tasks.filter(({ atMs }) => atMs > nowMs);
        for (const { task } of due) task();
      },
      poll: () => this.endpoint.poll() as ReturnType<Station<NonTransmit>['poll']>,
      nextDeadline: () => this.tasks.reduce((next, { atMs }) => earliest(next, atMs), this.endpoint.nextDeadline()),
    };
  }

  private take(output: NonTransmit, nowMs: number): void {
    this.outputs.push(output);
    if (output.type !== 'call') return;
    const { call, event } = output;
    this.events.set(call, [...(this.events.get(call) ?? []), event]);
    if (event.type === 'incoming') this.incoming.push(call);
    if (event.type === 'hangup') this.media.delete(call.stream);
    this.onCall(call, event, nowMs);
    this.host.drain();
  }
}
