import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leg, LegEvent } from '../../src/switch/leg.ts';

/** One kind of leg with a far end that tests act for. A harness carries one leg at a time. */
export interface LegHarness {
  readonly nowMs: number;
  advance(ms: number): void;
  /** The switch dials; the far end gets the call and does nothing yet. */
  dial(): Leg;
  /** The far end calls in; the call has been given to the switch. */
  callIn(): Leg;
  readonly farEnd: FarEnd;
  /** What the leg has told so far. */
  events(leg: Leg): readonly LegEvent[];
  /** Nothing is left of any call: no timer, stream, leg. May let the time pass that the protocol needs for that. */
  expectEmpty(): void;
}

/** Each does nothing where the far end cannot do it at that moment. */
export interface FarEnd {
  answer(): void;
  hangup(): void;
  digit(digit: string): void;
}

type Act = (leg: Leg, harness: LegHarness) => void;

/** Every command of a leg, as the switch may give it in any state. */
const COMMANDS: Readonly<Record<string, Act>> = {
  proceeding: (leg, { nowMs }) => leg.indicate('proceeding', nowMs),
  ringing: (leg, { nowMs }) => leg.indicate('ringing', nowMs),
  progress: (leg, { nowMs }) => leg.indicate('progress', nowMs),
  busy: (leg, { nowMs }) => leg.indicate('busy', nowMs),
  congestion: (leg, { nowMs }) => leg.indicate('congestion', nowMs),
  answer: (leg, { nowMs }) => leg.answer(nowMs),
  hold: (leg, { nowMs }) => leg.hold(nowMs),
  unhold: (leg, { nowMs }) => leg.unhold(nowMs),
  digit: (leg, { nowMs }) => leg.sendDigit('7', 100, nowMs),
  flash: (leg, { nowMs }) => leg.flash(nowMs),
  text: (leg, { nowMs }) => leg.sendText('hello', nowMs),
  signal: (leg, { nowMs }) =>
    leg.passOn({ technology: 'local', kind: 'control', code: 12, payload: new Uint8Array() }, nowMs),
};

const FAR_END: Readonly<Record<string, Act>> = {
  'far end answers': (_leg, { farEnd }) => farEnd.answer(),
  'far end hangs up': (_leg, { farEnd }) => farEnd.hangup(),
  'far end dials': (_leg, { farEnd }) => farEnd.digit('5'),
  'time passes': (_leg, harness) => harness.advance(700),
};

const HANGUP: Readonly<Record<string, Act>> = { hangup: (leg, { nowMs }) => leg.hangup('normal-clearing', nowMs) };

/** What the switch relies on, whatever a leg came by. Run over every kind of leg. */
export function describeLegContract(name: string, makeHarness: () => LegHarness): void {
  describe(`${name} as a leg`, () => {
    const types = (harness: LegHarness, leg: Leg) => harness.events(leg).map((event) => event.type);
    const hangups = (harness: LegHarness, leg: Leg) => types(harness, leg).filter((type) => type === 'hangup');

    function finish(harness: LegHarness, leg: Leg): void {
      leg.hangup('normal-clearing', harness.nowMs);
      harness.advance(0);
      expect(hangups(harness, leg)).toHaveLength(1);
      expect(types(harness, leg).at(-1)).toBe('hangup');
      harness.expectEmpty();
    }

    function answered(direction: 'dial' | 'callIn'): { harness: LegHarness; leg: Leg } {
      const harness = makeHarness();
      const leg = harness[direction]();
      if (direction === 'dial') harness.farEnd.answer();
      else leg.answer(harness.nowMs);
      harness.advance(1000);
      return { harness, leg };
    }

    it('has an identity, a channel and a stream of its own', () => {
      const harness = makeHarness();
      const first = harness.dial();
      expect(first.stream).toBeGreaterThan(0);
      expect(first.channel.toUpperCase().startsWith(`${first.technology.toUpperCase()}/`)).toBe(true);
      finish(harness, first);
      const second = harness.dial();
      expect(second.id).not.toBe(first.id);
      expect(second.stream).not.toBe(first.stream);
      finish(harness, second);
    });

    it('tells once that the far end answered', () => {
      const { harness, leg } = answered('dial');
      expect(types(harness, leg).filter((type) => type === 'answered')).toHaveLength(1);
      expect(types(harness, leg)).not.toContain('hangup');
      finish(harness, leg);
    });

    it.each(['dial', 'callIn'] as const)('tells once that the far end hung up, after %s', (direction) => {
      const { harness, leg } = answered(direction);
      harness.farEnd.hangup();
      harness.advance(5000);
      expect(hangups(harness, leg)).toHaveLength(1);
      finish(harness, leg);
    });

    it.each(['dial', 'callIn'] as const)('tells its own hangup with the cause it was given, after %s', (direction) => {
      const { harness, leg } = answered(direction);
      leg.hangup('no-circuit', harness.nowMs);
      harness.advance(0);
      expect(harness.events(leg).at(-1)).toMatchObject({ type: 'hangup', cause: 'no-circuit' });
      harness.farEnd.digit('5');
      harness.farEnd.hangup();
      harness.advance(5000);
      finish(harness, leg);
    });

    it.each(['dial', 'callIn'] as const)('ends once when both ends hang up at once, after %s', (direction) => {
      const { harness, leg } = answered(direction);
      harness.farEnd.hangup();
      leg.hangup('normal-clearing', harness.nowMs);
      harness.advance(5000);
      finish(harness, leg);
    });

    it('can be given up before it is answered', () => {
      const harness = makeHarness();
      const leg = harness.dial();
      leg.hangup('no-answer', harness.nowMs);
      harness.advance(5000);
      expect(types(harness, leg)).not.toContain('answered');
      finish(harness, leg);
    });

    it('tells when a caller gives up before it is answered', () => {
      const harness = makeHarness();
      const leg = harness.callIn();
      leg.indicate('ringing', harness.nowMs);
      harness.farEnd.hangup();
      harness.advance(5000);
      expect(types(harness, leg)).toEqual(['hangup']);
      finish(harness, leg);
    });

    it.each(['dial', 'callIn'] as const)('tells a digit of the far end with its duration, after %s', (direction) => {
      const { harness, leg } = answered(direction);
      harness.farEnd.digit('5');
      harness.advance(1000);
      const digits = harness.events(leg).flatMap((event) => (event.type === 'digit' ? [event] : []));
      expect(digits.map((event) => event.digit)).toEqual(['5']);
      expect(digits[0]!.durationMs).toBeGreaterThanOrEqual(40);
      finish(harness, leg);
    });

    for (const [command, act] of Object.entries({ ...COMMANDS, ...HANGUP })) {
      it(`takes ${command} in every state, and does nothing for it after its end`, () => {
        for (const direction of ['dial', 'callIn'] as const) {
          const harness = makeHarness();
          const leg = harness[direction]();
          act(leg, harness);
          harness.advance(100);
          finish(harness, leg);
          const talk = answered(direction);
          act(talk.leg, talk.harness);
          talk.harness.advance(100);
          finish(talk.harness, talk.leg);
          const before = talk.harness.events(talk.leg).length;
          act(talk.leg, talk.harness);
          talk.harness.advance(1000);
          expect(talk.harness.events(talk.leg)).toHaveLength(before);
          talk.harness.expectEmpty();
        }
      });
    }

    it('leaves the next call alone once it has ended, whatever it is told', () => {
      const harness = makeHarness();
      const first = harness.dial();
      finish(harness, first);
      const second = harness.dial();
      for (const act of Object.values({ ...COMMANDS, ...HANGUP })) act(first, harness);
      harness.farEnd.answer();
      harness.advance(1000);
      expect(types(harness, second)).toContain('answered');
      expect(types(harness, second)).not.toContain('hangup');
      expect(hangups(harness, first)).toHaveLength(1);
      finish(harness, second);
    });

    it('keeps to the order of a call whatever both ends do: answered at most once, hangup last and once', () => {
      const acts = Object.entries({ ...COMMANDS, ...FAR_END, ...HANGUP });
      const script = fc.array(fc.constantFrom(...acts), { maxLength: 25 });
      fc.assert(
        fc.property(fc.constantFrom('dial' as const, 'callIn' as const), script, (direction, steps) => {
          const harness = makeHarness();
          const leg = harness[direction]();
          for (const [, act] of steps) {
            act(leg, harness);
            harness.advance(10);
          }
          const told = types(harness, leg);
          expect(told.filter((type) => type === 'answered').length).toBeLessThanOrEqual(direction === 'dial' ? 1 : 0);
          if (told.includes('hangup')) expect(told.indexOf('hangup')).toBe(told.length - 1);
          finish(harness, leg);
        }),
        { seed: 20_260, numRuns: 200 },
      );
    });
  });
}
