import { type Address, earliest, formatAddress } from '../base/machine.ts';
import { ProbeLoss } from '../base/probe-loss.ts';
import { encodeFullFrame, type FullFrame } from './frame.ts';
import { encodeInformationElements } from './information-element.ts';
import type { TransmitSink } from './reliable.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

/** POKEs of one round, spread evenly over its timeout. */
const POKES_PER_ROUND = 4;
/** Rounds without an answer that make a peer unreachable: one lost burst does not. */
const FAILED_ROUNDS = 2;
/** An unreachable peer is asked this often, or as often as a reachable one if that is more. */
const UNREACHABLE_EVERY_MS = 10_000;
const EMPTY_TOKEN = encodeInformationElements({ callToken: new Uint8Array(0) });

export interface QualifyOptions {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

export interface QualifyEnvironment {
  readonly transmit: TransmitSink;
  /** Where the peer is at this moment; undefined while that is not known. */
  readonly address: (nowMs: number) => Address | undefined;
  /** Whether the peer can be reached became known, or changed. */
  readonly changed: (reachable: boolean, nowMs: number) => void;
}

/**
 * Asks a peer again and again whether it is there: POKE, which it answers with a PONG without keeping any state. A call
 * number of ours is kept for it, and every POKE has a timestamp of its own, so that the round trip is exact.
 * [RFC5456 §6.7.1]
 */
export class Qualify {
  /** Null before the first answer or failure. */
  reachable: boolean | null = null;
  /** Smoothed. */
  rttMs: number | null = null;
  reason: string | null = null;
  private readonly loss = new ProbeLoss();
  private nextRoundMs: number | undefined;
  private nextPokeMs: number | undefined;
  private poked = 0;
  private failedRounds = 0;
  private lastTimestamp = 0;
  /** When the POKEs that are still unanswered were sent, by timestamp. */
  private readonly outstanding = new Map<number, number>();

  constructor(
    readonly localCall: number,
    private readonly options: QualifyOptions,
    private readonly environment: QualifyEnvironment,
    private readonly epochMs: number,
  ) {}

  /** POKEs of late that had no answer, in per cent; null before the first. */
  get lossPct(): number | null {
    return this.loss.pct;
  }

  /** Asks at once: at start, and when the peer's address or ours has changed. */
  start(nowMs: number): void {
    this.failedRounds = 0;
    this.beginRound(nowMs);
  }

  stop(): void {
    this.nextRoundMs = undefined;
    this.nextPokeMs = undefined;
    this.outstanding.clear();
  }

  handleFrame(frame: FullFrame, from: Address, nowMs: number): void {
    if (frame.frameType !== FRAME_TYPE.IAX || frame.subclass !== IAX_SUBCLASS.PONG) return;
    const sentMs = this.outstanding.get(frame.timestamp);
    if (sentMs === undefined) return;
    if (frame.sourceCall > 1) this.acknowledge(frame, from);
    // Those before it had no answer; those after it may still get one, that nobody waits for.
    for (const timestamp of this.outstanding.keys()) {
      this.loss.note(timestamp === frame.timestamp);
      if (timestamp === frame.timestamp) break;
    }
    this.outstanding.clear();
    this.nextPokeMs = undefined;
    this.failedRounds = 0;
    const rttMs = nowMs - sentMs;
    this.rttMs = this.rttMs === null ? rttMs : (3 * this.rttMs + rttMs) / 4;
    this.nextRoundMs = nowMs + this.options.everyMs;
    this.enter(true, null, nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.nextPokeMs !== undefined && this.nextPokeMs <= nowMs) this.continueRound(nowMs);
    if (this.nextRoundMs !== undefined && this.nextRoundMs <= nowMs) this.beginRound(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.nextPokeMs, this.nextRoundMs);
  }

  private beginRound(nowMs: number): void {
    this.nextRoundMs = undefined;
    this.poked = 0;
    this.outstanding.clear();
    this.continueRound(nowMs);
  }

  private continueRound(nowMs: number): void {
    const to = this.environment.address(nowMs);
    if (to === undefined) {
      this.fail('Its address is not known.', nowMs);
      return;
    }
    if (this.poked < POKES_PER_ROUND) {
      this.poked++;
      this.nextPokeMs = nowMs + this.options.timeoutMs / POKES_PER_ROUND;
      this.poke(to, nowMs);
      return;
    }
    for (const _ of this.outstanding) this.loss.note(false);
    this.failedRounds++;
    if (this.failedRounds < FAILED_ROUNDS) this.beginRound(nowMs);
    else this.fail(`${formatAddress(to)} did not answer within ${this.options.timeoutMs} ms.`, nowMs);
  }

  private fail(reason: string, nowMs: number): void {
    this.nextPokeMs = undefined;
    this.nextRoundMs = nowMs + Math.min(this.options.everyMs, UNREACHABLE_EVERY_MS);
    // The next rounds start from one failure, so that the peer stays unreachable until it answers.
    this.failedRounds = FAILED_ROUNDS - 1;
    this.rttMs = null;
    this.enter(false, reason, nowMs);
  }

  private enter(reachable: boolean, reason: string | null, nowMs: number): void {
    const isNews = reachable !== this.reachable;
    this.reachable = reachable;
    this.reason = reason;
    if (isNews) this.environment.changed(reachable, nowMs);
  }

  private poke(to: Address, nowMs: number): void {
    const timestamp = Math.max(Math.floor(nowMs - this.epochMs), this.lastTimestamp + 3) % 2 ** 32;
    this.lastTimestamp = timestamp;
    this.outstanding.set(timestamp, nowMs);
    const frame = {
      sourceCall: this.localCall,
      timestamp,
      frameType: FRAME_TYPE.IAX,
      subclass: IAX_SUBCLASS.POKE,
      body: EMPTY_TOKEN,
    };
    this.environment.transmit(to, encodeFullFrame(frame));
  }

  /** A peer that answers from a call of its own sends again until it is acknowledged. */
  private acknowledge(frame: FullFrame, to: Address): void {
    const ack = {
      sourceCall: this.localCall,
      destinationCall: frame.sourceCall,
      timestamp: frame.timestamp,
      oseqno: frame.iseqno,
      iseqno: (frame.oseqno + 1) & 0xff,
      frameType: FRAME_TYPE.IAX,
      subclass: IAX_SUBCLASS.ACK,
    };
    this.environment.transmit(to, encodeFullFrame(ack));
  }
}
