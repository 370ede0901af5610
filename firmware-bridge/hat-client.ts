import { BRANCHLINE_HAT } from '../board/hat.ts';
import type { LineCommand, LineEvent, TownLineCommand, TownLineEvent } from '../src/base/line-port.ts';
import type { Law } from '../src/base/media-port.ts';

/**
 * The host's end of a telephony HAT, the same for the serial link and for the emulators behind it. Commands are acked
 * and repeated by the link below; audio is not: a lost block is idle code.
 */
export interface HatClient {
  command(command: HatCommand, nowMs: number): void;
  /** The next event, or undefined when drained. */
  poll(): HatEvent | undefined;
}

export type HatCommand =
  | { readonly type: 'line'; readonly port: number; readonly command: LineCommand }
  | { readonly type: 'town-line'; readonly port: number; readonly command: TownLineCommand }
  /** Which lines carry audio from now on, and how it is coded. */
  | { readonly type: 'audio'; readonly ports: readonly number[]; readonly law: Law }
  | { readonly type: 'led'; readonly led: number; readonly light: Light };

/** What an LED shows: a colour that is on for `onMs` and off for `offMs` in turn; `offMs` 0 is steady. */
export interface Light {
  readonly colour: LightColour;
  readonly onMs: number;
  readonly offMs: number;
}

export type LightColour = 'off' | 'green' | 'amber' | 'red' | 'blue' | 'white';

/** LEDs of the HAT, one beside each socket. */
export const LEDS = BRANCHLINE_HAT.leds;

export const DARK: Light = { colour: 'off', onMs: 0, offMs: 0 };

/** `mediaTs` is the HAT's sample clock at the event: 8 kHz samples, modulo 2^32. It says when, however late the host is. */
export type HatEvent =
  /** The HAT has started, or was reset: every line must be configured again. A new `bootId` tells a reset. */
  | { readonly type: 'hello'; readonly bootId: number; readonly board: string; readonly ports: readonly HatPort[] }
  /** It does not answer any longer, for a reason in kebab-case: no line works until the next hello. */
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'line'; readonly port: number; readonly event: LineEvent; readonly mediaTs: number }
  | { readonly type: 'town-line'; readonly port: number; readonly event: TownLineEvent; readonly mediaTs: number }
  | { readonly type: 'key'; readonly key: string; readonly action: KeyAction; readonly mediaTs: number };

export type KeyAction = 'down' | 'up' | 'long';

export interface HatPort {
  readonly port: number;
  readonly kind: 'fxs' | 'fxo';
}

/**
 * Where the HAT's audio goes: called once per line and 10 ms block, in the order of the HAT's clock, which is the clock
 * of all media. `down` comes with idle code and is filled with the answer before the call returns; both arrays belong to
 * the caller.
 */
export type ExchangeAudio = (port: number, up: Uint8Array, down: Uint8Array, mediaTs: number, nowMs: number) => void;
