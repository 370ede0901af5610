import { TRANSCODE } from 'node-pcm-codecs';
import type { Counters } from '../base/counters.ts';
import type { Iax2StreamSpec, Law, MediaEvent, Source, StreamId, StreamStatistics } from '../base/media-port.ts';
import type { Queue } from '../base/queue.ts';
import { MINI_HEADER_LENGTH, writeMiniHeader } from '../iax2/frame-header.ts';
import { TimestampUnwrapper, timestampDistance, VoiceClock, VoiceFraming } from '../iax2/voice.ts';
import { ArrivalStatistics } from './arrival-statistics.ts';
import { copyCodes } from './copy-codes.ts';
import type { DatagramSink, RtpSink } from './datagram-sink.ts';
import { DtmfGenerator } from './dtmf-generator.ts';
import { lawOfFormat } from './g711-format.ts';
import {
  BLOCK_SAMPLES,
  LINE_SILENT_MS,
  type Listener,
  latestOf,
  longestDelayOf,
  MAX_AHEAD_MS,
  type MediaStream,
  newCounts,
  type Ticked,
} from './media-stream.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';
import { RelayTimestamps } from './relay-timestamps.ts';
import type { SrtpCrypto } from './srtp.ts';
import { SuperminiClock } from './supermini-clock.ts';
import { ToneGenerator } from './tone-generator.ts';
import type { TrunkMember, Trunks } from './trunk-sender.ts';
import { durationMsOf } from './voice-frames.ts';

/** What all streams of a plane share. */
export interface PlaneParts {
  readonly send: DatagramSink;
  readonly sendRtp: RtpSink;
  /** For SRTP; undefined where there is none. */
  readonly crypto: SrtpCrypto | undefined;
  readonly trunks: Trunks;
  /** Streams that `tick` is to be asked of: of a thousand relayed calls none. */
  readonly ticked: Set<Ticked>;
  readonly events: Queue<MediaEvent>;
  readonly counters: Counters;
  /** Where a mini frame is put together, one at a time: of a thousand calls it stays in the cache. */
  readonly datagram: Uint8Array;
  /** The same for a packet of a picture. */
  readonly videoDatagram: Uint8Array;
}

/** The most that fits into a datagram of an Ethernet frame; no codec's 20 ms come near it. */
export const MAX_PAYLOAD = 1400;

/** The longest mini frame. */
export const MAX_MINI = MINI_HEADER_LENGTH + MAX_PAYLOAD;

/** Voice that we make ourselves goes in packets of 20 ms. */
export const PACKET_MS = 20;
const PACKET_SAMPLES = PACKET_MS * SAMPLES_PER_MS;

/** A far end that sends voice without having said its codec is asked for it at this rate. */
const NO_FORMAT_INTERVAL_MS = 200;

/** One IAX2 call leg's voice: mini or trunk frames out and in, full frames by way of the signalling plane. */
export class Iax2Stream implements MediaStream {
  readonly id: StreamId;
  readonly spec: Iax2StreamSpec;
  readonly listeners: Listener[] = [];
  readonly clock: VoiceClock;
  readonly unwrapper = new TimestampUnwrapper();
  readonly late = 0;
  readonly delayMs = 0;
  readonly packetMs = PACKET_MS;
  /** A whole number, which lies in the stream itself: each packet asks for it. */
  private readonly epochMs: number;

  private readonly framing = new VoiceFraming();
  private readonly relay = new RelayTimestamps();
  private readonly supermini = new SuperminiClock();
  /** Our place in the trunk; undefined where mini frames are sent. */
  private readonly trunk: TrunkMember | undefined;
  private readonly arrivals = new ArrivalStatistics();
  private readonly block = new Uint8Array(PACKET_SAMPLES);
  private readonly halves = [this.block.subarray(0, BLOCK_SAMPLES), this.block.subarray(BLOCK_SAMPLES)];
  /** Halves of `block` that a line has filled. */
  private filled = 0;
  private lastBlockMs = Number.NEGATIVE_INFINITY;
  /** Timestamps that signalling has used last: relayed voice must not use them again. */
  private readonly signalled = new Uint32Array(8);
  private signalledCount = 0;
  /** The greatest of them: what lies ahead of it needs no search. */
  private lastSignalled = 0;
  private format: number;
  /** Codec of what the far end sends, 0 until a full voice frame has said it. */
  private farFormat = 0;
  private source: Source = { kind: 'nothing' };
  private tone: ToneGenerator | undefined;
  private digits: DtmfGenerator | undefined;
  /** When the next packet of a tone or digit is due; −Infinity = at the next tick. */
  private nextSendMs = Number.NEGATIVE_INFINITY;
  private nextNoFormatMs = Number.NEGATIVE_INFINITY;
  private quelched = false;
  private sent = 0;
  private dropped = 0;
  /** What `statistics` gives. */
  private readonly counts = newCounts();

  constructor(
    id: StreamId,
    spec: Iax2StreamSpec,
    private readonly parts: PlaneParts,
  ) {
    this.id = id;
    this.spec = spec;
    this.format = spec.format;
    this.epochMs = Math.floor(spec.epochMs);
    this.clock = new VoiceClock(spec.epochMs);
    const { remote, trunk, localCall } = spec;
    this.trunk = trunk === undefined ? undefined : parts.trunks.join(remote, trunk, localCall);
  }

  get law(): Law {
    return lawOfFormat(this.format) ?? 'ulaw';
  }

  /** The call ends: from now on nothing of it is in a trunk frame. */
  close(): void {
    this.parts.ticked.delete(this);
    if (this.trunk !== undefined) this.parts.trunks.leave(this.trunk);
  }

  // ---- what the far end says

  /** A full voice frame: it tells the codec of this and the following mini frames. [RFC5456 §8.1.2] */
  handleFullVoice(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    nowMs: number,
  ): void {
    this.farFormat = format;
    this.unwrapper.note(timestamp);
    this.supermini.noteVoice(timestamp, this.durationOf(length), nowMs);
    this.say(bytes, at, length, timestamp, nowMs, 0);
  }

  /** The payload of a mini frame, or of a trunk entry with a timestamp, and the low 16 bits of that. */
  handleMini(bytes: Uint8Array, at: number, length: number, low: number, nowMs: number, headroom: number): void {
    if (!this.hasFarFormat(nowMs)) return;
    this.say(bytes, at, length, this.unwrapper.unwrap(low), nowMs, headroom);
  }

  /** The payload of a trunk entry without a timestamp, which gets one on the call's clock. */
  handleSupermini(
    bytes: Uint8Array,
    at: number,
    length: number,
    trunkTimestamp: number,
    nowMs: number,
    headroom: number,
  ): void {
    if (!this.hasFarFormat(nowMs)) return;
    const timestamp = this.supermini.stamp(trunkTimestamp, this.durationOf(length), nowMs);
    this.unwrapper.note(timestamp);
    this.say(bytes, at, length, timestamp, nowMs, headroom);
  }

  private hasFarFormat(nowMs: number): boolean {
    if (this.farFormat !== 0) return true;
    this.drop('media.no-format');
    if (nowMs >= this.nextNoFormatMs) {
      this.nextNoFormatMs = nowMs + NO_FORMAT_INTERVAL_MS;
      this.parts.events.push({ type: 'no-format', stream: this.id });
    }
    return false;
  }

  private say(bytes: Uint8Array, at: number, length: number, timestamp: number, nowMs: number, headroom: number): void {
    if (length === 0 || length > MAX_PAYLOAD) {
      this.drop('media.bad-length');
      return;
    }
    const durationMs = this.durationOf(length);
    const arrival = this.arrivals.note(timestamp, durationMs, nowMs);
    if (arrival !== 'fresh') {
      this.drop(arrival === 'duplicate' ? 'media.duplicate' : 'media.stale');
      return;
    }
    const last = this.listeners.length - 1;
    // Whoever hears it last may spoil it for the others.
    for (let i = 0; i <= last; i++) {
      const room = i === last ? headroom : 0;
      this.listeners[i]!.hearPacket(bytes, at, length, this.farFormat, timestamp, durationMs, nowMs, room);
    }
  }

  private durationOf(length: number): number {
    return durationMsOf(this.farFormat, length);
  }

  // ---- what the far end hears

  setSource(source: Source): void {
    this.source = source;
    this.tone = undefined;
    this.filled = 0;
    this.relay.reset();
    this.nextSendMs = Number.NEGATIVE_INFINITY;
    this.startTone();
  }

  private startTone(): void {
    if (this.source.kind !== 'tone') return;
    const law = lawOfFormat(this.format);
    if (law === undefined) {
      this.parts.counters.increment('media.tone-without-g711');
      return;
    }
    this.tone = new ToneGenerator(law);
    this.tone.start(this.source.pattern, this.source.dbm0);
    this.parts.ticked.add(this);
  }

  playDigit(digit: string, durationMs: number): void {
    const law = lawOfFormat(this.format);
    if (law !== undefined && !this.playing) {
      this.digits = new DtmfGenerator(law);
      if (this.tone === undefined) this.nextSendMs = Number.NEGATIVE_INFINITY;
    }
    if (this.digits?.play(digit, durationMs) === true) this.parts.ticked.add(this);
    else this.parts.counters.increment('media.digit-not-played');
  }

  /** Whether a digit replaces what would be heard. */
  private get playing(): boolean {
    return this.digits?.active === true;
  }

  /** Relays a packet as it is if the codecs agree, else by table; its timestamp keeps its distance to the others. */
  hearPacket(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
    nowMs: number,
    headroom = 0,
  ): void {
    const table = this.tableFrom(format);
    if (table === undefined && format !== this.format) {
      this.drop('media.cannot-transcode');
      return;
    }
    if (this.playing) return;
    if (!this.relay.fits(timestamp, this.realTime(nowMs))) {
      this.relay.anchor(timestamp, this.clock.stamp(nowMs, durationMs));
    }
    let mapped = this.relay.map(timestamp);
    if (this.isSignalled(mapped)) mapped++;
    this.clock.pause();
    this.transmit(bytes, at, length, mapped, table, headroom);
  }

  private isSignalled(timestamp: number): boolean {
    if (timestampDistance(timestamp, this.lastSignalled) > 0) return false;
    for (let i = 0; i < this.signalled.length; i++) if (this.signalled[i] === timestamp) return true;
    return false;
  }

  /** Two blocks make a packet. */
  hearBlock(block: Uint8Array, law: Law, nowMs: number): void {
    this.lastBlockMs = nowMs;
    const own = lawOfFormat(this.format);
    if (own === undefined) {
      this.drop('media.cannot-transcode');
      return;
    }
    if (this.playing) this.digits!.read(this.halves[this.filled]!);
    else copyCodes(block, 0, BLOCK_SAMPLES, this.halves[this.filled]!, 0, law === own ? undefined : TRANSCODE[law]);
    this.filled = (this.filled + 1) % this.halves.length;
    if (this.filled === 0) this.sendBlock(nowMs);
  }

  /** Sends the packet that is due of what has no clock of its own. Slots that were slept through are left out. */
  tick(nowMs: number): void {
    if (!this.playing && this.tone === undefined) {
      this.parts.ticked.delete(this);
      return;
    }
    if (nowMs < this.nextSendMs) return;
    if (nowMs - this.lastBlockMs < LINE_SILENT_MS) return;
    if (this.nextSendMs === Number.NEGATIVE_INFINITY) this.nextSendMs = nowMs;
    const missed = Math.floor((nowMs - this.nextSendMs) / PACKET_MS);
    this.nextSendMs += (missed + 1) * PACKET_MS;
    if (this.playing) this.digits!.read(this.block);
    else this.tone!.read(this.block);
    this.sendBlock(nowMs);
  }

  private sendBlock(nowMs: number): void {
    if (timestampDistance(this.clock.last, this.realTime(nowMs)) > MAX_AHEAD_MS) {
      this.drop('media.source-too-fast');
      return;
    }
    this.relay.reset();
    this.transmit(this.block, 0, PACKET_SAMPLES, this.clock.stamp(nowMs, PACKET_MS), undefined, 0);
  }

  private transmit(
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    table: Uint8Array | undefined,
    headroom: number,
  ): void {
    this.clock.note(timestamp);
    if (this.quelched) return;
    this.sent++;
    if (this.framing.next(timestamp, this.format) === 'full') {
      const payload = new Uint8Array(length);
      copyCodes(bytes, at, length, payload, 0, table);
      const { id, format } = this;
      this.parts.events.push({ type: 'voice-full-due', stream: id, timestamp, format, payload });
      return;
    }
    if (this.trunk?.add(bytes, at, length, timestamp, table) === true) return;
    const { datagram, send } = this.parts;
    if (table === undefined && headroom >= MINI_HEADER_LENGTH) {
      writeMiniHeader(bytes, at - MINI_HEADER_LENGTH, this.spec.localCall, timestamp);
      send(this.spec.remote, bytes, at - MINI_HEADER_LENGTH, MINI_HEADER_LENGTH + length);
      return;
    }
    writeMiniHeader(datagram, 0, this.spec.localCall, timestamp);
    copyCodes(bytes, at, length, datagram, MINI_HEADER_LENGTH, table);
    send(this.spec.remote, datagram, 0, MINI_HEADER_LENGTH + length);
  }

  // ---- what signalling tells

  /** The codec of the full voice frames in both directions. */
  setFormat(format: number): void {
    this.farFormat = format;
    if (format === this.format) return;
    this.format = format;
    this.filled = 0;
    this.digits = undefined;
    this.tone = undefined;
    this.startTone();
  }

  noteSent(timestamp: number): void {
    this.signalled[this.signalledCount++ % this.signalled.length] = timestamp;
    if (timestampDistance(timestamp, this.lastSignalled) > 0) this.lastSignalled = timestamp;
    this.clock.note(timestamp);
  }

  quelch(on: boolean): void {
    this.quelched = on;
  }

  statistics(): StreamStatistics {
    const { arrivals, counts } = this;
    counts.received = arrivals.received;
    counts.sent = this.sent;
    counts.lost = arrivals.lost;
    counts.late = latestOf(this.listeners);
    counts.outOfOrder = arrivals.outOfOrder;
    counts.dropped = this.dropped;
    counts.jitterMs = arrivals.jitterMs;
    counts.delayMs = longestDelayOf(this.listeners);
    return counts;
  }

  /** The table that turns G.711 codes of the other law into ours, undefined where there is nothing to turn. */
  private tableFrom(format: number): Uint8Array | undefined {
    if (format === this.format) return undefined;
    const from = lawOfFormat(format);
    return from === undefined || lawOfFormat(this.format) === undefined ? undefined : TRANSCODE[from];
  }

  /** The call's own clock, to the ms. */
  private realTime(nowMs: number): number {
    return Math.max(0, Math.floor(nowMs) - this.epochMs) >>> 0;
  }

  private drop(reason: string): void {
    this.dropped++;
    this.parts.counters.increment(reason);
  }
}
