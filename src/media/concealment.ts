import { decodeSample, encodeSample, type Law, SILENCE } from 'node-pcm-codecs';

/** The voice's pitch is looked for between 200 and 67 Hz, by the last 20 ms. */
const SHORTEST_PITCH = 40;
const LONGEST_PITCH = 120;
const COMPARED = 160;
/** Below this energy all lags look alike. */
const LEAST_ENERGY = 250;

/** After each 10 ms of a gap another period of the voice is repeated with the one before, at most three. */
const STEP = 80;
const MOST_PERIODS = 3;
/** The repeated voice fades by a fifth per 10 ms after the first, and is gone after 60 ms. */
const FADED = 6 * STEP;

/** Where sound joins sound they are blended over a quarter of a period, after a gap for 4 ms more per 10 ms of it. */
const OVERLAP_PER_STEP = 32;
const LONGEST_OVERLAP = STEP;

const HISTORY = MOST_PERIODS * LONGEST_PITCH + LONGEST_PITCH / 4;
/** A power of two that holds a history. */
const RING = 512;

/**
 * Fills gaps in speech by repeating its last period, in the manner of ITU-T G.711 Appendix I. What came is passed on
 * code by code and without delay; so the beginning of a gap cannot be blended with the sound before it, as the
 * Appendix does by 3.75 ms of delay, but is led from the last sample to the repeated wave. Nothing is allocated per block.
 */
export class Concealment {
  /** The last samples that were heard, the latest at the end, but for the codes that are still unread. */
  private readonly history = new Float64Array(HISTORY);
  /** What came of late, in a ring, where the next goes, and how many of it are not in the history: only a gap asks for that. */
  private readonly codes = new Uint8Array(RING);
  private next = 0;
  private unread = 0;
  /** What is repeated: the history as it was when the gap began, its end blended into the beginning of the repetition. */
  private readonly cycle = new Float64Array(HISTORY);
  private readonly cycleEnd = new Float64Array(LONGEST_PITCH / 4);
  /** Nothing was heard yet: there is nothing to repeat or to blend with. */
  private isFresh = true;
  private inGap = false;
  /** Samples made up since the gap began. */
  private made = 0;
  private pitch = LONGEST_PITCH;
  private overlap = LONGEST_PITCH / 4;
  private periods = 1;
  private position = 0;
  private last = 0;
  /** What the repeated wave was off the sample before it, and for how many samples it is still led back. */
  private offset = 0;
  private leading = 0;
  /** Samples that are still to be blended with what came after the gap. */
  private blending = 0;
  private blendLength = 1;

  constructor(private readonly law: Law) {}

  /** Forgets what was heard. */
  reset(): void {
    this.history.fill(0);
    this.unread = 0;
    this.isFresh = true;
    this.inGap = false;
    this.blending = 0;
  }

  /** The codes `from`…`to` came; after a gap their beginning is blended with what was made up. */
  pass(codes: Uint8Array, from: number, to: number): void {
    this.isFresh = false;
    if (this.inGap) {
      this.inGap = false;
      const more = Math.floor(this.made / STEP) * OVERLAP_PER_STEP;
      this.blendLength = Math.min(this.overlap + more, LONGEST_OVERLAP);
      this.blending = this.blendLength;
    }
    const blendedTo = Math.min(to, from + this.blending);
    if (blendedTo > from) this.blend(codes, from, blendedTo);
    if (to > blendedTo) this.keep(codes, blendedTo, to);
  }

  private blend(codes: Uint8Array, from: number, to: number): void {
    const { law } = this;
    this.makeRoom(to - from);
    const end = HISTORY - to;
    for (let i = from; i < to; i++) {
      const share = this.blending-- / (this.blendLength + 1);
      const came = decodeSample(law, codes[i]!);
      const sample = came + Math.round((this.make() - came) * share);
      codes[i] = encodeSample(law, sample);
      this.history[end + i] = sample;
    }
  }

  private keep(codes: Uint8Array, from: number, to: number): void {
    const { codes: ring, next } = this;
    for (let i = from; i < to; i++) ring[(next + i - from) & (RING - 1)] = codes[i]!;
    this.next = (next + to - from) & (RING - 1);
    this.unread = Math.min(HISTORY, this.unread + to - from);
  }

  private readCodes(): void {
    const { unread } = this;
    if (unread === 0) return;
    this.unread = 0;
    this.history.copyWithin(0, unread);
    for (let back = unread; back > 0; back--)
      this.history[HISTORY - back] = decodeSample(this.law, this.codes[(this.next - back) & (RING - 1)]!);
  }

  /** The codes `from`…`to` did not come: they are made up. */
  fill(codes: Uint8Array, from: number, to: number): void {
    if (this.isFresh) {
      codes.fill(SILENCE[this.law], from, to);
      return;
    }
    if (!this.inGap) this.beginGap();
    this.blending = 0;
    this.makeRoom(to - from);
    const end = HISTORY - to;
    for (let i = from; i < to; i++) {
      const sample = Math.round(this.make());
      codes[i] = encodeSample(this.law, sample);
      this.history[end + i] = sample;
    }
  }

  /** What comes next does not follow what came before: it is joined as after a gap of no length. */
  splice(): void {
    if (!this.inGap && !this.isFresh) this.beginGap();
  }

  /** What is made up has faded to silence, or nothing was heard yet. */
  get isSilent(): boolean {
    return this.isFresh || (this.inGap && this.made >= FADED);
  }

  private beginGap(): void {
    this.readCodes();
    this.inGap = true;
    this.made = 0;
    this.pitch = findPitch(this.history);
    this.overlap = this.pitch >> 2;
    this.periods = 1;
    this.position = 0;
    this.cycle.set(this.history);
    for (let i = 0; i < this.overlap; i++) this.cycleEnd[i] = this.history[HISTORY - this.overlap + i]!;
    this.closeCycle();
    this.lead(this.history[HISTORY - 1]!, this.history[HISTORY - 1 - this.pitch]!);
  }

  /** The end of the repeated piece flows into its beginning. */
  private closeCycle(): void {
    const { overlap, cycle } = this;
    const back = this.pitch * this.periods;
    for (let i = 0; i < overlap; i++) {
      const at = HISTORY - overlap + i;
      const share = (i + 1) / (overlap + 1);
      cycle[at] = this.cycleEnd[i]! * (1 - share) + cycle[at - back]! * share;
    }
  }

  /** From `from` on the wave is led to where it would be had it come from `to`. */
  private lead(from: number, to: number): void {
    this.last = from;
    this.offset = from - to;
    this.leading = this.overlap;
  }

  private addPeriod(): void {
    this.periods++;
    this.closeCycle();
    const length = this.pitch * this.periods;
    this.position %= this.pitch;
    this.lead(this.last, this.cycle[HISTORY - length + ((this.position + length - 1) % length)]!);
  }

  private make(): number {
    const { made } = this;
    if (made >= FADED) return 0;
    if (made > 0 && made % STEP === 0 && this.periods < MOST_PERIODS) this.addPeriod();
    const length = this.pitch * this.periods;
    let sample = this.cycle[HISTORY - length + this.position]!;
    this.position = (this.position + 1) % length;
    if (this.leading > 0) sample += (this.offset * this.leading--) / (this.overlap + 1);
    this.last = sample;
    this.made++;
    const gain = made < STEP ? 1 : 1 - (made - STEP) / (FADED - STEP);
    return Math.max(-0x8000, Math.min(0x7fff, sample * gain));
  }

  private makeRoom(count: number): void {
    this.readCodes();
    this.history.copyWithin(0, count);
  }
}

/**
 * The lag at which the end of the history is most like itself: looked for by every second sample and lag, then by all
 * around the best, as in Appendix I.
 */
function findPitch(history: Float64Array): number {
  const coarse = bestLag(history, SHORTEST_PITCH, LONGEST_PITCH, 2);
  return bestLag(history, Math.max(SHORTEST_PITCH, coarse - 1), Math.min(LONGEST_PITCH, coarse + 1), 1);
}

function bestLag(history: Float64Array, shortest: number, longest: number, step: number): number {
  let best = shortest;
  let bestLikeness = Number.NEGATIVE_INFINITY;
  for (let lag = shortest; lag <= longest; lag += step) {
    const likeness = likenessAt(history, lag, step);
    if (likeness > bestLikeness) {
      best = lag;
      bestLikeness = likeness;
    }
  }
  return best;
}

/** Two sums of each kind, since an addition that waits for the one before takes as long as several that do not. */
function likenessAt(history: Float64Array, lag: number, step: number): number {
  let product = 0;
  let energy = 0;
  let nextProduct = 0;
  let nextEnergy = 0;
  for (let i = HISTORY - COMPARED; i < HISTORY; i += 2 * step) {
    const earlier = history[i - lag]!;
    const next = history[i + step - lag]!;
    product += history[i]! * earlier;
    energy += earlier * earlier;
    nextProduct += history[i + step]! * next;
    nextEnergy += next * next;
  }
  return (product + nextProduct) / Math.sqrt(Math.max(energy + nextEnergy, LEAST_ENERGY));
}
