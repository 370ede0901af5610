import type { Random } from '../base/random.ts';
import type { WallClock } from './wall-clock.ts';

/** What a device or a hint is doing, in the words of `DEVICE_STATE`. */
export type DeviceState =
  | 'UNKNOWN'
  | 'NOT_INUSE'
  | 'INUSE'
  | 'BUSY'
  | 'INVALID'
  | 'UNAVAILABLE'
  | 'RINGING'
  | 'RINGINUSE'
  | 'ONHOLD';

/** What the dialplan asks of the switch that runs it. */
export interface Environment {
  readonly clock: WallClock;
  readonly random: Random;
  /** Global variables, shared by all calls. What is not in it is looked up in the dialplan's `[globals]`. */
  readonly globals: Map<string, string>;
  /** The dial strings of the local lines and phones that have this extension: `LINE/1`, `SIP/211`. */
  devices(number: string): readonly string[];
  deviceState(device: string): DeviceState;
  /** Outside the office hours, or by the night-mode key. */
  night(): boolean;
  /** Where `Set(DB(family/key)=…)` keeps its values; without one, values live as long as the environment's owner says. */
  readonly database?: Map<string, string>;
  /** What NoOp, Verbose and Log print, and warnings of the run; free of secrets. */
  log?(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}
