/** Zero crossings of the filter to each side: steep enough that nothing above 4 kHz folds back audibly. */
const LOBES = 12;
/** Of the new rate's half, where the filter begins to close. */
const PASSBAND = 0.9;
/** Points of the tabulated filter between two input samples: its steps are 80 dB down. */
const RESOLUTION = 256;

/**
 * Brings sound of any rate to a lower one, block by block, through a windowed-sinc low-pass evaluated where each new
 * sample lies. A quarter of a millisecond of delay at 8 kHz for each lobe.
 */
export class Downsampler {
  private readonly step: number;
  private readonly reach: number;
  /** The right half of the filter, `RESOLUTION` points for each input sample. */
  private readonly taps: Float32Array;
  /** Input that the next output samples still need; `start` is the position of its first sample. */
  private kept = new Float32Array(0);
  private start = 0;
  private produced = 0;

  constructor(fromHz: number, toHz: number) {
    this.step = fromHz / toHz;
    const cutoff = (PASSBAND * toHz) / fromHz;
    this.reach = LOBES / cutoff;
    this.taps = Float32Array.from({ length: Math.ceil(this.reach * RESOLUTION) + 2 }, (_, i) =>
      windowedSinc((i / RESOLUTION) * cutoff, cutoff),
    );
  }

  push(input: Float32Array): Int16Array {
    const samples = new Float32Array(this.kept.length + input.length);
    samples.set(this.kept);
    samples.set(input, this.kept.length);
    const end = this.start + samples.length;
    const out: number[] = [];
    for (let at = this.produced * this.step; at + this.reach < end; at = ++this.produced * this.step) {
      out.push(toInt16(this.sampleAt(at, samples)));
    }
    const drop = Math.max(0, Math.min(samples.length, Math.floor(this.produced * this.step - this.reach) - this.start));
    this.kept = samples.slice(drop);
    this.start += drop;
    return Int16Array.from(out);
  }

  private sampleAt(at: number, samples: Float32Array): number {
    const first = Math.max(this.start, Math.ceil(at - this.reach));
    const last = Math.floor(at + this.reach);
    let sum = 0;
    for (let i = first; i <= last; i++) {
      sum += samples[i - this.start]! * this.taps[Math.round(Math.abs(i - at) * RESOLUTION)]!;
    }
    return sum;
  }
}

function windowedSinc(x: number, cutoff: number): number {
  if (x >= LOBES) return 0;
  const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / LOBES);
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  return sinc * window * cutoff;
}

function toInt16(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
}
