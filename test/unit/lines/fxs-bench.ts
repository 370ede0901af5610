import { expect } from 'vitest';
import type { Machine } from '../../../src/base/machine.ts';
import type { TonePattern } from '../../../src/base/tone-pattern.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';
import { Fxs } from '../../../src/lines/fxs.ts';
import type { FxsOptions } from '../../../src/lines/fxs-options.ts';
import type { FxsOutput } from '../../../src/lines/fxs-output.ts';
import { numbers } from './numbers.ts';

export const FR = countryProfile('fr')!;
export const CALLER = { number: '7123', name: 'Head office' };

/** A line on a virtual clock: what it put out since the last look, and the tone that its handset hears. */
export class Bench {
  nowMs = 1000;
  readonly line: Fxs;
  readonly log: FxsOutput[] = [];
  heard: TonePattern | undefined;

  constructor(options: Partial<FxsOptions> = {}) {
    this.line = new Fxs({ profile: FR, context: 'office', lookUp: numbers(['201', '7123', '11', '112']), ...options });
    this.line.setInService(true, this.nowMs);
    this.take();
  }

  /** The outputs since the last call. */
  take(): FxsOutput[] {
    this.drain();
    return this.log.splice(0);
  }

  events(): string[] {
    return this.take()
      .filter((output) => output.type !== 'state' && output.type !== 'hear' && output.type !== 'line')
      .map((output) => output.type);
  }

  commands() {
    return this.take().flatMap((output) => (output.type === 'line' ? [output.command] : []));
  }

  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.line.nextDeadline(); next !== undefined && next <= end; next = this.line.nextDeadline()) {
      this.nowMs = Math.max(this.nowMs, next);
      this.line.handleTimeout(this.nowMs);
      this.drain();
    }
    this.nowMs = end;
  }

  lift(): this {
    this.line.handleHook('off', this.nowMs);
    return this;
  }

  putDown(): this {
    this.line.handleHook('on', this.nowMs);
    return this;
  }

  dial(digits: string): this {
    for (const digit of digits) {
      this.line.handleDigitBegin(digit, this.nowMs);
      this.line.handleDigitEnd(digit, 80);
      this.advance(160);
    }
    this.drain();
    return this;
  }

  /** A call that this line made and that was answered. */
  talk(): this {
    this.lift().dial('201');
    this.line.answer();
    this.take();
    return this;
  }

  expectEmpty(): void {
    this.putDown();
    this.drain();
    expect(this.line.state).toBe('idle');
    expect(this.line.nextDeadline()).toBeUndefined();
    expect(this.heard).toBeUndefined();
  }

  private drain(): void {
    for (const output of drained(this.line)) {
      this.log.push(output);
      if (output.type === 'hear') this.heard = output.tone;
    }
  }
}

/** What a machine has put out. */
export function drained<Out>(machine: Machine<Out>): Out[] {
  const all: Out[] = [];
  for (let one = machine.poll(); one !== undefined; one = machine.poll()) all.push(one);
  return all;
}
