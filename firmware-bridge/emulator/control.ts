import type { Hook, RingCadence } from '../../src/base/line-port.ts';
import type { Light } from '../hat-client.ts';
import type { EmulatedHat } from './emulated-hat.ts';
import type { Phone } from './phone.ts';
import { resample } from './resample.ts';
import { levelDbm0, SAMPLE_RATE_HZ } from './sound.ts';
import { type MeasuredTone, measureTones } from './tone-meter.ts';
import { applyTown, reportTown, type TownReport } from './town-control.ts';
import type { TownExchange } from './town-exchange.ts';
import { decodeWav, encodeWav } from './wav.ts';

/** An emulated phone as programs see it. */
export interface PhoneReport {
  readonly hook: Hook;
  readonly ringing: boolean;
  /** On/off ms of the ringing; empty when it does not ring. */
  readonly cadence: RingCadence;
  /** Number and name on its display; null when nothing stands there. */
  readonly callerId: string | null;
  readonly callerName: string | null;
  /** Whether the lamp of message waiting blinks. */
  readonly lamp: boolean;
  /** Of the last 200 ms that the handset heard; −90 dBm0 is silence. */
  readonly heard: { readonly tones: readonly MeasuredTone[]; readonly levelDbm0: number };
  /** Of a town line: `hook` is ours there, `ringing` is the exchange's, and `heard` is what the far end hears. */
  readonly town?: TownReport;
}

/** What there is to drive. */
export interface BoardReport {
  readonly name: string;
  readonly sockets: number;
  /** Sockets that have a phone. */
  readonly phones: readonly number[];
  /** Sockets that have a town exchange. */
  readonly townLines: readonly number[];
  readonly keys: readonly string[];
}

/** What was asked for, or what is wrong, with the HTTP status that says so. */
export type ControlResult<Value> = { readonly ok: true; readonly value: Value } | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly status: 400 | 404 | 409;
  readonly error: string;
}

const MEASURED_SAMPLES = 0.2 * SAMPLE_RATE_HZ;
const LONGEST_DIAL = 1000;
/** Of everything that a phone was told and has not done yet. */
const LONGEST_BACKLOG_MS = 600_000;
const SHORTEST_PRESS_MS = 20;
const LONGEST_PRESS_MS = 10_000;
const DEFAULT_PRESS_MS = 80;
const ACTIONS = ['hook', 'flash', 'dial', 'say'] as const;
type Action = (typeof ACTIONS)[number];

/** What the HTTP interface of the emulator can do, in the words of its bodies. */
export class EmulatorControl {
  constructor(private readonly hat: EmulatedHat) {}

  get board(): BoardReport {
    const { name, ports, keys } = this.hat.model;
    return { name, sockets: ports, phones: this.hat.ports, townLines: this.hat.townPorts, keys };
  }

  line(port: number): ControlResult<PhoneReport> {
    const exchange = this.hat.townLine(port);
    if (exchange !== undefined) return { ok: true, value: townReport(exchange) };
    const phone = this.hat.phone(port);
    return phone === undefined ? noPhone(port) : { ok: true, value: report(phone) };
  }

  /** Does what a body asks: exactly one of hook, flash, dial (with `as`) and say. Returns before it is done. */
  apply(port: number, body: unknown): ControlResult<PhoneReport> {
    const exchange = this.hat.townLine(port);
    if (exchange !== undefined) {
      const refusal = isRecord(body)
        ? applyTown(exchange, body)
        : ({ status: 400, error: 'The body must be an object.' } as const);
      return refusal === undefined ? { ok: true, value: townReport(exchange) } : { ok: false, ...refusal };
    }
    const phone = this.hat.phone(port);
    if (phone === undefined) return noPhone(port);
    if (!isRecord(body)) return refuse(400, 'The body must be an object.');
    const keys = Object.keys(body);
    const unknown = keys.find((key) => key !== 'as' && !ACTIONS.some((action) => action === key));
    if (unknown !== undefined)
      return refuse(400, `${JSON.stringify(unknown)} is unknown; allowed: ${ACTIONS.join(', ')}.`);
    const [action, ...more] = ACTIONS.filter((one) => keys.includes(one));
    if (action === undefined || more.length > 0) return refuse(400, `Exactly one of ${ACTIONS.join(', ')} is needed.`);
    if (keys.includes('as') && action !== 'dial') return refuse(400, '"as" goes with "dial" only.');
    return this.act(port, phone, action, body) ?? { ok: true, value: report(phone) };
  }

  /** The last seconds that the handset heard, as a WAV file of exactly seconds × 8000 samples. */
  heardWav(port: number, seconds: number): ControlResult<Uint8Array> {
    const phone = this.hat.phone(port) ?? this.hat.townLine(port);
    if (phone === undefined) return noPhone(port);
    const count = Math.round(seconds * SAMPLE_RATE_HZ);
    if (!(count >= 1 && count <= phone.heard.capacity)) {
      return refuse(400, `"seconds" must be more than 0 and at most ${phone.heard.capacity / SAMPLE_RATE_HZ}.`);
    }
    return { ok: true, value: encodeWav({ samples: phone.heard.last(count), rateHz: SAMPLE_RATE_HZ }) };
  }

  /** Hands over each block that the handset hears, in an array that is used again; gives what ends that. Undefined without that port. */
  listen(port: number, listener: (samples: Int16Array) => void): (() => void) | undefined {
    return this.hat.phone(port)?.listen(listener);
  }

  /** Speaks into the handset while it comes in; unheard on the hook. */
  speak(port: number, samples: Int16Array): void {
    this.hat.phone(port)?.speak(samples);
  }

  /** What each LED shows, by its number from 1. */
  leds(): Readonly<Record<string, Light>> {
    return Object.fromEntries(this.hat.lights.map((light, i) => [String(i + 1), light]));
  }

  /** Presses a key of the keypad: `{"press":"1","ms":80}`. */
  keypad(body: unknown): ControlResult<null> {
    if (!isRecord(body)) return refuse(400, 'The body must be an object.');
    const { press, ms = DEFAULT_PRESS_MS, ...rest } = body;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) return refuse(400, `${JSON.stringify(unknown)} is unknown; allowed: press, ms.`);
    if (typeof press !== 'string' || !this.hat.model.keys.includes(press)) {
      return refuse(400, `"press" must be one of ${this.hat.model.keys.join(' ')}.`);
    }
    if (typeof ms !== 'number' || !(ms >= SHORTEST_PRESS_MS && ms <= LONGEST_PRESS_MS)) {
      return refuse(400, `"ms" must be a number from ${SHORTEST_PRESS_MS} to ${LONGEST_PRESS_MS}.`);
    }
    return this.hat.press(press, ms) ? { ok: true, value: null } : refuse(409, `Key ${press} is down already.`);
  }

  /** Why not, or undefined when it is done or queued. */
  private act(
    port: number,
    phone: Phone,
    action: Action,
    body: Readonly<Record<string, unknown>>,
  ): Refusal | undefined {
    const value = body[action];
    if (action === 'hook') {
      if (value !== 'off' && value !== 'on') return refuse(400, '"hook" must be "off" or "on".');
      if (value === 'off') phone.lift();
      else phone.putDown();
      return undefined;
    }
    const task = this.prepare(port, action, value, body['as']);
    if (typeof task !== 'function') return task;
    if (phone.hook === 'on') return refuse(409, 'The handset is on the hook.');
    if (phone.busyMs > LONGEST_BACKLOG_MS) return refuse(409, 'The phone has 10 minutes of other things to do first.');
    task(phone);
    return undefined;
  }

  private prepare(port: number, action: Exclude<Action, 'hook'>, value: unknown, as: unknown): Task | Refusal {
    if (action === 'dial') return dial(value, as);
    if (action === 'say') return say(value);
    return flash(value, this.hat.flashMs(port));
  }
}

function report(phone: Phone): PhoneReport {
  const last = phone.heard.last(MEASURED_SAMPLES);
  return {
    hook: phone.hook,
    ringing: phone.cadence !== undefined,
    cadence: phone.cadence ?? [],
    callerId: phone.callerId?.number ?? null,
    callerName: phone.callerId?.name ?? null,
    lamp: phone.lampBlinks,
    heard: { tones: measureTones(last), levelDbm0: levelDbm0(last) },
  };
}

function townReport(exchange: TownExchange): PhoneReport {
  const isRinging = exchange.state === 'ringing';
  const last = exchange.heard.last(MEASURED_SAMPLES);
  return {
    hook: exchange.isSeized ? 'off' : 'on',
    ringing: isRinging,
    cadence: isRinging ? exchange.cadence : [],
    callerId: null,
    callerName: null,
    lamp: false,
    heard: { tones: measureTones(last), levelDbm0: levelDbm0(last) },
    town: reportTown(exchange),
  };
}

function noPhone(port: number): Refusal {
  return refuse(404, `There is no emulated phone on line ${port}.`);
}

/** What a good body makes a phone do. */
type Task = (phone: Phone) => void;

function flash(value: unknown, ms: number): Task | Refusal {
  return value === true ? (phone) => phone.flash(ms) : refuse(400, '"flash" must be true.');
}

function dial(digits: unknown, as: unknown = 'dtmf'): Task | Refusal {
  if (as !== 'dtmf' && as !== 'pulse') return refuse(400, '"as" must be "dtmf" or "pulse".');
  const keys = as === 'dtmf' ? /^[0-9A-D*#]+$/ : /^[0-9]+$/;
  if (typeof digits !== 'string' || digits.length > LONGEST_DIAL || !keys.test(digits)) {
    const allowed = as === 'dtmf' ? '0-9, A-D, * and #' : '0-9';
    return refuse(400, `"dial" must be 1 to ${LONGEST_DIAL} of ${allowed}.`);
  }
  return (phone) => (as === 'dtmf' ? phone.dialTones(digits) : phone.dialPulses(digits));
}

function say(value: unknown): Task | Refusal {
  if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    return refuse(400, '"say" must be a WAV file in base64.');
  }
  const wav = decodeWav(Buffer.from(value, 'base64'));
  if ('problem' in wav) return refuse(400, `"say": ${wav.problem}`);
  const samples = resample(wav.samples, wav.rateHz, SAMPLE_RATE_HZ);
  return (phone) => phone.say(samples);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(status: 400 | 404 | 409, error: string): Refusal {
  return { ok: false, status, error };
}
