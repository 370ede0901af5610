import { DARK, type KeyAction, type Light } from '../firmware-bridge/hat-client.ts';
import type { Machine } from './base/machine.ts';
import { Timers } from './base/timers.ts';
import { CODE_LENGTH, type EnrolmentCode, parseCode } from './status/enrolment.ts';
import type { EnrolmentState } from './status/enrolment-request.ts';

/** Whoever went away in the middle of a code has not given one. */
const PATIENCE_MS = 60_000;
const DIGITS_PER_LED = 4;

const AMBER: Light = { colour: 'amber', onMs: 500, offMs: 500 };
const WHITE: Light = { colour: 'white', onMs: 1_000, offMs: 0 };
const BLUE: Light = { colour: 'blue', onMs: 250, offMs: 250 };
const GREEN: Light = { colour: 'green', onMs: 1_000, offMs: 0 };
const RED: Light = { colour: 'red', onMs: 100, offMs: 100 };

/**
 * Takes the code on the keypad of a box without a configuration: sixteen digits, `*` begins anew. An LED lights up for each
 * four of them; red says that it was no code.
 */
export class EnrolmentKeys implements Machine<EnrolmentCode> {
  private readonly timers = new Timers<'patience'>();
  private readonly codes: EnrolmentCode[] = [];
  private typed = '';
  private isWrong = false;

  handleKey(key: string, action: KeyAction, nowMs: number): void {
    if (action !== 'down') return;
    this.isWrong = false;
    this.timers.clearAll();
    if (key === '*') this.typed = '';
    else if (/^\d$/.test(key)) this.typed += key;
    if (this.typed === '') return;
    if (this.typed.length < CODE_LENGTH) {
      this.timers.set('patience', nowMs + PATIENCE_MS);
      return;
    }
    const code = parseCode(this.typed);
    this.typed = '';
    this.isWrong = code === undefined;
    if (code !== undefined) this.codes.push(code);
  }

  handleTimeout(nowMs: number): void {
    for (const _ of this.timers.due(nowMs)) this.typed = '';
  }

  poll(): EnrolmentCode | undefined {
    return this.codes.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  /** What an LED, counted from 1, shows while the enrolment stands there. */
  light(led: number, state: EnrolmentState): Light {
    if (this.typed !== '') return this.typed.length >= led * DIGITS_PER_LED ? WHITE : DARK;
    if (this.isWrong || state === 'refused') return RED;
    if (state === 'enrolled') return GREEN;
    return state === 'no-code' ? AMBER : BLUE;
  }
}
