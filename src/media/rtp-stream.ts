import { TRANSCODE } from 'node-pcm-codecs';
import type { Address } from '../base/machine.ts';
import type { Law, RtpSession, RtpStreamSpec, Source, StreamId, StreamStatistics } from '../base/media-port.ts';
import { formatOf } from '../iax2/media-format.ts';
import { copyCodes } from './copy-codes.ts';
import { DtmfGenerator } from './dtmf-generator.ts';
import { lawOfFormat } from './g711-format.ts';
import { MAX_PAYLOAD, PACKET_MS, type PlaneParts } from './iax2-stream.ts';
import {
  BLOCK_SAMPLES,
  LINE_SILENT_MS,
  type Listener,
  latestOf,
  longestDelayOf,
  MAX_AHEAD_MS,
  type MediaStream,
  newCounts,
  type RtpListener,
} from './media-stream.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';
import { Reblocker } from './reblocker.ts';
import { Rtcp } from './rtcp.ts';
import { RtpLatch } from './rtp-latch.ts';
import { MAX_RTP_PAYLOAD, RtpOutput } from './rtp-output.ts';
import { RtpHeader } from './rtp-packet.ts';
import { RtpReception } from './rtp-reception.ts';
import { RtpTimeline } from './rtp-timeline.ts';
import { SrtpSession } from './srtp-session.ts';
import { EventReceiver, EventSender } from './telephone-event.ts';
import { ToneGenerator } from './tone-generator.ts';
import { durationMsOf } from './voice-frames.ts';
import type { VoiceAfterArrival } from './voip-metrics.ts';

const BLOCK_MS = BLOCK_SAMPLES / SAMPLES_PER_MS;
const LONGEST_PACKET_MS = 60;

/** One RTP session: what a SIP phone or trunk says and hears; its picture is an `RtpVideoStream`. */
export class RtpStream implements MediaStream, RtpListener {
  readonly id: StreamId;
  readonly spec: RtpStreamSpec;
  readonly listeners: Listener[] = [];
  readonly rtp = this;
  readonly late = 0;
  readonly delayMs = 0;

  private session: RtpSession;
  private format: number;
  private readonly header = new RtpHeader();
  private readonly latch: RtpLatch;
  private readonly srtp: SrtpSession;
  private readonly reception = new RtpReception();
  private readonly rtcp: Rtcp;
  readonly output: RtpOutput;
  private readonly eventsIn: EventReceiver;
  private readonly eventsOut: EventSender;
  /** For listeners that want packets of 20 ms. */
  private readonly toPackets: Reblocker;
  /** From what we hear to packets of the length that the far end wants. */
  private readonly toFar: Reblocker;
  /** With a sign; 0 = nothing heard. */
  private farSsrc = 0;
  /** What the far end says, in samples. */
  private readonly said = new RtpTimeline();
  private lastHeardMs = 0;
  private readonly block = new Uint8Array(LONGEST_PACKET_MS * SAMPLES_PER_MS);
  private readonly parts10: readonly Uint8Array[];
  /** Parts of `block` that a line has filled. */
  private filled = 0;
  private lastBlockMs = Number.NEGATIVE_INFINITY;
  private source: Source = { kind: 'nothing' };
  private tone: ToneGenerator | undefined;
  private digits: DtmfGenerator | undefined;
  private nextSendMs = Number.NEGATIVE_INFINITY;
  private readonly voice: VoiceAfterArrival = { packetMs: PACKET_MS, discarded: 0, delayMs: 0 };
  private readonly sentCounts = { timestamp: 0, packets: 0, octets: 0 };
  private dropped = 0;
  /** What `statistics` gives. */
  private readonly told = newCounts();
  /** What those who hear it on another thread add to its voice. */
  private lateThere = 0;
  private delayThereMs = 0;

  constructor(
    id: StreamId,
    spec: RtpStreamSpec,
    private readonly parts: PlaneParts,
    nowMs: number,
  ) {
    this.id = id;
    this.spec = spec;
    this.session = spec;
    this.format = formatOf(spec.codec);
    this.latch = new RtpLatch(spec);
    this.srtp = new SrtpSession(parts, spec.srtp);
    this.output = new RtpOutput(spec, SAMPLES_PER_MS, nowMs, this.srtp.sendRtp);
    this.rtcp = new Rtcp(spec.ssrc, (bytes, length) => this.sendRtcp(bytes, length), nowMs);
    this.rtcp.voice = spec.wantsVoipMetrics === true ? this.voice : undefined;
    this.eventsIn = new EventReceiver({
      onBegin: (digit) => parts.events.push({ type: 'digit-begin', stream: id, digit }),
      onEnd: (digit, durationMs) => parts.events.push({ type: 'digit-end', stream: id, digit, durationMs }),
      onFlash: () => parts.events.push({ type: 'flash', stream: id }),
    });
    this.eventsOut = new EventSender((payload, timestamp, marker) => this.sendEvent(payload, timestamp, marker));
    this.toPackets = new Reblocker((bytes, at, length, format, timestamp, durationMs, nowMs) => {
      for (let i = 0; i < this.listeners.length; i++) {
        const listener = this.listeners[i]!;
        if (listener.packetMs !== undefined)
          listener.hearPacket(bytes, at, length, format, timestamp, durationMs, nowMs);
      }
    }, PACKET_MS);
    this.toFar = new Reblocker((bytes, at, length, format, timestamp, durationMs, nowMs) => {
      this.relayTimed(bytes, at, length, format, timestamp, durationMs, nowMs);
    }, spec.ptimeMs);
    this.parts10 = Array.from({ length: LONGEST_PACKET_MS / BLOCK_MS }, (_, i) =>
      this.block.subarray(i * BLOCK_SAMPLES, (i + 1) * BLOCK_SAMPLES),
    );
    parts.ticked.add(this);
  }

  get law(): Law {
    return lawOfFormat(this.format) ?? 'ulaw';
  }

  /** The call is over: the far end is told so, too. */
  close(nowMs: number): void {
    this.parts.ticked.delete(this);
    if (this.output.packets === 0 && this.farSsrc === 0) return;
    this.rtcp.bye(this.counts(nowMs), this.reception, SAMPLES_PER_MS, this.farSsrc, nowMs);
  }

  /** So many of its packets came too late for who hears it on another thread, or wait for so long there. */
  noteHeard(late: number, delayMs: number): void {
    this.lateThere = late;
    this.delayThereMs = delayMs;
  }

  /** Offer and answer agreed on something else. */
  update(session: RtpSession): void {
    const { codec, ptimeMs } = this.session;
    this.session = session;
    this.latch.update(session);
    this.srtp.update(session.srtp);
    this.rtcp.voice = session.wantsVoipMetrics === true ? this.voice : undefined;
    this.toFar.setPacketMs(session.ptimeMs);
    if (session.ptimeMs !== ptimeMs) this.filled = 0;
    if (session.codec === codec) return;
    this.format = formatOf(session.codec);
    this.filled = 0;
    this.toPackets.reset();
    this.digits = undefined;
    this.startTone();
  }

  // ---- what the far end says

  handleRtp(wire: Uint8Array, from: Address, nowMs: number): void {
    const { header, session } = this;
    // Whom we would not believe anyway is not worth a look at his tag.
    if (session.srtp !== undefined && !this.latch.mayBe(from.ip)) {
      this.drop('media.rtp-foreign');
      return;
    }
    const bytes = this.srtp.openRtp(wire);
    if (bytes === undefined) {
      this.dropped++;
      return;
    }
    if (!header.read(bytes)) {
      this.drop('media.rtp-malformed');
      return;
    }
    const { payloadType, sequence, ssrc, timestamp, payloadAt, payloadLength } = header;
    const isVoice = payloadType === session.payloadType;
    const isEvent = payloadType === session.telephoneEventType;
    if (!isVoice && !isEvent && payloadType !== session.comfortNoiseType) {
      this.drop('media.rtp-payload-type');
      return;
    }
    if (payloadLength === 0 || payloadLength > MAX_RTP_PAYLOAD) {
      this.drop('media.bad-length');
      return;
    }
    const believed = this.latch.judge(from, ssrc, sequence, nowMs);
    if (believed !== 'yes') {
      this.drop(believed === 'foreign' ? 'media.rtp-foreign' : 'media.rtp-other-source');
      return;
    }
    if (ssrc !== this.farSsrc) this.begin(ssrc, sequence, timestamp, nowMs);
    const arrival = this.reception.note(sequence);
    if (arrival !== 'fresh') {
      this.drop(arrival === 'duplicate' ? 'media.duplicate' : 'media.stale');
      return;
    }
    // Events carry the time of their beginning, which says nothing of their way.
    if (isEvent) {
      if (!this.eventsIn.handle(bytes, payloadAt, payloadLength, timestamp, nowMs)) this.drop('media.bad-length');
      return;
    }
    this.said.follow(sequence, timestamp);
    this.lastHeardMs = nowMs;
    this.reception.noteTransit(nowMs - this.said.position / SAMPLES_PER_MS);
    if (!session.receives) {
      this.drop('media.held');
      return;
    }
    if (isVoice) this.say(bytes, nowMs);
    else this.sayComfortNoise(bytes, nowMs);
  }

  handleRtcp(wire: Uint8Array, from: Address, nowMs: number): void {
    if (!this.latch.mayBe(from.ip)) {
      this.drop('media.rtp-foreign');
      return;
    }
    const bytes = this.srtp.openRtcp(wire);
    if (bytes === undefined) this.dropped++;
    else if (!this.rtcp.handle(bytes, nowMs)) this.drop('media.rtcp-malformed');
  }

  /** Another SSRC: its numbers go on where those of the last one ended, moved by the time between. [RFC3550 §8] */
  private begin(ssrc: number, sequence: number, timestamp: number, nowMs: number): void {
    if (this.farSsrc !== 0) this.reception.restart();
    this.farSsrc = ssrc;
    const pauseMs = Math.max(PACKET_MS, Math.round((nowMs - this.lastHeardMs) / PACKET_MS) * PACKET_MS);
    this.said.change(sequence, timestamp, pauseMs * SAMPLES_PER_MS);
  }

  private say(bytes: Uint8Array, nowMs: number): void {
    const { payloadAt, payloadLength, marker } = this.header;
    const { format } = this;
    const { position, sequence } = this.said;
    const durationMs = durationMsOf(format, payloadLength);
    const timestampMs = Math.floor(position / SAMPLES_PER_MS) >>> 0;
    this.voice.packetMs = durationMs;
    let wantsPackets = false;
    for (let i = 0; i < this.listeners.length; i++) {
      const listener = this.listeners[i]!;
      if (listener.rtp !== undefined)
        listener.rtp.hearRtp(
          bytes,
          payloadAt,
          payloadLength,
          format,
          position >>> 0,
          sequence,
          marker,
          durationMs,
          nowMs,
        );
      else if (payloadLength > MAX_PAYLOAD) this.drop('media.bad-length');
      else if (listener.packetMs === undefined || lawOfFormat(format) === undefined)
        listener.hearPacket(bytes, payloadAt, payloadLength, format, timestampMs, durationMs, nowMs);
      else wantsPackets = true;
    }
    if (wantsPackets) this.toPackets.put(bytes, payloadAt, payloadLength, format, timestampMs, nowMs);
  }

  /** Comfort noise goes on to those who take it; for all others the pause itself says enough. [RFC3389] */
  private sayComfortNoise(bytes: Uint8Array, nowMs: number): void {
    const { payloadAt, payloadLength } = this.header;
    const { position, sequence } = this.said;
    for (const { rtp } of this.listeners)
      rtp?.hearComfortNoise(bytes, payloadAt, payloadLength, position >>> 0, sequence, nowMs);
  }

  // ---- what the far end hears

  setSource(source: Source): void {
    this.source = source;
    this.filled = 0;
    this.output.restart();
    this.toFar.reset();
    this.nextSendMs = Number.NEGATIVE_INFINITY;
    this.startTone();
  }

  private startTone(): void {
    this.tone = undefined;
    if (this.source.kind !== 'tone') return;
    const law = lawOfFormat(this.format);
    if (law === undefined) {
      this.parts.counters.increment('media.tone-without-g711');
      return;
    }
    this.tone = new ToneGenerator(law);
    this.tone.start(this.source.pattern, this.source.dbm0);
  }

  /** As telephone events where the far end takes them, else in the audio; never both. */
  playDigit(digit: string, durationMs: number): void {
    if (this.session.telephoneEventType !== undefined) {
      if (!this.eventsOut.play(digit, durationMs)) this.parts.counters.increment('media.digit-not-played');
      return;
    }
    const law = lawOfFormat(this.format);
    if (law !== undefined && this.digits?.active !== true) {
      this.digits = new DtmfGenerator(law);
      if (this.tone === undefined) this.nextSendMs = Number.NEGATIVE_INFINITY;
    }
    if (this.digits?.play(digit, durationMs) !== true) this.parts.counters.increment('media.digit-not-played');
  }

  /** Whether a digit takes the place of what would be heard. */
  private get playing(): boolean {
    return this.eventsOut.active || this.digits?.active === true;
  }

  /** A packet of another RTP stream goes on as it is, gaps, order and marks, if codec and length are the far end's. */
  hearRtp(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    sequence: number,
    marker: boolean,
    durationMs: number,
    nowMs: number,
  ): void {
    const isG711 = lawOfFormat(format) !== undefined && lawOfFormat(this.format) !== undefined;
    if (isG711 && durationMs !== this.session.ptimeMs) {
      this.toFar.put(bytes, at, length, format, Math.floor(timestamp / SAMPLES_PER_MS), nowMs);
      return;
    }
    const table = this.tableFrom(format);
    if (table === undefined && format !== this.format) {
      this.drop('media.cannot-transcode');
      return;
    }
    if (this.playing || !this.session.sends) return;
    const { payloadType } = this.session;
    const { remote } = this.latch;
    this.output.relayRtp(remote, payloadType, marker, sequence, timestamp, bytes, at, length, table, nowMs);
  }

  hearComfortNoise(
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    sequence: number,
    nowMs: number,
  ): void {
    const { comfortNoiseType, sends } = this.session;
    if (comfortNoiseType === undefined || !sends || this.playing) return;
    const { remote } = this.latch;
    this.output.relayRtp(remote, comfortNoiseType, false, sequence, timestamp, bytes, at, length, undefined, nowMs);
  }

  hearPacket(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
    nowMs: number,
  ): void {
    if (lawOfFormat(format) !== undefined && lawOfFormat(this.format) !== undefined)
      this.toFar.put(bytes, at, length, format, timestamp, nowMs);
    else this.relayTimed(bytes, at, length, format, timestamp, durationMs, nowMs);
  }

  private relayTimed(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
    nowMs: number,
  ): void {
    const table = this.tableFrom(format);
    if (table === undefined && format !== this.format) {
      this.drop('media.cannot-transcode');
      return;
    }
    if (this.playing || !this.session.sends) return;
    const { remote } = this.latch;
    this.output.relayTimed(remote, this.session.payloadType, timestamp, durationMs, bytes, at, length, table, nowMs);
  }

  /** Blocks make a packet when the far end's length is full. */
  hearBlock(block: Uint8Array, law: Law, nowMs: number): void {
    this.lastBlockMs = nowMs;
    const own = lawOfFormat(this.format);
    if (own === undefined) {
      this.drop('media.cannot-transcode');
      return;
    }
    const part = this.parts10[this.filled]!;
    if (this.digits?.active === true) this.digits.read(part);
    else copyCodes(block, 0, BLOCK_SAMPLES, part, 0, law === own ? undefined : TRANSCODE[law]);
    this.filled++;
    if (this.filled * BLOCK_MS < this.session.ptimeMs) return;
    this.filled = 0;
    this.sendOwn(nowMs);
  }

  /** What is due of telephone events, reports, and of what has no clock of its own. */
  tick(nowMs: number): void {
    this.eventsIn.tick(nowMs);
    if (this.eventsOut.active) this.eventsOut.tick(this.output.timestampAt(nowMs), nowMs);
    if (nowMs >= this.rtcp.dueMs && (this.output.packets > 0 || this.farSsrc !== 0))
      this.rtcp.tick(this.counts(nowMs), this.reception, SAMPLES_PER_MS, this.farSsrc, nowMs);
    this.tickGenerated(nowMs);
  }

  private tickGenerated(nowMs: number): void {
    const isDigit = this.digits?.active === true;
    if (nowMs < this.nextSendMs || !(isDigit || this.tone !== undefined)) return;
    if (nowMs - this.lastBlockMs < LINE_SILENT_MS) return;
    const { ptimeMs } = this.session;
    if (this.nextSendMs === Number.NEGATIVE_INFINITY) this.nextSendMs = nowMs;
    const missed = Math.floor((nowMs - this.nextSendMs) / ptimeMs);
    this.nextSendMs += (missed + 1) * ptimeMs;
    for (let i = 0; i * BLOCK_MS < ptimeMs; i++) {
      if (isDigit) this.digits!.read(this.parts10[i]!);
      else this.tone!.read(this.parts10[i]!);
    }
    this.sendOwn(nowMs);
  }

  private sendOwn(nowMs: number): void {
    if (!this.session.sends || this.eventsOut.active) return;
    if (this.output.aheadMs(nowMs) > MAX_AHEAD_MS) {
      this.drop('media.source-too-fast');
      return;
    }
    const { payloadType, ptimeMs } = this.session;
    this.output.sendOwn(this.latch.remote, payloadType, ptimeMs, this.block, ptimeMs * SAMPLES_PER_MS, nowMs);
  }

  private sendEvent(payload: Uint8Array, timestamp: number, marker: boolean): void {
    const { telephoneEventType, sends } = this.session;
    if (telephoneEventType === undefined || !sends) return;
    this.output.sendEvent(this.latch.remote, telephoneEventType, payload, timestamp, marker);
  }

  private sendRtcp(bytes: Uint8Array, length: number): void {
    const { remoteRtcp, isMuxed } = this.latch;
    this.srtp.sendRtcp(this.spec.localPort + (isMuxed ? 0 : 1), remoteRtcp, bytes, length);
  }

  statistics(): StreamStatistics {
    const { told, reception } = this;
    const { far, farVoice } = this.rtcp;
    told.received = reception.received;
    told.sent = this.output.packets;
    told.lost = reception.lost;
    told.late = latestOf(this.listeners);
    told.outOfOrder = reception.outOfOrder;
    told.dropped = this.dropped;
    told.jitterMs = reception.jitterMs;
    told.delayMs = longestDelayOf(this.listeners);
    if (far !== undefined) {
      told.farLostPct = far.lostPct;
      told.farJitterMs = far.jitter / SAMPLES_PER_MS;
      if (far.rttMs !== undefined) told.rttMs = far.rttMs;
    }
    if (farVoice !== undefined) {
      told.farDiscardPct = farVoice.discardPct;
      if (farVoice.mos === undefined) delete told.farMos;
      else told.farMos = farVoice.mos;
    }
    return told;
  }

  /** What reports tell, as it is at that time. */
  private counts(nowMs: number) {
    this.voice.discarded = Math.max(this.lateThere, latestOf(this.listeners));
    this.voice.delayMs = Math.max(this.delayThereMs, longestDelayOf(this.listeners));
    this.sentCounts.timestamp = this.output.timestampAt(nowMs);
    this.sentCounts.packets = this.output.packets;
    this.sentCounts.octets = this.output.octets;
    return this.sentCounts;
  }

  /** The table that turns G.711 codes of the other law into ours, undefined where there is nothing to turn. */
  private tableFrom(format: number): Uint8Array | undefined {
    if (format === this.format) return undefined;
    const from = lawOfFormat(format);
    return from === undefined || lawOfFormat(this.format) === undefined ? undefined : TRANSCODE[from];
  }

  private drop(reason: string): void {
    this.dropped++;
    this.parts.counters.increment(reason);
  }
}
