import { decodeSample, PEAK_AT_0_DBM0 } from 'node-pcm-codecs';
import type { Law } from '../base/media-port.ts';
import { DialToneFilter, dialToneFilterGain } from './dial-tone-filter.ts';
import { COLUMN_HZ, KEYPAD, ROW_HZ } from './dtmf-digits.ts';
import { goertzelCoefficient, goertzelPowers } from './goertzel.ts';

/*
 * The limits are those of [ITU-T Q.24] and of the North American receivers, each set between what must and what must not
 * be taken for a digit. A window is 20 ms long, weighted by a raised cosine, and moves by a block of 10 ms.
 *
 * A digit begins when two windows in succession, a span of 30 ms, hold it, and the outermost 5 ms of the span sound, too:
 * a signal of 40 ms always contains such a span, one of less than 24 ms never. It ends when three windows in succession
 * do not hold it: a pause of 40 ms makes as many, a drop-out of 10 ms only two.
 */
const BLOCK = 80;
const WINDOW = 2 * BLOCK;
const WINDOWS_TO_BEGIN = 2;
const MISSES_TO_END = 3;

/** Of each frequency: −25 dBm0 must be heard, −36 must not. */
const LEAST_DBM0 = -30;
/** How much louder the column may be than the row, and the row than the column; 8 and 4 dB must pass. */
const NORMAL_TWIST_DB = 9.5;
const REVERSE_TWIST_DB = 5.5;
/** Share of the signal's energy that the two frequencies must have; speech and music seldom come near. */
const PURITY_TO_BEGIN = 0.93;
const PURITY_TO_HOLD = 0.62;
/** Energy that an outermost part of the span needs, as a share of the average of the inner ones. */
const EDGE_SHARE = 0.5;

/** ±(1.5 % + 2 Hz) must pass, ±3.5 % must not: half way between. */
function toleranceHz(hz: number): number {
  return (0.015 * hz + 2 + 0.035 * hz) / 2;
}

/** Parts of 5 ms, in which energy is followed. */
const PART = BLOCK / 2;
const PART_MS = 5;
const SPAN_PARTS = 6;
/** Parts before the span in which the digit may have begun. */
const LEAD_PARTS = 2;
const PARTS = LEAD_PARTS + SPAN_PARTS;

const WEIGHTS = Float64Array.from({ length: WINDOW }, (_, i) => (1 - Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW)) / 2);
const WEIGHT_SUM = BLOCK;
/** Width of a bin of the window's transform. */
const BIN_HZ = 50;

/** One of the eight frequencies: what is measured of it. */
class Frequency {
  readonly toleranceHz: number;
  readonly filterGain: number;
  /** Half a bin below and above the nominal frequency. */
  private readonly beside: Float64Array;
  private readonly powers = new Float64Array(2);
  /** Square of the amplitude before the filter, where 1 is a sine of 0 dBm0; and how much of it the filter leaves. */
  power = 0;
  filteredPower = 0;
  offsetHz = 0;

  constructor(hz: number) {
    this.toleranceHz = toleranceHz(hz);
    this.beside = Float64Array.of(goertzelCoefficient(hz - BIN_HZ / 2), goertzelCoefficient(hz + BIN_HZ / 2));
    this.filterGain = dialToneFilterGain(hz);
  }

  /**
   * Measures frequency and level. Of two transform values one bin apart, the amplitudes a and b of this window tell the
   * frequency between them exactly: 1.5 · (b − a) / (b + a) bins from the middle.
   */
  measure(window: Float64Array): void {
    goertzelPowers(window, this.beside, this.powers);
    const a = Math.sqrt(this.powers[0]!);
    const b = Math.sqrt(this.powers[1]!);
    const bins = (1.5 * (b - a)) / (b + a + Number.MIN_VALUE);
    // The transform of the window, so many bins beside its middle, as a share of that.
    const off = Math.abs(bins) - 0.5;
    const x = Math.PI * off;
    const response = Math.abs(off) < 1e-6 ? 1 : Math.sin(x) / x / (1 - off * off);
    const amplitude = (2 * Math.max(a, b)) / WEIGHT_SUM / response;
    this.offsetHz = bins * BIN_HZ;
    this.filteredPower = amplitude * amplitude;
    this.power = this.filteredPower / this.filterGain ** 2;
  }
}

/** Four of which one sounds in a digit. */
class Group {
  readonly frequencies: readonly Frequency[];
  private readonly coefficients: Float64Array;
  private readonly powers: Float64Array;

  constructor(hz: readonly number[]) {
    this.frequencies = hz.map((each) => new Frequency(each));
    this.coefficients = Float64Array.from(hz, goertzelCoefficient);
    this.powers = new Float64Array(hz.length);
  }

  /** A first look, at the nominal frequencies: which is the strongest. */
  strongest(window: Float64Array): number {
    goertzelPowers(window, this.coefficients, this.powers);
    let best = 0;
    let bestStrength = -1;
    for (let i = 0; i < this.powers.length; i++) {
      const strength = this.powers[i]! / this.frequencies[i]!.filterGain ** 2;
      if (strength > bestStrength) {
        bestStrength = strength;
        best = i;
      }
    }
    return best;
  }
}

export interface DtmfListener {
  /** A digit is certain. */
  onDigitBegin(digit: string): void;
  /** It stopped; its length is measured to 5 ms. */
  onDigitEnd(digit: string, durationMs: number): void;
}

const NONE = -1;

/** Finds DTMF digits in the audio of one line, block by block. */
export class DtmfDetector {
  private readonly linear: Float64Array;
  private readonly filter = new DialToneFilter();
  private readonly rows = new Group(ROW_HZ);
  private readonly columns = new Group(COLUMN_HZ);
  /** The last two blocks, filtered; and weighted. */
  private readonly samples = new Float64Array(WINDOW);
  private readonly window = new Float64Array(WINDOW);
  /** Energy of the last parts, oldest first. */
  private readonly parts = new Float64Array(PARTS);
  /** What the last window held, and for how many in succession. */
  private candidate = NONE;
  private windows = 0;
  private current = NONE;
  private misses = 0;
  private threshold = 0;
  /** Parts from the digit's beginning to the last one that sounded, and to the latest. */
  private soundedParts = 0;
  private elapsedParts = 0;

  constructor(
    law: Law,
    private readonly listener: DtmfListener,
  ) {
    this.linear = Float64Array.from({ length: 256 }, (_, code) => decodeSample(law, code) / PEAK_AT_0_DBM0[law]);
  }

  /**
   * Whether the block just processed is part of a digit, or of what may prove to be one, and must not be passed on: less
   * than 20 ms of a digit are out by then, too little to be taken for one.
   */
  get muting(): boolean {
    return this.current !== NONE || this.candidate !== NONE;
  }

  /** Takes a block of 80 codes. */
  process(block: Uint8Array): void {
    this.take(block);
    const held = this.recognise();
    this.windows = held !== NONE && held === this.candidate ? this.windows + 1 : 1;
    this.candidate = held;

    if (this.current !== NONE) this.follow();
    if (held === NONE || held === this.current || this.windows < WINDOWS_TO_BEGIN || !this.spanSounds()) return;
    if (this.current !== NONE) this.end();
    this.begin(held);
  }

  private take(block: Uint8Array): void {
    const { samples, window, parts } = this;
    samples.copyWithin(0, BLOCK);
    parts.copyWithin(0, 2);
    for (let part = 0; part < 2; part++) {
      let energy = 0;
      for (let i = part * PART; i < (part + 1) * PART; i++) {
        const sample = this.filter.next(this.linear[block[i]!]!);
        samples[BLOCK + i] = sample;
        energy += sample * sample;
      }
      parts[PARTS - 2 + part] = energy;
    }
    for (let i = 0; i < WINDOW; i++) window[i] = samples[i]! * WEIGHTS[i]!;
  }

  /** The digit that the window holds, −1 if none. The current digit is held on to more easily than a new one is taken. */
  private recognise(): number {
    const { window, samples } = this;
    let energy = 0;
    for (let i = 0; i < WINDOW; i++) energy += window[i]! * samples[i]!;
    const power = (2 * energy) / WEIGHT_SUM;
    if (power < LEAST_POWER) return NONE;

    const row = this.rows.strongest(window);
    const column = this.columns.strongest(window);
    const low = this.rows.frequencies[row]!;
    const high = this.columns.frequencies[column]!;
    low.measure(window);
    high.measure(window);
    if (Math.abs(low.offsetHz) > low.toleranceHz || Math.abs(high.offsetHz) > high.toleranceHz) return NONE;
    if (low.power < LEAST_POWER || high.power < LEAST_POWER) return NONE;
    if (high.power > low.power * NORMAL_TWIST || low.power > high.power * REVERSE_TWIST) return NONE;
    const digit = row * COLUMN_HZ.length + column;
    const purity = digit === this.current ? PURITY_TO_HOLD : PURITY_TO_BEGIN;
    return low.filteredPower + high.filteredPower < purity * power ? NONE : digit;
  }

  /** Whether the span's first and last parts sound as its inner ones do. */
  private spanSounds(): boolean {
    const { parts } = this;
    const least = EDGE_SHARE * this.innerEnergy();
    return parts[LEAD_PARTS]! >= least && parts[PARTS - 1]! >= least;
  }

  private innerEnergy(): number {
    let energy = 0;
    for (let part = LEAD_PARTS + 1; part < PARTS - 1; part++) energy += this.parts[part]!;
    return energy / (SPAN_PARTS - 2);
  }

  private begin(digit: number): void {
    this.current = digit;
    this.misses = 0;
    this.threshold = EDGE_SHARE * this.innerEnergy();
    let lead = 0;
    while (lead < LEAD_PARTS && this.parts[LEAD_PARTS - 1 - lead]! >= this.threshold) lead++;
    this.elapsedParts = SPAN_PARTS + lead;
    this.soundedParts = this.elapsedParts;
    this.listener.onDigitBegin(KEYPAD[digit]!);
  }

  private follow(): void {
    for (let part = PARTS - 2; part < PARTS; part++) {
      this.elapsedParts++;
      if (this.parts[part]! >= this.threshold) this.soundedParts = this.elapsedParts;
    }
    this.misses = this.candidate === this.current ? 0 : this.misses + 1;
    if (this.misses === MISSES_TO_END) this.end();
  }

  private end(): void {
    const digit = this.current;
    this.current = NONE;
    this.listener.onDigitEnd(KEYPAD[digit]!, this.soundedParts * PART_MS);
  }
}

const LEAST_POWER = 10 ** (LEAST_DBM0 / 10);
const NORMAL_TWIST = 10 ** (NORMAL_TWIST_DB / 10);
const REVERSE_TWIST = 10 ** (REVERSE_TWIST_DB / 10);
