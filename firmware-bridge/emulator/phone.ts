import type { CallerId, Hook, LineFault, RingCadence } from '../../src/base/line-port.ts';
import { LiveVoice } from './live-voice.ts';
import { Recorder } from './recorder.ts';
import { FULL_SCALE_DBM0, SAMPLE_RATE_HZ } from './sound.ts';

const KEYPAD = '123A456B789C*0#D';
const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const ROW_PEAK = 32_768 * 10 ** ((-9 - FULL_SCALE_DBM0) / 20);
const COLUMN_PEAK = 32_768 * 10 ** ((-7 - FULL_SCALE_DBM0) / 20);

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;
/** Nobody dials or talks sooner after lifting a handset, and no exchange listens sooner. */
const LIFT_MS = 400;
/** Programs lift a handset as soon as they have put it down; a person takes as long as every exchange needs to see it. */
const CRADLE_MS = 1_200;
const DIGIT_MS = 80;
const PULSE_GAP_MS = 500;
const HEARD_SECONDS = 60;
const DISPLAY_SECONDS = 10;
/** Nobody makes a lamp blink more slowly. */
const LAMP_PAUSE_MS = 2_000;

/** What the phone does with its loop and its microphone for some time. */
type Act =
  | { readonly type: 'quiet'; readonly samples: number }
  | { readonly type: 'break'; readonly samples: number }
  | { readonly type: 'tone'; readonly samples: number; readonly hz: readonly [row: number, column: number] }
  | { readonly type: 'voice'; readonly samples: number; readonly voice: Int16Array };

/** How a rotary dial runs; 10 pulses per second, open for 60 %, is the standard one. */
export interface RotaryDial {
  readonly pulsesPerSecond: number;
  readonly breakShare: number;
}

const STANDARD_DIAL: RotaryDial = { pulsesPerSecond: 10, breakShare: 0.6 };

/** An analog phone with nobody at it: it does what it is told, one thing after the other, and remembers what it heard. */
export class Phone {
  readonly heard = new Recorder(HEARD_SECONDS * SAMPLE_RATE_HZ);
  /** What its display was sent while the handset was down and the bell was still. */
  readonly display = new Recorder(DISPLAY_SECONDS * SAMPLE_RATE_HZ);
  rotaryDial: RotaryDial = STANDARD_DIAL;
  /** What is wrong with the wire between it and its socket, or with what feeds it. */
  wireFault: LineFault | undefined;

  private readonly live = new LiveVoice();
  private readonly listeners = new Set<(samples: Int16Array) => void>();
  private handset: Hook = 'on';
  private cradledSamples = Number.POSITIVE_INFINITY;
  private acts: Act[] = [];
  private done = 0;
  private backlog = 0;
  private caller: CallerId | undefined;
  private rungBy: RingCadence | undefined;
  private bellNow = false;
  private lampNow = false;
  private darkForMs = Number.POSITIVE_INFINITY;

  get hook(): Hook {
    return this.handset;
  }

  /** What stands on the display: who rings, or rang until the handset was lifted. */
  get callerId(): CallerId | undefined {
    return this.caller;
  }

  /** The cadence of the ringing, undefined when it does not ring; in its pauses, too. */
  get cadence(): RingCadence | undefined {
    return this.rungBy;
  }

  /** Whether the bell sounds in this millisecond. */
  get bell(): boolean {
    return this.bellNow;
  }

  /** Whether its neon lamp burns in this millisecond. */
  get lamp(): boolean {
    return this.lampNow;
  }

  /** Whether its lamp says that messages wait: it burns, or did a moment ago. */
  get lampBlinks(): boolean {
    return this.darkForMs < LAMP_PAUSE_MS;
  }

  /** How long the phone is busy with what it was told, ms. */
  get busyMs(): number {
    return (this.backlog - this.done) / SAMPLES_PER_MS;
  }

  lift(): void {
    if (this.handset === 'off') return;
    this.handset = 'off';
    this.rungBy = undefined;
    this.bellNow = false;
    this.enqueue({ type: 'break', samples: CRADLE_MS * SAMPLES_PER_MS - this.cradledSamples });
    this.enqueue({ type: 'quiet', samples: LIFT_MS * SAMPLES_PER_MS });
  }

  /** Also gives up whatever was not dialled or said yet. */
  putDown(): void {
    if (this.handset === 'off') this.cradledSamples = 0;
    this.handset = 'on';
    this.acts = [];
    this.done = 0;
    this.backlog = 0;
    this.caller = undefined;
    this.live.clear();
  }

  /** Presses keys, 80 ms each and 80 ms between; characters that are no keys are passed over. */
  dialTones(digits: string): void {
    for (const digit of digits) {
      const key = KEYPAD.indexOf(digit);
      if (key < 0) continue;
      const hz = [ROWS_HZ[key >> 2]!, COLUMNS_HZ[key & 3]!] as const;
      this.enqueue({ type: 'tone', samples: DIGIT_MS * SAMPLES_PER_MS, hz });
      this.enqueue({ type: 'quiet', samples: DIGIT_MS * SAMPLES_PER_MS });
    }
  }

  /** Turns the dial: n breaks of the loop for n, ten for 0. */
  dialPulses(digits: string): void {
    const periodMs = 1000 / this.rotaryDial.pulsesPerSecond;
    const breakMs = periodMs * this.rotaryDial.breakShare;
    for (const digit of digits) {
      if (digit < '0' || digit > '9') continue;
      const breaks = digit === '0' ? 10 : Number(digit);
      for (let i = 0; i < breaks; i++) {
        this.enqueue({ type: 'break', samples: Math.round(breakMs * SAMPLES_PER_MS) });
        this.enqueue({ type: 'quiet', samples: Math.round((periodMs - breakMs) * SAMPLES_PER_MS) });
      }
      this.enqueue({ type: 'quiet', samples: PULSE_GAP_MS * SAMPLES_PER_MS });
    }
  }

  flash(ms: number): void {
    this.enqueue({ type: 'break', samples: ms * SAMPLES_PER_MS });
  }

  say(voice: Int16Array): void {
    this.enqueue({ type: 'voice', samples: voice.length, voice });
  }

  /** Speaks while it comes in; unheard while the handset is on the hook or does something of the queue. */
  speak(samples: Int16Array): void {
    if (this.handset === 'off') this.live.push(samples);
  }

  /** One block of what the handset hears. */
  hear(samples: Int16Array): void {
    this.heard.append(samples);
    for (const listener of this.listeners) listener(samples);
  }

  /** One block of what is on the line while the handset is down. */
  read(samples: Int16Array): void {
    this.display.append(samples);
  }

  /** Hands over each block that is heard, in an array that is used again, until the function that it gives is called. */
  listen(listener: (samples: Int16Array) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * One block of its life: fills `microphone` with samples and `loop` with 1 for each millisecond in which the loop is
   * closed.
   */
  run(microphone: Int16Array, loop: Uint8Array): void {
    this.live.pull(microphone);
    if (this.handset === 'on') this.cradledSamples += microphone.length;
    loop.fill(this.handset === 'off' ? 1 : 0);
    for (let i = 0; i < microphone.length; i++) {
      const act = this.acts[0];
      if (act === undefined) return;
      microphone[i] = 0;
      if (act.type === 'tone') microphone[i] = toneSample(act.hz, this.done, act.samples);
      else if (act.type === 'voice') microphone[i] = act.voice[this.done]!;
      else if (act.type === 'break') loop[Math.floor(i / SAMPLES_PER_MS)] = 0;
      if (++this.done >= act.samples) {
        this.acts.shift();
        this.backlog -= act.samples;
        this.done = 0;
      }
    }
  }

  /** What the line does to the phone in this millisecond. */
  feel(voltage: boolean, cadence: RingCadence | undefined, callerId: CallerId | undefined): void {
    // A lifted handset takes the bell off the line; the line needs a moment more to notice.
    const rungBy = this.handset === 'on' ? cadence : undefined;
    if (rungBy !== undefined) this.caller = callerId;
    else if (this.rungBy !== undefined && this.handset === 'on') this.caller = undefined;
    this.rungBy = rungBy;
    this.bellNow = voltage && rungBy !== undefined;
  }

  /** In this millisecond the voltage of the line is high enough for the lamp, or is not. */
  glow(voltage: boolean): void {
    this.lampNow = voltage;
    this.darkForMs = voltage ? 0 : this.darkForMs + 1;
  }

  private enqueue(act: Act): void {
    if (act.samples <= 0) return;
    this.acts.push(act);
    this.backlog += act.samples;
  }
}

/** Two sines with edges of 2 ms, so that a digit does not click. */
function toneSample(hz: readonly [number, number], at: number, samples: number): number {
  const edge = Math.min(1, Math.min(at + 1, samples - at) / (2 * SAMPLES_PER_MS));
  const turn = (2 * Math.PI * at) / SAMPLE_RATE_HZ;
  return edge * (ROW_PEAK * Math.sin(hz[0] * turn) + COLUMN_PEAK * Math.sin(hz[1] * turn));
}
