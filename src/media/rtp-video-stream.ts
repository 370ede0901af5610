import type { Address } from '../base/machine.ts';
import type { RtpVideoSpec, StreamId, VideoSession } from '../base/media-port.ts';
import { formatOf } from '../iax2/media-format.ts';
import type { PlaneParts } from './iax2-stream.ts';
import { Rtcp } from './rtcp.ts';
import { RtpLatch } from './rtp-latch.ts';
import { RtpOutput } from './rtp-output.ts';
import { RtpHeader } from './rtp-packet.ts';
import { RtpReception } from './rtp-reception.ts';
import { RtpTimeline } from './rtp-timeline.ts';
import { MAX_VIDEO_PAYLOAD, VIDEO_TICKS_PER_MS, type VideoListener, type VideoStream } from './video-stream.ts';

/** A far end that has lost something may say so with each packet: it is passed on at this rate. */
const WANTED_INTERVAL_MS = 500;

/** Where another source comes after a pause of unknown length. */
const PAUSE_TICKS = 40 * VIDEO_TICKS_PER_MS;

/** A source that has no marks, or has lost one: so much later it is another picture. */
const LONGEST_PICTURE_TICKS = 500 * VIDEO_TICKS_PER_MS;

/** The picture of one SIP call: an RTP session of its own. [RFC3550] */
export class RtpVideoStream implements VideoStream {
  listeners: readonly VideoListener[] = [];
  private session: VideoSession;
  private format: number;
  private readonly header = new RtpHeader();
  private readonly latch: RtpLatch;
  private readonly reception = new RtpReception();
  private readonly rtcp: Rtcp;
  private readonly output: RtpOutput;
  /** With a sign; 0 = nothing heard. */
  private farSsrc = 0;
  /** What the far end shows, in ticks. */
  private readonly shown = new RtpTimeline();
  /** Of a source without sequence numbers: where the picture began whose packets come. */
  private pictureAt: number | undefined;
  /** What is in the RTCP packet that is being read. */
  private isWanted = false;
  private nextWantedMs = Number.NEGATIVE_INFINITY;
  private readonly sentCounts = { timestamp: 0, packets: 0, octets: 0 };

  constructor(
    readonly id: StreamId,
    readonly spec: RtpVideoSpec,
    private readonly parts: PlaneParts,
    nowMs: number,
  ) {
    this.session = spec;
    this.format = formatOf(spec.codec);
    this.latch = new RtpLatch(spec);
    this.output = new RtpOutput(spec, VIDEO_TICKS_PER_MS, nowMs, parts.sendRtp);
    const send = (bytes: Uint8Array, length: number) => this.sendRtcp(bytes, length);
    this.rtcp = new Rtcp(spec.ssrc, send, nowMs, () => {
      this.isWanted = true;
    });
  }

  /** Offer and answer agreed on something else. */
  update(session: VideoSession): void {
    this.session = session;
    this.format = formatOf(session.codec);
    this.latch.update(session);
  }

  /** The call is over, or goes on without a picture: the far end is told so. */
  close(nowMs: number): void {
    if (this.output.packets === 0 && this.farSsrc === 0) return;
    this.rtcp.bye(this.counts(nowMs), this.reception, VIDEO_TICKS_PER_MS, this.farSsrc, nowMs);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.rtcp.dueMs && (this.output.packets > 0 || this.farSsrc !== 0))
      this.rtcp.tick(this.counts(nowMs), this.reception, VIDEO_TICKS_PER_MS, this.farSsrc, nowMs);
  }

  // ---- what the far end shows

  handleRtp(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { header, session } = this;
    if (!header.read(bytes)) {
      this.drop('media.rtp-malformed');
      return;
    }
    const { payloadType, sequence, ssrc, timestamp, payloadAt, payloadLength, marker } = header;
    if (payloadType !== session.payloadType) {
      this.drop('media.rtp-payload-type');
      return;
    }
    if (payloadLength === 0 || payloadLength > MAX_VIDEO_PAYLOAD) {
      this.drop('media.bad-length');
      return;
    }
    const believed = this.latch.judge(from, ssrc, sequence, nowMs);
    if (believed !== 'yes') {
      this.drop(believed === 'foreign' ? 'media.rtp-foreign' : 'media.rtp-other-source');
      return;
    }
    if (ssrc !== this.farSsrc) this.begin(ssrc, sequence, timestamp);
    const arrival = this.reception.note(sequence);
    if (arrival !== 'fresh') {
      this.drop(arrival === 'duplicate' ? 'media.duplicate' : 'media.stale');
      return;
    }
    const { format, shown } = this;
    shown.follow(sequence, timestamp);
    this.reception.noteTransit(nowMs - shown.position / VIDEO_TICKS_PER_MS);
    if (!session.receives) {
      this.drop('media.held');
      return;
    }
    for (let i = 0; i < this.listeners.length; i++) {
      const listener = this.listeners[i]!;
      listener.hearVideo(bytes, payloadAt, payloadLength, format, shown.position, marker, shown.sequence, nowMs);
    }
  }

  /** Another SSRC: its numbers go on where those of the last one ended. [RFC3550 §8] */
  private begin(ssrc: number, sequence: number, timestamp: number): void {
    if (this.farSsrc !== 0) this.reception.restart();
    this.farSsrc = ssrc;
    this.shown.change(sequence, timestamp, PAUSE_TICKS);
  }

  handleRtcp(bytes: Uint8Array, from: Address, nowMs: number): void {
    this.isWanted = false;
    if (!this.latch.mayBe(from.ip)) this.drop('media.rtp-foreign');
    else if (!this.rtcp.handle(bytes, nowMs)) this.drop('media.rtcp-malformed');
    else if (this.isWanted && nowMs >= this.nextWantedMs) {
      this.nextWantedMs = nowMs + WANTED_INTERVAL_MS;
      this.parts.events.push({ type: 'picture-wanted', stream: this.id });
    }
  }

  // ---- what the far end sees

  restart(): void {
    this.output.restart();
    this.pictureAt = undefined;
  }

  quelch(): void {}

  requestPicture(by: 'pli' | 'fir', nowMs: number): void {
    if (this.farSsrc === 0) return;
    this.rtcp.requestPicture(by, this.counts(nowMs), this.reception, VIDEO_TICKS_PER_MS, this.farSsrc, nowMs);
  }

  /** A packet goes on as it is; all packets of a picture have one timestamp. [RFC6184 §5.1] */
  hearVideo(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    position: number,
    marker: boolean,
    sequence: number | undefined,
    nowMs: number,
  ): void {
    if (format !== this.format) {
      this.drop('media.video-format');
      return;
    }
    const { sends, payloadType } = this.session;
    if (!sends) return;
    const place = sequence === undefined ? this.placeOf(position, marker) : position;
    this.output.relayVideo(this.latch.remote, payloadType, marker, sequence, place, bytes, at, length, nowMs);
  }

  /** Asterisk gives each packet of a picture the time at which it was sent; that of the first is the picture's. */
  private placeOf(position: number, marker: boolean): number {
    const isLater = this.pictureAt === undefined || Math.abs(position - this.pictureAt) > LONGEST_PICTURE_TICKS;
    const place = isLater ? position : this.pictureAt!;
    this.pictureAt = marker ? undefined : place;
    return place;
  }

  private sendRtcp(bytes: Uint8Array, length: number): void {
    const { remoteRtcp } = this.latch;
    this.parts.sendRtp(this.spec.localPort + 1, remoteRtcp, bytes, 0, length);
  }

  private counts(nowMs: number) {
    this.sentCounts.timestamp = this.output.timestampAt(nowMs);
    this.sentCounts.packets = this.output.packets;
    this.sentCounts.octets = this.output.octets;
    return this.sentCounts;
  }

  private drop(reason: string): void {
    this.parts.counters.increment(reason);
  }
}
