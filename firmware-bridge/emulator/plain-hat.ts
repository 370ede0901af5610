import { decode, encode, type Law, SILENCE } from 'node-pcm-codecs';
import { BRANCHLINE_HAT, type HatModel } from '../../board/hat.ts';
import { Queue } from '../../src/base/queue.ts';
import { DARK, type ExchangeAudio, type HatCommand, type HatEvent, type Light } from '../hat-client.ts';
import { BlockClock } from './block-clock.ts';
import type { EmulatedHat } from './emulated-hat.ts';
import { FxsPort } from './fxs-port.ts';
import { Phone } from './phone.ts';
import type { TownExchange } from './town-exchange.ts';

export interface PlainHatOptions {
  /** The sockets that have a phone. */
  readonly ports: readonly number[];
  readonly exchange: ExchangeAudio;
  /** The exchange behind each socket of a town line. */
  readonly townLines?: ReadonlyMap<number, TownExchange>;
  /** How fast the HAT's crystal is, parts per million. */
  readonly ppm?: number;
  /** Another number for each start, so that the host sees a reset. */
  readonly bootId?: number;
}

const LONG_PRESS_MS = 1000;

/**
 * A HAT in this process, phones included, without firmware or link: each 10 ms block of its own sample clock moves loops,
 * ringing and sound of every line by 10 ms.
 */
export class PlainHat implements EmulatedHat {
  readonly model: HatModel = BRANCHLINE_HAT;

  private readonly lines: ReadonlyMap<number, Line>;
  private readonly town: ReadonlyMap<number, TownLine>;
  private readonly light: Light[];
  private readonly keys: { readonly key: string; readonly untilMs: number; longAtMs: number | undefined }[] = [];
  private readonly events = new Queue<HatEvent>();
  private readonly clock: BlockClock;
  private readonly exchange: ExchangeAudio;
  private audioPorts: ReadonlySet<number> = new Set();
  private law: Law = 'ulaw';
  private blocks = 0;

  constructor(options: PlainHatOptions) {
    const { model } = this;
    this.exchange = options.exchange;
    const blockMs = (model.blockSamples / model.sampleRateHz) * 1000;
    this.clock = new BlockClock(blockMs / (1 + (options.ppm ?? 0) / 1e6));
    this.lines = new Map(options.ports.map((port) => [port, new Line(model)]));
    const { townLines = new Map<number, TownExchange>() } = options;
    this.town = new Map([...townLines].map(([port, exchange]) => [port, new TownLine(model, exchange)]));
    this.light = new Array<Light>(model.leds).fill(DARK);
    this.events.push({
      type: 'hello',
      bootId: options.bootId ?? 1,
      board: model.name,
      ports: [
        ...options.ports.map((port) => ({ port, kind: 'fxs' }) as const),
        ...[...this.town.keys()].map((port) => ({ port, kind: 'fxo' }) as const),
      ],
    });
  }

  /** Blocks by which the process came too late. */
  get stalledBlocks(): number {
    return this.clock.stalledBlocks;
  }

  get lights(): readonly Light[] {
    return this.light;
  }

  get ports(): readonly number[] {
    return [...this.lines.keys()];
  }

  /** The phone in a socket, undefined where there is none. */
  phone(port: number): Phone | undefined {
    return this.lines.get(port)?.phone;
  }

  /** The electrical side of a socket. */
  socket(port: number): FxsPort | undefined {
    return this.lines.get(port)?.socket;
  }

  get townPorts(): readonly number[] {
    return [...this.town.keys()];
  }

  /** The exchange behind a town line, undefined where there is none. */
  townLine(port: number): TownExchange | undefined {
    return this.town.get(port)?.exchange;
  }

  flashMs(port: number): number {
    return this.lines.get(port)?.socket.flashMs ?? 0;
  }

  /** Presses a key of the keypad for some time. False when it is not on the keypad or is down already. */
  press(key: string, ms: number): boolean {
    if (!this.model.keys.includes(key) || this.keys.some((held) => held.key === key)) return false;
    const hatMs = this.hatMs;
    this.keys.push({ key, untilMs: hatMs + ms, longAtMs: ms >= LONG_PRESS_MS ? hatMs + LONG_PRESS_MS : undefined });
    this.events.push({ type: 'key', key, action: 'down', mediaTs: this.mediaTs });
    return true;
  }

  command(command: HatCommand): void {
    switch (command.type) {
      case 'line':
        this.lines.get(command.port)?.socket.command(command.command);
        break;
      case 'town-line':
        this.town.get(command.port)?.exchange.command(command.command);
        break;
      case 'audio':
        this.audioPorts = new Set(command.ports);
        if (command.law !== this.law)
          for (const { fifo } of [...this.lines.values(), ...this.town.values()]) fifo.fill(SILENCE[command.law]);
        this.law = command.law;
        break;
      case 'led':
        if (command.led >= 1 && command.led <= this.light.length) this.light[command.led - 1] = command.light;
        break;
    }
  }

  poll(): HatEvent | undefined {
    return this.events.shift();
  }

  /** The end of the block that runs; at once before the first `tick`. */
  nextDeadline(): number {
    return this.clock.nextDeadline();
  }

  handleTimeout(nowMs: number): void {
    this.tick(nowMs);
  }

  /** Lives up to `nowMs`; the first call starts the HAT's clock. */
  tick(nowMs: number): void {
    for (let due = this.clock.take(nowMs); due > 0; due--) this.runBlock(nowMs);
  }

  private get mediaTs(): number {
    return (this.blocks * this.model.blockSamples) >>> 0;
  }

  private get hatMs(): number {
    return (this.blocks * this.model.blockSamples * 1000) / this.model.sampleRateHz;
  }

  private runBlock(nowMs: number): void {
    const mediaTs = this.mediaTs;
    for (const [port, line] of this.lines) {
      for (const { event, ms } of line.live()) {
        const at = (mediaTs + (ms * this.model.sampleRateHz) / 1000) >>> 0;
        this.events.push({ type: 'line', port, event, mediaTs: at });
      }
      const carried = this.audioPorts.has(port);
      line.exchange(this.law, this.blocks, (up, down) => {
        down.fill(SILENCE[this.law]);
        if (carried) this.exchange(port, up, down, mediaTs, nowMs);
      });
    }
    for (const [port, line] of this.town) {
      for (const { event, ms } of line.live()) {
        const at = (mediaTs + (ms * this.model.sampleRateHz) / 1000) >>> 0;
        this.events.push({ type: 'town-line', port, event, mediaTs: at });
      }
      line.swap(this.law, this.blocks, (up, down) => {
        down.fill(SILENCE[this.law]);
        if (this.audioPorts.has(port)) this.exchange(port, up, down, mediaTs, nowMs);
      });
    }
    this.blocks++;
    this.runKeys();
  }

  private runKeys(): void {
    for (const held of [...this.keys]) {
      if (held.longAtMs !== undefined && this.hatMs >= held.longAtMs) {
        held.longAtMs = undefined;
        this.events.push({ type: 'key', key: held.key, action: 'long', mediaTs: this.mediaTs });
      }
      if (this.hatMs < held.untilMs) continue;
      this.keys.splice(this.keys.indexOf(held), 1);
      this.events.push({ type: 'key', key: held.key, action: 'up', mediaTs: this.mediaTs });
    }
  }
}

/** One socket and the phone in it, with the blocks that are under way between them and the host. */
class Line {
  readonly socket = new FxsPort();
  readonly phone = new Phone();
  /** The host's answers, played `prefillBlocks` later. */
  readonly fifo: Uint8Array;
  private readonly microphone: Int16Array;
  private readonly earpiece: Int16Array;
  private readonly up: Uint8Array;
  private readonly loop: Uint8Array;

  constructor(private readonly model: HatModel) {
    const { blockSamples, sampleRateHz } = model;
    this.fifo = new Uint8Array(blockSamples * model.prefillBlocks).fill(SILENCE.ulaw);
    this.microphone = new Int16Array(blockSamples);
    this.earpiece = new Int16Array(blockSamples);
    this.up = new Uint8Array(blockSamples);
    this.loop = new Uint8Array((blockSamples / sampleRateHz) * 1000);
  }

  /** Phone and socket act on each other for one block; gives what the socket noticed, with the millisecond. */
  *live() {
    this.phone.run(this.microphone, this.loop);
    for (let ms = 0; ms < this.loop.length; ms++) {
      const { wireFault } = this.phone;
      const event = this.socket.step(this.loop[ms] === 1 || wireFault === 'short', wireFault);
      this.phone.feel(this.socket.ringVoltage, this.socket.cadence, this.socket.callerId);
      this.phone.glow(this.socket.lampVoltage);
      if (event !== undefined) yield { event, ms };
    }
  }

  exchange(law: Law, block: number, answer: (up: Uint8Array, down: Uint8Array) => void): void {
    const { blockSamples, prefillBlocks } = this.model;
    const connected = this.phone.hook === 'off' && this.socket.powered;
    if (!connected) this.microphone.fill(0);
    encode(law, this.microphone, this.up);
    const slot = (block % prefillBlocks) * blockSamples;
    const down = this.fifo.subarray(slot, slot + blockSamples);
    if (connected) decode(law, down, this.earpiece);
    else {
      if (this.socket.powered && !this.socket.ringVoltage) {
        decode(law, down, this.earpiece);
        this.phone.read(this.earpiece);
      }
      this.earpiece.fill(0);
    }
    this.phone.hear(this.earpiece);
    answer(this.up, down);
  }
}

/** One town line, with the blocks that are under way between the host and the exchange. */
class TownLine {
  readonly fifo: Uint8Array;
  private readonly said: Int16Array;
  private readonly hears: Int16Array;
  private readonly up: Uint8Array;

  constructor(
    private readonly model: HatModel,
    readonly exchange: TownExchange,
  ) {
    const { blockSamples, prefillBlocks } = model;
    this.fifo = new Uint8Array(blockSamples * prefillBlocks).fill(SILENCE.ulaw);
    this.said = new Int16Array(blockSamples);
    this.hears = new Int16Array(blockSamples);
    this.up = new Uint8Array(blockSamples);
  }

  *live() {
    const { blockSamples, sampleRateHz } = this.model;
    for (let ms = 0; ms < (blockSamples / sampleRateHz) * 1000; ms++)
      for (const event of this.exchange.step()) yield { event, ms };
  }

  swap(law: Law, block: number, answer: (up: Uint8Array, down: Uint8Array) => void): void {
    const { blockSamples, prefillBlocks } = this.model;
    const slot = (block % prefillBlocks) * blockSamples;
    const down = this.fifo.subarray(slot, slot + blockSamples);
    decode(law, down, this.said);
    this.exchange.exchange(this.said, this.hears);
    encode(law, this.hears, this.up);
    answer(this.up, down);
  }
}
