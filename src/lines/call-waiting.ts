import type { CallerId } from '../base/line-port.ts';
import { type SignalStep, signalMs } from '../base/line-signal.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { CallTime } from './caller-id-message.ts';
import { CAS, OVERLAY_DBM0, waitingCallerId } from './caller-id-signal.ts';
import type { CallerIdKind } from './country-table.ts';

/** Where the country has no tone of its own for it. [GR-30-CORE §2.3] */
const SUBSCRIBER_ALERT: TonePattern = {
  steps: [
    { hz: [440], ms: 300 },
    { hz: [], ms: 10_000 },
  ],
};
const EVERY_MS = 10_000;
const LONG_PAUSE_MS = 1_000;
/** A display answers within 160 ms; the HAT's buffers and the detection of its digit come on top. [GR-30-CORE §2.3] */
const ACKNOWLEDGE_MS = 500;

export interface CallWaitingOptions {
  /** What the display of the telephone understands; undefined = it has none. */
  readonly kind: CallerIdKind | undefined;
  /** The country's tone for it, if it has one. */
  readonly tone: TonePattern | undefined;
  readonly localTime: (() => CallTime) | undefined;
  /** What the line hears once, over the call. */
  readonly send: (steps: readonly SignalStep[]) => void;
}

/** Tells who talks at a telephone that another call waits: by a tone now and then, and on a display who it is. */
export class CallWaiting {
  /** Who waits behind the call. */
  private caller: CallerId | undefined;
  /** Until then a D or A is the answer of the display to the alert. */
  private ackUntilMs = Number.NEGATIVE_INFINITY;
  private beepAtMs: number | undefined;

  constructor(private readonly options: CallWaitingOptions) {}

  nextDeadline(): number | undefined {
    return this.beepAtMs;
  }

  handleTimeout(nowMs: number): void {
    if (this.beepAtMs === undefined || nowMs < this.beepAtMs) return;
    this.options.send(this.beep());
    this.beepAtMs = nowMs + EVERY_MS;
  }

  /** Another call waits from now on. */
  begin(caller: CallerId, nowMs: number): void {
    this.caller = caller;
    const shows = this.callerSignal() !== undefined;
    const steps = shows ? [...this.beep(), ...CAS] : this.beep();
    this.options.send(steps);
    this.ackUntilMs = shows ? nowMs + signalMs(steps) + ACKNOWLEDGE_MS : Number.NEGATIVE_INFINITY;
    this.beepAtMs = nowMs + EVERY_MS;
  }

  end(): void {
    this.caller = undefined;
    this.ackUntilMs = Number.NEGATIVE_INFINITY;
    this.beepAtMs = undefined;
  }

  /** Whether a digit was the answer of the display to the alert, which is then shown who waits. [GR-30-CORE §2.3] */
  handleDigit(digit: string, nowMs: number): boolean {
    if (nowMs > this.ackUntilMs || (digit !== 'D' && digit !== 'A')) return false;
    this.ackUntilMs = Number.NEGATIVE_INFINITY;
    const steps = this.callerSignal();
    if (steps !== undefined) this.options.send(steps);
    return true;
  }

  private callerSignal(): readonly SignalStep[] | undefined {
    const { kind, localTime } = this.options;
    return this.caller === undefined ? undefined : waitingCallerId(kind, this.caller, localTime?.());
  }

  /** Of the country's pattern, what comes before its long pause. */
  private beep(): readonly SignalStep[] {
    const { steps } = this.options.tone ?? SUBSCRIBER_ALERT;
    const long = steps.findIndex(({ hz, ms }) => hz.length === 0 && (ms === 0 || ms >= LONG_PAUSE_MS));
    return steps
      .slice(0, long < 0 ? undefined : long)
      .map(({ hz, ms }) => (hz.length === 0 ? { kind: 'silence', ms } : { kind: 'tone', hz, ms, dbm0: OVERLAY_DBM0 }));
  }
}
