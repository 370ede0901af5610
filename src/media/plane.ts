import type { Counters } from '../base/counters.ts';
import type { SignalStep } from '../base/line-signal.ts';
import type { Address, Machine } from '../base/machine.ts';
import type {
  Iax2StreamSpec,
  MediaEvent,
  MediaPort,
  RoomOrder,
  RtpSession,
  Source,
  StreamId,
  StreamSpec,
  StreamStatistics,
  VideoSpec,
} from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import {
  type FrameKind,
  FULL_HEADER_LENGTH,
  frameKind,
  MINI_HEADER_LENGTH,
  readDestinationCall,
  readFrameType,
  readFullTimestamp,
  readMiniTimestamp,
  readOSeqno,
  readSourceCall,
  readSubclassByte,
  readVideoMarker,
  readVideoSourceCall,
  readVideoTimestamp,
  VIDEO_MARKER,
  VIDEO_MINI_HEADER_LENGTH,
} from '../iax2/frame-header.ts';
import { TrunkReader } from '../iax2/meta-trunk.ts';
import { expandSubclass, FRAME_TYPE } from '../iax2/subclass.ts';
import type { VoiceClock } from '../iax2/voice.ts';
import type { DatagramSink, RtpSink } from './datagram-sink.ts';
import { type FarKind, type FarPlane, FarStream } from './far-stream.ts';
import { Iax2Stream, MAX_MINI, type PlaneParts } from './iax2-stream.ts';
import { Iax2VideoStream, MAX_VIDEO_MINI } from './iax2-video-stream.ts';
import { LineStream } from './line-stream.ts';
import { BLOCK_SAMPLES, type Listener } from './media-stream.ts';
import { Rooms } from './room.ts';
import type { RtpOutput } from './rtp-output.ts';
import { isRtcp } from './rtp-packet.ts';
import { RtpStream } from './rtp-stream.ts';
import { RtpVideoStream } from './rtp-video-stream.ts';
import type { SrtpCrypto } from './srtp.ts';
import { Standstill } from './standstill.ts';
import { type AnyStream, StreamTable } from './stream-table.ts';
import { TRUNK_SLOT_MS, Trunks } from './trunk-sender.ts';
import { VideoTable } from './video-table.ts';

/** Beat of the plane while a stream is open, on multiples of itself of the monotonic clock. */
export const SLOT_MS = 10;

/** Of how many closed streams the last counts are kept: enough for the legs of a call whose record is being written. */
const KEPT_COUNTS = 256;

/** What a datagram was: for the plane alone, for signalling alone, or voice that signalling must acknowledge. */
export type DatagramUse = 'media' | 'signalling' | 'both';

export interface MediaPlaneOptions {
  readonly send: DatagramSink;
  /** Absent where there is no RTP. */
  readonly sendRtp?: RtpSink;
  readonly counters: Counters;
  /** For SRTP; absent where there is none. */
  readonly crypto?: SrtpCrypto;
  /**
   * Voice that waited while the clock stood still is thrown away: all that comes in the first so many ms. 0 for who hands in
   * at one time what waits; absent, nothing is thrown away.
   */
  readonly backlogMs?: number;
}

/** What surrounds the protocol machines sees of the media plane, whether it is in one piece or in two. */
export interface Plane extends MediaPort, Machine<MediaEvent> {
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): DatagramUse;
  handleRtp(localPort: number, bytes: Uint8Array, from: Address, nowMs: number): void;
  exchangeLineBlock(port: number, up: Uint8Array, down: Uint8Array, nowMs: number): boolean;
  iax2Spec(stream: StreamId): Iax2StreamSpec | undefined;
  /** The even ports of voice and picture of an RTP stream. */
  rtpPorts(stream: StreamId): readonly number[];
}

/**
 * The body of the media plane: whoever owns the sockets gives it each datagram first, whoever owns the HAT exchanges each
 * block of each line, and the clock calls `tick`. It answers at once through `send` and into the block; only what
 * signalling must know is an event to poll. No clock, no I/O, and nothing allocated per packet or block.
 */
export class MediaPlane implements Plane {
  private readonly streams: StreamTable;
  private readonly videos: VideoTable;
  private readonly rooms: Rooms;
  private readonly parts: PlaneParts;
  private readonly counters: Counters;
  private readonly trunk = new TrunkReader();
  /** The counts of streams that were closed of late, the oldest first. */
  private readonly lastCounts = new Map<StreamId, StreamStatistics>();
  private nextSlotMs = 0;
  private nextTrunkMs = 0;
  private readonly standstill: Standstill;

  constructor({ send, sendRtp = NOWHERE, counters, crypto, backlogMs }: MediaPlaneOptions) {
    this.counters = counters;
    this.standstill = new Standstill(backlogMs, counters);
    this.parts = {
      send,
      sendRtp,
      crypto,
      counters,
      trunks: new Trunks(send, counters),
      ticked: new Set(),
      events: new Queue<MediaEvent>(),
      datagram: new Uint8Array(MAX_MINI),
      videoDatagram: new Uint8Array(MAX_VIDEO_MINI),
    };
    this.rooms = new Rooms(this.parts.events);
    this.streams = new StreamTable(this.rooms);
    this.videos = new VideoTable((stream) => this.streams.heardBy(stream));
  }

  // ---- packets and blocks

  /** Voice goes to its stream; the caller hands what is not for the plane alone on to signalling. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): DatagramUse {
    return this.take(frameKind(bytes, 0, bytes.length), bytes, 0, bytes.length, from, 0, nowMs);
  }

  /** The same of a datagram of this kind in a larger buffer: what is for the plane alone may be written over. */
  handleDatagramAt(
    kind: FrameKind,
    bytes: Uint8Array,
    at: number,
    length: number,
    from: Address,
    nowMs: number,
  ): DatagramUse {
    return this.take(kind, bytes, at, length, from, MINI_HEADER_LENGTH, nowMs);
  }

  private take(
    kind: FrameKind,
    bytes: Uint8Array,
    at: number,
    length: number,
    from: Address,
    headroom: number,
    nowMs: number,
  ): DatagramUse {
    if (kind !== 'full' && kind !== 'short' && this.isLeftOut(nowMs)) return 'media';
    switch (kind) {
      case 'mini':
        this.handleMini(bytes, at, length, from, headroom, nowMs);
        return 'media';
      case 'full':
        return this.handleFull(bytes, at, length, from, nowMs);
      case 'meta':
        return this.handleTrunk(bytes, at, length, from, headroom, nowMs);
      case 'video-mini':
        this.handleVideoMini(bytes, at, length, from, nowMs);
        return 'media';
      case 'short':
        return 'signalling';
    }
  }

  /** One datagram that came to one of our RTP ports, or to the odd one behind it for RTCP. */
  handleRtp(localPort: number, bytes: Uint8Array, from: Address, nowMs: number): void {
    const port = localPort & ~1;
    const stream = this.streams.ofRtpPort(port) ?? this.videos.ofRtpPort(port);
    if (stream === undefined) this.counters.increment('media.rtp-unknown-port');
    else if ((localPort & 1) === 1 || isRtcp(bytes)) stream.handleRtcp(bytes, from, nowMs);
    else if (!this.isLeftOut(nowMs)) stream.handleRtp(bytes, from, nowMs);
  }

  /** Whether the clock stood still just before: voice that comes now had waited meanwhile. */
  isBacklog(nowMs: number): boolean {
    return this.standstill.isBacklog(this.isIdle ? nowMs : this.nextSlotMs, nowMs);
  }

  private isLeftOut(nowMs: number): boolean {
    const isBacklog = this.isBacklog(nowMs);
    if (isBacklog) this.counters.increment('media.backlog');
    return isBacklog;
  }

  /**
   * One block of 80 codes of a line, both ways at once: `up` is what the line says, `down` is filled with what it hears.
   * False if no stream is open on this port; `down` is untouched then.
   */
  exchangeLineBlock(port: number, up: Uint8Array, down: Uint8Array, nowMs: number): boolean {
    const stream = this.streams.ofPort(port);
    if (stream === undefined) return false;
    if (up.length !== BLOCK_SAMPLES || down.length !== BLOCK_SAMPLES) {
      this.counters.increment('media.bad-block');
      return false;
    }
    stream.exchange(up, down, nowMs);
    return true;
  }

  /** What is due on the plane's own clock. A late call does the work of one slot, never that of all that were missed. */
  tick(nowMs: number): void {
    if (this.isIdle) return;
    if (nowMs >= this.nextSlotMs) this.takeSlot(nowMs);
    this.nextTrunkMs = slotAfter(nowMs, TRUNK_SLOT_MS);
    this.parts.trunks.tick(nowMs);
  }

  private takeSlot(nowMs: number): void {
    // Where the clock comes before the voice that waited.
    this.isBacklog(nowMs);
    this.nextSlotMs = slotAfter(nowMs);
    for (const stream of this.parts.ticked) stream.tick(nowMs);
    this.videos.tick(nowMs);
    this.rooms.tick(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.tick(nowMs);
  }

  poll(): MediaEvent | undefined {
    const event = this.parts.events.shift();
    if (event?.type === 'video-full-due') this.videos.notePolled(event);
    return event;
  }

  /** The next slot, or what waits in a trunk before it; undefined while no stream is open. */
  nextDeadline(): number | undefined {
    if (this.isIdle) return undefined;
    return this.parts.trunks.isWaiting ? Math.min(this.nextSlotMs, this.nextTrunkMs) : this.nextSlotMs;
  }

  /** Streams of another plane need no beat here, unless they are in a room. */
  private get isIdle(): boolean {
    return this.streams.size === 0 && this.rooms.size === 0 && this.videos.size === 0;
  }

  private handleMini(
    bytes: Uint8Array,
    at: number,
    length: number,
    from: Address,
    headroom: number,
    nowMs: number,
  ): void {
    const stream = this.streams.ofCall(from, readSourceCall(bytes, at));
    if (stream === undefined) {
      this.counters.increment('media.unknown-call');
      return;
    }
    const low = readMiniTimestamp(bytes, at);
    stream.handleMini(bytes, at + MINI_HEADER_LENGTH, length - MINI_HEADER_LENGTH, low, nowMs, headroom);
  }

  private handleVideoMini(bytes: Uint8Array, at: number, length: number, from: Address, nowMs: number): void {
    const stream = this.videos.ofCall(from, readVideoSourceCall(bytes, at));
    if (stream === undefined) {
      this.counters.increment('media.unknown-call');
      return;
    }
    const payloadAt = at + VIDEO_MINI_HEADER_LENGTH;
    const payloadLength = length - VIDEO_MINI_HEADER_LENGTH;
    const marker = readVideoMarker(bytes, at);
    stream.handleMini(bytes, payloadAt, payloadLength, readVideoTimestamp(bytes, at), marker, nowMs);
  }

  private handleFull(bytes: Uint8Array, at: number, length: number, from: Address, nowMs: number): DatagramUse {
    if (readFrameType(bytes, at) === FRAME_TYPE.VIDEO) return this.handleFullVideo(bytes, at, length, from, nowMs);
    if (readFrameType(bytes, at) !== FRAME_TYPE.VOICE) return 'signalling';
    const stream = this.streams.ofCall(from, readSourceCall(bytes, at));
    if (stream === undefined || readDestinationCall(bytes, at) !== stream.spec.localCall) return 'signalling';
    const format = expandSubclass(readSubclassByte(bytes, at));
    const timestamp = readFullTimestamp(bytes, at);
    stream.handleFullVoice(bytes, at + FULL_HEADER_LENGTH, length - FULL_HEADER_LENGTH, format, timestamp, nowMs);
    return 'both';
  }

  private handleFullVideo(bytes: Uint8Array, at: number, length: number, from: Address, nowMs: number): DatagramUse {
    const stream = this.videos.ofCall(from, readSourceCall(bytes, at));
    if (stream === undefined || readDestinationCall(bytes, at) !== stream.spec.localCall) return 'signalling';
    const subclass = readSubclassByte(bytes, at);
    const format = expandSubclass(subclass & ~VIDEO_MARKER);
    const marker = (subclass & VIDEO_MARKER) !== 0;
    const [payloadAt, payloadLength] = [at + FULL_HEADER_LENGTH, length - FULL_HEADER_LENGTH];
    const timestamp = readFullTimestamp(bytes, at);
    stream.handleFull(bytes, payloadAt, payloadLength, format, marker, readOSeqno(bytes, at), timestamp, nowMs);
    return 'both';
  }

  private handleTrunk(
    bytes: Uint8Array,
    at: number,
    length: number,
    from: Address,
    headroom: number,
    nowMs: number,
  ): DatagramUse {
    const { trunk } = this;
    if (!trunk.begin(bytes, at, length)) return 'signalling';
    while (trunk.next()) {
      const stream = this.streams.ofCall(from, trunk.sourceCall);
      if (stream === undefined) this.counters.increment('media.unknown-call');
      else if (trunk.withTimestamps)
        stream.handleMini(bytes, trunk.payloadAt, trunk.payloadLength, trunk.entryTimestamp, nowMs, headroom);
      else stream.handleSupermini(bytes, trunk.payloadAt, trunk.payloadLength, trunk.timestamp, nowMs, headroom);
    }
    if (trunk.overrun) this.counters.increment('media.trunk-overrun');
    return 'media';
  }

  // ---- streams of another plane

  /** Opens a stream whose body is in another plane. */
  openFar(stream: StreamId, kind: FarKind, far: FarPlane, nowMs: number): void {
    this.streams.get(stream)?.close(nowMs);
    this.streams.add(new FarStream(stream, kind, far));
  }

  /** Who hears what `source`, of another plane, says: `listener`, if it still is to. */
  listenerTo(source: StreamId, listener: StreamId): Listener | undefined {
    if (listener < 0) return this.streams.memberOf(-listener);
    if (this.streams.heardBy(listener) !== source) return undefined;
    const stream = this.streams.get(listener);
    return stream instanceof FarStream ? undefined : stream;
  }

  /** Whether a stream is open for the voice of this call. */
  hasCall(from: Address, sourceCall: number): boolean {
    return this.streams.ofCall(from, sourceCall) !== undefined;
  }

  // ---- commands of the signalling plane

  open(stream: StreamId, spec: StreamSpec, nowMs: number): void {
    if (this.isIdle) this.begin(nowMs);
    this.streams.get(stream)?.close(nowMs);
    this.streams.add(this.opened(stream, spec, nowMs));
  }

  /** The first stream or room of all: from now on there are slots. */
  private begin(nowMs: number): void {
    this.nextSlotMs = slotAfter(nowMs);
    this.nextTrunkMs = this.nextSlotMs;
  }

  private opened(stream: StreamId, spec: StreamSpec, nowMs: number): AnyStream {
    switch (spec.kind) {
      case 'iax2':
        return new Iax2Stream(stream, spec, this.parts);
      case 'rtp':
        return new RtpStream(stream, spec, this.parts, nowMs);
      case 'line':
        return new LineStream(stream, spec, this.parts);
    }
  }

  openVideo(stream: StreamId, spec: VideoSpec, nowMs: number): void {
    if (this.isIdle) this.begin(nowMs);
    const known = this.videos.get(stream);
    // Offer and answer may change a picture; its port stays.
    if (spec.kind === 'rtp' && known instanceof RtpVideoStream && known.spec.localPort === spec.localPort) {
      known.update(spec);
      return;
    }
    if (spec.kind === 'rtp') this.videos.add(new RtpVideoStream(stream, spec, this.parts, nowMs));
    else this.videos.add(new Iax2VideoStream(stream, spec, this.parts));
  }

  requestPicture(stream: StreamId, by: 'pli' | 'fir', nowMs: number): void {
    const found = this.videos.get(stream);
    if (found instanceof RtpVideoStream) found.requestPicture(by, nowMs);
  }

  closeVideo(stream: StreamId, nowMs: number): void {
    const found = this.videos.get(stream);
    if (found instanceof RtpVideoStream) found.close(nowMs);
    this.videos.remove(stream);
  }

  close(stream: StreamId, nowMs: number): void {
    const counts = this.streams.get(stream)?.statistics();
    if (counts !== undefined) this.keepCounts(stream, counts);
    this.streams.get(stream)?.close(nowMs);
    this.streams.remove(stream);
    this.closeVideo(stream, nowMs);
    this.videos.patch();
  }

  hear(stream: StreamId, source: Source, nowMs: number): void {
    if (this.isIdle) this.begin(nowMs);
    this.streams.hear(stream, source);
    this.videos.patch();
  }

  tellRoom(room: StreamId, order: RoomOrder): void {
    this.rooms.tell(room, order);
  }

  playDigit(stream: StreamId, digit: string, durationMs: number): void {
    this.streams.get(stream)?.playDigit(digit, durationMs);
  }

  playSignal(stream: StreamId, steps: readonly SignalStep[]): void {
    const found = this.streams.get(stream);
    if (found instanceof LineStream) found.playSignal(steps);
  }

  update(stream: StreamId, session: RtpSession): void {
    const found = this.streams.get(stream);
    if (found instanceof RtpStream) found.update(session);
  }

  setFormat(stream: StreamId, format: number): void {
    this.iax2(stream)?.setFormat(format);
  }

  noteSent(stream: StreamId, timestamp: number): void {
    this.iax2(stream)?.noteSent(timestamp);
  }

  noteReceived(stream: StreamId, timestamp: number): void {
    this.iax2(stream)?.unwrapper.note(timestamp);
  }

  quelch(stream: StreamId, on: boolean): void {
    this.iax2(stream)?.quelch(on);
    this.videos.get(stream)?.quelch(on);
  }

  lastTimestamp(stream: StreamId): number {
    return this.iax2(stream)?.clock.last ?? 0;
  }

  /** What numbers an open stream's own voice; it stays the same until the stream is closed. */
  numberingOf(stream: StreamId): VoiceClock | RtpOutput | undefined {
    const found = this.streams.get(stream);
    return found instanceof RtpStream ? found.output : this.iax2(stream)?.clock;
  }

  /** RTP: what those who hear it on another thread add to its voice. */
  noteHeard(stream: StreamId, late: number, delayMs: number): void {
    const found = this.streams.get(stream);
    if (found instanceof RtpStream) found.noteHeard(late, delayMs);
  }

  statistics(stream: StreamId): StreamStatistics | undefined {
    const counts = this.liveStatistics(stream);
    return counts === undefined ? undefined : { ...counts };
  }

  /** The same in an object that is written again the next time: nothing is made for who reads it at once. */
  liveStatistics(stream: StreamId): StreamStatistics | undefined {
    return this.streams.get(stream)?.statistics() ?? this.lastCounts.get(stream);
  }

  /** Whose voice an open stream is on the wire; undefined for a line or an unknown stream. */
  iax2Spec(stream: StreamId): Iax2StreamSpec | undefined {
    return this.iax2(stream)?.spec;
  }

  rtpPorts(stream: StreamId): readonly number[] {
    const streams = [this.streams.get(stream), this.videos.get(stream)];
    return streams.flatMap((one) =>
      one instanceof RtpStream || one instanceof RtpVideoStream ? [one.spec.localPort] : [],
    );
  }

  private keepCounts(stream: StreamId, counts: StreamStatistics): void {
    this.lastCounts.set(stream, counts);
    if (this.lastCounts.size <= KEPT_COUNTS) return;
    const [oldest] = this.lastCounts.keys();
    if (oldest !== undefined) this.lastCounts.delete(oldest);
  }

  private iax2(id: StreamId): Iax2Stream | undefined {
    const stream = this.streams.get(id);
    return stream instanceof Iax2Stream ? stream : undefined;
  }
}

const NOWHERE: RtpSink = () => {};

function slotAfter(nowMs: number, slotMs = SLOT_MS): number {
  return (Math.floor(nowMs / slotMs) + 1) * slotMs;
}
