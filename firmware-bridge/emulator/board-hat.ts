import { BRANCHLINE_HAT, type HatModel } from '../../board/hat.ts';
import type { Counters } from '../../src/base/counters.ts';
import type { Log } from '../../src/base/log.ts';
import { earliest } from '../../src/base/machine.ts';
import type { Random } from '../../src/base/random.ts';
import type { ExchangeAudio, HatCommand, HatEvent, Light } from '../hat-client.ts';
import { SerialHat } from '../serial-hat.ts';
import { BlockClock } from './block-clock.ts';
import { MS_PER_BLOCK } from './board.ts';
import type { EmulatedHat } from './emulated-hat.ts';
import type { Phone } from './phone.ts';
import { Surroundings, type SurroundingsOptions } from './surroundings.ts';
import type { TownExchange } from './town-exchange.ts';

export interface BoardHatOptions extends SurroundingsOptions {
  readonly exchange: ExchangeAudio;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
  /** How fast the HAT's crystal is, parts per million. */
  readonly ppm?: number;
}

/**
 * A HAT whose real firmware runs on an emulated board, wherever that runs, with the host's end of its serial link: to the
 * appliance the same as `PlainHat`, but every command, event and block goes over the wire.
 */
export abstract class BoardHat implements EmulatedHat {
  readonly model: HatModel = BRANCHLINE_HAT;
  readonly serial: SerialHat;
  readonly surroundings: Surroundings;
  protected readonly clock: BlockClock;

  constructor(options: BoardHatOptions) {
    this.surroundings = new Surroundings(options);
    this.clock = new BlockClock(MS_PER_BLOCK / (1 + (options.ppm ?? 0) / 1e6));
    this.serial = new SerialHat({ ...options, transmit: (bytes) => this.transmit(bytes) });
  }

  /** Puts what the host says on the wire. */
  protected abstract transmit(bytes: Uint8Array): void;
  abstract tick(nowMs: number): void;

  get stalledBlocks(): number {
    return this.clock.stalledBlocks;
  }

  get lights(): readonly Light[] {
    return this.surroundings.lights;
  }

  get ports(): readonly number[] {
    return this.surroundings.ports;
  }

  get townPorts(): readonly number[] {
    return this.surroundings.townPorts;
  }

  townLine(port: number): TownExchange | undefined {
    return this.surroundings.townLine(port);
  }

  phone(port: number): Phone | undefined {
    return this.surroundings.phone(port);
  }

  flashMs(port: number): number {
    return this.surroundings.flashMs(port);
  }

  press(key: string, ms: number): boolean {
    return this.surroundings.press(key, ms);
  }

  command(command: HatCommand, nowMs: number): void {
    this.serial.command(command, nowMs);
    if (command.type === 'line' && command.command.type === 'configure')
      this.surroundings.noteTiming(command.port, command.command.timing);
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
}
