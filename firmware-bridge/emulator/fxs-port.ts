import type {
  CallerId,
  Hook,
  LineCommand,
  LineEvent,
  LineFault,
  LineTiming,
  RingCadence,
} from '../../src/base/line-port.ts';
import { LoopClassifier } from './loop-classifier.ts';

/** Until the host has configured the line: wide enough for every country. */
const UNCONFIGURED: LineTiming = {
  debounceMs: 30,
  ringTripMs: 100,
  flashMinMs: 300,
  flashMaxMs: 1000,
  hangupMs: 1150,
  pulseBreakMinMs: 30,
  pulseBreakMaxMs: 100,
  pulseDigitEndMs: 200,
};

/** After an interruption the loop needs this long until its current says again what the phone does. */
const LOOP_SETTLE_MS = 50;
/** A fault must stand, or be gone, for so long. */
const FAULT_MS = 200;

/** The electrical side of one FXS socket: battery, ringing generator and loop current, on the HAT's millisecond. */
export class FxsPort {
  private timing = UNCONFIGURED;
  private readonly loop = new LoopClassifier(UNCONFIGURED);
  private ring: { readonly cadence: RingCadence; readonly callerId: CallerId | undefined } | undefined;
  private ringForMs = 0;
  private lamp = { onMs: 0, offMs: 0 };
  private lampForMs = 0;
  private interruptedForMs = 0;
  private settlingForMs = 0;
  private reversed = false;
  private fault: LineFault | undefined;
  private faultSeen: LineFault | undefined;
  private faultForMs = 0;

  /** As classified. */
  get hook(): Hook {
    return this.loop.hook;
  }

  /** The cadence in which the line is being rung, in its pauses, too. */
  get cadence(): RingCadence | undefined {
    return this.ring?.cadence;
  }

  get callerId(): CallerId | undefined {
    return this.ring?.callerId;
  }

  /** Whether ringing voltage is on the line in this millisecond. */
  get ringVoltage(): boolean {
    if (this.ring === undefined) return false;
    const { cadence } = this.ring;
    let at = this.ringForMs % cadence.reduce((sum, ms) => sum + ms, 0);
    for (const [i, ms] of cadence.entries()) {
      if (at < ms) return i % 2 === 0;
      at -= ms;
    }
    return false;
  }

  /** Whether the voltage of a neon lamp is on the line in this millisecond. */
  get lampVoltage(): boolean {
    return this.lampBlinks && this.powered && this.lampForMs < this.lamp.onMs;
  }

  /** Whether a lifted handset has current. */
  get powered(): boolean {
    return this.interruptedForMs === 0 && this.fault !== 'over-temperature';
  }

  /** A flash that a phone made for this line gives: the middle of its window. */
  get flashMs(): number {
    return Math.round((this.timing.flashMinMs + this.timing.flashMaxMs) / 2);
  }

  get polarityReversed(): boolean {
    return this.reversed;
  }

  command(command: LineCommand): void {
    switch (command.type) {
      case 'configure':
        this.timing = command.timing;
        this.loop.configure(command.timing);
        break;
      case 'ring':
        if (this.hook === 'off' || this.ring !== undefined || command.cadence.every((ms) => ms <= 0)) break;
        this.ring = { cadence: command.cadence, callerId: command.callerId };
        this.ringForMs = 0;
        break;
      case 'ring-stop':
        this.ring = undefined;
        break;
      case 'cpc':
        this.interruptedForMs = command.ms;
        break;
      case 'polarity':
        this.reversed = command.reversed;
        break;
      case 'lamp':
        if (command.onMs !== this.lamp.onMs || command.offMs !== this.lamp.offMs) this.lampForMs = 0;
        this.lamp = { onMs: command.onMs, offMs: command.offMs };
        break;
    }
  }

  /** One millisecond; `closed` is what the phone does with the loop. */
  step(closed: boolean, fault?: LineFault): LineEvent | undefined {
    if (this.followFault(fault)) return { type: 'fault', fault };
    if (this.fault === 'over-temperature') return undefined;
    if (this.interruptedForMs > 0) {
      // No current flows, whatever the phone does: that is no hang-up.
      if (--this.interruptedForMs === 0) this.settlingForMs = LOOP_SETTLE_MS;
      return undefined;
    }
    if (this.settlingForMs > 0) {
      this.settlingForMs--;
      return undefined;
    }
    // The edges of the lamp's voltage charge a bell's capacitor, which looks like a lifted handset for a while.
    const event = this.loop.step(closed, this.ring !== undefined || this.lampBlinks);
    if (this.lampBlinks && ++this.lampForMs >= this.lamp.onMs + this.lamp.offMs) this.lampForMs = 0;
    if (this.ring !== undefined) this.ringForMs++;
    if (event?.type === 'hook' && event.hook === 'off') this.ring = undefined;
    return event;
  }

  private get lampBlinks(): boolean {
    return this.lamp.onMs > 0 && this.hook === 'on' && this.ring === undefined;
  }

  private followFault(fault: LineFault | undefined): boolean {
    if (fault !== this.faultSeen) this.faultForMs = 0;
    this.faultSeen = fault;
    if (fault === this.fault || ++this.faultForMs < FAULT_MS) return false;
    if (this.fault === 'over-temperature') this.settlingForMs = LOOP_SETTLE_MS;
    this.fault = fault;
    return true;
  }
}
