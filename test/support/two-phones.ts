import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmulatedHat } from '../../firmware-bridge/emulator/emulated-hat.ts';
import { measureTones } from '../../firmware-bridge/emulator/tone-meter.ts';
import type { ExchangeAudio } from '../../firmware-bridge/hat-client.ts';
import { Counters } from '../../src/base/counters.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { LineLegs } from '../../src/legs/line-leg.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { MediaPlane } from '../../src/media/plane.ts';
import type { Leg } from '../../src/switch/leg.ts';
import { numbers } from '../unit/lines/numbers.ts';
import { callerIdsIn } from './caller-ids.ts';
import { numberDisplayIn, v23BytesIn } from './number-display.ts';

/** Makes a HAT with phones on lines 1 and 2. */
export type MakeOfficeHat = (exchange: ExchangeAudio) => EmulatedHat & { close?(): void };

/** Two emulated phones, the real media plane and line legs, and a switch that joins 201 and 202 and nothing else. */
class Office {
  nowMs = 0;
  readonly plane = new MediaPlane({ send: () => {}, counters: new Counters() });
  readonly lines: LineLegs;
  readonly hat: EmulatedHat;
  readonly dialled: string[] = [];
  readonly digits: string[] = [];
  private readonly streams = new StreamIds();
  private readonly partners = new Map<Leg, Leg>();

  constructor(
    readonly country: string,
    makeHat: MakeOfficeHat,
    callerId?: 'ntt',
  ) {
    this.lines = new LineLegs({
      lines: [
        { port: 1, extension: '201', name: 'Front desk', context: 'office' },
        { port: 2, extension: '202', name: 'Back room', context: 'office', ...(callerId && { callerId }) },
      ],
      profile: countryProfile(country)!,
      lookUp: numbers(['201', '202', '1234567890*#1']),
      media: this.plane,
      streams: this.streams,
      wallClock: () => this.nowMs,
      localTime: () => ({ month: 11, day: 28, hour: 9, minute: 5 }),
    });
    this.hat = makeHat((port, up, down, _mediaTs, nowMs) => this.plane.exchangeLineBlock(port, up, down, nowMs));
    this.live(100);
  }

  live(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 10;
      this.hat.tick(this.nowMs);
      this.plane.tick(this.nowMs);
      this.lines.handleTimeout(this.nowMs);
      this.settle();
    }
  }

  phone(port: number) {
    return this.hat.phone(port)!;
  }

  state(port: number) {
    return this.lines.statuses().get(port)!.state;
  }

  tones(port: number): number[] {
    return measureTones(this.phone(port).heard.last(1600)).map((tone) => Math.round(tone.hz));
  }

  private settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (let event = this.hat.poll(); event !== undefined; event = this.hat.poll()) {
        this.lines.handleHat(event, this.nowMs);
        busy = true;
      }
      for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll()) {
        this.lines.handleMedia(event, this.nowMs);
        busy = true;
      }
      for (let output = this.lines.poll(); output !== undefined; output = this.lines.poll()) {
        this.follow(output);
        busy = true;
      }
    }
  }

  private follow(output: NonNullable<ReturnType<LineLegs['poll']>>): void {
    if (output.type === 'hat') this.hat.command(output.command, this.nowMs);
    else if (output.type === 'incoming') this.connect(output.call.leg, output.call.number, output.call.caller);
    else if (output.type === 'leg') {
      const { leg, event } = output;
      const other = this.partners.get(leg);
      if (event.type === 'digit') this.digits.push(event.digit);
      if (other === undefined) return;
      if (event.type === 'ringing') other.indicate('ringing', this.nowMs);
      else if (event.type === 'answered') {
        other.answer(this.nowMs);
        this.plane.hear(leg.stream, { kind: 'stream', stream: other.stream }, this.nowMs);
        this.plane.hear(other.stream, { kind: 'stream', stream: leg.stream }, this.nowMs);
      } else if (event.type === 'hangup') {
        this.partners.delete(other);
        other.hangup(event.cause, this.nowMs);
      }
    }
  }

  private connect(caller: Leg, number: string, party: { number: string; name: string }): void {
    this.dialled.push(number);
    const resource = { 201: '1', 202: '2' }[number];
    if (resource === undefined) return;
    const stream = this.streams.next();
    const made = this.lines.dial({ technology: 'line', resource, caller: party, stream }, this.nowMs);
    if ('failed' in made) {
      caller.hangup(made.failed, this.nowMs);
      return;
    }
    this.partners.set(caller, made);
    this.partners.set(made, caller);
  }
}

function sine(hz: number, ms: number): Int16Array {
  return Int16Array.from({ length: 8 * ms }, (_, i) => 5000 * Math.sin((2 * Math.PI * hz * i) / 8000));
}

/** What two people hear and see of a call, whatever runs the HAT. */
export function describeTwoPhones(name: string, makeHat: MakeOfficeHat): void {
  describe(`two phones on ${name}`, () => {
    let office: Office;
    const hats: ReturnType<MakeOfficeHat>[] = [];

    function open(country: string, callerId?: 'ntt'): void {
      const make: MakeOfficeHat = (exchange) => {
        const hat = makeHat(exchange);
        hats.push(hat);
        return hat;
      };
      office = new Office(country, make, callerId);
    }

    beforeEach(() => open('fr'));
    afterEach(() => {
      for (const hat of hats.splice(0)) hat.close?.();
    });

    it('gives dial tone within 60 ms of the lifted handset', () => {
      office.phone(1).lift();
      office.live(60);
      expect(office.state(1)).toBe('dial-tone');
      office.live(250);
      expect(office.tones(1)).toEqual([440]);
    });

    it('detects every key of the phone, dialled by tones', () => {
      office.phone(1).lift();
      office.phone(1).dialTones('1234567890*#1');
      office.live(4000);
      expect(office.dialled).toEqual(['1234567890*#1']);
    });

    it.each(['us', 'gb', 'fr', 'de', 'au'])('%s: dials by pulses what it dials by tones', (country) => {
      open(country);
      office.phone(1).lift();
      office.phone(1).dialPulses('202');
      office.live(5000);
      expect(office.dialled).toEqual(['202']);
      expect(office.phone(2).cadence).toEqual(countryProfile(country)!.ringCadence);
      expect(office.phone(2).callerId).toEqual({ number: '201', name: 'Front desk' });
    });

    it('rings, answers, and carries both voices', () => {
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1600);
      expect(office.state(1)).toBe('calling');
      expect(office.state(2)).toBe('ringing');
      expect(office.phone(2).bell).toBe(true);
      expect(office.tones(1)).toEqual([440]);
      office.phone(2).lift();
      office.live(800);
      expect([office.state(1), office.state(2)]).toEqual(['talking', 'talking']);
      expect([office.tones(1), office.tones(2)]).toEqual([[], []]);
      office.phone(1).say(sine(700, 1000));
      office.phone(2).say(sine(1100, 1000));
      office.live(600);
      expect([office.tones(1), office.tones(2)]).toEqual([[1100], [700]]);
    });

    it.each(['us', 'gb', 'fr', 'se'])('%s: shows on the display who calls, before the handset is lifted', (country) => {
      open(country);
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(6500);
      expect(office.phone(2).cadence).toBeDefined();
      const shown = { number: '201', name: country === 'se' ? '' : 'Front desk' };
      expect(callerIdsIn(office.phone(2).display.last(8 * 6000))).toEqual([shown]);
    });

    it('jp: shows who calls on a telephone that lifts for it by itself, then rings it', () => {
      open('jp', 'ntt');
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1900);
      expect(office.phone(2).cadence).toEqual([500, 500]);
      office.phone(2).lift();
      office.live(1000);
      expect(numberDisplayIn(v23BytesIn(office.phone(2).heard.last(8 * 1000)))).toEqual({ number: '201' });
      expect(office.state(1)).toBe('calling');
      office.phone(2).putDown();
      office.live(1500);
      expect(office.phone(2).cadence).toEqual(countryProfile('jp')!.ringCadence);
      expect(office.phone(2).callerId).toEqual({ number: '201', name: 'Front desk' });
      office.phone(2).lift();
      office.live(1500);
      expect([office.state(1), office.state(2)]).toEqual(['talking', 'talking']);
    });

    it.each([
      ['rings a telephone that does not lift by itself', 8400, countryProfile('jp')!.ringCadence],
      ['connects a person who lifts before it rings', 1900, [500, 500]],
    ])('jp: %s', (_what, afterMs, cadence) => {
      open('jp', 'ntt');
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(afterMs);
      expect(office.phone(2).cadence).toEqual(cadence);
      office.phone(2).lift();
      office.live(3200);
      expect([office.state(1), office.state(2)]).toEqual(['talking', 'talking']);
      office.phone(1).say(sine(700, 400));
      office.live(300);
      expect(office.tones(2)).toEqual([700]);
    });

    it('sends no data into the ear of who answers at once', () => {
      open('gb');
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1300);
      expect(office.state(2)).toBe('ringing');
      office.phone(2).lift();
      office.live(1200);
      expect(office.state(2)).toBe('talking');
      expect(office.tones(2)).toEqual([]);
      expect(callerIdsIn(office.phone(2).display.last(8 * 6000))).toEqual([]);
    });

    it('passes a digit of a call on as one event, and not as sound', () => {
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1600);
      office.phone(2).lift();
      office.live(800);
      office.phone(2).dialTones('5');
      office.live(400);
      expect(office.digits).toEqual(['5']);
      const leaked = [...office.phone(1).heard.last(3200)].filter((sample) => Math.abs(sample) > 500);
      expect(leaked.length / 8).toBeLessThanOrEqual(40);
    });

    it('takes a call down when either phone is put down, and the other hears congestion', () => {
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1600);
      office.phone(2).lift();
      office.live(800);
      office.phone(1).putDown();
      office.live(600);
      expect([office.state(1), office.state(2)]).toEqual(['idle', 'congestion']);
      office.live(1000);
      const levels = Array.from({ length: 20 }, () => {
        office.live(50);
        return measureTones(office.phone(2).heard.last(400)).length;
      });
      expect(new Set(levels)).toEqual(new Set([0, 1]));
      expect(office.state(2)).toBe('congestion');
      office.phone(2).putDown();
      office.live(600);
      expect(office.state(2)).toBe('idle');
      expect(office.plane.nextDeadline()).toBeUndefined();
      expect(office.lines.nextDeadline()).toBeUndefined();
    });

    it('hears busy tone of a phone that is in use, and new dial tone at a flash', () => {
      office.phone(2).lift();
      office.phone(1).lift();
      office.phone(1).dialTones('202');
      office.live(1600);
      expect(office.state(1)).toBe('busy');
      office.phone(1).flash(office.hat.flashMs(1));
      office.live(500);
      expect(office.state(1)).toBe('dial-tone');
    });
  });
}
