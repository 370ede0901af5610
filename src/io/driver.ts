import type { Machine } from '../base/machine.ts';
import type { Clock } from './clock.ts';

/**
 * The one loop that drives a machine: give it one input, drain its outputs, arm one timer for its next deadline.
 *
 * The handler of an output may give the same machine another input (an event that the switch answers with a command):
 * the input takes effect at once, and what it puts out joins the drain that is already running, in order. Inputs given
 * within an input are drained together once that one returns.
 *
 * @example
 * const driver = new Driver(endpoint, systemClock, (output, nowMs) => …);
 * socket.onDatagram = (bytes, from) => driver.give((nowMs) => endpoint.handleDatagram(bytes, from, nowMs));
 * const call = driver.give((nowMs) => endpoint.placeCall(request, nowMs));
 */
export class Driver<Out> {
  private draining = false;
  /** Inputs under way, one within the other. */
  private depth = 0;
  private stopped = false;
  /** When the timer fires that is armed: at the next deadline or before it. */
  private armedFor: number | undefined;
  private disarm: (() => void) | undefined;

  constructor(
    private readonly machine: Machine<Out>,
    private readonly clock: Clock,
    private readonly handleOutput: (output: Out, nowMs: number) => void,
  ) {}

  /** Gives the machine one input, or one command whose result is wanted, and drains it. */
  give<Result>(input: (nowMs: number) => Result): Result {
    this.depth++;
    try {
      return input(this.clock.nowMs());
    } finally {
      this.depth--;
      if (this.depth === 0) this.drain();
    }
  }

  /** No timer fires from now on. Inputs are still taken and drained, so that a machine can say goodbye. */
  stop(): void {
    this.stopped = true;
    this.disarm?.();
    this.disarm = undefined;
    this.armedFor = undefined;
  }

  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll())
        this.handleOutput(output, this.clock.nowMs());
    } finally {
      this.draining = false;
      this.arm();
    }
  }

  private arm(): void {
    const deadline = this.stopped ? undefined : this.machine.nextDeadline();
    // What has a later deadline after most inputs, as each acknowledgement gives it, need not have its timer moved each time.
    if (deadline !== undefined && this.armedFor !== undefined && this.armedFor <= deadline) return;
    this.disarm?.();
    this.disarm = undefined;
    this.armedFor = deadline;
    if (deadline === undefined) return;
    // Rounded up, since Node's timers may fire a part of a millisecond early; at least 1 ms, so that a deadline that
    // stays in the past cannot starve the event loop.
    const delayMs = Math.max(1, Math.ceil(deadline - this.clock.nowMs()));
    this.disarm = this.clock.after(delayMs, () => {
      this.disarm = undefined;
      this.armedFor = undefined;
      const due = this.machine.nextDeadline();
      if (due !== undefined && due <= this.clock.nowMs()) this.give((nowMs) => this.machine.handleTimeout(nowMs));
      else this.arm();
    });
  }
}
