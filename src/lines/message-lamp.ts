import { type SignalStep, signalMs } from '../base/line-signal.ts';

/** How the lamp of a telephone is lit: by data that its display reads, or by a high voltage on its line. */
export type MessageLampKind = 'fsk' | 'neon';

/** What lights it, and is told of. */
export interface MessageLampPort {
  /** Blinks a neon lamp; `onMs` 0 is dark. */
  blink(onMs: number, offMs: number): void;
  /** What the display is sent, once, with the loop reversed where it is woken by that; no steps: nothing any more. */
  send(steps: readonly SignalStep[], reversed: boolean): void;
  /** The data that says so. */
  data(waiting: boolean): MessageData;
}

export interface MessageData {
  readonly reversal: boolean;
  readonly steps: readonly SignalStep[];
}

const BLINK = { onMs: 500, offMs: 500 } as const;
/** A handset that was just put down may be lifted again; its display is busy with the call for a moment, too. */
const REST_MS = 1_000;

/**
 * The lamp of one telephone that says that messages wait. It is lit, and told of changes, while its line is idle: what
 * telephones are sent for a call has the line for itself.
 */
export class MessageLamp {
  private wanted: boolean | undefined;
  /** What its display was told last. */
  private told: boolean | undefined;
  private sending: boolean | undefined;
  private isIdle = false;
  private due: number | undefined;

  constructor(
    private readonly kind: MessageLampKind,
    private readonly port: MessageLampPort,
  ) {}

  nextDeadline(): number | undefined {
    return this.due;
  }

  handleTimeout(nowMs: number): void {
    if (this.due === undefined || nowMs < this.due) return;
    this.due = undefined;
    if (this.sending !== undefined) {
      this.told = this.sending;
      this.stopSending();
      this.plan(nowMs);
    } else this.send(nowMs);
  }

  set(waiting: boolean, nowMs: number): void {
    if (waiting === this.wanted) return;
    this.wanted = waiting;
    if (this.kind === 'neon') this.light();
    else this.plan(nowMs);
  }

  /** The line is idle from now on, or, if it has `restarted`, is so afresh: nothing of before is known to burn. */
  rest(nowMs: number, restarted = false): void {
    this.isIdle = true;
    if (restarted) this.told = undefined;
    if (this.kind === 'neon') this.light();
    else this.plan(nowMs);
  }

  /** The line is wanted for something else. */
  leave(): void {
    if (!this.isIdle) return;
    this.isIdle = false;
    this.due = undefined;
    if (this.sending !== undefined) this.stopSending();
    if (this.kind === 'neon' && this.wanted === true) this.port.blink(0, 0);
  }

  private light(): void {
    if (!this.isIdle || this.wanted === undefined) return;
    if (this.wanted) this.port.blink(BLINK.onMs, BLINK.offMs);
    else this.port.blink(0, 0);
  }

  private plan(nowMs: number): void {
    if (!this.isIdle || this.sending !== undefined) return;
    this.due = this.wanted === undefined || this.wanted === this.told ? undefined : nowMs + REST_MS;
  }

  private send(nowMs: number): void {
    if (this.wanted === undefined) return;
    const data = this.port.data(this.wanted);
    this.sending = this.wanted;
    this.port.send(data.steps, data.reversal);
    this.due = nowMs + signalMs(data.steps);
  }

  private stopSending(): void {
    this.sending = undefined;
    this.port.send([], false);
  }
}
