import type { Address } from '../base/machine.ts';
import type { RtpIdentity } from '../base/media-port.ts';
import { VoiceClock } from '../iax2/voice.ts';
import { copyCodes } from './copy-codes.ts';
import type { RtpSink } from './datagram-sink.ts';
import { RelayTimestamps } from './relay-timestamps.ts';
import { RTP_HEADER_LENGTH, sequenceDistance, writeRtpHeader } from './rtp-packet.ts';

/** The most that fits into a datagram of an Ethernet frame. */
export const MAX_RTP_PAYLOAD = 1460;

/** Of what has no sequence numbers of its own, packets that are missing so far are loss; more is a pause. */
const MAX_GAP = 16;

/** A source's clock may be off ours by this before its packets are anchored anew. */
const MAX_OFF_MS = 1000;

/**
 * What a stream sends: one sequence, one clock and one SSRC, whatever the sources are that follow one another. What is
 * relayed keeps its gaps and its order, so that the receiver judges the real path.
 */
export class RtpOutput {
  packets = 0;
  octets = 0;
  private readonly clock: VoiceClock;
  private readonly relay: RelayTimestamps;
  private readonly datagram = new Uint8Array(RTP_HEADER_LENGTH + MAX_RTP_PAYLOAD);
  /** Last sequence number and timestamp on our clock, which begins at 0 when the stream was opened. */
  private sequence: number;
  private cells: Float64Array = new Float64Array(1);
  private cell = 0;
  private samples = 0;
  /** From the source's sequence numbers to ours. */
  private sequenceOffset = 0;
  private isRelaying = false;
  /** The next packet is the first after a pause. */
  private marks = true;

  constructor(
    private readonly spec: Omit<RtpIdentity, 'kind'>,
    private readonly samplesPerMs: number,
    private readonly openedMs: number,
    private readonly sink: RtpSink,
  ) {
    this.clock = new VoiceClock(openedMs);
    this.relay = new RelayTimestamps(MAX_OFF_MS * samplesPerMs);
    this.sequence = (spec.firstSequence - 1) & 0xffff;
  }

  /** Another source: its packets begin a talk spurt. */
  restart(): void {
    this.isRelaying = false;
    this.relay.reset();
    this.clock.pause();
    this.marks = true;
  }

  /** From now on the last sequence number stands in this cell, where another thread may read it. */
  keepLastIn(cells: Float64Array, cell: number): void {
    this.cells = cells;
    this.cell = cell;
    cells[cell] = this.sequence;
  }

  /** Our RTP timestamp at a time, its 32 bits with a sign. */
  timestampAt(nowMs: number): number {
    return (this.spec.firstTimestamp + this.realTime(nowMs)) | 0;
  }

  /** A packet of an RTP source, with that one's sequence number and timestamp. */
  relayRtp(
    to: Address,
    payloadType: number,
    marker: boolean,
    sourceSequence: number,
    sourceTimestamp: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    table: Uint8Array | undefined,
    nowMs: number,
  ): void {
    if (!this.isRelaying || !this.relay.fits(sourceTimestamp, this.realTime(nowMs))) {
      this.anchor(sourceTimestamp, 20, nowMs);
      this.sequenceOffset = (this.sequence + 1 - sourceSequence) & 0xffff;
      this.isRelaying = true;
    }
    const sequence = (sourceSequence + this.sequenceOffset) & 0xffff;
    this.note(sequence, this.relay.map(sourceTimestamp));
    this.transmit(to, payloadType, marker, sequence, this.relay.map(sourceTimestamp), bytes, at, length, table);
  }

  /** A packet of a source that has only timestamps, in ms: what they leave out is missing in the sequence, too. */
  relayTimed(
    to: Address,
    payloadType: number,
    sourceMs: number,
    durationMs: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    table: Uint8Array | undefined,
    nowMs: number,
  ): void {
    this.isRelaying = false;
    const source = Math.imul(sourceMs, this.samplesPerMs) >>> 0;
    if (!this.relay.fits(source, this.realTime(nowMs))) this.anchor(source, durationMs, nowMs);
    const samples = this.relay.map(source);
    const steps = Math.round(((samples - this.samples) | 0) / (durationMs * this.samplesPerMs));
    const isNear = steps !== 0 && Math.abs(steps) <= MAX_GAP && !this.marks;
    const sequence = (this.sequence + (isNear ? steps : 1)) & 0xffff;
    if (!isNear && steps > MAX_GAP) this.marks = true;
    this.note(sequence, samples);
    this.transmit(to, payloadType, false, sequence, samples, bytes, at, length, table);
  }

  /**
   * A packet of a picture, at `position` on its source's timeline. Its mark is the end of the picture, never that of a talk
   * spurt. `sequence` is as in `relayRtp`; undefined: the next one.
   */
  relayVideo(
    to: Address,
    payloadType: number,
    marker: boolean,
    sequence: number | undefined,
    position: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    nowMs: number,
  ): void {
    const isNew = !this.isRelaying || !this.relay.fits(position, this.realTime(nowMs));
    if (isNew) this.anchor(position, 1, nowMs);
    if (isNew && sequence !== undefined) this.sequenceOffset = (this.sequence + 1 - sequence) & 0xffff;
    this.isRelaying = true;
    const ours = sequence === undefined ? this.sequence + 1 : sequence + this.sequenceOffset;
    const samples = this.relay.map(position);
    this.note(ours & 0xffff, samples);
    this.marks = false;
    this.transmit(to, payloadType, marker, ours & 0xffff, samples, bytes, at, length, undefined);
  }

  /** A packet that we make ourselves. */
  sendOwn(
    to: Address,
    payloadType: number,
    durationMs: number,
    bytes: Uint8Array,
    length: number,
    nowMs: number,
  ): void {
    this.isRelaying = false;
    this.relay.reset();
    const samples = Math.imul(this.clock.stamp(nowMs, durationMs), this.samplesPerMs) >>> 0;
    const sequence = (this.sequence + 1) & 0xffff;
    this.note(sequence, samples);
    this.transmit(to, payloadType, false, sequence, samples, bytes, 0, length, undefined);
  }

  /** A telephone event; its timestamp is that of its beginning, the same in all its packets. */
  sendEvent(to: Address, payloadType: number, payload: Uint8Array, timestamp: number, marker: boolean): void {
    this.restart();
    this.marks = false;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.cells[this.cell] = this.sequence;
    const samples = (timestamp - this.spec.firstTimestamp) >>> 0;
    this.transmit(to, payloadType, marker, this.sequence, samples, payload, 0, payload.length, undefined);
    this.marks = true;
  }

  /** How far our last timestamp is ahead of the time, ms. */
  aheadMs(nowMs: number): number {
    return ((this.samples - this.realTime(nowMs)) | 0) / this.samplesPerMs;
  }

  private anchor(source: number, durationMs: number, nowMs: number): void {
    this.relay.anchor(source, Math.imul(this.clock.stamp(nowMs, durationMs), this.samplesPerMs) >>> 0);
    this.clock.pause();
    this.marks = true;
  }

  private note(sequence: number, samples: number): void {
    if (sequenceDistance(sequence, this.sequence) > 0) this.sequence = sequence;
    this.cells[this.cell] = this.sequence;
    if (((samples - this.samples) | 0) > 0) this.samples = samples;
    this.clock.note(Math.floor(this.samples / this.samplesPerMs) >>> 0);
  }

  private transmit(
    to: Address,
    payloadType: number,
    marker: boolean,
    sequence: number,
    samples: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    table: Uint8Array | undefined,
  ): void {
    // With a sign both are small integers; without, half of all would be objects on their way to where they are written.
    const timestamp = (this.spec.firstTimestamp + samples) | 0;
    const ssrc = this.spec.ssrc | 0;
    writeRtpHeader(this.datagram, payloadType, marker || this.marks, sequence, timestamp, ssrc);
    this.marks = false;
    copyCodes(bytes, at, length, this.datagram, RTP_HEADER_LENGTH, table);
    this.packets = (this.packets + 1) >>> 0;
    this.octets = (this.octets + length) >>> 0;
    this.sink(this.spec.localPort, to, this.datagram, 0, RTP_HEADER_LENGTH + length);
  }

  private realTime(nowMs: number): number {
    return Math.floor(Math.max(0, nowMs - this.openedMs) * this.samplesPerMs) >>> 0;
  }
}
