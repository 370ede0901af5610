import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LookUpNumber } from '../../../src/base/digit-collection.ts';
import { countryProfile, DISTINCTIVE_RINGS } from '../../../src/lines/country-profile.ts';
import { Fxs } from '../../../src/lines/fxs.ts';
import type { FxsOptions } from '../../../src/lines/fxs-options.ts';
import { Bench, CALLER, drained, FR } from './fxs-bench.ts';
import { numbers } from './numbers.ts';

describe('dial tone', () => {
  it('sounds when the handset is lifted', () => {
    const bench = new Bench();
    bench.lift();
    expect(bench.take()).toEqual([
      { type: 'state', state: 'dial-tone' },
      { type: 'hear', tone: FR.tones.dial },
    ]);
    bench.expectEmpty();
  });

  it('stutters while messages wait', () => {
    const bench = new Bench();
    bench.line.setStutter(true);
    bench.lift().take();
    expect(bench.heard).toBe(FR.tones.stutterDial);
    bench.expectEmpty();
  });

  it('stops at the first digit', () => {
    const bench = new Bench();
    bench.lift().dial('2');
    expect(bench.line.state).toBe('dialling');
    expect(bench.heard).toBeUndefined();
    bench.expectEmpty();
  });

  it('goes on behind an outside-line prefix and stops at the digit after it', () => {
    const bench = new Bench({ lookUp: numbers(['9012'], ['9']) });
    bench.lift().dial('9');
    expect(bench.heard).toBe(FR.tones.dial);
    bench.dial('0');
    expect(bench.heard).toBeUndefined();
    bench.expectEmpty();
  });

  it('comes back behind a prefix of several digits', () => {
    const bench = new Bench({ lookUp: numbers(['0012'], ['00']) });
    bench.lift().dial('0');
    expect(bench.heard).toBeUndefined();
    bench.dial('0');
    expect(bench.heard).toBe(FR.tones.dial);
    bench.expectEmpty();
  });

  it('gives way to congestion tone after 16 s without a digit, then the howler, then silence and an alarm', () => {
    const bench = new Bench();
    bench.lift();
    bench.advance(15_999);
    expect(bench.line.state).toBe('dial-tone');
    bench.advance(1);
    expect(bench.line.state).toBe('congestion');
    expect(bench.heard).toBe(FR.tones.congestion);
    bench.advance(30_000);
    expect(bench.line.state).toBe('howler');
    expect(bench.take()).toContainEqual({ type: 'hear', tone: FR.tones.howler, dbm0: -9 });
    bench.advance(29_999);
    expect(bench.line.state).toBe('howler');
    bench.advance(1);
    expect(bench.line.state).toBe('lockout');
    expect(bench.heard).toBeUndefined();
    expect(bench.events()).toEqual(['abandoned']);
    expect(bench.line.nextDeadline()).toBeUndefined();
    bench.expectEmpty();
  });
});

describe('dialling', () => {
  it('calls a number at its last digit when none longer begins with it', () => {
    const bench = new Bench();
    bench.lift().dial('201');
    expect(bench.take()).toContainEqual({ type: 'call', number: '201' });
    expect(bench.line.state).toBe('calling');
    bench.expectEmpty();
  });

  it('calls a number that could go on 3 s after its last digit', () => {
    const bench = new Bench();
    bench.lift();
    bench.line.handleDigitBegin('1', bench.nowMs);
    bench.line.handleDigitBegin('1', bench.nowMs);
    bench.advance(2999);
    expect(bench.line.state).toBe('dialling');
    bench.advance(1);
    expect(bench.take()).toContainEqual({ type: 'call', number: '11' });
    bench.expectEmpty();
  });

  it('calls a number that could go on at #', () => {
    const bench = new Bench();
    bench.lift().dial('11#');
    expect(bench.take()).toContainEqual({ type: 'call', number: '11' });
    bench.expectEmpty();
  });

  it('sounds congestion 5 s after the last digit of half a number', () => {
    const bench = new Bench();
    bench.lift();
    bench.line.handleDigitBegin('7', bench.nowMs);
    bench.advance(4999);
    expect(bench.line.state).toBe('dialling');
    bench.advance(1);
    expect(bench.line.state).toBe('congestion');
    expect(bench.events()).toEqual([]);
    bench.expectEmpty();
  });

  it('starts the inter-digit time anew at each digit', () => {
    const bench = new Bench();
    bench.lift();
    for (const digit of '71') {
      bench.line.handleDigitBegin(digit, bench.nowMs);
      bench.advance(4000);
    }
    expect(bench.line.state).toBe('dialling');
    bench.expectEmpty();
  });

  it('sounds congestion at once for a number that cannot be', () => {
    const bench = new Bench();
    bench.lift().dial('3');
    expect(bench.line.state).toBe('congestion');
    expect(bench.heard).toBe(FR.tones.congestion);
    bench.expectEmpty();
  });

  it('takes rotary digits as the country counts them', () => {
    const swedish = new Bench({ profile: countryProfile('se')! });
    swedish.lift();
    for (const breaks of [3, 1, 2]) swedish.line.handlePulseDigit(breaks, swedish.nowMs);
    expect(swedish.take()).toContainEqual({ type: 'call', number: '201' });
    expect(swedish.events()).toEqual([]);
    swedish.expectEmpty();
  });

  it('does not pass the end of the last dialled digit to the call', () => {
    const bench = new Bench();
    bench.lift().dial('20');
    bench.line.handleDigitBegin('1', bench.nowMs);
    bench.take();
    bench.line.handleDigitEnd('1', 80);
    expect(bench.events()).toEqual([]);
    bench.expectEmpty();
  });

  it('starts over at a flash', () => {
    const bench = new Bench();
    bench.lift().dial('20');
    bench.line.handleFlash(bench.nowMs);
    bench.dial('201');
    expect(bench.take()).toContainEqual({ type: 'call', number: '201' });
    bench.expectEmpty();
  });

  it('ignores digits of a handset that lies on the hook', () => {
    const bench = new Bench();
    bench.dial('201');
    bench.line.handleFlash(bench.nowMs);
    expect(bench.take()).toEqual([]);
  });
});

describe('a handset that lies beside the telephone for a day', () => {
  it.each(['never dialled', 'left by the far end'])(
    'is told of once, is silent, costs nothing and is a telephone again: %s',
    (how) => {
      const bench = new Bench();
      if (how === 'never dialled') bench.lift();
      else {
        bench.talk();
        bench.line.release('normal-clearing', bench.nowMs);
      }
      bench.advance(120_000);
      expect(bench.line.state).toBe('lockout');
      expect(bench.events()).toEqual(['abandoned']);
      expect(bench.line.nextDeadline()).toBeUndefined();
      // Somebody moves it now and then, a radio plays beside it, and others call.
      for (let hour = 0; hour < 24; hour++) {
        bench.line.handleFlash(bench.nowMs);
        bench.line.handlePulseDigit(3, bench.nowMs);
        bench.line.handleDigitBegin('5', bench.nowMs);
        bench.line.handleDigitEnd('5', 80);
        expect(bench.line.ring(CALLER, bench.nowMs)).toBe(false);
        bench.advance(3_600_000);
      }
      expect(bench.take()).toEqual([]);
      expect(bench.line.nextDeadline()).toBeUndefined();
      bench.putDown().take();
      bench.lift().take();
      expect(bench.heard).toBe(FR.tones.dial);
      bench.expectEmpty();
    },
  );
});

describe('hot and warm lines', () => {
  it('calls at once, without dial tone', () => {
    const bench = new Bench({ automatic: { number: '201', afterMs: 0 } });
    bench.lift();
    expect(bench.take()).toEqual([
      { type: 'state', state: 'calling' },
      { type: 'call', number: '201' },
    ]);
    bench.expectEmpty();
  });

  it('calls by itself when nothing was dialled in time', () => {
    const bench = new Bench({ automatic: { number: '201', afterMs: 5000 } });
    bench.lift();
    bench.advance(4999);
    expect(bench.line.state).toBe('dial-tone');
    bench.advance(1);
    expect(bench.take()).toContainEqual({ type: 'call', number: '201' });
    bench.expectEmpty();
  });

  it('gives up its call for an emergency number that is dialled before anybody answers', () => {
    const known = numbers(['201', '112', '15']);
    const lookUp: LookUpNumber = (context, digits) => {
      const isNumber = ['112', '15'].includes(digits);
      const found = known(context, digits);
      return isNumber || ['1', '11'].includes(digits)
        ? { ...found, emergency: isNumber ? 'number' : 'beginning' }
        : found;
    };
    const bench = new Bench({ automatic: { number: '201', afterMs: 0 }, lookUp });
    bench.lift().dial('2');
    bench.take();
    bench.dial('9112');
    expect(bench.take().filter(({ type }) => type === 'call' || type === 'hangup')).toEqual([
      { type: 'hangup', cause: 'normal-clearing', reason: 'An emergency number was dialled on a hot line.' },
      { type: 'call', number: '112' },
    ]);
    bench.line.answer();
    bench.dial('15');
    expect(bench.take().filter(({ type }) => type === 'call')).toEqual([]);
    bench.expectEmpty();
  });

  it('leaves the number to a caller who dials', () => {
    const bench = new Bench({ automatic: { number: '201', afterMs: 5000 } });
    bench.lift();
    bench.dial('7');
    bench.advance(4900);
    expect(bench.line.state).toBe('congestion');
    bench.expectEmpty();
  });
});

describe('a call from the line', () => {
  it('hears ringback while the far end rings, and none of it once answered', () => {
    const bench = new Bench();
    bench.lift().dial('201');
    bench.line.indicate('proceeding', bench.nowMs);
    expect(bench.heard).toBeUndefined();
    bench.line.indicate('ringing', bench.nowMs);
    bench.take();
    expect(bench.heard).toBe(FR.tones.ringback);
    bench.line.answer();
    bench.take();
    expect(bench.line.state).toBe('talking');
    expect(bench.heard).toBeUndefined();
    bench.expectEmpty();
  });

  it('hears early media instead of ringback', () => {
    const bench = new Bench();
    bench.lift().dial('201');
    bench.line.indicate('ringing', bench.nowMs);
    bench.line.indicate('progress', bench.nowMs);
    bench.take();
    expect(bench.heard).toBeUndefined();
    expect(bench.line.state).toBe('calling');
    bench.expectEmpty();
  });

  it.each(['busy', 'congestion'] as const)('hears %s while the call still stands, and may be answered yet', (what) => {
    const bench = new Bench();
    bench.lift().dial('201');
    bench.line.indicate(what, bench.nowMs);
    bench.take();
    expect(bench.line.state).toBe(what);
    expect(bench.heard).toBe(FR.tones[what]);
    bench.line.answer();
    bench.take();
    expect(bench.line.state).toBe('talking');
    expect(bench.heard).toBeUndefined();
    bench.advance(120_000);
    expect(bench.line.state).toBe('talking');
    bench.expectEmpty();
  });

  it('is ended by the line itself when busy tone has sounded for 30 s', () => {
    const bench = new Bench();
    bench.lift().dial('201');
    bench.line.indicate('busy', bench.nowMs);
    bench.take();
    bench.advance(30_000);
    expect(bench.events()).toEqual(['hangup']);
    expect(bench.line.state).toBe('howler');
    bench.expectEmpty();
  });

  it('keeps its time to the howler when the call ends under busy tone', () => {
    const bench = new Bench();
    bench.lift().dial('201');
    bench.line.indicate('busy', bench.nowMs);
    bench.advance(20_000);
    bench.line.release('user-busy', bench.nowMs);
    bench.advance(9_999);
    expect(bench.line.state).toBe('busy');
    bench.advance(1);
    expect(bench.line.state).toBe('howler');
    bench.expectEmpty();
  });

  it.each([
    ['user-busy', 'busy'],
    ['normal-clearing', 'congestion'],
    ['unallocated-number', 'congestion'],
    ['no-circuit', 'congestion'],
  ] as const)('that fails for %s hears %s tone at once, without a loop interruption', (cause, tone) => {
    const bench = new Bench();
    bench.lift().dial('201').take();
    bench.line.release(cause, bench.nowMs);
    expect(bench.commands()).toEqual([]);
    expect(bench.line.state).toBe(tone);
    expect(bench.heard).toBe(FR.tones[tone]);
    bench.expectEmpty();
  });

  it('gives digits and flashes to the call', () => {
    const bench = new Bench().talk();
    bench.line.handleDigitBegin('5', bench.nowMs);
    expect(bench.take()).toEqual([]);
    bench.line.handleDigitEnd('5', 120);
    bench.line.handleFlash(bench.nowMs);
    expect(bench.take()).toEqual([{ type: 'digit', digit: '5', durationMs: 120 }, { type: 'flash' }]);
    bench.expectEmpty();
  });

  it('is held and resumed', () => {
    const bench = new Bench().talk();
    bench.line.hold();
    expect(bench.line.state).toBe('held');
    bench.line.unhold();
    expect(bench.line.state).toBe('talking');
    bench.expectEmpty();
  });

  it('ends when the handset is put down', () => {
    const bench = new Bench().talk();
    bench.putDown();
    expect(bench.take()).toEqual([
      { type: 'hangup', cause: 'normal-clearing', reason: 'The handset was put down.' },
      { type: 'state', state: 'idle' },
    ]);
    bench.expectEmpty();
  });

  it('reverses the loop from answer to end where that is asked for', () => {
    const bench = new Bench({ reverseOnAnswer: true });
    bench.lift().dial('201').take();
    bench.line.answer();
    expect(bench.commands()).toEqual([{ type: 'polarity', reversed: true }]);
    bench.line.release('normal-clearing', bench.nowMs);
    expect(bench.commands()).toEqual([
      { type: 'polarity', reversed: false },
      { type: 'cpc', ms: 500 },
    ]);
    bench.expectEmpty();
  });
});

describe('the far end hangs up', () => {
  it('interrupts the loop, then sounds congestion, howler, and parks the line', () => {
    const bench = new Bench().talk();
    bench.line.release('normal-clearing', bench.nowMs);
    expect(bench.commands()).toEqual([{ type: 'cpc', ms: 500 }]);
    expect(bench.line.state).toBe('congestion');
    bench.advance(499);
    expect(bench.heard).toBeUndefined();
    bench.advance(1);
    expect(bench.heard).toBe(FR.tones.congestion);
    bench.advance(30_000);
    expect(bench.line.state).toBe('howler');
    bench.advance(30_000);
    expect(bench.line.state).toBe('lockout');
    bench.expectEmpty();
  });

  it('gives new dial tone at a flash', () => {
    const bench = new Bench().talk();
    bench.line.release('normal-clearing', bench.nowMs);
    bench.advance(2000);
    bench.line.handleFlash(bench.nowMs);
    bench.take();
    expect(bench.line.state).toBe('dial-tone');
    expect(bench.heard).toBe(FR.tones.dial);
    bench.expectEmpty();
  });

  it('says nothing more of the call', () => {
    const bench = new Bench().talk();
    bench.line.release('normal-clearing', bench.nowMs);
    bench.line.release('user-busy', bench.nowMs);
    bench.line.handleDigitEnd('5', 80);
    bench.putDown();
    expect(bench.events()).toEqual([]);
    bench.expectEmpty();
  });
});

describe('a call to the line', () => {
  it("rings in the country's cadence with the caller's number", () => {
    const bench = new Bench();
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(true);
    expect(bench.take()).toEqual([
      { type: 'state', state: 'ringing' },
      { type: 'line', command: { type: 'ring', cadence: [1500, 3500], callerId: CALLER } },
      { type: 'ringing' },
    ]);
    bench.line.release('no-answer', bench.nowMs);
    bench.expectEmpty();
  });

  it('is answered by lifting the handset, also in the same instant as the ring', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.lift();
    expect(bench.take()).toEqual([
      { type: 'line', command: { type: 'ring-stop' } },
      { type: 'state', state: 'talking' },
      { type: 'answered' },
    ]);
    bench.expectEmpty();
  });

  it('stops ringing when the caller gives up, without a loop interruption', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.line.release('no-answer', bench.nowMs);
    expect(bench.take()).toEqual([
      { type: 'line', command: { type: 'ring-stop' } },
      { type: 'state', state: 'idle' },
    ]);
    bench.expectEmpty();
  });

  it('says who calls in the first long pause, 600 ms behind the ring', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.advance(2_099);
    expect(bench.take()).toEqual([]);
    bench.advance(1);
    expect(bench.take()).toMatchObject([{ type: 'signal', steps: [{ kind: 'data', modem: 'v23' }] }]);
    bench.advance(20_000);
    expect(bench.take()).toEqual([]);
    bench.line.release('no-answer', bench.nowMs);
    bench.expectEmpty();
  });

  it('says so before the first ring where the country does, with the loop reversed until the call is over or answered', () => {
    const bench = new Bench({ profile: countryProfile('gb')! });
    bench.line.ring(CALLER, bench.nowMs);
    expect(bench.take()).toMatchObject([
      { type: 'state', state: 'ringing' },
      { type: 'line', command: { type: 'polarity', reversed: true } },
      { type: 'signal' },
    ]);
    bench.advance(2_500);
    expect(bench.take()).toMatchObject([{ type: 'line', command: { type: 'ring' } }, { type: 'ringing' }]);
    bench.lift();
    expect(bench.commands()).toEqual([{ type: 'ring-stop' }, { type: 'polarity', reversed: false }]);
    bench.expectEmpty();
  });

  it('stops what it says as soon as the handset is lifted', () => {
    for (const country of ['gb', 'fr', 'se']) {
      const bench = new Bench({ profile: countryProfile(country)! });
      bench.line.ring(CALLER, bench.nowMs);
      bench.advance(country === 'fr' ? 2_200 : 300);
      bench.take();
      bench.lift();
      expect(bench.take()).toContainEqual({ type: 'signal', steps: [] });
      bench.advance(10_000);
      expect(bench.take()).toEqual([]);
      bench.expectEmpty();
    }
  });

  it('says nothing to a telephone that has no display, and what another country says to one that has its display', () => {
    for (const [callerId, modem] of [
      ['none', undefined],
      ['bellcore', 'bell202'],
    ] as const) {
      const bench = new Bench({ callerId });
      bench.line.ring(CALLER, bench.nowMs);
      bench.advance(5_000);
      const signals = bench.take().filter(({ type }) => type === 'signal');
      expect(signals).toMatchObject(modem === undefined ? [] : [{ steps: [{ modem }] }]);
      bench.line.release('no-answer', bench.nowMs);
      bench.expectEmpty();
    }
  });

  it('is told by a tone every 10 s that another one waits, and by an alert for its display', () => {
    const bench = new Bench({ profile: countryProfile('us')! }).talk();
    bench.line.announceWaiting(CALLER, bench.nowMs);
    expect(bench.take()).toMatchObject([{ type: 'signal', steps: [{ hz: [440], ms: 300 }, { hz: [2130, 2750] }] }]);
    bench.advance(10_000);
    expect(bench.take()).toMatchObject([{ type: 'signal', steps: [{ hz: [440], ms: 300 }] }]);
    bench.line.announceWaiting(undefined, bench.nowMs);
    bench.advance(30_000);
    expect(bench.take()).toEqual([]);
    bench.expectEmpty();
  });

  it('shows who waits to a display that answers the alert in time, and takes that answer for no digit', () => {
    for (const answer of ['D', 'A']) {
      const bench = new Bench({ profile: countryProfile('us')! }).talk();
      bench.line.announceWaiting(CALLER, bench.nowMs);
      bench.take();
      bench.advance(500);
      bench.line.handleDigitBegin(answer, bench.nowMs);
      bench.line.handleDigitEnd(answer, 60);
      expect(bench.take()).toMatchObject([
        {
          type: 'signal',
          steps: [{ kind: 'silence' }, { kind: 'data', modem: 'bell202', seizureBits: 0, markBits: 80 }],
        },
      ]);
      bench.line.handleDigitBegin(answer, bench.nowMs);
      bench.line.handleDigitEnd(answer, 60);
      expect(bench.events()).toEqual(['digit']);
      bench.expectEmpty();
    }
  });

  it('shows nothing to who does not answer the alert, or answers it later', () => {
    const bench = new Bench({ profile: countryProfile('us')! }).talk();
    bench.line.announceWaiting(CALLER, bench.nowMs);
    bench.advance(2_000);
    bench.take();
    bench.line.handleDigitBegin('D', bench.nowMs);
    bench.line.handleDigitEnd('D', 60);
    expect(bench.events()).toEqual(['digit']);
    bench.expectEmpty();
  });

  it('rings in another cadence where it is told, and says who calls in the long pause of that one', () => {
    const bench = new Bench();
    const cadence = DISTINCTIVE_RINGS['3']!;
    bench.line.ring(CALLER, bench.nowMs, cadence);
    expect(bench.commands()).toEqual([{ type: 'ring', cadence, callerId: CALLER }]);
    bench.advance(2_599);
    expect(bench.take()).toEqual([]);
    bench.advance(1);
    expect(bench.take()).toMatchObject([{ type: 'signal' }]);
    bench.line.release('no-answer', bench.nowMs);
    bench.expectEmpty();
  });

  it('rings no line that is not idle', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(false);
    bench.lift();
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(false);
    bench.putDown().lift();
    expect(bench.line.ring(CALLER, bench.nowMs)).toBe(false);
    bench.expectEmpty();
  });

  it('rings only after the loop interruption of the call before', () => {
    const bench = new Bench().talk();
    bench.line.release('normal-clearing', bench.nowMs);
    bench.putDown().take();
    bench.line.ring(CALLER, bench.nowMs);
    expect(bench.commands()).toEqual([]);
    expect(bench.line.state).toBe('ringing');
    bench.advance(499);
    expect(bench.events()).toEqual([]);
    bench.advance(1);
    expect(bench.events()).toEqual(['ringing']);
    bench.lift().take();
    bench.expectEmpty();
  });

  it('does not start ringing a line that was answered or released meanwhile', () => {
    for (const end of ['lift', 'release'] as const) {
      const bench = new Bench().talk();
      bench.line.release('normal-clearing', bench.nowMs);
      bench.putDown();
      bench.line.ring(CALLER, bench.nowMs);
      if (end === 'lift') bench.lift();
      else bench.line.release('no-answer', bench.nowMs);
      bench.take();
      bench.advance(1000);
      expect(bench.commands()).toEqual([]);
      bench.expectEmpty();
    }
  });

  it('does nothing for an indication or an answer', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.line.indicate('ringing', bench.nowMs);
    bench.line.answer();
    expect(bench.take()).toEqual([]);
    bench.line.release('no-answer', bench.nowMs);
    bench.expectEmpty();
  });
});

describe('out of service', () => {
  it('is where a line begins, and it does nothing there', () => {
    const line = new Fxs({ profile: FR, context: 'office', lookUp: numbers([]) });
    expect(line.state).toBe('out-of-service');
    line.handleHook('off', 0);
    line.handleFlash(0);
    line.handleDigitBegin('1', 0);
    expect(line.ring(CALLER, 0)).toBe(false);
    expect(drained(line)).toEqual([]);
  });

  it('ends a call, and comes back idle with its settings', () => {
    const bench = new Bench().talk();
    bench.line.setInService(false, bench.nowMs);
    expect(bench.events()).toEqual(['hangup']);
    expect(bench.line.state).toBe('out-of-service');
    expect(bench.line.nextDeadline()).toBeUndefined();
    bench.line.setInService(true, bench.nowMs);
    expect(bench.commands()).toEqual([
      { type: 'configure', timing: FR.timing },
      { type: 'polarity', reversed: false },
      { type: 'ring-stop' },
    ]);
    expect(bench.line.state).toBe('idle');
  });

  it('gives dial tone to a handset that was lifted before the line came back', () => {
    const bench = new Bench();
    bench.line.setInService(false, bench.nowMs);
    bench.lift();
    bench.line.setInService(true, bench.nowMs);
    expect(bench.line.state).toBe('dial-tone');
    bench.expectEmpty();
  });

  it('gives a reset HAT its settings and its ringing back without touching the call', () => {
    const bench = new Bench();
    bench.line.ring(CALLER, bench.nowMs);
    bench.take();
    bench.line.setInService(true, bench.nowMs);
    expect(bench.take()).toEqual([
      { type: 'line', command: { type: 'configure', timing: FR.timing } },
      { type: 'line', command: { type: 'polarity', reversed: false } },
      { type: 'line', command: { type: 'ring', cadence: [1500, 3500], callerId: CALLER } },
    ]);
    bench.line.release('no-answer', bench.nowMs);
    bench.expectEmpty();
  });
});

describe('whatever happens in whatever order', () => {
  type Act = (bench: Bench) => void;
  const acts: Readonly<Record<string, Act>> = {
    lift: (bench) => void bench.lift(),
    'put down': (bench) => void bench.putDown(),
    flash: (bench) => bench.line.handleFlash(bench.nowMs),
    'dial 2': (bench) => void bench.dial('2'),
    'dial 201': (bench) => void bench.dial('201'),
    'pulse 1': (bench) => bench.line.handlePulseDigit(1, bench.nowMs),
    ring: (bench) => void bench.line.ring(CALLER, bench.nowMs),
    ringing: (bench) => bench.line.indicate('ringing', bench.nowMs),
    busy: (bench) => bench.line.indicate('busy', bench.nowMs),
    answer: (bench) => bench.line.answer(),
    hold: (bench) => bench.line.hold(),
    'another one waits': (bench) => bench.line.announceWaiting(CALLER, bench.nowMs),
    'it does not': (bench) => bench.line.announceWaiting(undefined, bench.nowMs),
    'its display answers': (bench) => void bench.dial('D'),
    release: (bench) => bench.line.release('normal-clearing', bench.nowMs),
    lose: (bench) => bench.line.setInService(false, bench.nowMs),
    restore: (bench) => bench.line.setInService(true, bench.nowMs),
    'wait a moment': (bench) => bench.advance(400),
    'wait long': (bench) => bench.advance(31_000),
  };
  const KINDS: readonly Partial<FxsOptions>[] = [
    { automatic: { number: '201', afterMs: 0 } },
    { reverseOnAnswer: true },
    { callerId: 'ntt' },
  ];

  it('hook and state agree, a call is begun and ended in turn, and nothing is left on the hook', () => {
    const script = fc.array(fc.constantFrom(...Object.entries(acts)), { maxLength: 40 });
    fc.assert(
      fc.property(script, fc.constantFrom(...KINDS), (steps, options) => {
        const bench = new Bench(options);
        const mayRead = options.callerId === 'ntt';
        let standing = false;
        let ringVoltage = false;
        let reversed = false;
        for (const [what, act] of steps) {
          const before = bench.line.state;
          act(bench);
          if (what === 'ring' && before === 'idle') standing = true;
          for (const output of bench.take()) {
            if (output.type === 'call') {
              expect(standing).toBe(false);
              standing = true;
            } else if (output.type === 'hangup') {
              expect(standing).toBe(true);
              standing = false;
            } else if (['answered', 'digit', 'flash', 'ringing'].includes(output.type)) expect(standing).toBe(true);
            if (output.type !== 'line') continue;
            if (output.command.type === 'ring') ringVoltage = true;
            if (output.command.type === 'ring-stop') ringVoltage = false;
            if (output.command.type === 'polarity') reversed = output.command.reversed;
          }
          const { state, hook } = bench.line;
          if (what === 'release') standing = false;
          const rests = state === 'idle' || (state === 'ringing' && !(mayRead && hook === 'off'));
          if (state !== 'out-of-service') expect(hook === 'on').toBe(rests);
          if (hook === 'off') expect(ringVoltage).toBe(false);
          if (state === 'idle' || state === 'out-of-service' || state === 'lockout') {
            expect(bench.line.nextDeadline()).toBeUndefined();
            expect(bench.heard).toBeUndefined();
            expect(standing).toBe(false);
            expect(reversed).toBe(false);
          }
          if (state !== 'ringing' && state !== 'out-of-service') expect(ringVoltage).toBe(false);
        }
      }),
      { seed: 61, numRuns: 500 },
    );
  });
});
