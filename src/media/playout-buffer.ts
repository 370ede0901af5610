import { type Law, SILENCE } from 'node-pcm-codecs';
import { timestampDistance } from '../iax2/voice.ts';
import { Concealment } from './concealment.ts';
import { DelayTarget } from './delay-target.ts';
import { MAGNITUDES } from './magnitude.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';

const CAPACITY_MS = 512;
const CAPACITY = CAPACITY_MS * SAMPLES_PER_MS;

/** So many packets one after another that are out of all bounds mean that the sender counts from elsewhere. */
const LOST_TRACK_LIMIT = 5;

/** How far the delay may be off its target before it is mended. */
const SLACK_MS = 8;
/** The fixed delay of a modem, and how far a drifting clock may move it: a slip costs it a line of its page. */
export const FIXED_DELAY_MS = 120;
const FIXED_SLACK_MS = 80;
/** If speech leaves no pause for so many blocks, a delay that is so much too long is mended in the midst of it. */
const PATIENCE_BLOCKS = 300;
const INTOLERABLE_MS = 60;

/** A block is quiet below this mean of magnitudes, or below this share of what was loud of late. */
const QUIET = 100;
const QUIET_SHARE = 1 / 16;
const LOUDNESS_DECAY = 0.998;

/** What has become of a stream, for judging the buffer; ms of sound. */
export interface PlayoutCounts {
  /** What came and was heard, each part of it counted once. */
  readonly playedMs: number;
  readonly concealedMs: number;
  /** Left out and put in where the delay changed. */
  readonly skippedMs: number;
  readonly insertedMs: number;
  readonly late: number;
  readonly resyncs: number;
}

/**
 * Turns packets, which come when they come, into blocks on the reader's clock: packets wait as long as the observed
 * jitter asks for, 20 to 200 ms, what is missing is concealed, and the delay follows jitter and drifting clocks by slips
 * in pauses of the talk. Timestamps are ms and wrap at 32 bits. What lies in the buffer is audio of one law; whoever puts
 * converts. Nothing is allocated per packet or block.
 */
export class PlayoutBuffer {
  /** How long the packet that came last has to wait, ms; 0 while nothing plays. */
  delayMs = 0;
  /** Mean of the magnitudes of the block that was read last, a whole number; −1 where a part of it did not come. */
  magnitude = -1;
  private readonly silence: number;
  private readonly magnitudes: Uint16Array;
  private readonly ring = new Uint8Array(CAPACITY);
  /** For each ms of the ring whether it has come. */
  private readonly present = new Uint8Array(CAPACITY_MS);
  private readonly concealment: Concealment;
  private readonly target: DelayTarget;
  private readonly slackMs: number;
  private anchored = false;
  /** Timestamp of the next code to be read. */
  private playAt = 0;
  /** The reader's clock: ms that were read. */
  private clockMs = 0;
  private outOfBounds = 0;
  private loudness = 0;
  private impatience = 0;
  private readonly totals = { playedMs: 0, concealedMs: 0, skippedMs: 0, insertedMs: 0, late: 0, resyncs: 0 };

  /** `isFixed`: the delay is the same for good; only a clock that drifts far out of it is followed. */
  constructor(law: Law, isFixed = false) {
    this.target = new DelayTarget(isFixed ? FIXED_DELAY_MS : undefined);
    this.slackMs = isFixed ? FIXED_SLACK_MS : SLACK_MS;
    this.silence = SILENCE[law];
    this.magnitudes = MAGNITUDES[law];
    this.concealment = new Concealment(law);
  }

  get counts(): PlayoutCounts {
    return this.totals;
  }

  /** Whether nothing has come: all that is read is silence. */
  get isIdle(): boolean {
    return !this.anchored;
  }

  get targetMs(): number {
    return this.target.targetMs;
  }

  /**
   * Takes `length` codes of `bytes` from `at` on, each replaced by its entry of `table` where one is given. `earlyMs`: how long
   * it is until the next `read`, if that is known; they wait so much less in here. False if they came too late to be heard.
   */
  put(bytes: Uint8Array, at: number, length: number, timestamp: number, table?: Uint8Array, earlyMs = 0): boolean {
    const durationMs = Math.ceil(length / SAMPLES_PER_MS);
    let waitMs = timestampDistance(timestamp, this.playAt);
    if (this.anchored && (waitMs + durationMs > CAPACITY_MS || waitMs < -CAPACITY_MS)) {
      if (++this.outOfBounds < LOST_TRACK_LIMIT) return false;
      this.reset();
      this.totals.resyncs++;
    }
    this.outOfBounds = 0;
    if (!this.anchored) {
      this.anchored = true;
      waitMs = this.target.targetMs - earlyMs;
      this.playAt = (timestamp - waitMs) | 0;
    }
    const isLate = waitMs + durationMs <= 0;
    this.target.note((this.clockMs - earlyMs - timestamp) | 0, isLate);
    if (isLate) {
      this.totals.late++;
      return false;
    }
    this.delayMs = Math.max(0, waitMs + earlyMs);
    this.store(bytes, at, length, timestamp, Math.max(0, -waitMs), table);
    return true;
  }

  /** Fills a block of whole ms with the next codes; what did not come is made up of what came before. */
  read(block: Uint8Array): void {
    const blockMs = block.length / SAMPLES_PER_MS;
    this.magnitude = -1;
    if (this.anchored) this.readAnchored(block, blockMs);
    else block.fill(this.silence);
    this.clockMs = (this.clockMs + blockMs) | 0;
  }

  /** Forgets everything: the next packet begins a new stream. */
  reset(): void {
    this.present.fill(0);
    this.concealment.reset();
    this.target.reset();
    this.anchored = false;
    this.delayMs = 0;
    this.outOfBounds = 0;
    this.loudness = 0;
    this.impatience = 0;
  }

  private readAnchored(block: Uint8Array, blockMs: number): void {
    const stepMs = this.steer(blockMs);
    if (stepMs === 0) {
      this.conceal(block, 0, blockMs);
      return;
    }
    let fromMs = 0;
    while (fromMs < blockMs) {
      const has = this.has(fromMs);
      let toMs = fromMs + 1;
      while (toMs < blockMs && this.has(toMs) === has) toMs++;
      if (has) this.play(block, fromMs, toMs);
      else this.conceal(block, fromMs, toMs);
      fromMs = toMs;
    }
    // What is not passed over is played once more.
    this.totals.playedMs -= blockMs - stepMs;
    this.advance(stepMs);
  }

  private store(
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    skipMs: number,
    table: Uint8Array | undefined,
  ): void {
    const from = timestamp << 3;
    for (let i = skipMs * SAMPLES_PER_MS; i < length; i++) {
      const code = bytes[at + i]!;
      this.ring[(from + i) & (CAPACITY - 1)] = table === undefined ? code : table[code]!;
      // The last ms may be a part of one; its end is then silence, not what lay there.
      if ((i & 7) === 0) this.begin((timestamp + (i >> 3)) & (CAPACITY_MS - 1), length - i);
    }
  }

  private begin(ms: number, left: number): void {
    this.present[ms] = 1;
    if (left < SAMPLES_PER_MS) {
      const at = ms * SAMPLES_PER_MS;
      this.ring.fill(this.silence, at + left, at + SAMPLES_PER_MS);
    }
  }

  /**
   * How far the play position moves with this block: the length of the block, less or more of it in a pause of the talk,
   * nothing where what is missing is waited for.
   */
  private steer(blockMs: number): number {
    const offMs = this.offMs();
    if (Math.abs(offMs) <= this.slackMs) {
      this.impatience = 0;
      return blockMs;
    }
    const isMissing = this.isMissing(blockMs);
    if (offMs < 0) {
      if (!isMissing && !this.isQuiet(blockMs)) return blockMs;
      const insertMs = Math.min(blockMs, Math.floor(-offMs));
      // A missing block is waited for as a whole: it may be under way.
      if (isMissing && insertMs < blockMs) return blockMs;
      this.totals.insertedMs += insertMs;
      return blockMs - (isMissing ? blockMs : Math.min(insertMs, blockMs - 1));
    }
    this.impatience++;
    const isLong = offMs > INTOLERABLE_MS && this.impatience > PATIENCE_BLOCKS;
    if (isMissing ? !this.concealment.isSilent : !this.isQuiet(blockMs) && !isLong) return blockMs;
    const skipMs = Math.min(blockMs, Math.floor(offMs));
    this.advance(skipMs);
    this.totals.skippedMs += skipMs;
    this.concealment.splice();
    this.impatience = 0;
    return blockMs;
  }

  /** How much longer the fastest packets wait than they should. */
  private offMs(): number {
    if (!this.target.isKnown) return 0;
    const waitMs = timestampDistance((this.clockMs - this.playAt) | 0, this.target.fastestMs);
    return waitMs - this.target.targetMs;
  }

  private has(ms: number): boolean {
    return this.present[(this.playAt + ms) & (CAPACITY_MS - 1)] === 1;
  }

  private isMissing(blockMs: number): boolean {
    for (let ms = 0; ms < blockMs; ms++) if (this.has(ms)) return false;
    return true;
  }

  private isQuiet(blockMs: number): boolean {
    for (let ms = 0; ms < blockMs; ms++) if (!this.has(ms)) return false;
    return this.nextMagnitude(blockMs) < Math.max(QUIET, this.loudness * QUIET_SHARE);
  }

  /** Mean of the magnitudes of what is next. */
  private nextMagnitude(blockMs: number): number {
    let sum = 0;
    const from = this.playAt << 3;
    const count = blockMs * SAMPLES_PER_MS;
    for (let i = 0; i < count; i++) sum += this.magnitudes[this.ring[(from + i) & (CAPACITY - 1)]!]!;
    return sum / count;
  }

  private play(block: Uint8Array, fromMs: number, toMs: number): void {
    const at = (this.playAt << 3) & (CAPACITY - 1);
    const from = fromMs * SAMPLES_PER_MS;
    const to = toMs * SAMPLES_PER_MS;
    const { ring, magnitudes } = this;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const code = ring[(at + i) & (CAPACITY - 1)]!;
      block[i] = code;
      sum += magnitudes[code]!;
    }
    const magnitude = sum / (to - from);
    if (to - from === block.length) this.magnitude = Math.round(magnitude);
    this.loudness = Math.max(this.loudness * LOUDNESS_DECAY, magnitude);
    this.totals.playedMs += toMs - fromMs;
    this.concealment.pass(block, from, to);
  }

  private conceal(block: Uint8Array, fromMs: number, toMs: number): void {
    if (!this.concealment.isSilent) this.totals.concealedMs += toMs - fromMs;
    this.concealment.fill(block, fromMs * SAMPLES_PER_MS, toMs * SAMPLES_PER_MS);
  }

  private advance(ms: number): void {
    for (let i = 0; i < ms; i++) this.present[(this.playAt + i) & (CAPACITY_MS - 1)] = 0;
    this.playAt = (this.playAt + ms) | 0;
  }
}
