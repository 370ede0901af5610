import { copyBytes } from '../base/bytes.ts';
import type { Address } from '../base/machine.ts';
import { distance8, inWindow8, next8 } from '../base/sequence.ts';
import type { CallClock } from './call-clock.ts';
import { encodeFullFrame, type FullFrame } from './frame.ts';
import { isFullFrame, markRetransmission, readFrameType, readFullTimestamp, readSubclassByte } from './frame-header.ts';
import { FRAME_TYPE, IAX_SUBCLASS, isOutsideSequence } from './subclass.ts';
import { timestampDistance } from './voice.ts';

/** Before a round trip was measured, one is taken to be this long. */
export const INITIAL_ROUND_TRIP_MS = 1_000;
const FIRST_RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 10_000;
const BACKOFF = 10;
/** The first transmission and three more; then the far end is dead. [RFC5456 §7] */
export const TRANSMISSIONS = 4;
/** Sequence numbers are told apart over half a circle; more than this waits until something is acknowledged. */
const MAX_IN_FLIGHT = 100;
/** So many frames behind a gap are kept until it is filled; what is further ahead has to come again. */
const MAX_HELD = 32;
/** A burst of frames behind one gap asks for the missing one once, not once each. */
const VNAK_INTERVAL_MS = 20;

/** Frames that one side has sent and the other not yet received when a path breaks. */
const CLOSE = 16;

/** The timestamps of two frames of one call, which asks every few seconds whether it still stands, are never so far apart. */
const LONGEST_PAUSE_MS = 600_000;

/** What a received frame is to the sequence of its dialog. */
export type Verdict =
  /** The next one: process it, then call `acknowledge`. */
  | 'next'
  /** Outside the sequence: process it, it is not acknowledged. */
  | 'unsequenced'
  /** Seen before; it was acknowledged again. */
  | 'duplicate'
  /** One before it is missing; a VNAK asked for it, and this one is kept. */
  | 'gap';

/** Encrypts an encoded full frame as it goes out. */
export type Seal = (plain: Uint8Array) => Uint8Array;

interface Outgoing {
  /** Encoded, not encrypted. OSeqno, ISeqno and R are written when it goes out. */
  readonly bytes: Uint8Array;
  readonly seal: Seal | undefined;
  /** Waits between transmissions, and after the last before giving up. */
  readonly schedule: readonly number[] | undefined;
  transmissions: number;
  firstSentMs: number;
  lastSentMs: number;
  dueMs: number;
  intervalMs: number;
}

/** Where a dialog's datagrams go. */
export type TransmitSink = (to: Address, bytes: Uint8Array) => void;

/**
 * One dialog's reliable delivery of full frames: sequence numbers, acknowledgement, VNAK and retransmission. Knows
 * nothing of what the frames mean. [RFC5456 §7]
 */
export class Reliable {
  /** The far end's call number, 0 until its first frame. */
  remoteCall = 0;
  remote: Address;
  /** Last measured round trip; undefined before the first. */
  roundTripMs: number | undefined;
  /** Set while frames must be encrypted; a frame keeps the one it was first sent with. */
  seal: Seal | undefined;
  private oseqno = 0;
  private iseqno = 0;
  /** ISeqno of our last frame: what the far end knows that we have. */
  private told = 0;
  private lastReceivedTimestamp = 0;
  private lastReceivedIseqno = 0;
  private lastVnakMs = Number.NEGATIVE_INFINITY;
  /** In flight, oldest first: their OSeqnos are the ones just below `oseqno`. */
  private readonly unacknowledged: Outgoing[] = [];
  private readonly waiting: Outgoing[] = [];
  /** Frames that were given to `send` so far. */
  sent = 0;
  /** Frames that overtook the one before them, by OSeqno. */
  private readonly held = new Map<number, FullFrame>();

  constructor(
    readonly localCall: number,
    remote: Address,
    /** Timestamps of what we send. */
    public clock: CallClock,
    private readonly transmit: TransmitSink,
  ) {
    this.remote = remote;
  }

  /** Sends a full frame until it is acknowledged. `schedule` are other waits than the usual back-off; `marker` is video's. */
  send(
    frameType: number,
    subclass: number,
    timestamp: number,
    body: Uint8Array | undefined,
    nowMs: number,
    schedule?: readonly number[],
    marker = false,
  ): void {
    const frame = this.encode(frameType, subclass, timestamp, 0, body, marker);
    const outgoing: Outgoing = {
      bytes: frame,
      seal: this.seal,
      schedule,
      transmissions: 0,
      firstSentMs: nowMs,
      lastSentMs: nowMs,
      dueMs: nowMs,
      intervalMs: 0,
    };
    this.sent++;
    if (this.unacknowledged.length >= MAX_IN_FLIGHT) this.waiting.push(outgoing);
    else this.launch(outgoing, nowMs);
  }

  /** Sends an IAX frame beside the dialog, to a third party: TXCNT, TXACC. It is not sent again by itself. */
  sendBeside(subclass: number, timestamp: number, body: Uint8Array, to: Address, toCall: number): void {
    const frame = { sourceCall: this.localCall, destinationCall: toCall, frameType: FRAME_TYPE.IAX, subclass };
    this.transmit(to, encodeFullFrame({ ...frame, timestamp, body }));
  }

  /**
   * Judges a frame of the far end and takes what it acknowledges. Duplicates and gaps are answered here. [RFC5456 §7]
   */
  receive(frame: FullFrame, nowMs: number): Verdict {
    const unsequenced = isOutsideSequence(frame.frameType, frame.subclass);
    if (!unsequenced) {
      const ahead = distance8(frame.oseqno, this.iseqno);
      if (ahead >= 0x80) {
        this.takeAcknowledged(frame.iseqno, nowMs);
        this.sendAck(frame.timestamp, frame.iseqno);
        return 'duplicate';
      }
      if (ahead > 0) {
        this.takeAcknowledged(frame.iseqno, nowMs);
        if (ahead <= MAX_HELD) this.held.set(frame.oseqno, { ...frame, body: frame.body.slice() });
        this.sendVnak(nowMs);
        return 'gap';
      }
      this.iseqno = next8(this.iseqno);
      this.lastReceivedTimestamp = frame.timestamp;
      this.lastReceivedIseqno = frame.iseqno;
    }
    const isIax = frame.frameType === FRAME_TYPE.IAX;
    if (isIax && frame.subclass === IAX_SUBCLASS.INVAL) return 'unsequenced';
    this.takeAcknowledged(frame.iseqno, nowMs);
    if (isIax && frame.subclass === IAX_SUBCLASS.VNAK) this.resendFrom(frame.iseqno, nowMs);
    return unsequenced ? 'unsequenced' : 'next';
  }

  /**
   * Whether an encoded frame could be of this dialog at this moment, as far as its numbers tell: what a wrong key makes
   * of one has any. Frames that are not full always fit.
   */
  fits(bytes: Uint8Array): boolean {
    if (!isFullFrame(bytes)) return true;
    const isNear = (a: number, b: number) => distance8(a, b) < MAX_IN_FLIGHT || distance8(b, a) < MAX_IN_FLIGHT;
    const apartMs = Math.abs(timestampDistance(readFullTimestamp(bytes), this.lastReceivedTimestamp));
    if (apartMs >= LONGEST_PAUSE_MS || !isNear(bytes[9]!, this.oseqno)) return false;
    // OSeqno of an ACK or VNAK is not a place in the sender's sequence.
    return isOutsideSequence(readFrameType(bytes), readSubclassByte(bytes)) || isNear(bytes[8]!, this.iseqno);
  }

  /** Whether a frame continues this dialog, or is one of its last sent again: no stranger's is, but by a lucky guess. */
  continues(frame: FullFrame): boolean {
    if (isOutsideSequence(frame.frameType, frame.subclass)) return false;
    const isClose = (a: number, b: number) => distance8(a, b) < CLOSE || distance8(b, a) < CLOSE;
    const apartMs = Math.abs(timestampDistance(frame.timestamp, this.lastReceivedTimestamp));
    return apartMs < LONGEST_PAUSE_MS && isClose(frame.oseqno, this.iseqno) && isClose(frame.iseqno, this.oseqno);
  }

  /** The frame that is next and came before its turn, to be received again; undefined if there is none. */
  takeHeld(): FullFrame | undefined {
    const frame = this.held.get(this.iseqno);
    this.held.delete(this.iseqno);
    return frame;
  }

  /** After a frame was processed: sends an ACK unless an answer carried it. [RFC5456 §6.9.1] */
  acknowledge(): void {
    if (this.told !== this.iseqno) this.sendAck(this.lastReceivedTimestamp, this.lastReceivedIseqno);
  }

  /** Asks for everything from the next expected frame on. */
  sendVnak(nowMs: number): void {
    if (nowMs - this.lastVnakMs < VNAK_INTERVAL_MS) return;
    this.lastVnakMs = nowMs;
    this.sendOutside(IAX_SUBCLASS.VNAK, this.clock.read(nowMs), this.iseqno);
  }

  sendInval(): void {
    this.sendOutside(IAX_SUBCLASS.INVAL, 0, this.oseqno);
  }

  /**
   * Sends what is due again. False when the far end did not acknowledge a frame after all its transmissions: it is dead.
   */
  handleTimeout(nowMs: number): boolean {
    for (const outgoing of this.unacknowledged) {
      if (outgoing.dueMs > nowMs) continue;
      if (this.isExhausted(outgoing)) return false;
      this.transmitAgain(outgoing, nowMs);
      outgoing.transmissions++;
      this.arm(outgoing, nowMs);
    }
    return true;
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.unacknowledged) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }

  /** So many of the frames sent, the first ones, are acknowledged or were given up. */
  get acknowledged(): number {
    return this.sent - this.unacknowledged.length - this.waiting.length;
  }

  /** Whether everything sent was acknowledged. */
  get isSettled(): boolean {
    return this.unacknowledged.length === 0;
  }

  /** Starts again from sequence number 0 and forgets what was not acknowledged: after CALLTOKEN and TXREL. */
  reset(nowMs: number): void {
    const only = this.unacknowledged.length === 1 ? this.unacknowledged[0] : undefined;
    if (only?.transmissions === 1) this.measured(nowMs - only.firstSentMs);
    this.abandon();
    this.oseqno = 0;
    this.iseqno = 0;
    this.told = 0;
    this.remoteCall = 0;
  }

  /** Goes on with another far end, as if from the beginning. [RFC5456 §6.5] */
  redirect(to: Address, toCall: number, nowMs: number): void {
    this.reset(nowMs);
    this.remote = to;
    this.remoteCall = toCall;
    this.roundTripMs = undefined;
    this.clock = this.clock.restart(nowMs);
  }

  /** Stops sending anything again. */
  abandon(): void {
    this.unacknowledged.length = 0;
    this.waiting.length = 0;
    this.held.clear();
  }

  /** The numbers that a late frame of this dialog is answered with. */
  get sequence(): { readonly oseqno: number; readonly iseqno: number } {
    return { oseqno: this.oseqno, iseqno: this.iseqno };
  }

  private launch(outgoing: Outgoing, nowMs: number): void {
    outgoing.bytes[8] = this.oseqno;
    outgoing.bytes[9] = this.iseqno;
    // The far end's number may have become known while the frame waited.
    outgoing.bytes[2] = this.remoteCall >> 8;
    outgoing.bytes[3] = this.remoteCall & 0xff;
    this.oseqno = next8(this.oseqno);
    this.told = this.iseqno;
    outgoing.firstSentMs = nowMs;
    outgoing.lastSentMs = nowMs;
    outgoing.transmissions = 1;
    this.arm(outgoing, nowMs);
    this.unacknowledged.push(outgoing);
    this.emit(outgoing);
  }

  private arm(outgoing: Outgoing, nowMs: number): void {
    const { schedule } = outgoing;
    if (schedule !== undefined) outgoing.intervalMs = schedule[outgoing.transmissions - 1] ?? RETRY_MAX_MS;
    else if (outgoing.transmissions === 1) {
      const doubled = 2 * (this.roundTripMs ?? INITIAL_ROUND_TRIP_MS);
      outgoing.intervalMs = Math.min(Math.max(doubled, FIRST_RETRY_MIN_MS), RETRY_MAX_MS);
    } else outgoing.intervalMs = Math.min(outgoing.intervalMs * BACKOFF, RETRY_MAX_MS);
    outgoing.dueMs = nowMs + outgoing.intervalMs;
  }

  private isExhausted({ schedule, transmissions }: Outgoing): boolean {
    return transmissions >= (schedule?.length ?? TRANSMISSIONS);
  }

  private transmitAgain(outgoing: Outgoing, nowMs: number): void {
    outgoing.lastSentMs = nowMs;
    markRetransmission(outgoing.bytes, this.iseqno);
    this.emit(outgoing);
  }

  private emit({ bytes, seal }: Outgoing): void {
    this.transmit(this.remote, seal === undefined ? copyBytes(bytes) : seal(bytes));
  }

  /**
   * A VNAK names the first frame that the far end misses; back-off goes on as if nothing had been. What was sent within
   * half a round trip may still arrive: a burst of VNAKs brings it once. [RFC5456 §6.9.3]
   */
  private resendFrom(sequence: number, nowMs: number): void {
    const first = this.oseqno - this.unacknowledged.length;
    const recentMs = (this.roundTripMs ?? 0) / 2;
    for (const [i, outgoing] of this.unacknowledged.entries()) {
      const isRecent = nowMs - outgoing.lastSentMs < recentMs;
      if (!isRecent && distance8(first + i, sequence) < 0x80) this.transmitAgain(outgoing, nowMs);
    }
  }

  /** Every frame's ISeqno acknowledges all of ours before it, if it lies in the window. [RFC5456 §7] */
  private takeAcknowledged(iseqno: number, nowMs: number): void {
    const first = (this.oseqno - this.unacknowledged.length) & 0xff;
    const beyondFirst = inWindow8(iseqno, next8(first), next8(this.oseqno));
    if (!beyondFirst || this.unacknowledged.length === 0) return;
    const taken = this.unacknowledged.splice(0, distance8(iseqno, first));
    const last = taken.at(-1);
    // A frame sent twice does not say which of the two was acknowledged.
    if (last !== undefined && last.transmissions === 1) this.measured(nowMs - last.firstSentMs);
    while (this.waiting.length > 0 && this.unacknowledged.length < MAX_IN_FLIGHT)
      this.launch(this.waiting.shift()!, nowMs);
  }

  /** A round trip was measured: smoothed, so that one late answer does not decide. */
  measured(roundTripMs: number): void {
    this.roundTripMs = this.roundTripMs === undefined ? roundTripMs : (7 * this.roundTripMs + roundTripMs) / 8;
  }

  /** As Asterisk does: OSeqno is what the far end expects next, and the timestamp is echoed. [RFC5456 §6.9.1] */
  private sendAck(timestamp: number, oseqno: number): void {
    this.told = this.iseqno;
    this.sendOutside(IAX_SUBCLASS.ACK, timestamp, oseqno);
  }

  private sendOutside(subclass: number, timestamp: number, oseqno: number): void {
    const bytes = this.encode(FRAME_TYPE.IAX, subclass, timestamp, oseqno, undefined);
    bytes[9] = this.iseqno;
    this.transmit(this.remote, this.seal === undefined ? bytes : this.seal(bytes));
  }

  private encode(
    frameType: number,
    subclass: number,
    timestamp: number,
    oseqno: number,
    body: Uint8Array | undefined,
    marker = false,
  ): Uint8Array {
    return encodeFullFrame({
      sourceCall: this.localCall,
      destinationCall: this.remoteCall,
      timestamp,
      oseqno,
      frameType,
      subclass,
      marker,
      body,
    });
  }
}
