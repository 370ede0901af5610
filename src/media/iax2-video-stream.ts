import type { Iax2VideoSpec, MediaEvent, StreamId } from '../base/media-port.ts';
import { VIDEO_MINI_HEADER_LENGTH, writeVideoMiniHeader } from '../iax2/frame-header.ts';
import { TimestampUnwrapper, timestampDistance, VideoFraming } from '../iax2/voice.ts';
import type { PlaneParts } from './iax2-stream.ts';
import { RelayTimestamps } from './relay-timestamps.ts';
import { MAX_VIDEO_PAYLOAD, VIDEO_TICKS_PER_MS, type VideoListener, type VideoStream } from './video-stream.ts';

/** The longest video mini frame. */
export const MAX_VIDEO_MINI = VIDEO_MINI_HEADER_LENGTH + MAX_VIDEO_PAYLOAD;

/** A far end that sends pictures without having said what they are coded with is asked for it at this rate. */
const NO_FORMAT_INTERVAL_MS = 200;

/** As many mini frames wait for a full frame: those of one large picture. */
const MAX_WAITING_MINIS = 256;

/** Full frames wait for their acknowledgement: a source that asks for more of them than this loses what they would hold. */
const FULL_INTERVAL_MS = 100;

type FullDue = Extract<MediaEvent, { type: 'video-full-due' }> & { readonly minis: Uint8Array[] };

/** One IAX2 call leg's picture: video mini frames out and in, full frames by way of the signalling plane. [RFC5456 §6.10.3] [RFC5456 §8.1.3.1] */
export class Iax2VideoStream implements VideoStream {
  listeners: readonly VideoListener[] = [];
  private readonly unwrapper = new TimestampUnwrapper();
  private readonly framing = new VideoFraming();
  private readonly relay = new RelayTimestamps();
  /** What the far end codes with, 0 until a full frame has said it. */
  private farFormat = 0;
  /** The last full frame that was taken: it comes again if our acknowledgement is lost. */
  private lastFull = -1;
  private lastFullTimestamp = 0;
  /** The far end's time, counted on beyond its 32 bits; ms. */
  private positionMs = 0;
  private lastTimestamp = 0;
  private hasSpoken = false;
  private nextNoFormatMs = Number.NEGATIVE_INFINITY;
  private nextFullMs = Number.NEGATIVE_INFINITY;
  private lastSent = 0;
  private quelched = false;
  /** The full frame that signalling has not been told of yet. */
  private fullDue: FullDue | undefined;

  constructor(
    readonly id: StreamId,
    readonly spec: Iax2VideoSpec,
    private readonly parts: PlaneParts,
  ) {}

  /** Goes on in the place of the same far end's picture at another address. */
  takeOver(former: Iax2VideoStream): void {
    if (this.spec.formats.includes(former.farFormat)) this.farFormat = former.farFormat;
    this.quelched = former.quelched;
  }

  // ---- what the far end shows

  /** A full frame, which says what it and the mini frames after it are coded with; `oseqno` and timestamp tell it from others. */
  handleFull(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    marker: boolean,
    oseqno: number,
    timestamp: number,
    nowMs: number,
  ): void {
    if (oseqno === this.lastFull && timestamp === this.lastFullTimestamp) {
      this.drop('media.duplicate');
      return;
    }
    this.lastFull = oseqno;
    this.lastFullTimestamp = timestamp;
    if (!this.spec.formats.includes(format)) {
      this.farFormat = 0;
      this.drop('media.video-format');
      return;
    }
    this.farFormat = format;
    this.unwrapper.note(timestamp);
    this.say(bytes, at, length, timestamp, marker, nowMs);
  }

  /** A mini frame, with the low 15 bits of its timestamp. */
  handleMini(bytes: Uint8Array, at: number, length: number, low: number, marker: boolean, nowMs: number): void {
    if (this.farFormat === 0) {
      this.drop('media.no-format');
      // Where a full frame came, it is the format that we have no use for.
      if (nowMs < this.nextNoFormatMs || this.lastFull >= 0) return;
      this.nextNoFormatMs = nowMs + NO_FORMAT_INTERVAL_MS;
      this.parts.events.push({ type: 'no-format', stream: this.id });
      return;
    }
    this.say(bytes, at, length, this.unwrapper.unwrapVideo(low), marker, nowMs);
  }

  private say(bytes: Uint8Array, at: number, length: number, timestamp: number, marker: boolean, nowMs: number): void {
    if (length === 0 || length > MAX_VIDEO_PAYLOAD) {
      this.drop('media.bad-length');
      return;
    }
    if (this.hasSpoken) this.positionMs += timestampDistance(timestamp, this.lastTimestamp);
    this.hasSpoken = true;
    this.lastTimestamp = timestamp;
    const position = this.positionMs * VIDEO_TICKS_PER_MS;
    for (let i = 0; i < this.listeners.length; i++)
      this.listeners[i]!.hearVideo(bytes, at, length, this.farFormat, position, marker, undefined, nowMs);
  }

  // ---- what the far end sees

  restart(): void {
    this.relay.reset();
  }

  quelch(on: boolean): void {
    this.quelched = on;
  }

  /** A packet goes on as it is; the packets of a picture have one timestamp. */
  hearVideo(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    position: number,
    marker: boolean,
    _sequence: number | undefined,
    nowMs: number,
  ): void {
    if (!this.spec.formats.includes(format)) {
      this.drop('media.video-format');
      return;
    }
    if (this.quelched) return;
    const sourceMs = Math.floor(position / VIDEO_TICKS_PER_MS);
    const realTime = Math.max(0, Math.floor(nowMs - this.spec.epochMs)) >>> 0;
    if (!this.relay.fits(sourceMs, realTime)) {
      const from = timestampDistance(realTime, this.lastSent) > 0 ? realTime : this.lastSent;
      this.relay.anchor(sourceMs, from);
    }
    const timestamp = this.relay.map(sourceMs);
    if (this.framing.isFull(timestamp, format)) {
      if (nowMs < this.nextFullMs) {
        this.drop('media.video-format-changes');
        return;
      }
      this.nextFullMs = nowMs + FULL_INTERVAL_MS;
      this.noteSent(timestamp, format);
      const payload = bytes.slice(at, at + length);
      const due: FullDue = { type: 'video-full-due', stream: this.id, timestamp, format, marker, payload, minis: [] };
      this.fullDue = due;
      this.parts.events.push(due);
      return;
    }
    if (this.fullDue !== undefined && this.fullDue.minis.length === MAX_WAITING_MINIS) {
      this.drop('media.video-waits-for-full');
      return;
    }
    this.noteSent(timestamp, format);
    const { videoDatagram: datagram, send } = this.parts;
    writeVideoMiniHeader(datagram, 0, this.spec.localCall, timestamp, marker);
    for (let i = 0; i < length; i++) datagram[VIDEO_MINI_HEADER_LENGTH + i] = bytes[at + i]!;
    // Several packets may come in one turn, and what signalling sends goes at its end.
    if (this.fullDue !== undefined) this.fullDue.minis.push(datagram.slice(0, VIDEO_MINI_HEADER_LENGTH + length));
    else send(this.spec.remote, datagram, 0, VIDEO_MINI_HEADER_LENGTH + length);
  }

  /** Signalling was told of a full frame: it sends it before anything else comes. */
  notePolled(event: MediaEvent): void {
    if (this.fullDue === event) this.fullDue = undefined;
  }

  private noteSent(timestamp: number, format: number): void {
    this.framing.note(timestamp, format);
    if (timestampDistance(timestamp, this.lastSent) > 0) this.lastSent = timestamp;
  }

  private drop(reason: string): void {
    this.parts.counters.increment(reason);
  }
}
