import type { Arrival } from './arrival-statistics.ts';
import { LossBursts, type LossPattern } from './loss-bursts.ts';
import { sequenceDistance } from './rtp-packet.ts';

/** A leap that is not taken for loss, forwards and backwards. [RFC3550 appendix A.1] */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

/** Packets whose sequence numbers are remembered, to know a duplicate. */
const REMEMBERED = 128;
const SEEN = 0x10000;

/** A packet that is so many behind the others is lost as far as bursts are told. */
const REORDERED = 16;

/**
 * What can be told of a stream by the sequence numbers and times of its packets, as RTCP reports it. [RFC3550 §6.4.1,
 * appendix A]
 */
export class RtpReception {
  received = 0;
  outOfOrder = 0;
  jitterMs = 0;
  /** The greatest sequence number, with the wraps in its upper half. */
  highest = 0;
  private base = 0;
  private started = false;
  /** Counts of what came from the sources before this one. */
  private expectedBefore = 0;
  private receivedBefore = 0;
  private expectedReported = 0;
  private receivedReported = 0;
  private leapTo = -1;
  private lastTransitMs = 0;
  private hasTransit = false;
  private readonly seen = new Uint32Array(REMEMBERED);
  private readonly bursts = new LossBursts();
  /** The last number, counted as `highest`, of which the bursts were told. */
  private judged = 0;

  /** A packet with this sequence number. Its time counts through `noteTransit`. */
  note(sequence: number): Arrival {
    if (!this.started) this.start(sequence);
    const ahead = sequenceDistance(sequence, this.highest & 0xffff);
    if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) {
      // Two in a row from there: the sender counts from elsewhere.
      const isBegun = sequence === this.leapTo;
      this.leapTo = (sequence + 1) & 0xffff;
      if (!isBegun) return 'stale';
      this.restart();
      this.start(sequence);
    } else if (ahead > 0) this.highest += ahead;
    else if (this.seen[sequence % REMEMBERED] === (SEEN | sequence)) return 'duplicate';
    else if (ahead < 0) this.outOfOrder++;
    this.leapTo = -1;
    this.seen[sequence % REMEMBERED] = SEEN | sequence;
    this.received++;
    while (this.judged + REORDERED < this.highest) this.judge(++this.judged & 0xffff);
    return 'fresh';
  }

  private judge(sequence: number): void {
    this.bursts.note(this.seen[sequence % REMEMBERED] === (SEEN | sequence));
  }

  /** How long a packet was under way, ms on any clock. */
  noteTransit(transitMs: number): void {
    if (this.hasTransit) this.jitterMs += (Math.abs(transitMs - this.lastTransitMs) - this.jitterMs) / 16;
    this.lastTransitMs = transitMs;
    this.hasTransit = true;
  }

  /** Another source speaks from now on; what was counted stays. */
  restart(): void {
    this.expectedBefore = this.expected;
    this.receivedBefore = this.received;
    this.started = false;
    this.hasTransit = false;
    this.seen.fill(0);
  }

  get lost(): number {
    return Math.max(0, this.expected - this.received);
  }

  /** Of the present source, as a report block has it: 24 bits, signed. */
  get cumulativeLost(): number {
    const lost = this.expected - this.expectedBefore - (this.received - this.receivedBefore);
    return Math.max(-0x80_0000, Math.min(0x7f_ffff, lost)) & 0xff_ffff;
  }

  /** The share of packets lost since it was asked for last, in 256ths. */
  takeFractionLost(): number {
    const expected = this.expected - this.expectedReported;
    const lost = expected - (this.received - this.receivedReported);
    this.expectedReported = this.expected;
    this.receivedReported = this.received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((256 * lost) / expected));
  }

  get lossPattern(): LossPattern {
    return this.bursts.pattern;
  }

  private get expected(): number {
    return this.expectedBefore + (this.started ? this.highest - this.base + 1 : 0);
  }

  private start(sequence: number): void {
    this.started = true;
    this.base = sequence;
    this.highest = sequence;
    this.judged = sequence - 1;
    this.hasTransit = false;
    this.seen.fill(0);
  }
}
