import { describe, expect, it } from 'vitest';
import { countryProfile } from '../../../src/lines/country-profile.ts';
import { Fxs } from '../../../src/lines/fxs.ts';
import type { FxsOptions } from '../../../src/lines/fxs-options.ts';
import type { FxsOutput } from '../../../src/lines/fxs-output.ts';
import { numbers } from './numbers.ts';

const DARK = { type: 'lamp', onMs: 0, offMs: 0 };
const BLINKS = { type: 'lamp', onMs: 500, offMs: 500 };
const CALLER = { number: '7123', name: 'Head office' };

/** A line whose telephone has a lamp, on a virtual clock. */
class Bench {
  nowMs = 1_000;
  readonly line: Fxs;

  constructor(country: string, lamp: 'fsk' | 'neon', options: Partial<FxsOptions> = {}) {
    const profile = countryProfile(country)!;
    this.line = new Fxs({ profile, context: 'office', lookUp: numbers(['201']), lamp, ...options });
    this.line.setInService(true, this.nowMs);
    this.take();
  }

  take(): FxsOutput[] {
    const all: FxsOutput[] = [];
    for (let one = this.line.poll(); one !== undefined; one = this.line.poll()) all.push(one);
    return all;
  }

  /** Commands of the lamp since the last look. */
  lamp() {
    return this.take().flatMap((output) =>
      output.type === 'line' && output.command.type === 'lamp' ? [output.command] : [],
    );
  }

  /** The data that was sent since the last look, and `[]` for what was broken off or is over. */
  data(): number[][] {
    return this.take().flatMap((output) => {
      if (output.type !== 'signal') return [];
      return [output.steps.flatMap((step) => (step.kind === 'data' ? [...step.bytes] : []))];
    });
  }

  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.line.nextDeadline(); next !== undefined && next <= end; next = this.line.nextDeadline()) {
      this.nowMs = Math.max(this.nowMs, next);
      this.line.handleTimeout(this.nowMs);
    }
    this.nowMs = end;
  }

  messages(waiting: boolean): void {
    this.line.setMessages(waiting, this.nowMs);
  }

  hook(hook: 'on' | 'off'): void {
    this.line.handleHook(hook, this.nowMs);
  }
}

describe('a neon lamp', () => {
  it('blinks while messages wait', () => {
    const bench = new Bench('us', 'neon');
    bench.messages(true);
    expect(bench.lamp()).toEqual([BLINKS]);
    bench.messages(true);
    expect(bench.lamp()).toEqual([]);
    bench.messages(false);
    expect(bench.lamp()).toEqual([DARK]);
    expect(bench.line.nextDeadline()).toBeUndefined();
  });

  it('is dark while the line rings or talks, and blinks again when it is idle', () => {
    const bench = new Bench('us', 'neon');
    bench.messages(true);
    bench.take();
    bench.line.ring(CALLER, bench.nowMs);
    expect(bench.take()[0]).toEqual({ type: 'line', command: DARK });
    bench.hook('off');
    bench.line.release('normal-clearing', bench.nowMs);
    expect(bench.lamp()).toEqual([]);
    bench.hook('on');
    expect(bench.lamp()).toEqual([BLINKS]);
  });

  it('that is lit or darkened during a call is so after it', () => {
    const bench = new Bench('us', 'neon');
    bench.hook('off');
    bench.messages(true);
    expect(bench.lamp()).toEqual([]);
    bench.hook('on');
    expect(bench.lamp()).toEqual([BLINKS]);
    bench.hook('off');
    bench.messages(false);
    bench.take();
    bench.hook('on');
    expect(bench.lamp()).toEqual([DARK]);
  });

  it('blinks again on hardware that was reset', () => {
    const bench = new Bench('us', 'neon');
    bench.messages(true);
    bench.line.setInService(false, bench.nowMs);
    bench.take();
    bench.line.setInService(true, bench.nowMs);
    expect(bench.lamp()).toEqual([BLINKS]);
  });
});

describe('a lamp that is lit by data', () => {
  const lit = [0x82, 3, 0x0b, 1, 0xff, 0x70];
  const dark = [0x82, 3, 0x0b, 1, 0x00, 0x6f];

  it('is told a second after messages came, and once', () => {
    const bench = new Bench('us', 'fsk');
    bench.messages(true);
    bench.advance(999);
    expect(bench.data()).toEqual([]);
    bench.advance(1);
    expect(bench.data()).toEqual([lit]);
    bench.advance(600_000);
    expect(bench.data()).toEqual([[]]);
    bench.messages(false);
    bench.advance(10_000);
    expect(bench.data()).toEqual([dark, []]);
    expect(bench.line.nextDeadline()).toBeUndefined();
  });

  it('is told after a call what changed during it', () => {
    const bench = new Bench('us', 'fsk');
    bench.hook('off');
    bench.messages(true);
    bench.advance(10_000);
    expect(bench.data()).toEqual([]);
    bench.hook('on');
    bench.advance(10_000);
    expect(bench.data()).toEqual([lit, []]);
  });

  it.each(['a call', 'a lifted handset'])('is told anew when %s breaks in on the data', (what) => {
    const bench = new Bench('gb', 'fsk');
    bench.messages(true);
    bench.advance(1_200);
    expect(bench.take().filter(({ type }) => type === 'line')).toEqual([
      { type: 'line', command: { type: 'polarity', reversed: true } },
    ]);
    if (what === 'a call') bench.line.ring(CALLER, bench.nowMs);
    else bench.hook('off');
    const [turned, ended] = bench.take();
    expect([turned, ended]).toEqual([
      { type: 'line', command: { type: 'polarity', reversed: false } },
      { type: 'signal', steps: [] },
    ]);
    if (what === 'a call') bench.line.release('no-answer', bench.nowMs);
    else bench.hook('on');
    bench.take();
    bench.advance(10_000);
    expect(bench.data()).toEqual([lit, []]);
  });

  it('is told of what changed while it was told, right after', () => {
    const bench = new Bench('fr', 'fsk');
    bench.messages(true);
    bench.advance(1_100);
    bench.messages(false);
    bench.advance(10_000);
    expect(bench.data()).toEqual([lit, [], dark, []]);
  });

  it('is told again when the hardware was reset, since it may have lost its power, too', () => {
    const bench = new Bench('fr', 'fsk');
    bench.messages(false);
    bench.advance(10_000);
    expect(bench.data()).toEqual([dark, []]);
    bench.line.setInService(true, bench.nowMs);
    bench.advance(10_000);
    expect(bench.data()).toEqual([dark, []]);
  });

  it.each([
    ['us', undefined, 'bell202', ['data', 'silence']],
    ['us', 'sdmf', 'bell202', ['data', 'silence']],
    ['fr', undefined, 'v23', ['tone', 'silence', 'data', 'silence']],
    ['gb', undefined, 'v23', ['silence', 'tone', 'silence', 'data', 'silence']],
    ['nl', undefined, 'v23', ['tone', 'silence', 'data', 'silence']],
    ['us', 'none', 'v23', ['tone', 'silence', 'data', 'silence']],
  ] as const)('is told in %s, callerId %s, by %s after %j', (country, callerId, modem, kinds) => {
    const bench = new Bench(country, 'fsk', callerId === undefined ? {} : { callerId });
    bench.messages(true);
    bench.advance(1_000);
    const steps = bench.take().flatMap((output) => (output.type === 'signal' ? output.steps : []));
    expect(steps.map(({ kind }) => kind)).toEqual(kinds);
    const data = steps.flatMap((step) => (step.kind === 'data' ? [step] : []));
    expect(data).toMatchObject([{ modem, seizureBits: 300, markBits: 180 }]);
    if (callerId === 'sdmf') expect([...data[0]!.bytes]).toEqual([0x06, 3, 0x42, 0x42, 0x42, 0x31]);
  });
});
