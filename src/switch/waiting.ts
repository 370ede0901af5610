import type { Cause } from '../base/causes.ts';
import { NOTHING, type Source } from '../base/media-port.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import type { Leg, LegEvent } from './leg.ts';

/** `Wait`, and the base of everything that only lets time pass. */
export class Waiting implements Activity {
  result: ActivityResult | undefined;
  private deadline: number | undefined;

  constructor(
    private readonly ms: number | undefined,
    private readonly then: ActivityResult = {},
  ) {}

  start(nowMs: number): void {
    if (this.ms !== undefined) this.deadline = nowMs + this.ms;
  }

  handleLegEvent(_leg: Leg, _event: LegEvent, _nowMs: number): void {}

  handleTimeout(nowMs: number): void {
    if (this.deadline !== undefined && nowMs >= this.deadline) this.finish(this.then);
  }

  nextDeadline(): number | undefined {
    return this.deadline;
  }

  abort(_cause: Cause, _nowMs: number): void {
    this.finish({});
  }

  protected finish(result: ActivityResult): void {
    this.deadline = undefined;
    this.result ??= result;
  }
}

/** `Busy` and `Congestion`: the caller is told and stays until it hangs up or the time is over. */
export class Refusing extends Waiting {
  constructor(
    private readonly caller: CallerSide,
    private readonly what: 'busy' | 'congestion',
    timeoutMs: number | undefined,
  ) {
    super(timeoutMs, { hangup: what === 'busy' ? 'user-busy' : 'no-circuit' });
  }

  override start(nowMs: number): void {
    super.start(nowMs);
    this.caller.indicate(this.what, nowMs);
  }
}

/** `Milliwatt` and every other sound; without `ms` it has no end. */
export class Sounding extends Waiting {
  constructor(
    private readonly caller: CallerSide,
    private readonly pattern: TonePattern,
    private readonly dbm0?: number,
    ms?: number,
  ) {
    super(ms, { hangup: 'normal-clearing' });
  }

  override start(nowMs: number): void {
    super.start(nowMs);
    this.caller.indicate('progress', nowMs);
    const { pattern, dbm0 } = this;
    const tone: Source = { kind: 'tone', pattern, ...(dbm0 === undefined ? {} : { dbm0 }) };
    this.caller.patchbay.hear(this.caller.leg.stream, tone, nowMs);
  }
}

/** `Echo`: the caller hears itself, digits included; # ends it. */
export class Echoing extends Waiting {
  constructor(private readonly caller: CallerSide) {
    super(undefined);
  }

  override start(nowMs: number): void {
    this.caller.indicate('progress', nowMs);
    const { leg, patchbay } = this.caller;
    patchbay.hear(leg.stream, { kind: 'stream', stream: leg.stream }, nowMs);
  }

  override handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (event.type === 'text') leg.sendText(event.text, nowMs);
    if (event.type !== 'digit') return;
    if (event.digit === '#') {
      this.caller.patchbay.hear(leg.stream, NOTHING, nowMs);
      this.finish({});
    } else leg.sendDigit(event.digit, event.durationMs, nowMs);
  }
}

/** `WaitExten`, `Read`: collects digits until enough, until # or until the time between two is over. */
export class Collecting extends Waiting {
  private digits: string;
  private due: number | undefined;

  constructor(
    private readonly rules: {
      /** Dialled already; part of what is given. */
      readonly prefix: string;
      readonly firstDigitMs: number;
      readonly nextDigitMs: number;
      readonly maximum: number;
      /** Whether more digits could still mean something; ends early where they cannot. */
      readonly wantsMore?: (digits: string) => boolean;
    },
  ) {
    super(undefined);
    this.digits = rules.prefix;
  }

  override start(nowMs: number): void {
    this.due = nowMs + this.rules.firstDigitMs;
  }

  override handleLegEvent(_leg: Leg, event: LegEvent, nowMs: number): void {
    if (event.type !== 'digit') return;
    if (event.digit === '#') {
      this.end();
      return;
    }
    this.digits += event.digit;
    this.due = nowMs + this.rules.nextDigitMs;
    const enough = this.digits.length >= this.rules.maximum || this.rules.wantsMore?.(this.digits) === false;
    if (enough) this.end();
  }

  override handleTimeout(nowMs: number): void {
    if (this.due !== undefined && nowMs >= this.due) this.end();
  }

  override nextDeadline(): number | undefined {
    return this.due;
  }

  private end(): void {
    this.due = undefined;
    this.finish({ digits: this.digits });
  }
}

/** `SendDTMF`: digits to the caller, one after the other. */
export class SendingDigits extends Waiting {
  private next = 0;
  private due: number | undefined;

  constructor(
    private readonly caller: CallerSide,
    private readonly digits: string,
    private readonly durationMs: number,
    private readonly gapMs: number,
  ) {
    super(undefined);
  }

  override start(nowMs: number): void {
    this.due = nowMs;
    this.handleTimeout(nowMs);
  }

  override handleTimeout(nowMs: number): void {
    while (this.due !== undefined && nowMs >= this.due) {
      const digit = this.digits[this.next++];
      if (digit === undefined) {
        this.due = undefined;
        this.finish({});
      } else if (digit === 'w' || digit === 'W') this.due += digit === 'w' ? 500 : 1000;
      else {
        this.caller.leg.sendDigit(digit, this.durationMs, nowMs);
        this.due += this.durationMs + this.gapMs;
      }
    }
  }

  override nextDeadline(): number | undefined {
    return this.due;
  }
}
