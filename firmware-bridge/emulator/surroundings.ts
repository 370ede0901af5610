import { decode, encode, type Law } from 'node-pcm-codecs';
import { BRANCHLINE_HAT } from '../../board/hat.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import type { LineTiming } from '../../src/base/line-port.ts';
import type { Light, LightColour } from '../hat-client.ts';
import { COLOUR_CODES } from '../messages.ts';
import { type Deeds, DRIVE_BITS, FULL_SHIFT, LINES, MS_PER_BLOCK, SAMPLES, type World } from './board.ts';
import { LightMeter } from './light-meter.ts';
import { LineTap } from './line-tap.ts';
import { Phone } from './phone.ts';
import type { TownExchange } from './town-exchange.ts';
import { TownWires } from './town-wires.ts';

const COLOURS = Object.keys(COLOUR_CODES) as LightColour[];
const FLASH_MS = 100;
const RELAY_PORT = 1;

export interface SurroundingsOptions {
  /** The sockets that have a phone. */
  readonly ports: readonly number[];
  /** The exchange behind each socket of a town line. */
  readonly townLines?: ReadonlyMap<number, TownExchange>;
  /** What the relay lets line 1 fall onto, without which its phone hangs on the line chip whatever the relay does. */
  readonly relayLine?: TownExchange | undefined;
}

/** What surrounds an emulated board: a phone or an exchange on each of its lines, fingers on its keys, eyes on its LEDs. */
export class Surroundings {
  /** Whether a call runs over the town line past line 1's chip. */
  bypass = false;
  private readonly lines: ReadonlyMap<number, Line>;
  private readonly town: ReadonlyMap<number, TownWires>;
  private readonly relayLine: TownExchange | undefined;
  private readonly meters = Array.from({ length: BRANCHLINE_HAT.leds }, () => new LightMeter());
  private readonly tap = new LineTap();
  private readonly loops = new Uint8Array(MS_PER_BLOCK);
  private readonly volts = new Uint8Array(MS_PER_BLOCK);
  private readonly captured = new Uint8Array(SAMPLES * LINES);
  private held: { readonly key: string; leftMs: number }[] = [];
  private toBoard: Uint8Array[] = [];
  private law: Law = 'ulaw';
  private relayNow = false;
  /** Where line 1 hangs in this block, if not on its line chip. */
  private fallen: TownExchange | undefined;

  constructor({ ports, townLines = new Map(), relayLine }: SurroundingsOptions) {
    this.lines = new Map(ports.map((port) => [port, new Line()]));
    this.town = new Map([...townLines].map(([port, exchange]) => [port, new TownWires(port, exchange)]));
    this.relayLine = relayLine;
  }

  get ports(): readonly number[] {
    return [...this.lines.keys()];
  }

  get townPorts(): readonly number[] {
    return [...this.town.keys()];
  }

  /** The exchange behind a town line, undefined where there is none. */
  townLine(port: number): TownExchange | undefined {
    return this.town.get(port)?.exchange;
  }

  get lights(): readonly Light[] {
    return this.meters.map(({ light }) => light);
  }

  /** Whether line 1 hangs on its line chip; else it has fallen through to the town line. */
  get relay(): boolean {
    return this.relayNow;
  }

  phone(port: number): Phone | undefined {
    return this.lines.get(port)?.phone;
  }

  /** A flash that a phone made for this line gives: the middle of the window it was told. */
  flashMs(port: number): number {
    return this.lines.get(port)?.flashMs ?? FLASH_MS;
  }

  /** Phones know what flash their line takes, as the country's do. */
  noteTiming(port: number, { flashMinMs, flashMaxMs }: LineTiming): void {
    const line = this.lines.get(port);
    if (line !== undefined) line.flashMs = Math.round((flashMinMs + flashMaxMs) / 2);
  }

  /** Presses a key of the keypad for some time. False when it is not on the keypad or is down already. */
  press(key: string, ms: number): boolean {
    if (!BRANCHLINE_HAT.keys.includes(key) || this.held.some((held) => held.key === key)) return false;
    this.held.push({ key, leftMs: ms });
    return true;
  }

  /** What comes out of the wire at the board's end; the board reads it in the next block. */
  feed(bytes: Uint8Array): void {
    this.tap.watchHost(bytes);
    this.toBoard.push(bytes);
  }

  /** What was under way to the board is lost. */
  cutWire(): void {
    this.toBoard = [];
  }

  /** What the board finds in its next block. The arrays are used again for the one after. */
  begin(): World {
    this.loops.fill(0);
    this.volts.fill(0);
    this.fallen = this.relayNow ? undefined : this.relayLine;
    for (const [port, line] of this.lines) {
      if (port === RELAY_PORT && this.fallen !== undefined) line.bypass(this.fallen);
      else line.speak(port, this.law, this.loops, this.volts, this.captured);
    }
    const { loops, volts, captured } = this;
    for (const wires of this.town.values())
      if (wires.exchange === this.fallen) wires.watch(loops, volts);
      else wires.speak(this.law, loops, volts, captured);
    const bypass = this.bypass || this.fallen?.isSeized === true;
    const uart = concatBytes(this.toBoard);
    this.toBoard = [];
    return { uart, loops, volts, keys: this.takeKeys(), captured, bypass };
  }

  /** What the board did in that block, but for what it said on the wire. */
  end(deeds: Deeds): void {
    this.law = deeds.law;
    this.relayNow = deeds.relay;
    this.tap.watchHat(deeds.uart);
    for (const [port, line] of this.lines)
      if (port !== RELAY_PORT || this.fallen === undefined) line.listen(port, deeds, this.tap);
    for (const wires of this.town.values()) wires.listen(deeds);
    for (const [at, colour] of deeds.leds.entries()) this.meters[at % this.meters.length]!.step(COLOURS[colour]!);
  }

  private takeKeys(): number {
    let keys = 0;
    for (const held of this.held) {
      keys |= 1 << BRANCHLINE_HAT.keys.indexOf(held.key);
      held.leftMs -= MS_PER_BLOCK;
    }
    this.held = this.held.filter(({ leftMs }) => leftMs > 0);
    return keys;
  }
}

/** A phone on its line. */
class Line {
  readonly phone = new Phone();
  flashMs = FLASH_MS;
  private drive: number = DRIVE_BITS.battery;
  private rung = false;
  private readonly sound = new Int16Array(SAMPLES);
  private readonly heard = new Int16Array(SAMPLES);
  private readonly codes = new Uint8Array(SAMPLES);
  private readonly loop = new Uint8Array(MS_PER_BLOCK);

  /** What the phone does for one block. */
  speak(port: number, law: Law, loops: Uint8Array, volts: Uint8Array, captured: Uint8Array): void {
    this.phone.run(this.sound, this.loop);
    const powered = (this.drive & DRIVE_BITS.battery) !== 0;
    const bit = 1 << (port - 1);
    const { wireFault } = this.phone;
    for (const [ms, closed] of this.loop.entries()) {
      if (powered && (closed === 1 || wireFault === 'short')) loops[ms]! |= bit;
      if (wireFault !== undefined && wireFault !== 'ground') volts[ms]! |= bit;
      if (wireFault !== undefined && wireFault !== 'short') volts[ms]! |= bit << FULL_SHIFT;
    }
    if (!this.connected) this.sound.fill(0);
    encode(law, this.sound, this.codes);
    for (const [i, code] of this.codes.entries()) captured[i * LINES + port - 1] = code;
  }

  /** The same where the phone hangs on the town line, past its line chip. */
  bypass(exchange: TownExchange): void {
    this.phone.run(this.sound, this.loop);
    for (const closed of this.loop) {
      exchange.command({ type: 'loop', closed: closed === 1 });
      for (const event of exchange.step()) if (event.type === 'ringing') this.rung = event.on;
      this.phone.feel(this.rung, exchange.state === 'ringing' ? exchange.cadence : undefined, undefined);
    }
    exchange.exchange(this.sound, this.heard);
    this.phone.hear(this.heard);
  }

  /** What the board does to the phone in that block. */
  listen(port: number, deeds: Deeds, tap: LineTap): void {
    const told = tap.ringing(port);
    for (let ms = 0; ms < MS_PER_BLOCK; ms++) {
      this.drive = deeds.drives[ms * LINES + port - 1]!;
      const voltage = (this.drive & DRIVE_BITS.ringing) !== 0;
      this.rung = told !== undefined && (this.rung || voltage);
      this.phone.feel(voltage, this.rung ? told?.cadence : undefined, told?.callerId);
      this.phone.glow((this.drive & DRIVE_BITS.lamp) !== 0);
    }
    for (const i of this.codes.keys()) this.codes[i] = deeds.played[i * LINES + port - 1]!;
    decode(deeds.law, this.codes, this.sound);
    if (!this.connected) {
      if ((this.drive & DRIVE_BITS.battery) !== 0 && (this.drive & DRIVE_BITS.ringing) === 0)
        this.phone.read(this.sound);
      this.sound.fill(0);
    }
    this.phone.hear(this.sound);
  }

  private get connected(): boolean {
    return this.phone.hook === 'off' && (this.drive & DRIVE_BITS.battery) !== 0;
  }
}
