import { decodeSample, type Law, PEAK_AT_0_DBM0 } from 'node-pcm-codecs';
import type { ProgressTone, TownLineTones } from '../base/media-port.ts';
import type { TonePattern, ToneStep } from '../base/tone-pattern.ts';
import { goertzelCoefficient, goertzelPowers } from './goertzel.ts';

const BLOCK = 80;
const BLOCK_MS = 10;
/** Long enough to tell 440 from 480 Hz. */
const WINDOW = 4 * BLOCK;
/** Of the whole tone; below it there is nothing to be heard. */
const LEAST_DBM0 = -38;
/** Share of the energy of a window that its tone has; speech seldom comes near for long. */
const PURITY = 0.6;
/** A tone begins and ends where the window is half full of it; how much of that is forgotten with each block. */
const EDGE_SHARE = 0.4;
const FORGETS = 0.99;
/** A continuous tone has sounded for this long before it is one. */
const CONTINUOUS_MS = 500;
/** A frequency this near is the same. */
const NEAR_HZ = 35;
/** How far a duration may be off. */
const TOLERANCE = 0.15;
const TOLERANCE_MS = 30;
/** Periods of busy or congestion tone before it is believed: three is what speech never does by chance. */
const PERIODS = 3;
/** A change that is over sooner is none: a click, or the moment in which two frequencies cancel each other. */
const BLOCKS_TO_BEGIN = 2;
const BLOCKS_TO_END = 6;
/**
 * In so many blocks of a stretch a frequency has sounded that belongs to it. At an edge of a tone the window is full of
 * frequencies that nobody sends.
 */
const SHARE_OF_BLOCKS = 0.2;
const WEIGHTS = Float64Array.from({ length: WINDOW }, (_, i) => (1 - Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW)) / 2);

/** Frequencies are bits: the tones of a country have six or seven of them together. */
type Pitch = number;

interface Stretch {
  readonly isTone: boolean;
  ms: number;
  /** In how many blocks each frequency was heard. */
  readonly blocks: Uint16Array;
}

interface Candidate {
  readonly tone: ProgressTone;
  /** What may sound with it, and of what some has to sound for each of its frequencies. */
  readonly pitch: { readonly allowed: Pitch; readonly needed: readonly Pitch[] };
  /** On and off in turn, ms; undefined for a tone without an end. */
  readonly cadence: readonly number[] | undefined;
}

/**
 * Hears what a telephone exchange says by its tones: that it is ready, that the far end rings, is busy, or that the way is
 * congested. Each is told when it is certain, ringback once per ring.
 */
export class CallProgressDetector {
  private readonly candidates: readonly Candidate[];
  /** Of each frequency: what the transform needs, and its share of the window's energy. */
  private readonly coefficients: Float64Array;
  private readonly shares: Float64Array;
  private readonly window = new Float64Array(WINDOW);
  private readonly weighted = new Float64Array(WINDOW);
  /** Lengths of the last stretches of tone and silence, the present one last. */
  private stretches: Stretch[] = [];
  private differs = 0;
  /** Energy of the loudest window of late. */
  private loudest = 0;
  /** Busy or congestion was told: nothing that comes after it matters. */
  private isCleared = false;

  constructor(
    private readonly law: Law,
    tones: TownLineTones,
    private readonly onTone: (tone: ProgressTone) => void,
  ) {
    const names = ['dial', 'ringback', 'busy', 'congestion'] as const;
    const hz = [...new Set(names.flatMap((tone) => looped(tones[tone]).flatMap(soundingHz)))];
    this.coefficients = Float64Array.from(hz, goertzelCoefficient);
    this.shares = new Float64Array(hz.length);
    this.candidates = names.map((tone) => candidate(tone, tones[tone], hz));
  }

  process(block: Uint8Array): void {
    this.window.copyWithin(0, BLOCK);
    for (let i = 0; i < BLOCK; i++) this.window[WINDOW - BLOCK + i] = decodeSample(this.law, block[i]!);
    this.note(this.measure());
  }

  /** The frequencies that sound in the window; 0 for silence and for everything that is no tone. */
  private measure(): Pitch {
    let energy = 0;
    for (let i = 0; i < WINDOW; i++) {
      const sample = this.window[i]! * WEIGHTS[i]!;
      this.weighted[i] = sample;
      energy += sample * sample;
    }
    const peak = PEAK_AT_0_DBM0[this.law] * 10 ** (LEAST_DBM0 / 20);
    // A sine of peak P under this window has the energy 3/16 · P² · n.
    this.loudest = Math.max(energy, this.loudest * FORGETS);
    if (energy < (3 / 16) * peak * peak * WINDOW || energy < this.loudest * EDGE_SHARE) return 0;
    let strongest = 0;
    goertzelPowers(this.weighted, this.coefficients, this.shares);
    for (let i = 0; i < this.shares.length; i++) {
      // |X|² = (P · n / 4)², so that this is its share of the energy.
      const share = (this.shares[i]! * 3) / WINDOW / energy;
      this.shares[i] = share;
      strongest = Math.max(strongest, share);
    }
    let heard: Pitch = 0;
    let sum = 0;
    for (let i = 0; i < this.shares.length; i++) {
      if (this.shares[i]! <= strongest / 4) continue;
      heard |= 1 << i;
      sum += this.shares[i]!;
    }
    return sum < PURITY ? 0 : heard;
  }

  private note(heard: Pitch): void {
    const isTone = heard !== 0;
    const last = this.stretches.at(-1);
    this.differs = last !== undefined && last.isTone !== isTone ? this.differs + 1 : 0;
    if (last !== undefined && this.differs < (last.isTone ? BLOCKS_TO_END : BLOCKS_TO_BEGIN)) {
      // Two frequencies that lie close together cancel each other for a moment, again and again.
      last.ms += BLOCK_MS;
      if (this.differs === 0) count(last, heard);
      if (last.isTone && last.ms === CONTINUOUS_MS) this.judgeContinuous(pitchOf(last));
      return;
    }
    const ms = Math.max(1, this.differs) * BLOCK_MS;
    this.differs = 0;
    if (last !== undefined) {
      last.ms -= ms - BLOCK_MS;
      this.judgeCadence();
    }
    const stretch = { isTone, ms, blocks: new Uint16Array(this.shares.length) };
    count(stretch, heard);
    this.stretches.push(stretch);
    if (this.stretches.length > 4 * PERIODS) this.stretches.shift();
  }

  private judgeContinuous(heard: Pitch): void {
    const found = this.candidates.find(({ cadence, pitch }) => cadence === undefined && isOf(heard, pitch));
    if (found !== undefined) this.tell(found.tone);
  }

  /** A stretch has just ended. */
  private judgeCadence(): void {
    for (const { tone, cadence, pitch } of this.candidates) {
      if (cadence === undefined) continue;
      if (tone === 'ringback' || tone === 'dial') {
        // One burst of the right length and pitch is enough: neither ends a call.
        const last = this.stretches.at(-1)!;
        const heard = pitchOf(last);
        const fits = (ms: number, index: number) =>
          index % 2 === 0 && isNear(last.ms, ms) && !this.isShared(ms, heard, tone);
        const isBurst = last.isTone && isOf(heard, pitch) && cadence.some(fits);
        // Or a whole ring, where a burst alone could be another tone's.
        if (isBurst || (cadence.length > 2 && this.hasPeriods(cadence, pitch, cadence.length - 1))) this.tell(tone);
      } else if (this.hasPeriods(cadence, pitch)) this.tell(tone);
    }
  }

  /** Whether busy or congestion have bursts of the same length and pitch: then the pause has to tell them apart. */
  private isShared(ms: number, heard: Pitch, tone: ProgressTone): boolean {
    return this.candidates.some(
      (other) =>
        other.tone !== tone &&
        other.cadence !== undefined &&
        isOf(heard, other.pitch) &&
        other.cadence.some((one, i) => i % 2 === 0 && isNear(ms, one)),
    );
  }

  private hasPeriods(
    cadence: readonly number[],
    pitch: Candidate['pitch'],
    needed = Math.max(2 * PERIODS, cadence.length),
  ): boolean {
    const last = this.stretches.slice(-needed);
    if (last.length < needed || last[0]?.isTone !== true) return false;
    for (let shift = 0; shift < cadence.length; shift += 2) {
      const fits = last.every(
        (stretch, i) =>
          isNear(stretch.ms, cadence[(i + shift) % cadence.length]!) &&
          (!stretch.isTone || isOf(pitchOf(stretch), pitch)),
      );
      if (fits) return true;
    }
    return false;
  }

  private tell(tone: ProgressTone): void {
    if (this.isCleared) return;
    this.isCleared = tone === 'busy' || tone === 'congestion';
    this.onTone(tone);
  }
}

function count({ blocks }: Stretch, heard: Pitch): void {
  for (let i = 0; i < blocks.length; i++) if ((heard & (1 << i)) !== 0 && blocks[i]! < 0xffff) blocks[i]!++;
}

/** What a stretch of tone consists of. */
function pitchOf({ ms, blocks }: Stretch): Pitch {
  const least = Math.max(1, (ms / BLOCK_MS) * SHARE_OF_BLOCKS);
  return blocks.reduce((pitch, heard, i) => (heard >= least ? pitch | (1 << i) : pitch), 0);
}

function candidate(tone: ProgressTone, pattern: TonePattern, known: readonly number[]): Candidate {
  const steps = looped(pattern);
  const near = (hz: number) =>
    known.reduce((bits, one, i) => (Math.abs(one - hz) <= NEAR_HZ ? bits | (1 << i) : bits), 0);
  const needed = [...new Set(steps.flatMap(soundingHz))].map(near);
  const isContinuous = steps.length === 1 || steps.every(({ hz }) => hz.length > 0);
  return {
    tone,
    pitch: { allowed: needed.reduce((bits, one) => bits | one, 0), needed },
    cadence: isContinuous ? undefined : steps.map(({ ms }) => ms),
  };
}

/** What a tone repeats. */
function looped({ steps }: TonePattern): readonly ToneStep[] {
  const repeated = steps.filter(({ once }) => once !== true);
  return repeated.length > 0 ? repeated : steps;
}

/** A modulated tone sounds beside its frequency, not on it. */
function soundingHz({ hz, modulationHz }: ToneStep): number[] {
  return modulationHz === undefined ? [...hz] : hz.flatMap((one) => [one - modulationHz, one + modulationHz]);
}

/** Whether what sounds is this tone: each of its frequencies and none besides, as near as a window tells. */
function isOf(heard: Pitch, { allowed, needed }: Candidate['pitch']): boolean {
  return (heard & ~allowed) === 0 && needed.every((one) => (heard & one) !== 0);
}

function isNear(ms: number, expected: number): boolean {
  return Math.abs(ms - expected) <= Math.max(TOLERANCE * expected, TOLERANCE_MS);
}
