import { encodeSample, PEAK_AT_0_DBM0, SILENCE } from 'node-pcm-codecs';
import { BAUD, type DataStep, dataBits, type Modem, type SignalStep } from '../base/line-signal.ts';
import type { Law } from '../base/media-port.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import { DtmfGenerator } from './dtmf-generator.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';
import { ToneGenerator } from './tone-generator.ts';

const SAMPLE_RATE_HZ = 1000 * SAMPLES_PER_MS;
/** Mark and space. [Bell 202] [ITU-T V.23] */
const MODEM_HZ: Readonly<Record<Modem, readonly [mark: number, space: number]>> = {
  bell202: [1200, 2200],
  v23: [1300, 2100],
};

/**
 * FSK of a caller ID, sample for sample. The phase never jumps, and a bit begins when it is due, also between two
 * samples: each sample's phase is the integral of the frequency up to it.
 */
export class FskModulator {
  private phase = 0;
  private at = 0;
  private readonly mark: number;
  private readonly space: number;
  readonly length: number;

  constructor(
    private readonly step: DataStep,
    private readonly peak: number,
  ) {
    [this.mark, this.space] = MODEM_HZ[step.modem];
    this.length = Math.ceil((dataBits(step) * SAMPLE_RATE_HZ) / BAUD);
  }

  get isOver(): boolean {
    return this.at >= this.length;
  }

  next(): number {
    const sample = this.peak * Math.sin(2 * Math.PI * this.phase);
    // Bits counted in samples · baud, so that no rounding adds up.
    const from = this.at++ * BAUD;
    const to = from + BAUD;
    const bit = Math.floor(from / SAMPLE_RATE_HZ);
    const border = (bit + 1) * SAMPLE_RATE_HZ;
    const before = Math.min(border, to) - from;
    const turn = before * this.hz(bit) + (BAUD - before) * this.hz(bit + 1);
    this.phase = (this.phase + turn / (BAUD * SAMPLE_RATE_HZ)) % 1;
    return sample;
  }

  private hz(bit: number): number {
    return this.bit(bit) ? this.mark : this.space;
  }

  private bit(index: number): boolean {
    const { seizureBits, markBits, bytes } = this.step;
    // The last one before the marks is a mark, too.
    if (index < seizureBits) return (seizureBits - index) % 2 === 1;
    const inBytes = index - seizureBits - markBits;
    const byte = inBytes < 0 ? undefined : bytes[Math.floor(inBytes / 10)];
    const at = inBytes % 10;
    if (byte === undefined || at === 9) return true;
    return at > 0 && ((byte >> (at - 1)) & 1) === 1;
  }
}

/** Plays the steps of a signal on a line as blocks of G.711. Allocates where a step begins. */
export class SignalGenerator {
  private steps: readonly SignalStep[] = [];
  private index = -1;
  private left = 0;
  private modulator: FskModulator | undefined;
  private readonly tone: ToneGenerator;
  private readonly digits: DtmfGenerator;
  private readonly one = new Uint8Array(1);

  constructor(private readonly law: Law) {
    this.tone = new ToneGenerator(law);
    this.digits = new DtmfGenerator(law);
  }

  get active(): boolean {
    return this.index >= 0;
  }

  /** Plays from now on; no steps: silence, at once. */
  start(steps: readonly SignalStep[]): void {
    this.steps = steps;
    this.index = -1;
    this.enterNext();
  }

  /** Fills the block; what is left of it behind the last step is silence. */
  read(codes: Uint8Array): void {
    for (let i = 0; i < codes.length; i++) codes[i] = this.next();
  }

  private next(): number {
    while (this.active && this.left <= 0) this.enterNext();
    if (!this.active) return SILENCE[this.law];
    this.left--;
    const step = this.steps[this.index]!;
    if (step.kind === 'silence') return SILENCE[this.law];
    if (this.modulator !== undefined) return encodeSample(this.law, Math.round(this.modulator.next()));
    if (step.kind === 'digits') this.digits.read(this.one);
    else this.tone.read(this.one);
    return this.one[0]!;
  }

  private enterNext(): void {
    const step = this.steps[++this.index];
    this.modulator = undefined;
    this.left = 0;
    switch (step?.kind) {
      case undefined:
        this.index = -1;
        break;
      case 'silence':
        this.left = step.ms * SAMPLES_PER_MS;
        break;
      case 'tone': {
        const pattern: TonePattern = { steps: [{ hz: step.hz, ms: step.ms, once: true }] };
        this.tone.start(pattern, step.dbm0);
        this.left = step.ms * SAMPLES_PER_MS;
        break;
      }
      case 'digits':
        this.digits.stop();
        for (const digit of step.digits) this.digits.play(digit, step.onMs, step.offMs);
        this.left = step.digits.length * (step.onMs + step.offMs) * SAMPLES_PER_MS;
        break;
      case 'data':
        this.modulator = new FskModulator(step, PEAK_AT_0_DBM0[this.law] * 10 ** (step.dbm0 / 20));
        this.left = this.modulator.length;
        break;
    }
  }
}
