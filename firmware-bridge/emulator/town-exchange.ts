import type { RingCadence, TownLineCommand, TownLineEvent } from '../../src/base/line-port.ts';
import { Queue } from '../../src/base/queue.ts';
import type { TonePattern } from '../../src/base/tone-pattern.ts';
import { type CallerIdModem, modulateCallerId } from './caller-id-modulator.ts';
import { DigitListener } from './digit-listener.ts';
import { Recorder } from './recorder.ts';
import { FULL_SCALE_DBM0, SAMPLE_RATE_HZ } from './sound.ts';

/** What a telephone exchange of a country does on a town line. */
export interface ExchangeHabits {
  readonly tones: Readonly<Record<'dial' | 'ringback' | 'busy', TonePattern>>;
  readonly cadence: RingCadence;
  /** Undefined: it does not say who calls. */
  readonly callerId: CallerIdModem | undefined;
}

/** How the exchange lets its line know that the far end answered or cleared. */
export type Supervision = 'polarity' | 'loop-break' | 'tone';

/** `dial-tone`, `dialling`, `calling`: our telephone calls; `ringing`: the far end does; `cleared`: only the far end is gone. */
export type ExchangeState = 'rest' | 'dial-tone' | 'dialling' | 'calling' | 'ringing' | 'talking' | 'cleared';

const PEAK = 32_768 * 10 ** ((-10 - FULL_SCALE_DBM0) / 20);
const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;
const DIAL_TONE_AFTER_MS = 200;
/** Behind the last digit. */
const CALL_AFTER_MS = 1_500;
const CALLER_ID_AFTER_RING_MS = 600;
const CLEAR_BREAK_MS = 500;
const HEARD_SECONDS = 60;

/** The town exchange behind a line of kind fxo, with the far end of its calls in the hand of a test or a visitor. */
export class TownExchange {
  /** What the far end, or the exchange, heard. */
  readonly heard = new Recorder(HEARD_SECONDS * SAMPLE_RATE_HZ);
  supervision: Supervision = 'polarity';

  private current: ExchangeState = 'rest';
  private dialledDigits = '';
  private loopClosed = false;
  private flashForMs = 0;
  private reversed = false;
  private volts: 0 | 9 | 48 = 48;
  private stateForMs = 0;
  private sinceDigitMs = 0;
  private ringFor: { readonly number: string; readonly name: string } | undefined;
  private wasRinging = false;
  private breakForMs = 0;
  /** What the line is to hear besides tones, sample for sample. */
  private readonly voice: Int16Array[] = [];
  private voiceAt = 0;
  private readonly listener = new DigitListener();
  private readonly events = new Queue<TownLineEvent>();

  constructor(private readonly habits: ExchangeHabits) {}

  get state(): ExchangeState {
    return this.current;
  }

  /** The number that our telephone has dialled, as far as it has. */
  get dialled(): string {
    return this.dialledDigits;
  }

  get isSeized(): boolean {
    return this.loopClosed;
  }

  /** Whether ringing voltage is on the line in this millisecond. */
  get rings(): boolean {
    return this.current === 'ringing' && this.wasRinging;
  }

  get isReversed(): boolean {
    return this.reversed;
  }

  /** What is on the wires while our loop is open, 0 while the exchange interrupts them. */
  get lineVolts(): number {
    return this.breakForMs > 0 ? 0 : this.volts;
  }

  get cadence(): RingCadence {
    return this.habits.cadence;
  }

  // ---- the far end

  /** Somebody calls. False when the line is not at rest. */
  ring(number: string, name = ''): boolean {
    if (this.current !== 'rest' || this.loopClosed || this.volts !== 48) return false;
    this.ringFor = { number, name };
    this.enter('ringing');
    return true;
  }

  /** The number that was dialled answers. */
  answer(): boolean {
    if (this.current !== 'calling' && this.current !== 'dialling') return false;
    this.enter('talking');
    if (this.supervision === 'polarity') this.turn(true);
    return true;
  }

  /** The far end hangs up, does not answer its telephone any longer, or gives up its call. */
  clear(): boolean {
    if (this.current === 'ringing') {
      this.enter('rest');
      return true;
    }
    if (this.current !== 'talking' && this.current !== 'calling') return false;
    if (this.current === 'talking' && this.supervision === 'polarity') this.turn(!this.reversed);
    if (this.supervision === 'loop-break') this.breakForMs = CLEAR_BREAK_MS;
    this.enter('cleared');
    return true;
  }

  setVoltage(volts: 0 | 9 | 48): void {
    if (volts === this.volts) return;
    this.volts = volts;
    this.events.push({ type: 'voltage', volts });
    if (volts === 0) this.enter('rest');
  }

  say(samples: Int16Array): void {
    this.voice.push(samples);
  }

  // ---- the line

  command(command: TownLineCommand): void {
    if (command.type === 'flash') {
      this.flashForMs = command.ms;
      return;
    }
    if (command.closed === this.loopClosed) return;
    this.loopClosed = command.closed;
    if (!command.closed) {
      this.turn(false);
      this.enter('rest');
    } else if (this.current === 'ringing') this.enter('talking');
    else if (this.volts !== 0) this.enter('dial-tone');
  }

  /** One millisecond; gives what the port notices. */
  *step(): Generator<TownLineEvent> {
    this.stateForMs++;
    if (this.flashForMs > 0) this.flashForMs--;
    if (this.breakForMs > 0 && --this.breakForMs === 0) yield { type: 'loop-break', ms: CLEAR_BREAK_MS };
    if (this.current === 'dialling' && ++this.sinceDigitMs >= CALL_AFTER_MS) this.enter('calling');
    if (this.current === 'ringing') yield* this.ringOn();
    else this.wasRinging = false;
    for (let event = this.events.shift(); event !== undefined; event = this.events.shift()) yield event;
  }

  private *ringOn(): Generator<TownLineEvent> {
    const period = this.cadence.reduce((sum, ms) => sum + ms, 0);
    let at = (this.stateForMs - 1) % period;
    const index = this.cadence.findIndex((ms) => (at -= ms) < 0);
    const isOn = index % 2 === 0;
    if (isOn !== this.wasRinging) {
      this.wasRinging = isOn;
      yield { type: 'ringing', on: isOn };
    }
    // The last pause of the first period is the long one, in which caller ID is sent.
    const pauseAt = period - this.cadence.at(-1)!;
    if (
      this.stateForMs === pauseAt + CALLER_ID_AFTER_RING_MS &&
      this.ringFor !== undefined &&
      this.habits.callerId !== undefined
    )
      this.voice.push(modulateCallerId(this.habits.callerId, this.ringFor.number, this.ringFor.name));
  }

  /** One block both ways: what our telephone says, and what it hears. */
  exchange(said: Int16Array, hears: Int16Array): void {
    hears.fill(0);
    if (this.loopClosed) {
      this.heard.append(said);
      this.takeDigit(this.listener.listen(said));
    }
    const tone = this.tone();
    if (tone !== undefined) play(tone, this.stateForMs, hears);
    else this.speak(hears);
  }

  private takeDigit(digit: string | undefined): void {
    if (digit === undefined || (this.current !== 'dial-tone' && this.current !== 'dialling')) return;
    if (this.current === 'dial-tone') {
      this.dialledDigits = '';
      this.enter('dialling');
    }
    this.dialledDigits += digit;
    this.sinceDigitMs = 0;
  }

  private tone(): TonePattern | undefined {
    const { tones } = this.habits;
    if (!this.loopClosed) return undefined;
    if (this.current === 'dial-tone') return this.stateForMs >= DIAL_TONE_AFTER_MS ? tones.dial : undefined;
    if (this.current === 'calling') return tones.ringback;
    return this.current === 'cleared' ? tones.busy : undefined;
  }

  private speak(hears: Int16Array): void {
    for (let i = 0; i < hears.length; i++) {
      const voice = this.voice[0];
      if (voice === undefined) return;
      hears[i] = voice[this.voiceAt++]!;
      if (this.voiceAt < voice.length) continue;
      this.voice.shift();
      this.voiceAt = 0;
    }
  }

  private turn(reversed: boolean): void {
    if (reversed === this.reversed) return;
    this.reversed = reversed;
    this.events.push({ type: 'polarity', reversed });
  }

  private enter(state: ExchangeState): void {
    this.current = state;
    this.stateForMs = 0;
    this.voice.length = 0;
    this.voiceAt = 0;
  }
}

/** A block of a tone that has sounded for so long. */
function play({ steps }: TonePattern, forMs: number, out: Int16Array): void {
  const looped = steps.filter(({ once }) => once !== true);
  const used = looped.length > 0 ? looped : steps;
  const period = used.reduce((sum, { ms }) => sum + ms, 0);
  for (let i = 0; i < out.length; i++) {
    const at = forMs * SAMPLES_PER_MS + i;
    let rest = period === 0 ? 0 : (at / SAMPLES_PER_MS) % period;
    const step = used.find(({ ms }) => ms === 0 || (rest -= ms) < 0) ?? used[0];
    const peak = PEAK / Math.max(1, step?.hz.length ?? 1);
    out[i] = (step?.hz ?? []).reduce((sum, hz) => sum + peak * Math.sin((2 * Math.PI * hz * at) / SAMPLE_RATE_HZ), 0);
  }
}
