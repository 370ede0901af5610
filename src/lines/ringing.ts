import type { CallerId, LineCommand, RingCadence } from '../base/line-port.ts';
import { type SignalStep, signalMs } from '../base/line-signal.ts';
import { Timers } from '../base/timers.ts';
import type { CallerIdDelivery } from './caller-id-signal.ts';
import { ACTIVATION_MS, ACTIVATION_RING, RELEASE_MS } from './number-display.ts';

/** What rings the telephone, and is told of it. */
export interface RingingPort {
  command(command: LineCommand): void;
  reverse(reversed: boolean): void;
  /** What the line hears once; no steps: nothing any more. */
  send(steps: readonly SignalStep[]): void;
  /** Only now a person hears it ring: whatever came before was for a display. */
  ringing(): void;
  /** Whoever keeps the loop closed is no display, but a person. */
  pickUp(): void;
}

export interface RingingCall {
  readonly callerId: CallerId;
  readonly cadence: RingCadence;
  /** How the display of the telephone is told who calls; undefined = not at all. */
  readonly delivery: CallerIdDelivery | undefined;
}

/** Behind the end of a ring, before data: the loop has settled, and the bell is still. [GR-30-CORE §2.1] */
const PAUSE_MS = 600;

/** The ringing of one telephone, and the delivery of its caller's number before, in or behind the first ring. */
export class Ringing {
  private call: RingingCall | undefined;
  /** Of the call that rings, until it has been sent. */
  private delivery: CallerIdDelivery | undefined;
  private delivers = false;
  private readonly timers = new Timers<
    | 'ring'
    | 'caller-id'
    /** The display is asked to close the loop. */
    | 'display-answer'
    /** The loop is closed: by the display, which reads, or by a person. */
    | 'display-release'
  >();

  /** @param hangupMs - So long the loop is open before the hardware tells of it. */
  constructor(
    private readonly hangupMs: number,
    private readonly port: RingingPort,
  ) {}

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      switch (timer) {
        case 'ring':
          this.ring(nowMs);
          break;
        case 'caller-id':
          this.deliver();
          break;
        case 'display-answer':
          // Hardware that rings keeps to its cadence.
          this.port.command({ type: 'ring-stop' });
          this.ringBehindDisplay(nowMs);
          break;
        case 'display-release':
          this.port.pickUp();
          break;
      }
    }
  }

  /** Rings from `atMs` on: voltage on a loop that is still interrupted would be cut short or tripped. */
  begin(call: RingingCall, atMs: number, nowMs: number): void {
    this.call = call;
    this.delivery = call.delivery;
    if (nowMs < atMs) this.timers.set('ring', atMs);
    else this.ring(nowMs);
  }

  /** The hardware was reset while this rings: it gets back what it is to be doing. */
  resume(nowMs: number): void {
    if (this.isDue || this.displayReads) this.port.command({ type: 'ring-stop' });
    else this.commandRing(nowMs);
  }

  /** A display is asked to close the loop. */
  get asksDisplay(): boolean {
    return this.timers.at('display-answer') !== undefined;
  }

  /** The loop is closed, and it is not known yet by whom. */
  get displayReads(): boolean {
    return this.timers.at('display-release') !== undefined;
  }

  /** Something closed the loop in the activation ring: it is told who calls, and is known by what it does then. */
  tellDisplay(nowMs: number): void {
    this.timers.clear('display-answer');
    this.port.command({ type: 'ring-stop' });
    const tellMs = signalMs(this.delivery?.steps ?? []);
    this.deliver();
    // The hardware tells an open loop only once it cannot be a flash.
    this.timers.set('display-release', nowMs + tellMs + this.hangupMs + RELEASE_MS);
  }

  /** The display knows who calls, or there is none: only then the call rings. */
  ringBehindDisplay(nowMs: number): void {
    this.endDelivery();
    this.port.reverse(false);
    this.commandRing(nowMs);
    this.port.ringing();
  }

  /** The handset is lifted. */
  trip(): void {
    // The hardware has tripped the ringing by itself; a ring command still on its way must not start it again.
    this.port.command({ type: 'ring-stop' });
    this.endDelivery();
    this.clear();
  }

  /** Nobody calls any more. */
  stop(): void {
    if (!this.isDue) this.port.command({ type: 'ring-stop' });
    this.endDelivery();
    this.clear();
  }

  /** Nothing is due any more; the line says nothing of it to the hardware. */
  clear(): void {
    this.timers.clearAll();
  }

  /** It is to ring, but not yet. */
  private get isDue(): boolean {
    return this.timers.at('ring') !== undefined;
  }

  /** What comes before the first ring, then the ringing. */
  private ring(nowMs: number): void {
    const { delivery } = this;
    if (delivery?.when === 'before') {
      this.deliver();
      this.timers.set('ring', nowMs + signalMs(delivery.steps));
      return;
    }
    if (delivery?.when === 'answered') {
      this.port.reverse(true);
      this.timers.set('display-answer', nowMs + ACTIVATION_MS);
      this.commandRing(nowMs);
      return;
    }
    this.commandRing(nowMs);
    this.port.ringing();
  }

  private commandRing(nowMs: number): void {
    if (this.asksDisplay) {
      this.port.command({ type: 'ring', cadence: ACTIVATION_RING });
      return;
    }
    if (this.call === undefined) return;
    const { cadence, callerId } = this.call;
    if (this.delivery?.when === 'pause') this.timers.set('caller-id', nowMs + ringBeforePause(cadence) + PAUSE_MS);
    this.port.command({ type: 'ring', cadence, callerId });
  }

  private deliver(): void {
    if (this.delivery === undefined) return;
    const { reversal, steps } = this.delivery;
    this.delivery = undefined;
    this.delivers = true;
    if (reversal) this.port.reverse(true);
    this.port.send(steps);
  }

  /** What is being sent, or would be, is for nobody any more. */
  private endDelivery(): void {
    this.delivery = undefined;
    for (const timer of ['caller-id', 'display-answer', 'display-release'] as const) this.timers.clear(timer);
    if (this.delivers) this.port.send([]);
    this.delivers = false;
  }
}

/** Ms from the beginning of a cadence to its last pause, the long one. */
function ringBeforePause(cadence: RingCadence): number {
  return cadence.slice(0, -1).reduce((sum, ms) => sum + ms, 0);
}
