import { EventEmitter } from 'node:events';
import { decode, encode } from 'node-pcm-codecs';
import { Counters } from './base/counters.ts';
import { type Log, silentLog } from './base/log.ts';
import { type Address, earliest, type Machine } from './base/machine.ts';
import { type MediaEvent, type MediaPort, type StreamId, StreamIds } from './base/media-port.ts';
import { Endpoint, type EndpointOptions, type EndpointOutput } from './iax2/endpoint.ts';
import type { Binding, Call, CallEvent, CallFailure, PeerConfig, PeerStatus, PlaceCall } from './iax2-stack.ts';
import { systemClock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import { resolveIax2Host } from './io/iax2-dns.ts';
import { nodeCrypto } from './io/node-crypto.ts';
import { systemRandom } from './io/random.ts';
import { UdpPort } from './io/udp.ts';
import { BLOCK_SAMPLES } from './media/media-stream.ts';
import { MediaPlane } from './media/plane.ts';
import { LOOP_BACKLOG_MS } from './media/standstill.ts';

/** 8,000 samples a second. */
const BLOCK_MS = 10;
/** Blocks made up for after a late timer; what is later than that is left out. */
const CATCH_UP_BLOCKS = 5;
/** How long peers may take to acknowledge our goodbye, unless told otherwise. */
const GOODBYE_MS = 1_500;

/** A peer as it must be told at least; the rest is as in `peerConfig`. */
export type PeerSettings = Pick<PeerConfig, 'name'> & Partial<PeerConfig>;

export interface Iax2NodeOptions {
  readonly peers: readonly PeerSettings[];
  /** UDP address to bind; 0.0.0.0:4569 if absent. Port 0 takes a free one. */
  readonly bind?: Address;
  /** Peers that were registered here before a restart. */
  readonly bindings?: readonly Binding[];
  readonly log?: Log;
  readonly counters?: Counters;
  readonly limits?: EndpointOptions['limits'];
  readonly refresh?: EndpointOptions['refresh'];
}

/**
 * 10 ms of a call's voice, 80 samples of 16 bits at 8 kHz, both ways: `heard` came from the far end, `say` is silence to
 * be filled with what the far end shall hear. Both arrays are used again for the next block.
 */
export type ExchangeBlock = (heard: Int16Array, say: Int16Array) => void;

type OutputOf<Type extends EndpointOutput['type']> = Extract<EndpointOutput, { type: Type }>;

export interface Iax2NodeEvents {
  call: [call: Call, event: CallEvent];
  registration: [change: OutputOf<'registration'>];
  'peer-state': [change: OutputOf<'peer-state'>];
  binding: [change: OutputOf<'binding'>];
  security: [incident: OutputOf<'security'>];
  /** Another switch asks for a number; answered with `endpoint.answerLookup`. */
  'lookup-request': [question: OutputOf<'lookup-request'>];
  lookup: [answer: OutputOf<'lookup'>];
}

type Said = Exclude<EndpointOutput, { type: 'transmit' | 'resolve' }>;

/** Where one call's voice goes to. */
interface Attached {
  readonly call: Call;
  readonly port: number;
  readonly stream: StreamId;
  readonly exchange: ExchangeBlock;
  /** What goes with the next block: what is heard in one block can be answered in the one after it. */
  readonly say: Int16Array;
}

/**
 * The IAX2 stack on Node: one UDP port, the system's clock and node:crypto around an `Endpoint`, with G.711 voice.
 *
 * Every command of the endpoint or of a call goes through `give`, which hands it the time and sends what it leads to.
 *
 * @example
 * const iax = await Iax2Node.open({ peers: [{ name: 'hq', host: 'hq.example.net', secrets: ['…'], register: { refreshS: 60 } }] });
 * iax.on('call', (call, event) => { if (event.type === 'incoming') iax.give((nowMs) => call.answer(nowMs)); });
 * const call = iax.placeCall({ peer: 'hq', number: '7123' });
 */
export class Iax2Node extends EventEmitter<Iax2NodeEvents> {
  readonly endpoint: Endpoint;
  /** What was dropped, by reason. */
  readonly counters: Counters;
  private readonly streams = new StreamIds();
  private readonly plane: MediaPlane;
  private readonly udp: UdpPort;
  private readonly driver: Driver<Said>;
  private readonly attached = new Map<Call['id'], Attached>();
  private readonly heardCodes = new Uint8Array(BLOCK_SAMPLES);
  private readonly sayCodes = new Uint8Array(BLOCK_SAMPLES);
  private readonly heard = new Int16Array(BLOCK_SAMPLES);
  private nextBlockMs = 0;
  private lastPort = 0;

  /** Binds, and begins to register and to qualify. Rejects with one sentence where the address cannot be bound. */
  static async open(options: Iax2NodeOptions): Promise<Iax2Node> {
    const node = new Iax2Node(options);
    const failure = await node.udp.open();
    if (failure !== undefined) throw new Error(failure.reason);
    node.give((nowMs) => node.endpoint.start(nowMs, options.bindings ?? []));
    return node;
  }

  private constructor({ peers, bind, log = silentLog, counters = new Counters(), limits, refresh }: Iax2NodeOptions) {
    super();
    this.counters = counters;
    this.udp = new UdpPort({
      part: 'iax2',
      bind: bind ?? { ip: '0.0.0.0', port: 4569 },
      onDatagram: (bytes, from) => this.give((nowMs) => this.handleDatagram(bytes, from, nowMs)),
      clock: systemClock,
      log,
      counters,
    });
    this.plane = new MediaPlane({
      counters,
      backlogMs: LOOP_BACKLOG_MS,
      send: (to, bytes, at, length) => this.udp.send(this.endpoint.sealMini(bytes.slice(at, at + length)), to),
    });
    this.endpoint = new Endpoint({
      peers: peers.map(peerConfig),
      crypto: nodeCrypto,
      random: systemRandom,
      media: this.plane,
      streams: this.streams,
      log,
      counters,
      wallClock: () => systemClock.wallMs(),
      ...(limits === undefined ? {} : { limits }),
      ...(refresh === undefined ? {} : { refresh }),
    });
    this.driver = new Driver(this.machine(), systemClock, (output) => this.tell(output));
  }

  /** The address bound; undefined once closed. */
  get local(): Address | undefined {
    return this.udp.local;
  }

  /** The media plane: `hear` patches calls to each other, to tones, or to themselves. */
  get media(): MediaPort {
    return this.plane;
  }

  get peers(): readonly PeerStatus[] {
    return this.endpoint.peerStatuses;
  }

  /** Gives a command the time, and sends what it leads to. */
  give<Result>(command: (nowMs: number) => Result): Result {
    return this.driver.give(command);
  }

  /** Places a call; what becomes of it comes as `call` events. Fails at once where it is known that there can be none. */
  placeCall(request: Omit<PlaceCall, 'stream' | 'caller'> & Partial<Pick<PlaceCall, 'caller'>>): Call | CallFailure {
    const caller = request.caller ?? { number: '', name: '' };
    return this.give((nowMs) => this.endpoint.placeCall({ ...request, caller, stream: this.streams.next() }, nowMs));
  }

  /** Joins the call's voice to a function, 10 ms at a time, until the call ends. A second one takes its place. */
  attach(call: Call, exchange: ExchangeBlock): void {
    if (call.state === 'gone') return;
    this.give((nowMs) => {
      this.detach(call, nowMs);
      if (this.attached.size === 0) this.nextBlockMs = nowMs + BLOCK_MS;
      const stream = this.streams.next();
      const port = ++this.lastPort;
      this.plane.open(stream, { kind: 'line', port, law: 'ulaw' }, nowMs);
      this.plane.hear(stream, { kind: 'stream', stream: call.stream }, nowMs);
      this.plane.hear(call.stream, { kind: 'stream', stream }, nowMs);
      this.attached.set(call.id, { call, port, stream, exchange, say: new Int16Array(BLOCK_SAMPLES) });
    });
  }

  /**
   * Ends every call, takes back our registrations, and lets go of the port: as soon as all peers have acknowledged that,
   * and after `withinMs` without.
   */
  async close(withinMs = GOODBYE_MS): Promise<void> {
    this.give((nowMs) => this.endpoint.stop(nowMs));
    const deadlineMs = systemClock.nowMs() + withinMs;
    while (!this.endpoint.isIdle && systemClock.nowMs() < deadlineMs)
      await new Promise<void>((resolve) => systemClock.after(10, resolve));
    this.driver.stop();
    await this.udp.close();
  }

  // ---- the endpoint and its media plane as one machine

  private machine(): Machine<Said> {
    return {
      handleTimeout: (nowMs) => {
        this.plane.handleTimeout(nowMs);
        this.exchangeBlocks(nowMs);
        this.endpoint.handleTimeout(nowMs);
      },
      poll: () => this.poll(),
      nextDeadline: () => {
        const signalling = earliest(this.endpoint.nextDeadline(), this.plane.nextDeadline());
        return this.attached.size === 0 ? signalling : earliest(signalling, this.nextBlockMs);
      },
    };
  }

  private handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const plain = this.endpoint.unseal(bytes, from, nowMs);
    if (plain === undefined) return;
    if (this.plane.handleDatagram(plain, from, nowMs) !== 'media') this.endpoint.handleDatagram(plain, from, nowMs);
  }

  private poll(): Said | undefined {
    for (;;) {
      const nowMs = systemClock.nowMs();
      for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll())
        this.handleMedia(event, nowMs);
      const output = this.endpoint.poll();
      if (output === undefined) return undefined;
      if (output.type === 'transmit') this.udp.send(output.bytes, output.to);
      else if (output.type === 'resolve') void this.resolve(output.host);
      else return output;
    }
  }

  private handleMedia(event: MediaEvent, nowMs: number): void {
    switch (event.type) {
      case 'voice-full-due':
        this.endpoint.sendVoice(event.stream, event.timestamp, event.format, event.payload, nowMs);
        break;
      case 'video-full-due':
        this.endpoint.sendVideo(event, nowMs);
        break;
      case 'no-format':
        this.endpoint.requestVoiceFormat(event.stream, nowMs);
        break;
      // DTMF that is said as sound goes out of band: the plane has taken it out of the voice.
      case 'digit-begin':
        this.callOf(event.stream)?.beginDigit(event.digit, nowMs);
        break;
      case 'digit-end':
        this.callOf(event.stream)?.endDigit(event.digit, nowMs);
        break;
    }
  }

  private callOf(stream: StreamId): Call | undefined {
    for (const attached of this.attached.values()) if (attached.stream === stream) return attached.call;
    return undefined;
  }

  private async resolve(host: string): Promise<void> {
    const answer = await resolveIax2Host(host, systemClock, systemRandom);
    const addresses = 'failed' in answer ? [] : answer.addresses;
    this.give((nowMs) => this.endpoint.handleResolved(host, addresses, nowMs));
  }

  private tell(output: Said): void {
    if (output.type !== 'call') {
      (this.emit as (name: string, output: Said) => boolean).call(this, output.type, output);
      return;
    }
    if (output.event.type === 'hangup') this.detach(output.call, systemClock.nowMs());
    this.emit('call', output.call, output.event);
  }

  private detach(call: Call, nowMs: number): void {
    const attached = this.attached.get(call.id);
    if (attached === undefined) return;
    this.attached.delete(call.id);
    this.plane.hear(call.stream, { kind: 'nothing' }, nowMs);
    this.plane.close(attached.stream, nowMs);
    if (this.attached.size === 0) this.nextBlockMs = nowMs;
  }

  // ---- voice

  private exchangeBlocks(nowMs: number): void {
    if (this.attached.size === 0 || nowMs < this.nextBlockMs) return;
    const late = Math.floor((nowMs - this.nextBlockMs) / BLOCK_MS) + 1 - CATCH_UP_BLOCKS;
    if (late > 0) this.nextBlockMs += late * BLOCK_MS;
    for (; this.nextBlockMs <= nowMs; this.nextBlockMs += BLOCK_MS)
      for (const attached of this.attached.values()) this.exchangeBlock(attached, nowMs);
  }

  private exchangeBlock({ port, exchange, say }: Attached, nowMs: number): void {
    encode('ulaw', say, this.sayCodes);
    this.plane.exchangeLineBlock(port, this.sayCodes, this.heardCodes, nowMs);
    decode('ulaw', this.heardCodes, this.heard);
    exchange(this.heard, say.fill(0));
  }
}

/** A peer with what is usual where nothing was told: MD5, call tokens, µ-law and A-law, dynamic where it has no host. */
export function peerConfig(settings: PeerSettings): PeerConfig {
  return {
    type: 'friend',
    host: 'dynamic',
    secrets: [],
    auth: ['md5'],
    acl: [],
    codecs: ['ulaw', 'alaw'],
    callToken: 'required',
    context: 'default',
    ...settings,
  };
}
