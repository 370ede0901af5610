import { decodeSample, type Law } from 'node-pcm-codecs';
import { type CallerIdMessage, decodeCallerId, messageLength } from './caller-id-message.ts';

const SAMPLE_RATE_HZ = 8000;
const BIT_SAMPLES = SAMPLE_RATE_HZ / 1200;
/** Between the marks and the spaces of Bell 202 (1200, 2200 Hz) and V.23 (1300, 2100 Hz): one receiver takes both. */
const MARK_HZ = 1250;
const SPACE_HZ = 2150;
/** As near to a bit as whole samples allow. */
const WINDOW = 7;
/** Mean square of a sample at −45 dBm0, below which there is nothing to be heard. */
const LEAST_ENERGY = (32_768 * 10 ** ((-45 - 3.17) / 20)) ** 2 / 2;
/** Marks in a row before a byte can be the first of a message: the channel seizure has none. */
const LEAD_MARKS = 8;
const LONGEST_MESSAGE = 258;
/** The middle of a bit, as shares of it. */
const MIDDLE_FROM = 0.2;
const MIDDLE_TO = 0.8;
const STOP_BIT = 9;
/** How far each turn from mark to space or back moves the beginnings of the bits towards itself, and from how far it counts. */
const PULL = 0.25;
const PULL_SPAN = 0.35 * BIT_SAMPLES;

/** How much of one frequency is in the last window, sample by sample. */
class Correlator {
  private readonly re = new Float64Array(WINDOW);
  private readonly im = new Float64Array(WINDOW);
  private at = 0;
  private phase = 0;
  private sumRe = 0;
  private sumIm = 0;
  private readonly step: number;

  constructor(hz: number) {
    this.step = (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
  }

  next(sample: number): number {
    const re = sample * Math.cos(this.phase);
    const im = sample * Math.sin(this.phase);
    this.phase = (this.phase + this.step) % (2 * Math.PI);
    this.sumRe += re - this.re[this.at]!;
    this.sumIm += im - this.im[this.at]!;
    this.re[this.at] = re;
    this.im[this.at] = im;
    this.at = (this.at + 1) % WINDOW;
    return this.sumRe * this.sumRe + this.sumIm * this.sumIm;
  }
}

/**
 * Caller ID in FSK between two rings or before the first: 1200 baud, 8N1, the low bit first. Gives a message once its
 * checksum holds; noise, speech and a damaged message are nothing. [GR-30-CORE §2] [EN 300 659-2]
 */
export class FskReceiver {
  private readonly mark = new Correlator(MARK_HZ);
  private readonly space = new Correlator(SPACE_HZ);
  private energy = 0;
  /** Samples since the start bit began; undefined between bytes. */
  private inByte: number | undefined;
  private nextBit = 0;
  /** Mark less space one sample ago. */
  private before = 0;
  /** How much more mark than space there was in the middle of the bit. */
  private lean = 0;
  private byte = 0;
  private marks = 0;
  private readonly message = new Uint8Array(LONGEST_MESSAGE);
  private length = 0;

  constructor(
    private readonly law: Law,
    private readonly onCallerId: (message: CallerIdMessage) => void,
  ) {}

  process(block: Uint8Array): void {
    for (const code of block) this.take(decodeSample(this.law, code));
  }

  private take(sample: number): void {
    this.energy += (sample * sample - this.energy) / 16;
    const mark = this.mark.next(sample);
    const space = this.space.next(sample);
    const soft = mark - space;
    const { before } = this;
    this.before = soft;
    const bit = soft >= 0;
    // Samples since mark turned to space or back, if that was in this one.
    const turnedFor = before >= 0 === bit ? undefined : soft / (soft - before);
    if (this.energy < LEAST_ENERGY) {
      this.reset();
      return;
    }
    if (this.inByte === undefined) {
      if (bit) this.marks++;
      else this.begin(turnedFor ?? 0);
      return;
    }
    this.inByte++;
    if (turnedFor !== undefined) this.inByte -= this.offGrid(this.inByte - turnedFor) * PULL;
    // Bit n, the start bit being 0, is what most of its middle is: one sample may be noise.
    const inBit = this.inByte / BIT_SAMPLES - this.nextBit;
    if (inBit >= MIDDLE_FROM) this.lean += (mark - space) / (mark + space + 1);
    // The next start bit must not be missed for the stop bit.
    if (inBit < (this.nextBit === STOP_BIT ? 0.5 : MIDDLE_TO)) return;
    this.takeBit(this.lean >= 0);
    this.lean = 0;
  }

  /** How many samples a turn at `at` is behind the beginning of a bit; 0 where it is so far off that it is noise. */
  private offGrid(at: number): number {
    const off = at - Math.round(at / BIT_SAMPLES) * BIT_SAMPLES;
    return Math.abs(off) < PULL_SPAN ? off : 0;
  }

  private begin(turnedFor: number): void {
    // A message begins behind marks; within one, bytes follow each other at once or after a few.
    if (this.length === 0 && this.marks < LEAD_MARKS * BIT_SAMPLES) {
      this.marks = 0;
      return;
    }
    this.inByte = turnedFor;
    this.lean = 0;
    this.nextBit = 0;
    this.byte = 0;
  }

  private takeBit(bit: boolean): void {
    const at = this.nextBit++;
    if (at === 0) {
      if (bit) this.inByte = undefined;
    } else if (at < STOP_BIT) this.byte |= (bit ? 1 : 0) << (at - 1);
    else {
      this.inByte = undefined;
      if (bit) this.takeByte(this.byte);
      else this.reset();
    }
  }

  private takeByte(byte: number): void {
    this.message[this.length++] = byte;
    this.marks = 0;
    const [type = 0, length = 0] = this.message;
    const whole = this.length < 2 ? LONGEST_MESSAGE : messageLength(type, length);
    if (whole === undefined || (this.length === 1 && messageLength(byte, 0) === undefined)) {
      this.reset();
      return;
    }
    if (this.length < whole) return;
    const read = decodeCallerId(this.message.subarray(0, whole));
    this.reset();
    if (read !== undefined) this.onCallerId(read);
  }

  private reset(): void {
    this.inByte = undefined;
    this.length = 0;
    this.marks = 0;
  }
}
