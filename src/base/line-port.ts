/**
 * The seam between what a line does (`src/lines`) and the hardware that it hangs on (`firmware-bridge`). Commands carry
 * absolute state, never toggles, so that one that is sent twice does no harm. Timing that a host cannot keep (cadence,
 * flash, pulses) is data here and is done by the hardware on its own sample clock.
 */
export type LineCommand =
  | { readonly type: 'configure'; readonly timing: LineTiming }
  /** Rings until `ring-stop` or until the handset is lifted. */
  | { readonly type: 'ring'; readonly cadence: RingCadence; readonly callerId?: CallerId }
  | { readonly type: 'ring-stop' }
  /** Interrupts the loop current once: how answering machines and door stations learn that the far end is gone. */
  | { readonly type: 'cpc'; readonly ms: number }
  | { readonly type: 'polarity'; readonly reversed: boolean }
  /**
   * Blinks the neon lamp of message waiting by a high voltage on the line, while the handset is down and nothing rings. `onMs` 0
   * is dark, `offMs` 0 is steady.
   */
  | { readonly type: 'lamp'; readonly onMs: number; readonly offMs: number };

export type LineEvent =
  /** Debounced; `on` only when the loop was open for longer than a flash. */
  | { readonly type: 'hook'; readonly hook: Hook }
  | { readonly type: 'flash'; readonly ms: number }
  /** One digit of a rotary dial, as the number of its loop breaks; what digit that is differs by country. */
  | { readonly type: 'pulses'; readonly breaks: number }
  /** What is wrong with the line, undefined when it is sound again. */
  | { readonly type: 'fault'; readonly fault: LineFault | undefined };

/** Its wires touch, one of them touches earth, or what feeds it is too hot and rests. */
export type LineFault = 'short' | 'ground' | 'over-temperature';

export type Hook = 'on' | 'off';

/** Ms of ringing, of silence, of ringing, …; repeats. */
export type RingCadence = readonly number[];

/** What the called phone may show; an empty field is withheld or not known. */
export interface CallerId {
  readonly number: string;
  readonly name: string;
  /** The caller does not want to be shown; else an empty number is one that is not known. */
  readonly isWithheld?: boolean;
}

/** How the hardware tells an open loop apart, all ms. */
export interface LineTiming {
  /** A closed loop shorter than this is a bounce. */
  readonly debounceMs: number;
  /** A closed loop during ringing for this long is an answer. */
  readonly ringTripMs: number;
  readonly flashMinMs: number;
  readonly flashMaxMs: number;
  /** The loop open for this long: the handset is down. Longer than any flash. */
  readonly hangupMs: number;
  readonly pulseBreakMinMs: number;
  /** A break up to this long is a dial pulse; 0 = pulse dialling is off. */
  readonly pulseBreakMaxMs: number;
  /** The loop closed for this long after a pulse: the digit is complete. */
  readonly pulseDigitEndMs: number;
}

/** What the host asks of the port of a town line (FXO): there we are the telephone. */
export type TownLineCommand =
  /** Closes the loop, which seizes the line or answers it, or opens it. */
  | { readonly type: 'loop'; readonly closed: boolean }
  /** Opens a closed loop for a moment: the recall of the exchange. */
  | { readonly type: 'flash'; readonly ms: number };

export type TownLineEvent =
  /** Ringing voltage, `on` at the beginning of each burst and not at its end; bursts that are too short are none. */
  | { readonly type: 'ringing'; readonly on: boolean }
  | { readonly type: 'polarity'; readonly reversed: boolean }
  /** The exchange interrupted the current of a closed loop for so long. */
  | { readonly type: 'loop-break'; readonly ms: number }
  /** What is on the line while our loop is open: nothing, a telephone beside us that is lifted, or a line at rest. */
  | { readonly type: 'voltage'; readonly volts: 0 | 9 | 48 };
