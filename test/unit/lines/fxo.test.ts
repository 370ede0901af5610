import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TownLineEvent } from '../../../src/base/line-port.ts';
import type { ProgressTone } from '../../../src/base/media-port.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';
import { Fxo, type FxoOutput } from '../../../src/lines/fxo.ts';

/** A town line on a virtual clock. */
class Bench {
  nowMs = 1_000;
  readonly line = new Fxo({ profile: countryProfile('fr')! });
  private readonly log: FxoOutput[] = [];

  constructor() {
    this.line.setInService(true);
    this.take();
  }

  take(): FxoOutput[] {
    for (let output = this.line.poll(); output !== undefined; output = this.line.poll()) this.log.push(output);
    return this.log.splice(0);
  }

  /** In short: `loop off`, `play 1`, `hangup user-busy`, `call 0472`. */
  told(): string[] {
    return this.take().flatMap((output) => {
      switch (output.type) {
        case 'line':
          return output.command.type === 'loop' ? [`loop ${output.command.closed ? 'closed' : 'open'}`] : ['flash'];
        case 'play':
          return [`play ${output.digit}`];
        case 'hangup':
          return [`hangup ${output.cause}`];
        case 'call':
          return [`call ${output.callerId.number}`];
        case 'state':
        case 'listen':
          return [];
        default:
          return [output.type];
      }
    });
  }

  advance(ms: number): this {
    const end = this.nowMs + ms;
    for (let next = this.line.nextDeadline(); next !== undefined && next <= end; next = this.line.nextDeadline()) {
      this.nowMs = Math.max(this.nowMs, next);
      this.line.handleTimeout(this.nowMs);
    }
    this.nowMs = end;
    return this;
  }

  notice(event: TownLineEvent): this {
    this.line.handleLine(event, this.nowMs);
    return this;
  }

  silence(forMinutes: number): this {
    this.line.handleSilence(forMinutes * 60_000, this.nowMs);
    return this;
  }

  tone(tone: ProgressTone): this {
    this.line.handleTone(tone, this.nowMs);
    return this;
  }

  /** A call that is dialled and not answered. */
  calling(number = '12'): this {
    this.line.call(number, false, this.nowMs);
    this.advance(400).tone('dial').advance(1_000);
    this.take();
    return this;
  }

  expectEmpty(): void {
    this.line.release(this.nowMs);
    this.advance(20_000);
    expect(this.line.state).toBe('idle');
    expect(this.line.hook).toBe('on');
    expect(this.line.nextDeadline()).toBeUndefined();
  }
}

describe('a town line that is dialled', () => {
  it('is seized, waits for dial tone, and gets one digit after the other', () => {
    const bench = new Bench();
    bench.line.call('112', false, bench.nowMs);
    bench.advance(1_000);
    expect(bench.told()).toEqual(['loop closed']);
    bench.tone('dial').advance(150);
    expect(bench.told()).toEqual(['play 1']);
    bench.advance(1_000);
    expect(bench.told()).toEqual(['play 1', 'play 2', 'progress']);
    expect(bench.line.state).toBe('calling');
    bench.expectEmpty();
  });

  it('is given back without dial tone, with busy tone in its place, and when the exchange clears', () => {
    for (const act of [
      (bench: Bench) => bench.advance(6_000),
      (bench: Bench) => bench.advance(400).tone('busy'),
      (bench: Bench) => bench.advance(400).notice({ type: 'loop-break', ms: 400 }),
      (bench: Bench) => bench.advance(400).notice({ type: 'ringing', on: true }),
    ]) {
      const bench = new Bench();
      bench.line.call('1', false, bench.nowMs);
      act(bench);
      expect(bench.told()).toEqual(['loop closed', 'hangup no-circuit', 'loop open']);
      bench.expectEmpty();
    }
  });

  it('is dialled in an emergency though there is no dial tone', () => {
    const bench = new Bench();
    bench.line.call('1', true, bench.nowMs);
    bench.advance(6_000);
    expect(bench.told()).toEqual(['loop closed', 'play 1', 'progress']);
    bench.expectEmpty();
  });

  it('is answered when the polarity turns, and cleared when it turns back', () => {
    const bench = new Bench().calling().notice({ type: 'polarity', reversed: true });
    expect(bench.told()).toEqual(['answered']);
    bench.advance(5_000).notice({ type: 'polarity', reversed: false });
    expect(bench.told()).toEqual(['hangup normal-clearing', 'loop open']);
    bench.expectEmpty();
  });

  it('is taken for answered 10 s after the last digit, or 7 s after the last ringback', () => {
    const silent = new Bench().calling();
    silent.advance(9_000);
    expect(silent.told()).toEqual([]);
    silent.advance(1_000);
    expect(silent.told()).toEqual(['answered']);
    silent.expectEmpty();
    const ringing = new Bench().calling();
    for (let rings = 0; rings < 5; rings++) ringing.advance(5_000).tone('ringback');
    expect(ringing.told()).toEqual([]);
    ringing.advance(7_000);
    expect(ringing.told()).toEqual(['answered']);
    ringing.expectEmpty();
  });

  it('fails busy before it is answered, and ends after it', () => {
    const bench = new Bench().calling().tone('busy');
    expect(bench.told()).toEqual(['hangup user-busy', 'loop open']);
    bench.expectEmpty();
    for (const end of [{ type: 'loop-break', ms: 250 }, 'busy', 'congestion'] as const) {
      const talk = new Bench().calling().notice({ type: 'polarity', reversed: true });
      talk.advance(1_000).notice({ type: 'loop-break', ms: 40 }).take();
      if (typeof end === 'string') talk.tone(end);
      else talk.notice(end);
      expect(talk.told()).toEqual(['hangup normal-clearing', 'loop open']);
    }
  });

  it('ends when neither end has said anything for half an hour of the call, or when it stands for a day', () => {
    const silent = new Bench().calling();
    silent.advance(10_000).silence(29).silence(30);
    expect(silent.told()).toEqual(['answered']);
    silent.advance(29 * 60_000).silence(59);
    expect(silent.told()).toEqual([]);
    silent.advance(60_000).silence(60);
    expect(silent.told()).toEqual(['hangup normal-clearing', 'loop open']);
    const long = new Bench().calling();
    long.notice({ type: 'polarity', reversed: true }).advance(24 * 3_600_000 - 1);
    expect(long.told()).toEqual(['answered']);
    expect(long.advance(1).told()).toEqual(['hangup normal-clearing', 'loop open']);
  });

  it('never ends an emergency call for silence or for its length', () => {
    const bench = new Bench();
    bench.line.call('112', true, bench.nowMs);
    bench.advance(400).tone('dial').advance(20_000);
    bench.take();
    bench.advance(48 * 3_600_000).silence(48 * 60);
    expect(bench.told()).toEqual([]);
  });

  it('is seized again only when the exchange has seen the loop open', () => {
    const bench = new Bench().calling();
    bench.line.release(bench.nowMs);
    bench.take();
    bench.line.call('3', false, bench.nowMs);
    expect(bench.told()).toEqual([]);
    bench.advance(999);
    expect(bench.told()).toEqual([]);
    bench.advance(1);
    expect(bench.told()).toEqual(['loop closed']);
    bench.advance(400).tone('dial').advance(1_000);
    expect(bench.told()).toEqual(['play 3', 'progress']);
    bench.expectEmpty();
  });

  it('gives up a call for an emergency call, whatever it is doing', () => {
    for (const prepare of [
      (bench: Bench) => bench.calling().notice({ type: 'polarity', reversed: true }),
      (bench: Bench) => bench.calling(),
      (bench: Bench) => bench.notice({ type: 'ringing', on: true }).advance(5_000),
    ]) {
      const bench = prepare(new Bench());
      const was = bench.line.hook;
      bench.take();
      bench.line.call('112', true, bench.nowMs);
      bench.advance(500);
      expect(bench.told()).toEqual(['hangup no-circuit', ...(was === 'on' ? ['loop closed'] : []), 'loop open']);
      bench.advance(1_500);
      expect(bench.told()).toEqual(['loop closed']);
      bench.tone('dial').advance(1_000);
      expect(bench.told()).toEqual(['play 1', 'play 1', 'play 2', 'progress']);
      bench.expectEmpty();
    }
  });
});

describe('a town line that rings', () => {
  it('waits for the caller ID, but not beyond the second ring and 4 s', () => {
    const withId = new Bench()
      .notice({ type: 'ringing', on: true })
      .advance(1_500)
      .notice({ type: 'ringing', on: false });
    expect(withId.told()).toEqual([]);
    withId.line.handleCallerId({ number: '0472', name: '' });
    expect(withId.told()).toEqual(['call 0472']);
    withId.expectEmpty();
    const second = new Bench()
      .notice({ type: 'ringing', on: true })
      .advance(1_000)
      .notice({ type: 'ringing', on: false });
    second.advance(1_000).notice({ type: 'ringing', on: true });
    expect(second.told()).toEqual(['call ']);
    second.expectEmpty();
    const late = new Bench().notice({ type: 'ringing', on: true }).advance(4_000);
    expect(late.told()).toEqual(['call ']);
    late.expectEmpty();
  });

  it('has the caller ID already where it comes behind a turn of the polarity', () => {
    const bench = new Bench().notice({ type: 'polarity', reversed: true }).advance(300);
    bench.line.handleCallerId({ number: '0472', name: '' });
    bench.notice({ type: 'ringing', on: true });
    expect(bench.told()).toEqual(['call 0472']);
    bench.expectEmpty();
  });

  it('is answered, talks, passes digits and a flash on, and hears the far end go', () => {
    const bench = new Bench().notice({ type: 'ringing', on: true }).advance(4_000);
    bench.take();
    bench.line.answer(bench.nowMs);
    expect(bench.told()).toEqual(['loop closed']);
    bench.notice({ type: 'polarity', reversed: true }).advance(1_000);
    bench.line.handleDigitEnd('5', 90);
    bench.line.flash();
    expect(bench.told()).toEqual(['digit', 'flash']);
    bench.notice({ type: 'polarity', reversed: false });
    expect(bench.told()).toEqual(['hangup normal-clearing', 'loop open']);
    bench.expectEmpty();
  });

  it('is over 8 s after the last ring', () => {
    const bench = new Bench().notice({ type: 'ringing', on: true }).advance(4_000);
    bench.notice({ type: 'ringing', on: true }).advance(7_999);
    expect(bench.told()).toEqual(['call ']);
    bench.advance(1);
    expect(bench.told()).toEqual(['hangup normal-clearing']);
    bench.expectEmpty();
  });

  it('is no new call when the switch has let it go and it rings on', () => {
    const bench = new Bench().notice({ type: 'ringing', on: true }).advance(4_000);
    bench.line.release(bench.nowMs);
    bench.take();
    bench.advance(1_000).notice({ type: 'ringing', on: true }).advance(5_000);
    expect(bench.told()).toEqual([]);
    bench.expectEmpty();
  });
});

describe('a town line', () => {
  it('is busy beside a lifted telephone and out of service without voltage', () => {
    const bench = new Bench();
    const states = ([9, 48, 0, 48] as const).map((volts) => bench.notice({ type: 'voltage', volts }).line.state);
    expect(states).toEqual(['busy', 'idle', 'out-of-service', 'idle']);
    bench.calling().notice({ type: 'voltage', volts: 0 });
    expect(bench.told()).toEqual(['hangup network-out-of-order', 'loop open']);
    expect(bench.line.state).toBe('out-of-service');
  });

  it('loses its call with its hardware', () => {
    const bench = new Bench().calling();
    bench.line.setInService(false);
    expect(bench.told()).toEqual(['hangup destination-out-of-order']);
    expect(bench.line.nextDeadline()).toBeUndefined();
    bench.line.setInService(true);
    expect(bench.told()).toEqual(['loop open']);
    bench.expectEmpty();
  });

  it('ends empty whatever happens, and tells each call one end', () => {
    const acts: Record<string, (bench: Bench) => void> = {
      call: (bench) => bench.line.isFree && bench.line.call('12', false, bench.nowMs),
      emergency: (bench) => bench.line.state !== 'out-of-service' && bench.line.call('112', true, bench.nowMs),
      answer: (bench) => bench.line.answer(bench.nowMs),
      release: (bench) => bench.line.release(bench.nowMs),
      dial: (bench) => bench.tone('dial'),
      ringback: (bench) => bench.tone('ringback'),
      busy: (bench) => bench.tone('busy'),
      ring: (bench) => bench.notice({ type: 'ringing', on: true }),
      pause: (bench) => bench.notice({ type: 'ringing', on: false }),
      turn: (bench) => bench.notice({ type: 'polarity', reversed: true }),
      back: (bench) => bench.notice({ type: 'polarity', reversed: false }),
      break: (bench) => bench.notice({ type: 'loop-break', ms: 300 }),
      dead: (bench) => bench.notice({ type: 'voltage', volts: 0 }),
      alive: (bench) => bench.notice({ type: 'voltage', volts: 48 }),
      lost: (bench) => bench.line.setInService(false),
      found: (bench) => bench.line.setInService(true),
      time: (bench) => bench.advance(1_700),
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 40 }), (script) => {
        const bench = new Bench();
        let open = 0;
        const count = () => {
          for (const { type } of bench.take()) {
            if (type === 'call') open++;
            if (type === 'hangup') open--;
          }
        };
        for (const name of script) {
          const before = bench.line.state;
          if ((name === 'call' && bench.line.isFree) || (name === 'emergency' && before !== 'out-of-service')) open++;
          if (name === 'release') {
            count();
            open = 0;
          }
          acts[name]!(bench);
          count();
          expect(open, script.join()).toBeGreaterThanOrEqual(0);
          expect(open, script.join()).toBeLessThanOrEqual(1);
        }
        bench.line.setInService(true);
        bench.notice({ type: 'voltage', volts: 48 }).take();
        bench.expectEmpty();
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
