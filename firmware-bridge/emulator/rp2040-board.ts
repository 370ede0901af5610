import { ConsoleLogger, GPIOPinState, LogLevel, type RP2040, Simulator } from 'rp2040js';
import { BRANCHLINE_HAT } from '../../board/hat.ts';
import type { LightColour } from '../hat-client.ts';
import { COLOUR_CODES } from '../messages.ts';
import { type Board, type Deeds, DRIVE_BITS, LINES, MS_PER_BLOCK, SAMPLES, type Sockets, type World } from './board.ts';
import { type PioProgram, Rp2040Pio } from './rp2040-pio.ts';
import { Rp2040Uart } from './rp2040-uart.ts';

export interface Rp2040BoardOptions extends Sockets {
  /** What would be written to the flash: `board/firmware/prebuilt/hat-rp2040.bin`. */
  readonly image: Uint8Array;
}

/** A bit for each line that has a module of the kind. */
interface Modules {
  readonly slic: number;
  readonly daa: number;
}

const NANOS_PER_MS = 1_000_000;
const FLASH_STAGE_BYTES = 256;
/** Where the ROM copies the second stage before it starts it. */
const STAGE_ADDRESS = 0x2004_1f00;
const RAM_ADDRESS = 0x2000_0000;
const IDLE = 0xff;

const UART0 = 0x40034;
const PIO0 = 0x50200;
const WATCHDOG = 0x40058;

const PIN = { rows: 4, columns: 8, relay: 13, bypass: 14, latch: 20 } as const;
const OUTPUT_BITS = { ringMode: 1, loop: 1, reverse: 2, powerDown: 4, aLaw: 8 } as const;

interface Watchdog {
  onWatchdogTrigger: () => void;
  reason: number;
  readonly scratchData: Uint32Array;
}

/** The shipped firmware on an emulated RP2040, with the board's circuits around it. Time is the emulated chip's. */
export class Rp2040Board implements Board {
  private chip: Chip;
  private readonly modules: Modules;

  constructor(private readonly options: Rp2040BoardOptions) {
    checkStage(options.image);
    this.modules = { slic: maskOf(options.ports), daa: maskOf(options.townPorts ?? []) };
    this.chip = new Chip(options.image, this.modules);
  }

  /** What the firmware has told the state machine that is the PCM highway. */
  get highway(): PioProgram {
    return this.chip.pio.highway;
  }

  /** What the wire runs at, by the firmware's divider. */
  get baud(): number {
    return this.chip.uart.baud;
  }

  /** Instructions since the chip was powered up or reset. */
  get instructions(): number {
    return this.chip.instructions;
  }

  run(world: World): Deeds {
    const deeds = this.chip.run(world);
    // The library cannot reset a chip without erasing its flash, so there is a new one.
    if (this.chip.watchdogBit) this.chip = new Chip(this.options.image, this.modules, this.chip);
    return deeds;
  }

  close(): void {}
}

class Chip {
  readonly uart: Rp2040Uart;
  readonly pio: Rp2040Pio;
  instructions = 0;
  /** The watchdog wants a reset. */
  watchdogBit = false;

  private readonly rp2040: RP2040;
  private readonly clock;
  private readonly drives = new Uint8Array(MS_PER_BLOCK * LINES);
  private readonly leds = new Uint8Array(MS_PER_BLOCK * BRANCHLINE_HAT.leds);
  private readonly ledNow = new Uint8Array(BRANCHLINE_HAT.leds);
  private readonly played = new Uint8Array(SAMPLES * LINES);
  private captured: Uint8Array = new Uint8Array(SAMPLES * LINES).fill(IDLE);
  private sample = 0;
  private ledAt = 0;
  private keys = 0;
  private loops = 0;
  private volts = 0;
  private shifted = 0;
  private latched = 0;
  /** A bit for each line whose high voltage alternates. */
  private alternating = 0;
  private untilNanos = 0;

  constructor(
    image: Uint8Array,
    private readonly modules: Modules,
    before?: Chip,
  ) {
    const simulator = new Simulator();
    this.clock = simulator.clock;
    this.rp2040 = simulator.rp2040;
    const { rp2040 } = this;
    rp2040.logger = new ConsoleLogger(LogLevel.Error, true);
    this.uart = new Rp2040Uart(rp2040);
    this.pio = new Rp2040Pio(
      rp2040,
      (toLines) => this.exchangeFrame(toLines),
      (word) => this.showLed(word),
    );
    rp2040.peripherals[UART0] = this.uart;
    rp2040.peripherals[PIO0] = this.pio;
    this.attachLines();
    this.attachKeypad();
    const watchdog = rp2040.peripherals[WATCHDOG] as unknown as Watchdog;
    watchdog.onWatchdogTrigger = () => (this.watchdogBit = true);
    if (before !== undefined) {
      const old = before.rp2040.peripherals[WATCHDOG] as unknown as Watchdog;
      watchdog.scratchData.set(old.scratchData);
      watchdog.reason = old.reason;
    }
    rp2040.flash.set(image);
    rp2040.sram.set(image.subarray(0, FLASH_STAGE_BYTES), STAGE_ADDRESS - RAM_ADDRESS);
    rp2040.core.PC = STAGE_ADDRESS;
  }

  run(world: World): Deeds {
    this.uart.feed(world.uart);
    this.captured = world.captured;
    this.sample = 0;
    this.played.fill(IDLE);
    this.keys = world.keys;
    this.rp2040.gpio[PIN.bypass]!.setInputValue(!world.bypass);
    for (let ms = 0; ms < MS_PER_BLOCK; ms++) {
      this.loops = world.loops[ms]! & (this.modules.slic | this.modules.daa);
      this.volts = world.volts[ms]!;
      this.readKeypad();
      this.untilNanos += NANOS_PER_MS;
      this.live();
      for (let line = 0; line < LINES; line++) this.drives[ms * LINES + line] = this.driveOf(line);
      this.leds.set(this.ledNow, ms * this.ledNow.length);
    }
    return {
      uart: this.uart.takeSent(),
      drives: this.drives,
      leds: this.leds,
      law: (this.latched & OUTPUT_BITS.aLaw) !== 0 ? 'alaw' : 'ulaw',
      relay: this.rp2040.gpio[PIN.relay]!.value === GPIOPinState.High,
      played: this.played,
    };
  }

  private live(): void {
    const { clock, rp2040, untilNanos } = this;
    const { core } = rp2040;
    while (clock.nanos < untilNanos && !this.watchdogBit) {
      if (core.waiting && !core.interruptsUpdated) {
        clock.tick(Math.min(clock.nanosToNextAlarm, untilNanos - clock.nanos));
        continue;
      }
      const cycles = core.executeInstruction();
      clock.tick((cycles * 1e9) / rp2040.clkSys);
      this.instructions++;
    }
  }

  // ---- lines

  /** Two shift registers towards the line modules, two from them, loaded and shown by the latch. */
  private attachLines(): void {
    const spi = this.rp2040.spi[0]!;
    spi.onTransmit = (word) => {
      this.shifted = word;
      spi.completeTransmit((this.straps() << 12) | (this.loops << 8) | this.volts);
    };
    this.rp2040.gpio[PIN.latch]!.addListener((state) => {
      if (state === GPIOPinState.High) this.latch(this.shifted);
    });
  }

  /** In ring mode a module's voltage is high: alternating, which is ringing, once it turns, else standing still. */
  private latch(outputs: number): void {
    for (let line = 0; line < LINES; line++) {
      const [before, bits] = [this.latched >> (4 * line), outputs >> (4 * line)];
      if ((bits & OUTPUT_BITS.ringMode) === 0) this.alternating &= ~(1 << line);
      else if (((before ^ bits) & OUTPUT_BITS.reverse) !== 0) this.alternating |= 1 << line;
    }
    this.latched = outputs;
  }

  /** A SLIC module pulls its strap low, a DAA module ties it to "power down", a missing one leaves it high. */
  private straps(): number {
    let straps = ~(this.modules.slic | this.modules.daa) & 15;
    for (let line = 0; line < LINES; line++)
      if (((this.latched >> (4 * line)) & OUTPUT_BITS.powerDown) !== 0) straps |= this.modules.daa & (1 << line);
    return straps;
  }

  private driveOf(line: number): number {
    const bits = this.latched >> (4 * line);
    if ((this.modules.daa & (1 << line)) !== 0) return (bits & OUTPUT_BITS.loop) !== 0 ? DRIVE_BITS.loop : 0;
    const high = (bits & OUTPUT_BITS.ringMode) !== 0;
    const ringing = (this.alternating & (1 << line)) !== 0;
    const reversed = !ringing && (bits & OUTPUT_BITS.reverse) !== 0;
    const battery = (bits & OUTPUT_BITS.powerDown) === 0;
    const { battery: powered, ringing: rings, reversed: turned, lamp } = DRIVE_BITS;
    return (battery ? powered : 0) | (ringing ? rings : high ? lamp : 0) | (reversed ? turned : 0);
  }

  private exchangeFrame(toLines: number): number {
    const at = LINES * this.sample++;
    if (at >= this.captured.length) return 0xffff_ffff;
    let fromLines = 0;
    for (let line = 0; line < LINES; line++) {
      this.played[at + line] = toLines >>> (24 - 8 * line);
      fromLines = (fromLines << 8) | this.captured[at + line]!;
    }
    return fromLines >>> 0;
  }

  // ---- keypad and LEDs

  private attachKeypad(): void {
    for (let row = 0; row < 4; row++) this.rp2040.gpio[PIN.rows + row]!.addListener(() => this.readKeypad());
  }

  /** A column is pulled low by a held key in a row that is driven low. */
  private readKeypad(): void {
    let low = 0;
    for (let row = 0; row < 4; row++) {
      if (this.rp2040.gpio[PIN.rows + row]!.value === GPIOPinState.Low) low |= (this.keys >> (4 * row)) & 15;
    }
    for (let column = 0; column < 4; column++)
      this.rp2040.gpio[PIN.columns + column]!.setInputValue(((low >> column) & 1) === 0);
  }

  private showLed(word: number): void {
    this.ledNow[this.ledAt] = COLOUR_CODES[colourOf(word)];
    this.ledAt = (this.ledAt + 1) % this.ledNow.length;
  }
}

function maskOf(ports: readonly number[]): number {
  return ports.reduce((mask, port) => mask | (1 << (port - 1)), 0);
}

function colourOf(word: number): LightColour {
  const [green, red, blue] = [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff];
  if (blue > 0) return green > 0 ? 'white' : 'blue';
  if (red > 0) return green > 0 ? 'amber' : 'red';
  return green > 0 ? 'green' : 'off';
}

/** As the ROM does: the last word of the second stage is the CRC-32 of the rest. */
function checkStage(image: Uint8Array): void {
  const stage = image.subarray(0, FLASH_STAGE_BYTES);
  if (stage.length < FLASH_STAGE_BYTES) throw new Error('The image is too short to hold a second stage.');
  let crc = 0xffff_ffff;
  for (const byte of stage.subarray(0, FLASH_STAGE_BYTES - 4)) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000_0000) !== 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  const stored = new DataView(stage.buffer, stage.byteOffset).getUint32(FLASH_STAGE_BYTES - 4, true);
  if (crc >>> 0 !== stored)
    throw new Error('The second stage of the image has a wrong CRC: the ROM would not start it.');
}
