/** Frames within so many ms of each other count as one moment of the voice stream. */
const MAX_SKEW_MS = 160;

/** The wire's clock runs in 32 bits. */
const WRAP = 2 ** 32;

/**
 * A call's own clock: what timestamp a full frame other than voice gets. Timestamps only grow, none is used twice, and
 * control frames stay in their place inside the voice stream. [RFC5456 §8.1.1]
 */
export class CallClock {
  /** Monotonic ms at which timestamps are 0, on a 20 ms grid so that traces read well. */
  readonly epochMs: number;
  private last = 0;

  /** `voiceTimestamp` gives the last timestamp of voice that the media plane sent, 0 before the first. */
  constructor(
    nowMs: number,
    private readonly voiceTimestamp: () => number = () => 0,
  ) {
    this.epochMs = Math.floor(nowMs / 20) * 20;
  }

  /** A clock that begins anew, for another far end. */
  restart(nowMs: number): CallClock {
    return new CallClock(nowMs, this.voiceTimestamp);
  }

  get lastSent(): number {
    return Math.max(this.last, this.voiceTimestamp());
  }

  /** For IAX frames: real time, since the far end measures lag by it. Never 0, which Asterisk cannot acknowledge. */
  stampGenuine(nowMs: number): number {
    return this.take(Math.max(this.read(nowMs), this.lastSent + 3));
  }

  /** For control, DTMF, text: just after the voice before it, unless there has been none for a while. */
  stampInStream(nowMs: number): number {
    const real = this.read(nowMs);
    const next = this.lastSent + 3;
    return this.take(Math.abs(real - this.lastSent) <= MAX_SKEW_MS ? next : Math.max(real, next));
  }

  /** For the end of a digit that began at `beganAt`: not closer than the digit was long. */
  stampAfter(beganAt: number, durationMs: number): number {
    return this.take(Math.max(this.lastSent + 3, beganAt + durationMs));
  }

  /** Real time of the call, without taking a timestamp. */
  read(nowMs: number): number {
    return Math.max(0, Math.floor(nowMs - this.epochMs)) % WRAP;
  }

  private take(timestamp: number): number {
    this.last = timestamp % WRAP;
    return this.last;
  }
}
