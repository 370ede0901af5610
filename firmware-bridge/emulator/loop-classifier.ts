import type { Hook, LineEvent, LineTiming } from '../../src/base/line-port.ts';

/** Contacts bounce for this long at most; a change is believed when it has lasted. */
const BOUNCE_MS = 5;

/**
 * Tells a lifted handset, a flash, dial pulses and a hang-up apart by how long the loop of one line is open and closed,
 * stepped once per millisecond of the HAT's own clock.
 */
export class LoopClassifier {
  private hookNow: Hook = 'on';
  private closed = false;
  private raw = false;
  private rawForMs = 0;
  /** How long the debounced loop has been as it is. */
  private forMs = 0;
  private breaks = 0;
  private sincePulseMs = 0;

  constructor(private timing: LineTiming) {}

  get hook(): Hook {
    return this.hookNow;
  }

  configure(timing: LineTiming): void {
    this.timing = timing;
  }

  /** One millisecond with the loop closed or open. `ringing`: ringing voltage is or was just on the line. */
  step(closed: boolean, ringing: boolean): LineEvent | undefined {
    this.rawForMs = closed === this.raw ? this.rawForMs + 1 : 1;
    this.raw = closed;
    if (this.rawForMs >= BOUNCE_MS && this.closed !== this.raw) {
      const lastedMs = this.forMs + 1 - BOUNCE_MS;
      this.closed = this.raw;
      this.forMs = BOUNCE_MS;
      if (this.closed && this.hookNow === 'off') return this.classifyBreak(lastedMs);
    } else this.forMs++;
    this.sincePulseMs++;
    return this.hookNow === 'on' ? this.watchOnHook(ringing) : this.watchOffHook();
  }

  private watchOnHook(ringing: boolean): LineEvent | undefined {
    const { debounceMs, ringTripMs } = this.timing;
    if (!this.closed || this.forMs < (ringing ? ringTripMs : debounceMs)) return undefined;
    this.hookNow = 'off';
    this.breaks = 0;
    return { type: 'hook', hook: 'off' };
  }

  private watchOffHook(): LineEvent | undefined {
    if (!this.closed && this.forMs >= this.timing.hangupMs) {
      this.hookNow = 'on';
      this.breaks = 0;
      return { type: 'hook', hook: 'on' };
    }
    if (this.closed && this.breaks > 0 && this.sincePulseMs >= this.timing.pulseDigitEndMs) {
      const breaks = this.breaks;
      this.breaks = 0;
      return { type: 'pulses', breaks };
    }
    return undefined;
  }

  private classifyBreak(ms: number): LineEvent | undefined {
    const { pulseBreakMinMs, pulseBreakMaxMs, flashMinMs, flashMaxMs } = this.timing;
    if (ms >= pulseBreakMinMs && ms <= pulseBreakMaxMs) {
      this.breaks++;
      this.sincePulseMs = 0;
      return undefined;
    }
    if (ms < flashMinMs || ms > flashMaxMs) return undefined;
    // What was dialled before a flash is given up with it.
    this.breaks = 0;
    return { type: 'flash', ms };
  }
}
