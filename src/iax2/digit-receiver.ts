import type { CallEvent } from './call.ts';

/** Assumed for a digit that came as an end without a begin, as RFC peers send it. */
const LONE_DIGIT_MS = 80;
/**
 * Asterisk stamps a digit's end 3 ms after its begin when no voice flows; no finger is that quick, so what is shorter
 * than this is measured by the clock on the wall.
 */
const SHORTEST_DIGIT_MS = 20;

/** Makes digits with a length of DTMF_BEGIN and DTMF frames, or of DTMF alone. [RFC5456 §6.10.1] */
export class DigitReceiver {
  private began: { readonly digit: string; readonly timestamp: number; readonly atMs: number } | undefined;

  begin(digit: string, timestamp: number, nowMs: number): CallEvent[] {
    this.began = { digit, timestamp, atMs: nowMs };
    return [{ type: 'digit-begin', digit }];
  }

  end(digit: string, timestamp: number, nowMs: number): CallEvent[] {
    const { began } = this;
    this.began = undefined;
    if (began?.digit !== digit) {
      return [
        { type: 'digit-begin', digit },
        { type: 'digit', digit, durationMs: LONE_DIGIT_MS },
      ];
    }
    const stampedMs = timestamp - began.timestamp;
    const durationMs = stampedMs >= SHORTEST_DIGIT_MS ? stampedMs : Math.round(nowMs - began.atMs);
    return [{ type: 'digit', digit, durationMs }];
  }
}
