import type { HatModel } from '../../board/hat.ts';
import type { Machine } from '../../src/base/machine.ts';
import type { HatClient, HatEvent, Light } from '../hat-client.ts';
import type { Phone } from './phone.ts';
import type { TownExchange } from './town-exchange.ts';

/** A HAT without hardware, whatever runs it, with phones that can be driven. */
export interface EmulatedHat extends HatClient, Machine<HatEvent> {
  readonly model: HatModel;
  /** The sockets that have a phone. */
  readonly ports: readonly number[];
  /** What each LED shows. */
  readonly lights: readonly Light[];
  /** Blocks by which the process came too late. */
  readonly stalledBlocks: number;
  /** The phone in a socket, undefined where there is none. */
  phone(port: number): Phone | undefined;
  /** The sockets that have a town exchange behind them. */
  readonly townPorts: readonly number[];
  /** The exchange behind a socket, undefined where there is none. */
  townLine(port: number): TownExchange | undefined;
  /** A flash that a phone made for this line gives: the middle of its window. */
  flashMs(port: number): number;
  /** Presses a key of the keypad for some time. False when it is not on the keypad or is down already. */
  press(key: string, ms: number): boolean;
  /** The end of the block that runs; at once before the first `tick`. */
  nextDeadline(): number;
  /** Lives up to `nowMs`; the first call starts the HAT's clock. */
  tick(nowMs: number): void;
}
