import { describe, expect, it } from 'vitest';
import type { LineCommand } from '../../../src/base/line-port.ts';
import { signalMs } from '../../../src/base/line-signal.ts';
import { callerIdDelivery } from '../../../src/lines/caller-id-signal.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';
import type { FxsOutput } from '../../../src/lines/fxs-output.ts';
import { encodeNumberDisplay } from '../../../src/lines/number-display.ts';
import { numberDisplayIn } from '../../support/number-display.ts';
import { Bench, CALLER } from './fxs-bench.ts';

const JP = countryProfile('jp')!;
const delivery = callerIdDelivery('ntt', JP.callerIdDigits, CALLER, undefined)!;
const TELL_MS = signalMs(delivery.steps);
const RING = { type: 'ring', cadence: JP.ringCadence, callerId: CALLER } as const;
const NORMAL = { type: 'polarity', reversed: false } as const;

describe('the frame of Number Display', () => {
  it('is this one, byte by byte', () => {
    const bytes = Buffer.from(encodeNumberDisplay({ number: '0312345678', name: '' })).toString('hex');
    expect(bytes).toBe('9081879082c00c820a3033b1b233b43536b7b89003fb52');
  });

  it.each([
    ['0312345678', false, { number: '0312345678' }],
    ['+81312345678', false, { number: '0081312345678' }],
    ['01234567890123', false, { number: '01234567890123' }],
    ['0123456789012345', false, { number: '0123456789012345' }],
    ['0123456789012345678999', false, { number: '01234567890123456789' }],
    ['0312345678', true, { absence: 'P' }],
    ['', false, { absence: 'O' }],
  ] as const)('shows of the number %j, withheld %j: %j', (number, isWithheld, shown) => {
    expect(numberDisplayIn(encodeNumberDisplay({ number, name: 'Mairie', isWithheld }))).toEqual(shown);
  });

  it('is refused by a receiver as soon as any bit of it is wrong', () => {
    const good = encodeNumberDisplay(CALLER);
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const bytes = good.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      // The parity of the two bytes in front is looked at by nobody.
      if (bit !== 7 && bit !== 15) expect(typeof numberDisplayIn(bytes), `bit ${bit}`).toBe('string');
    }
  });
});

/** A line in Japan, rung a moment ago. */
function rung(): Bench {
  const bench = new Bench({ profile: JP, callerId: 'ntt' });
  bench.line.ring(CALLER, bench.nowMs);
  return bench;
}

/** One whose loop was closed in the activation ring a moment ago. */
function reading(): Bench {
  const bench = rung();
  bench.advance(700);
  bench.lift().take();
  return bench;
}

/** What was put out, without the states: commands as they are, everything else as its type. */
function seen(bench: Bench): (LineCommand | FxsOutput['type'])[] {
  return bench
    .take()
    .filter((output) => output.type !== 'state')
    .map((output) => (output.type === 'line' ? output.command : output.type));
}

describe('a line that has Number Display', () => {
  it('turns the polarity and asks in bursts of 500 ms, which is no ringing for the caller', () => {
    const bench = rung();
    expect(seen(bench)).toEqual([
      { type: 'polarity', reversed: true },
      { type: 'ring', cadence: [500, 500] },
    ]);
    bench.advance(5_999);
    expect(seen(bench)).toEqual([]);
  });

  it('tells a telephone that closes its loop, and rings it once the loop is open again', () => {
    const bench = rung();
    bench.take();
    bench.advance(700);
    bench.lift();
    expect(bench.take()).toEqual([
      { type: 'line', command: { type: 'ring-stop' } },
      { type: 'signal', steps: delivery.steps },
    ]);
    expect(bench.line.state).toBe('ringing');
    bench.advance(TELL_MS + JP.timing.hangupMs);
    bench.putDown();
    expect(seen(bench)).toEqual(['signal', NORMAL, RING, 'ringing']);
    bench.advance(20_000);
    bench.lift();
    expect(seen(bench)).toContain('answered');
    expect(bench.line.state).toBe('talking');
  });

  it('rings a telephone without it as any other after six seconds', () => {
    const bench = rung();
    bench.take();
    bench.advance(6_000);
    expect(seen(bench)).toEqual([{ type: 'ring-stop' }, NORMAL, RING, 'ringing']);
    bench.lift();
    expect(seen(bench)).toEqual([{ type: 'ring-stop' }, 'answered']);
  });

  it('connects a person who lifts in the activation ring, when the loop does not open behind the data', () => {
    const bench = reading();
    bench.advance(TELL_MS + JP.timing.hangupMs + 799);
    expect(seen(bench)).toEqual([]);
    bench.advance(1);
    expect(seen(bench)).toEqual([{ type: 'ring-stop' }, 'signal', NORMAL, 'answered']);
    expect(bench.line.state).toBe('talking');
    bench.putDown();
    expect(seen(bench)).toEqual(['hangup']);
    expect(bench.line.nextDeadline()).toBeUndefined();
  });

  it('connects a person who lifts as soon as the display has let go', () => {
    const bench = reading();
    bench.advance(TELL_MS + 500);
    bench.line.handleFlash(bench.nowMs);
    expect(seen(bench)).toEqual([{ type: 'ring-stop' }, 'signal', NORMAL, 'answered']);
    bench.advance(60_000);
    expect(bench.line.state).toBe('talking');
  });

  it('rings on when a person lifts and puts down again in the data', () => {
    const bench = reading();
    bench.advance(300);
    bench.putDown();
    expect(bench.take()).toMatchObject([
      { type: 'signal', steps: [] },
      { command: NORMAL },
      { command: RING },
      { type: 'ringing' },
    ]);
  });

  it('is still when the caller hangs up in the activation ring', () => {
    const bench = rung();
    bench.take();
    bench.advance(700);
    bench.line.release('no-answer', bench.nowMs);
    expect(seen(bench)).toEqual([{ type: 'ring-stop' }, NORMAL]);
    expect(bench.line.state).toBe('idle');
    bench.advance(60_000);
    expect(seen(bench)).toEqual([]);
  });

  it('sends nothing more when the caller hangs up in the data, and is free once the loop is open', () => {
    const bench = reading();
    bench.advance(300);
    bench.line.release('no-answer', bench.nowMs);
    expect(bench.take()).toContainEqual({ type: 'signal', steps: [] });
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(false);
    bench.advance(1_500);
    bench.putDown();
    expect(seen(bench)).not.toContain('answered');
    expect(bench.line.state).toBe('idle');
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(true);
  });

  it('goes on asking where the hardware was reset, and rings nobody who reads', () => {
    const bench = rung();
    bench.take();
    bench.line.setInService(true, bench.nowMs);
    expect(seen(bench)).toContainEqual({ type: 'ring', cadence: [500, 500] });
    bench.advance(700);
    bench.lift().take();
    bench.line.setInService(true, bench.nowMs);
    expect(seen(bench)).toContainEqual({ type: 'ring-stop' });
  });

  it('asks nobody that lifts before the loop of the call before is whole', () => {
    const bench = rung();
    bench.lift();
    bench.advance(TELL_MS + 3_000);
    bench.line.release('normal-clearing', bench.nowMs);
    bench.putDown();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.lift();
    expect(seen(bench)).toContain('answered');
  });
});
