import type { RingCadence } from '../../src/base/line-port.ts';
import type { Light } from '../hat-client.ts';
import type { Phone } from './phone.ts';
import type { PlainHat } from './plain-hat.ts';
import { resample } from './resample.ts';
import { levelDbm0, SAMPLE_RATE_HZ } from './sound.ts';
import { type MeasuredTone, measureTones } from './tone-meter.ts';
import { decodeWav, encodeWav } from './wav.ts';

/** An emulated phone as programs see it. */
export interface PhoneReport {
  readonly hook: 'on' | 'off';
  readonly ringing: boolean;
  /** On/off ms of the ringing; empty when it does not ring. */
  readonly cadence: RingCadence;
  /** Number and name on its display; null when there is none. */
  readonly callerId: string | null;
  readonly callerName: string | null;
  /** Of the last 200 ms that the handset heard; −90 is silence. */
  readonly heard: { readonly tones: readonly MeasuredTone[]; readonly levelDbm0: number };
}

export type ControlResult<T> = { readonly ok: true; readonly value: T } | ControlError;

/** What is wrong, with the HTTP status that says so. */
export interface ControlError {
  readonly ok: false;
  readonly status: 400 | 404 | 409;
  readonly error: string;
}

const MEASURED_SAMPLES = 0.2 * SAMPLE_RATE_HZ;
const LONGEST_DIAL = 1000;
/** Of everything that a phone was told and has not done yet. */
const LONGEST_BACKLOG_MS = 600_000;
const LONGEST_PRESS_MS = 10_000;
const DEFAULT_PRESS_MS = 80;
const ACTIONS = ['hook', 'flash', 'dial', 'say'] as const;

/** What the HTTP interface of the emulator can do, in the words of its bodies. */
export class EmulatorControl {
  constructor(private readonly hat: PlainHat) {}

  line(port: number): ControlResult<PhoneReport> {
    return this.withPhone(port, (phone) => {
      const last = phone.heard.last(MEASURED_SAMPLES);
      return {
        hook: phone.hook,
        ringing: phone.cadence !== undefined,
        cadence: phone.cadence ?? [],
        callerId: phone.callerId?.number ?? null,
        callerName: phone.callerId?.name ?? null,
        heard: { tones: measureTones(last), levelDbm0: levelDbm0(last) },
      };
    });
  }

  /** Does what a body asks: exactly one of hook, flash, dial (with `as`) and say. Returns before it is done. */
  apply(port: number, body: unknown): ControlResult<PhoneReport> {
    const phone = this.hat.phone(port);
    if (phone === undefined) return noPhone(port);
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return badRequest('The body must be an object.');
    const fields = new Map<string, unknown>(Object.entries(body));
    const unknown = [...fields.keys()].find((key) => key !== 'as' && !ACTIONS.some((action) => action === key));
    if (unknown !== undefined)
      return badRequest(`${JSON.stringify(unknown)} is unknown; allowed: ${ACTIONS.join(', ')}.`);
    const actions = ACTIONS.filter((action) => fields.has(action));
    if (actions.length !== 1) return badRequest(`Exactly one of ${ACTIONS.join(', ')} is needed.`);
    if (fields.has('as') && actions[0] !== 'dial') return badRequest('"as" goes with "dial" only.');
    const error = this.act(port, phone, actions[0]!, fields);
    return error ?? this.line(port);
  }

  /** The last seconds that the handset heard, as a WAV file of exactly seconds × 8000 samples. */
  heardWav(port: number, seconds: number): ControlResult<Uint8Array> {
    const phone = this.hat.phone(port);
    if (phone === undefined) return noPhone(port);
    const count = Math.round(seconds * SAMPLE_RATE_HZ);
    if (!(count >= 1 && count <= phone.heard.capacity)) {
      return badRequest(`seconds must be more than 0 and at most ${phone.heard.capacity / SAMPLE_RATE_HZ}.`);
    }
    return { ok: true, value: encodeWav({ samples: phone.heard.last(count), rateHz: SAMPLE_RATE_HZ }) };
  }

  /** What each LED shows, by its number from 1. */
  leds(): Readonly<Record<string, Light>> {
    return Object.fromEntries(this.hat.lights.map((light, i) => [String(i + 1), light]));
  }

  /** Presses a key of the keypad: `{"press":"1","ms":80}`. */
  keypad(body: unknown): ControlResult<null> {
    if (typeof body !== 'object' || body === null) return badRequest('The body must be an object.');
    const { press, ms = DEFAULT_PRESS_MS, ...rest } = body as Record<string, unknown>;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) return badRequest(`${JSON.stringify(unknown)} is unknown; allowed: press, ms.`);
    if (typeof press !== 'string' || !this.hat.model.keys.includes(press)) {
      return badRequest(`"press" must be one of ${this.hat.model.keys.join(' ')}.`);
    }
    if (typeof ms !== 'number' || !(ms >= 1 && ms <= LONGEST_PRESS_MS)) {
      return badRequest(`"ms" must be a number from 1 to ${LONGEST_PRESS_MS}.`);
    }
    if (!this.hat.press(press, ms)) return conflict(`Key ${press} is down already.`);
    return { ok: true, value: null };
  }

  private act(
    port: number,
    phone: Phone,
    action: (typeof ACTIONS)[number],
    fields: Map<string, unknown>,
  ): ControlError | undefined {
    const value = fields.get(action);
    if (action === 'hook') {
      if (value !== 'off' && value !== 'on') return badRequest('"hook" must be "off" or "on".');
      if (value === 'off') phone.lift();
      else phone.putDown();
      return undefined;
    }
    const ready = this.prepare(port, action, value, fields.get('as'));
    if ('ok' in ready) return ready;
    if (phone.hook === 'on') return conflict('The handset is on the hook.');
    if (phone.busyMs > LONGEST_BACKLOG_MS) return conflict('The phone has 10 minutes of other things to do first.');
    ready.run(phone);
    return undefined;
  }

  private prepare(
    port: number,
    action: 'flash' | 'dial' | 'say',
    value: unknown,
    dialledAs: unknown,
  ): Ready | ControlError {
    if (action === 'dial') return dial(value, dialledAs);
    if (action === 'say') return say(value);
    return flash(value, this.hat.socket(port)?.flashMs ?? 0);
  }

  private withPhone<T>(port: number, use: (phone: Phone) => T): ControlResult<T> {
    const phone = this.hat.phone(port);
    return phone === undefined ? noPhone(port) : { ok: true, value: use(phone) };
  }
}

/** A body that was found good and may be carried out. */
interface Ready {
  readonly run: (phone: Phone) => void;
}

function flash(value: unknown, ms: number): Ready | ControlError {
  return value === true ? { run: (phone) => phone.flash(ms) } : badRequest('"flash" must be true.');
}

function dial(digits: unknown, as: unknown = 'dtmf'): Ready | ControlError {
  if (as !== 'dtmf' && as !== 'pulse') return badRequest('"as" must be "dtmf" or "pulse".');
  const keys = as === 'dtmf' ? /^[0-9A-D*#]+$/ : /^[0-9]+$/;
  if (typeof digits !== 'string' || digits.length > LONGEST_DIAL || !keys.test(digits)) {
    const allowed = as === 'dtmf' ? '0-9, A-D, * and #' : '0-9';
    return badRequest(`"dial" must be 1 to ${LONGEST_DIAL} of ${allowed}.`);
  }
  return { run: (phone) => (as === 'dtmf' ? phone.dialTones(digits) : phone.dialPulses(digits)) };
}

function say(value: unknown): Ready | ControlError {
  if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    return badRequest('"say" must be a WAV file in base64.');
  }
  const wav = decodeWav(Buffer.from(value, 'base64'));
  if ('problem' in wav) return badRequest(`"say": ${wav.problem}`);
  const samples = resample(wav.samples, wav.rateHz, SAMPLE_RATE_HZ);
  return { run: (phone) => phone.say(samples) };
}

function badRequest(error: string): ControlError {
  return { ok: false, status: 400, error };
}

function conflict(error: string): ControlError {
  return { ok: false, status: 409, error };
}

function noPhone(port: number): ControlError {
  return { ok: false, status: 404, error: `There is no emulated phone on line ${port}.` };
}
