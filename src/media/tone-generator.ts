import { encodeSample, PEAK_AT_0_DBM0, SILENCE } from 'node-pcm-codecs';
import type { Law } from '../base/media-port.ts';
import type { TonePattern, ToneStep } from '../base/tone-pattern.ts';
import { Oscillator, SAMPLES_PER_MS } from './oscillator.ts';

/** Level of each frequency of a call-progress tone unless told otherwise: well heard and never painful. */
export const DEFAULT_TONE_DBM0 = -13;

/** The reference tone: 1004 Hz, not 1000, so that it does not repeat the same few codes for ever. [ITU-T O.6] */
export const MILLIWATT: TonePattern = { steps: [{ hz: [1004], ms: 0 }] };
export const MILLIWATT_DBM0 = 0;

const EDGE_SAMPLES = 3 * SAMPLES_PER_MS;

/** Raised cosine, 3 ms: a tone that starts or stops at once clicks, and its click can spoil a digit. */
const EDGE = Float64Array.from(
  { length: EDGE_SAMPLES },
  (_, i) => (1 - Math.cos((Math.PI * (i + 0.5)) / EDGE_SAMPLES)) / 2,
);

/** Plays a `TonePattern` as blocks of G.711. Allocates only in `start`, and only for more frequencies than ever before. */
export class ToneGenerator {
  private readonly oscillators: Oscillator[] = [new Oscillator(), new Oscillator()];
  private readonly modulator = new Oscillator();
  private steps: readonly ToneStep[] = [];
  private index = -1;
  private peaks: readonly [first: number, others: number] = [0, 0];
  private firstRound = true;
  private position = 0;
  private length = 0;
  private fadesIn = false;
  private fadesOut = false;

  constructor(private readonly law: Law) {}

  /**
   * Plays from the pattern's beginning. `dbm0` is the level of each frequency; `othersDbm0` that of all but the first, for
   * DTMF. A modulated step sounds its carrier at that level, with sidebands 6 dB below.
   */
  start(pattern: TonePattern, dbm0 = DEFAULT_TONE_DBM0, othersDbm0 = dbm0): void {
    const peak = PEAK_AT_0_DBM0[this.law];
    this.peaks = [peak * 10 ** (dbm0 / 20), peak * 10 ** (othersDbm0 / 20)];
    this.steps = pattern.steps;
    this.firstRound = true;
    this.index = -1;
    this.enterNext();
  }

  stop(): void {
    this.steps = [];
    this.index = -1;
  }

  /** False once nothing more will sound: stopped, or all steps were to be played once. */
  get playing(): boolean {
    return this.index >= 0;
  }

  /** Fills the block, of any length, with what comes next. */
  read(codes: Uint8Array): void {
    for (let i = 0; i < codes.length; i++) codes[i] = this.nextCode();
  }

  private nextCode(): number {
    if (this.position === this.length) this.enterNext();
    const step = this.steps[this.index];
    if (step === undefined) return SILENCE[this.law];
    const at = this.position++;
    if (step.hz.length === 0) return SILENCE[this.law];

    let sample = 0;
    for (let i = 0; i < step.hz.length; i++) sample += this.oscillators[i]!.next();
    if (step.modulationHz !== undefined) sample *= 1 + this.modulator.next();
    if (this.fadesIn && at < EDGE_SAMPLES) sample *= EDGE[at]!;
    const left = this.length - at;
    if (this.fadesOut && left <= EDGE_SAMPLES) sample *= EDGE[left - 1]!;
    return encodeSample(this.law, Math.max(-0x8000, Math.min(0x7fff, Math.round(sample))));
  }

  private enterNext(): void {
    const before = this.steps[this.index];
    const index = this.following(this.index);
    if (index <= this.index) this.firstRound = false;
    this.index = index;
    const step = this.steps[index];
    this.position = 0;
    this.length = 0;
    if (step === undefined) {
      this.stop();
      return;
    }
    this.length = step.ms === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.round(step.ms * SAMPLES_PER_MS));
    this.fadesIn = !soundAlike(before, step);
    this.fadesOut = !soundAlike(step, this.steps[this.following(this.index)]);
    if (!this.fadesIn) return;
    for (let i = 0; i < step.hz.length; i++) {
      this.oscillators[i] ??= new Oscillator();
      this.oscillators[i]!.start(step.hz[i]!, this.peaks[i === 0 ? 0 : 1]);
    }
    if (step.modulationHz !== undefined) this.modulator.start(step.modulationHz, 1);
  }

  /** Index of the step after `index`: on the first round the next one, then only those that are not `once`; −1 = none. */
  private following(index: number): number {
    for (let i = index + 1; i < this.steps.length; i++) if (this.firstRound || !this.steps[i]!.once) return i;
    return this.steps.findIndex((step) => !step.once);
  }
}

/** Whether one step can go over into the other without a seam. */
function soundAlike(a: ToneStep | undefined, b: ToneStep | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.modulationHz !== b.modulationHz || a.hz.length !== b.hz.length) return false;
  for (let i = 0; i < a.hz.length; i++) if (a.hz[i] !== b.hz[i]) return false;
  return true;
}
