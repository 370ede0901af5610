import { decode, encode, type Law } from 'node-pcm-codecs';
import { BRANCHLINE_HAT, type HatModel } from '../../board/hat.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import type { Counters } from '../../src/base/counters.ts';
import type { Log } from '../../src/base/log.ts';
import { earliest } from '../../src/base/machine.ts';
import type { Random } from '../../src/base/random.ts';
import type { ExchangeAudio, HatCommand, HatEvent, Light, LightColour } from '../hat-client.ts';
import { COLOUR_CODES } from '../messages.ts';
import { SerialHat } from '../serial-hat.ts';
import { BlockClock } from './block-clock.ts';
import { type Board, type Deeds, DRIVE_BITS, LINES, MS_PER_BLOCK, SAMPLES } from './board.ts';
import type { EmulatedHat } from './emulated-hat.ts';
import { LightMeter } from './light-meter.ts';
import { LineTap } from './line-tap.ts';
import { Phone } from './phone.ts';

export interface FirmwareHatOptions {
  readonly board: Board;
  /** The sockets that have a phone. */
  readonly ports: readonly number[];
  readonly exchange: ExchangeAudio;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
  /** How fast the HAT's crystal is, parts per million. */
  readonly ppm?: number;
  /** What the cable makes of what goes through it; a good one changes nothing. */
  readonly wire?: (bytes: Uint8Array) => Uint8Array;
}

const COLOURS = Object.keys(COLOUR_CODES) as LightColour[];
const FLASH_MS = 100;

/**
 * A HAT whose real firmware runs on an emulated board, with phones on its lines and the serial link to it in this
 * process: to the appliance the same as `PlainHat`, but every command, event and block goes over the wire.
 */
export class FirmwareHat implements EmulatedHat {
  readonly model: HatModel = BRANCHLINE_HAT;
  readonly serial: SerialHat;

  private readonly board: Board;
  private readonly lines: ReadonlyMap<number, Line>;
  private readonly meters = Array.from({ length: BRANCHLINE_HAT.leds }, () => new LightMeter());
  private readonly tap = new LineTap();
  private readonly clock: BlockClock;
  private readonly wire: (bytes: Uint8Array) => Uint8Array;
  private readonly loops = new Uint8Array(MS_PER_BLOCK);
  private readonly captured = new Uint8Array(SAMPLES * LINES);
  private held: { readonly key: string; leftMs: number }[] = [];
  private toBoard: Uint8Array[] = [];
  private cable: 'in' | 'out' = 'in';
  private law: Law = 'ulaw';
  private relayNow = false;
  private started = false;

  constructor(options: FirmwareHatOptions) {
    this.board = options.board;
    this.lines = new Map(options.ports.map((port) => [port, new Line()]));
    this.clock = new BlockClock(MS_PER_BLOCK / (1 + (options.ppm ?? 0) / 1e6));
    this.wire = options.wire ?? ((bytes) => bytes);
    this.serial = new SerialHat({ ...options, transmit: (bytes) => this.send(bytes) });
  }

  /** Blocks by which the process came too late. */
  get stalledBlocks(): number {
    return this.clock.stalledBlocks;
  }

  get lights(): readonly Light[] {
    return this.meters.map(({ light }) => light);
  }

  get ports(): readonly number[] {
    return [...this.lines.keys()];
  }

  /** Whether line 1 hangs on its line chip; else it has fallen through to the town line. */
  get relay(): boolean {
    return this.relayNow;
  }

  /** Whether a call runs over the town line past line 1's chip. */
  bypass = false;

  phone(port: number): Phone | undefined {
    return this.lines.get(port)?.phone;
  }

  /** A flash that a phone made for this line gives: the middle of the window it was told. */
  flashMs(port: number): number {
    return this.lines.get(port)?.flashMs ?? FLASH_MS;
  }

  /** Presses a key of the keypad for some time. False when it is not on the keypad or is down already. */
  press(key: string, ms: number): boolean {
    if (!this.model.keys.includes(key) || this.held.some((held) => held.key === key)) return false;
    this.held.push({ key, leftMs: ms });
    return true;
  }

  /** Pulls the cable out of the host, or puts it back. */
  plug(cable: 'in' | 'out', nowMs: number): void {
    this.cable = cable;
    this.toBoard = [];
    if (cable === 'out') this.serial.handleClosed(nowMs);
    else this.serial.handleOpened(nowMs);
  }

  command(command: HatCommand, nowMs: number): void {
    this.serial.command(command, nowMs);
    if (command.type !== 'line' || command.command.type !== 'configure') return;
    const { flashMinMs, flashMaxMs } = command.command.timing;
    const line = this.lines.get(command.port);
    if (line !== undefined) line.flashMs = Math.round((flashMinMs + flashMaxMs) / 2);
  }

  poll(): HatEvent | undefined {
    return this.serial.poll();
  }

  nextDeadline(): number {
    return earliest(this.clock.nextDeadline(), this.serial.nextDeadline())!;
  }

  handleTimeout(nowMs: number): void {
    this.tick(nowMs);
  }

  /** Lives up to `nowMs`; the first call starts the HAT's clock and opens its port. */
  tick(nowMs: number): void {
    if (!this.started) {
      this.started = true;
      this.serial.handleOpened(nowMs);
    }
    for (let due = this.clock.take(nowMs); due > 0; due--) this.runBlock(nowMs);
    this.serial.handleTimeout(nowMs);
  }

  close(): void {
    this.board.close();
  }

  private send(bytes: Uint8Array): void {
    if (this.cable === 'out') return;
    this.tap.watchHost(bytes);
    this.toBoard.push(this.wire(bytes));
  }

  private runBlock(nowMs: number): void {
    this.loops.fill(0);
    for (const [port, line] of this.lines) line.speak(port, this.law, this.loops, this.captured);
    const { loops, captured, bypass } = this;
    const uart = concatBytes(this.toBoard);
    this.toBoard = [];
    const deeds = this.board.run({ uart, loops, keys: this.takeKeys(), captured, bypass });
    this.law = deeds.law;
    this.relayNow = deeds.relay;
    this.tap.watchHat(deeds.uart);
    for (const [port, line] of this.lines) line.listen(port, deeds, this.tap);
    for (const [at, colour] of deeds.leds.entries()) this.meters[at % this.meters.length]!.step(COLOURS[colour]!);
    if (this.cable === 'in') this.serial.handleBytes(this.wire(deeds.uart), nowMs);
  }

  private takeKeys(): number {
    let keys = 0;
    for (const held of this.held) {
      keys |= 1 << this.model.keys.indexOf(held.key);
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
  private readonly codes = new Uint8Array(SAMPLES);
  private readonly loop = new Uint8Array(MS_PER_BLOCK);

  /** What the phone does for one block. */
  speak(port: number, law: Law, loops: Uint8Array, captured: Uint8Array): void {
    this.phone.run(this.sound, this.loop);
    const powered = (this.drive & DRIVE_BITS.battery) !== 0;
    for (const [ms, closed] of this.loop.entries()) if (closed === 1 && powered) loops[ms]! |= 1 << (port - 1);
    if (!this.connected) this.sound.fill(0);
    encode(law, this.sound, this.codes);
    for (const [i, code] of this.codes.entries()) captured[i * LINES + port - 1] = code;
  }

  /** What the board does to the phone in that block. */
  listen(port: number, deeds: Deeds, tap: LineTap): void {
    const told = tap.ringing(port);
    for (let ms = 0; ms < MS_PER_BLOCK; ms++) {
      this.drive = deeds.drives[ms * LINES + port - 1]!;
      const voltage = (this.drive & DRIVE_BITS.ringing) !== 0;
      this.rung = told !== undefined && (this.rung || voltage);
      this.phone.feel(voltage, this.rung ? told?.cadence : undefined, told?.callerId);
    }
    for (const i of this.codes.keys()) this.codes[i] = deeds.played[i * LINES + port - 1]!;
    if (this.connected) decode(deeds.law, this.codes, this.sound);
    else this.sound.fill(0);
    this.phone.hear(this.sound);
  }

  private get connected(): boolean {
    return this.phone.hook === 'off' && (this.drive & DRIVE_BITS.battery) !== 0;
  }
}
