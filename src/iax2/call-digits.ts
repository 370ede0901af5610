import type { CallEvent } from './call.ts';
import type { CallClock } from './call-clock.ts';
import { DigitReceiver } from './digit-receiver.ts';
import { DigitSender } from './digit-sender.ts';
import { FRAME_TYPE } from './subclass.ts';

export interface CallDigitsEnvironment {
  /** Of the call as it stands: a transfer begins another one. */
  readonly clock: () => CallClock;
  readonly send: (frameType: number, subclass: number, timestamp: number, nowMs: number) => void;
}

/** The DTMF of one call, both ways: begin and end, whose timestamps are apart by the length of the digit. [RFC5456 §6.10.1] */
export class CallDigits {
  private readonly queue = new DigitSender();
  private readonly heard = new DigitReceiver();
  private began: { readonly digit: string; readonly timestamp: number; readonly atMs: number } | undefined;

  constructor(private readonly environment: CallDigitsEnvironment) {}

  /** Sends a digit of that length once those before it are over. False when too many are waiting. */
  play(digit: string, durationMs: number, nowMs: number): boolean {
    const isTaken = this.queue.add(digit, durationMs, nowMs);
    this.run(nowMs);
    return isTaken;
  }

  begin(digit: string, nowMs: number): void {
    const timestamp = this.environment.clock().stampInStream(nowMs);
    this.began = { digit, timestamp, atMs: nowMs };
    this.environment.send(FRAME_TYPE.DTMF_BEGIN, digit.charCodeAt(0), timestamp, nowMs);
  }

  /** The end's timestamp is as far from the begin's as the digit was long: the far end measures it there. */
  end(digit: string, nowMs: number): void {
    const { began } = this;
    this.began = undefined;
    const clock = this.environment.clock();
    const timestamp =
      began?.digit === digit
        ? clock.stampAfter(began.timestamp, Math.round(nowMs - began.atMs))
        : clock.stampInStream(nowMs);
    this.environment.send(FRAME_TYPE.DTMF, digit.charCodeAt(0), timestamp, nowMs);
  }

  handleBegin(subclass: number, timestamp: number, nowMs: number): readonly CallEvent[] {
    return this.heard.begin(String.fromCharCode(subclass), timestamp, nowMs);
  }

  handleEnd(subclass: number, timestamp: number, nowMs: number): readonly CallEvent[] {
    return this.heard.end(String.fromCharCode(subclass), timestamp, nowMs);
  }

  /** Time has passed. */
  run(nowMs: number): void {
    for (let step = this.queue.take(nowMs); step !== undefined; step = this.queue.take(nowMs)) {
      if (step.type === 'begin') this.begin(step.digit, nowMs);
      else this.end(step.digit, nowMs);
    }
  }

  nextDeadline(): number | undefined {
    return this.queue.nextDeadline();
  }
}
