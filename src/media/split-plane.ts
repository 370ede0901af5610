import type { Counters } from '../base/counters.ts';
import type { SignalStep } from '../base/line-signal.ts';
import type { Address } from '../base/machine.ts';
import type {
  Iax2StreamSpec,
  MediaEvent,
  RoomOrder,
  RtpSession,
  RtpStreamSpec,
  Source,
  StreamId,
  StreamSpec,
  StreamStatistics,
  VideoSpec,
} from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import { RecordRing } from '../base/record-ring.ts';
import { frameKind, readFrameType, readSourceCall } from '../iax2/frame-header.ts';
import { FRAME_TYPE } from '../iax2/subclass.ts';
import type { FarKind } from './far-stream.ts';
import { FarVoiceReader, farPlaneBy, lawNumber, type Say } from './far-voice.ts';
import { lawOfFormat } from './g711-format.ts';
import { PACKET_MS } from './iax2-stream.ts';
import { type DatagramUse, MediaPlane, type MediaPlaneOptions, type Plane } from './plane.ts';
import { COMMAND, type PlaneLinkMemory, RESERVE_BYTES, roomPlaceOf, StreamReadings } from './plane-link.ts';
import { type DatagramReceiver, WorkerReports } from './worker-reports.ts';
import { continued, type WorkerStream, WorkerStreams, withSession } from './worker-streams.ts';

/** As many reports are read before others get a turn. */
const REPORTS_PER_TURN = 512;
/** The worker is told this often what becomes of its voice here. */
const HEARD_MS = 1_000;

export interface SplitPlaneOptions extends MediaPlaneOptions {
  /** Whether the datagrams of the IAX2 call with this number may be encrypted: its key is signalling's. */
  readonly isSealed: (localCall: number) => boolean;
  readonly worker: WorkerNotices;
  /** Absent where there is no RTP. */
  readonly rtpPorts?: RtpPortLender;
}

/** Whoever has the sockets of RTP. */
export interface RtpPortLender {
  /** The worker reads and sends by the even one of this pair from now on; gives its descriptor, if it can have it. */
  lend(localPort: number): number | undefined;
  /** A port that stays in use is no longer the worker's. */
  takeBack(localPort: number): void;
}

/** What whoever runs the worker is told. */
export interface WorkerNotices {
  /** There is something new for it to read. */
  readonly onCommand: () => void;
  /** It does not read what it is told: another one must take its place. */
  readonly onStuck: () => void;
}

/**
 * The media plane in two pieces: IAX2 and RTP voice and all rooms are in the worker's, at the sockets; lines and encrypted calls
 * are in one on this thread, where their blocks and keys are. Each piece has a `FarStream` in the place of each stream of the
 * other, so that streams hear each other across; what they say travels through shared memory
 * (docs/decisions/0021-media-worker.md).
 */
export class SplitPlane implements Plane {
  private readonly near: MediaPlane;
  private readonly counters: Counters;
  private readonly workers = new WorkerStreams();
  /** Streams of this thread, as the worker knows them. */
  private readonly nears = new Map<StreamId, FarKind>();
  /** Those of encrypted calls. */
  private readonly sealed = new Set<StreamId>();
  private readonly sources = new Map<StreamId, Source>();
  /** Streams of this thread whose place in a room is open. */
  private readonly placed = new Set<StreamId>();
  /** Rooms that are recorded. */
  private readonly recorded = new Set<StreamId>();
  private readonly events = new Queue<MediaEvent>();
  private readonly told: WorkerReports;
  private commands: RecordRing | undefined;
  private reports: RecordRing | undefined;
  private readings: StreamReadings | undefined;
  private tapped = false;
  private nextHeardMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SplitPlaneOptions) {
    this.counters = options.counters;
    this.near = new MediaPlane(options);
    const { counters, sendRtp } = options;
    this.told = new WorkerReports({
      ...{ voice: new FarVoiceReader(this.near), events: this.events, counters, sendRtp },
      onRecorded: this.noteRecorded,
    });
  }

  // ---- the worker

  /** A worker begins, at the first start or in the place of one that died: it is told of all streams that are open. */
  attach(memory: PlaneLinkMemory, nowMs: number): void {
    const lastSent = new Map([...this.workers.values()].map(({ id, slot }) => [id, this.readings?.last(slot) ?? 0]));
    this.commands = new RecordRing(memory.commands);
    this.reports = new RecordRing(memory.reports);
    this.readings = new StreamReadings(memory.readings);
    for (const [id, kind] of this.nears) this.tellNear(id, kind);
    for (const stream of this.workers.values()) this.reopen(stream, lastSent.get(stream.id) ?? 0, nowMs);
    for (const room of this.recorded) this.order(room, { kind: 'record', on: true });
    for (const [id, source] of this.sources) this.tellSource(id, source);
    if (this.sealed.size > 0) this.command(COMMAND.PASS_UNKNOWN, 1);
    if (this.tapped) this.command(COMMAND.TAP, 1);
  }

  /** There is no worker: calls stand, their voice does not. */
  detach(): void {
    this.commands = undefined;
  }

  private reopen(stream: WorkerStream, lastSent: number, nowMs: number): void {
    if (stream.spec.kind === 'rtp') {
      stream.spec = continued(stream.spec, lastSent, nowMs - stream.openedMs);
      stream.openedMs = nowMs;
    }
    this.tellOpen(stream, lastSent);
    if (stream.spec.kind === 'rtp') return;
    this.command(COMMAND.FORMAT, stream.id, stream.format);
    this.command(COMMAND.SENT, stream.id, lastSent);
    if (stream.received > 0) this.command(COMMAND.RECEIVED, stream.id, stream.received);
    if (stream.quelched) this.command(COMMAND.QUELCH, stream.id, 1);
  }

  private tellOpen({ id, slot, spec, descriptor }: WorkerStream, lastSent: number): void {
    this.readings?.clear(slot, lastSent);
    this.command(COMMAND.OPEN, id, slot, JSON.stringify(spec), descriptor);
  }

  /** Whether every datagram that passes the worker's socket is wanted. */
  setTapped(on: boolean): void {
    this.tapped = on;
    this.command(COMMAND.TAP, on ? 1 : 0);
  }

  /** Takes what the worker has reported; true if there is more than fits into one turn. */
  readReports(receiver: DatagramReceiver, nowMs: number): boolean {
    const { reports } = this;
    if (reports === undefined) return false;
    for (let n = 0; n < REPORTS_PER_TURN; n++) {
      if (!reports.next()) return false;
      this.told.take(reports, receiver, nowMs);
    }
    return true;
  }

  private command(kind: number, a: number, b = 0, text = '', c = 0, d = 0): void {
    if (this.commands === undefined) return;
    if (this.commands.push(kind, a, b, c, d, 0, 0, undefined, 0, 0, text)) this.options.worker.onCommand();
    else this.handleStuck();
  }

  private handleStuck(): void {
    this.detach();
    this.options.worker.onStuck();
  }

  /** What comes from outside leaves room for commands. */
  private readonly give: Say = (kind, a, b, c, d, e, f, bytes, at, length, text) => {
    if (this.commands?.push(kind, a, b, c, d, e, f, bytes, at, length, text, RESERVE_BYTES) === true)
      this.options.worker.onCommand();
    else this.counters.increment('media.worker-behind');
  };

  private readonly far = farPlaneBy(this.give);

  // ---- packets and blocks of this thread

  /** A datagram that the worker has passed on without taking anything from it. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): DatagramUse {
    const use = this.near.handleDatagram(bytes, from, nowMs);
    // It came together with the frame that had its stream opened: only now can the stream have it.
    if (use === 'signalling' && isVoice(bytes) && this.workers.hasCall(from, readSourceCall(bytes)))
      this.commands?.push(COMMAND.DATAGRAM, from.port, 0, 0, 0, 0, 0, bytes, 0, bytes.length, from.ip, RESERVE_BYTES);
    return use;
  }

  /** RTCP, which comes to this thread, and what came before the worker had the port. */
  handleRtp(localPort: number, bytes: Uint8Array, from: Address, nowMs: number): void {
    if (this.workers.ofRtpPort(localPort & ~1) === undefined) this.near.handleRtp(localPort, bytes, from, nowMs);
    else this.give(COMMAND.RTP, localPort, from.port, nowMs, 0, 0, 0, bytes, 0, bytes.length, from.ip);
  }

  exchangeLineBlock(port: number, up: Uint8Array, down: Uint8Array, nowMs: number): boolean {
    return this.near.exchangeLineBlock(port, up, down, nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.near.handleTimeout(nowMs);
    if (nowMs < this.nextHeardMs) return;
    this.nextHeardMs = nowMs + HEARD_MS;
    for (const { id, spec } of this.workers.values())
      if (spec.kind === 'rtp' && spec.wantsVoipMetrics === true) this.tellHeard(id);
  }

  /** A far end that wants to know how it sounds is told what a playout buffer on this thread does to its voice, too. */
  private tellHeard(stream: StreamId): void {
    const heard = this.near.statistics(stream);
    if (heard !== undefined) this.command(COMMAND.HEARD, stream, heard.late, '', heard.delayMs);
  }

  nextDeadline(): number | undefined {
    return this.near.nextDeadline();
  }

  poll(): MediaEvent | undefined {
    return this.events.shift() ?? this.near.poll();
  }

  // ---- commands of the signalling plane

  open(stream: StreamId, spec: StreamSpec, nowMs: number): void {
    const opened = this.openThere(stream, spec, nowMs);
    if (opened === undefined) {
      this.openNear(stream, spec, nowMs);
      return;
    }
    this.forgetNear(stream, nowMs);
    this.near.openFar(stream, kindOf(spec), this.far, nowMs);
    this.tellOpen(opened, spec.kind === 'rtp' ? spec.firstSequence - 1 : 0);
  }

  /** Undefined where it must be on this thread: its keys or blocks are here, or the worker has no room or no port for it. */
  private openThere(stream: StreamId, spec: StreamSpec, nowMs: number): WorkerStream | undefined {
    if (spec.kind === 'iax2')
      return this.options.isSealed(spec.localCall) ? undefined : this.workers.open(stream, spec, nowMs);
    if (spec.kind === 'line' || spec.srtp !== undefined) return undefined;
    const descriptor = this.options.rtpPorts?.lend(spec.localPort);
    if (descriptor === undefined) return undefined;
    const opened = this.workers.open(stream, spec, nowMs, descriptor);
    if (opened === undefined) this.options.rtpPorts?.takeBack(spec.localPort);
    return opened;
  }

  /** Pictures are on this thread, whose voice is where ever: they must not stand in its way. */
  openVideo(stream: StreamId, spec: VideoSpec, nowMs: number): void {
    this.near.openVideo(stream, spec, nowMs);
  }

  requestPicture(stream: StreamId, by: 'pli' | 'fir', nowMs: number): void {
    this.near.requestPicture(stream, by, nowMs);
  }

  closeVideo(stream: StreamId, nowMs: number): void {
    this.near.closeVideo(stream, nowMs);
  }

  private openNear(stream: StreamId, spec: StreamSpec, nowMs: number): void {
    this.workers.close(stream);
    this.near.open(stream, spec, nowMs);
    const kind = kindOf(spec);
    this.nears.set(stream, kind);
    this.tellNear(stream, kind);
    this.place(stream, nowMs);
    if (spec.kind !== 'iax2') return;
    this.sealed.add(stream);
    this.command(COMMAND.PASS_UNKNOWN, 1);
  }

  private tellNear(stream: StreamId, { packetMs = 0, law, isRtp }: FarKind): void {
    this.command(COMMAND.OPEN_FAR, stream, packetMs, '', lawNumber(law), isRtp ? 1 : 0);
  }

  private forgetNear(stream: StreamId, nowMs: number): void {
    this.nears.delete(stream);
    this.place(stream, nowMs);
    if (this.sealed.delete(stream) && this.sealed.size === 0) this.command(COMMAND.PASS_UNKNOWN, 0);
  }

  close(stream: StreamId, nowMs: number): void {
    this.near.close(stream, nowMs);
    this.workers.close(stream);
    const room = this.roomOf(stream);
    this.sources.delete(stream);
    for (const [listener, source] of this.sources)
      if (source.kind === 'stream' && source.stream === stream) this.sources.delete(listener);
    this.forgetNear(stream, nowMs);
    this.command(COMMAND.CLOSE, stream);
    this.noteLeft(room);
  }

  hear(stream: StreamId, source: Source, nowMs: number): void {
    const room = this.roomOf(stream);
    if (source.kind === 'nothing') this.sources.delete(stream);
    else this.sources.set(stream, source);
    this.tellSource(stream, source);
    // Muted or louder in the room where it is: nothing that is under way may be lost.
    if (room !== undefined && room === this.roomOf(stream)) return;
    this.near.hear(stream, source.kind === 'room' ? { kind: 'stream', stream: source.room } : source, nowMs);
    this.place(stream, nowMs);
    this.noteLeft(room);
  }

  private tellSource(stream: StreamId, source: Source): void {
    this.command(COMMAND.HEAR, stream, 0, JSON.stringify(source));
  }

  // ---- rooms, which are the worker's

  private roomOf(stream: StreamId): StreamId | undefined {
    const source = this.sources.get(stream);
    return source?.kind === 'room' ? source.room : undefined;
  }

  /** A stream of this thread hears the room as a stream there; what it says goes to its place in it, which hears it here. */
  private place(stream: StreamId, nowMs: number): void {
    const wanted = this.nears.has(stream) && this.roomOf(stream) !== undefined;
    if (wanted === this.placed.has(stream)) return;
    const place = roomPlaceOf(stream);
    if (wanted) {
      this.placed.add(stream);
      this.near.openFar(place, PLACE, this.far, nowMs);
      this.near.hear(place, { kind: 'stream', stream }, nowMs);
    } else {
      this.placed.delete(stream);
      this.near.close(place, nowMs);
    }
  }

  tellRoom(room: StreamId, order: RoomOrder): void {
    if (order.kind === 'record' && order.on) this.recorded.add(room);
    this.order(room, order);
    if (order.kind === 'record' && !order.on) this.endRecording(room);
  }

  private order(room: StreamId, order: RoomOrder): void {
    this.command(COMMAND.ROOM, room, 0, JSON.stringify(order));
  }

  /** Somebody has left a room; the last one ends its recording. */
  private noteLeft(room: StreamId | undefined): void {
    if (room === undefined) return;
    for (const source of this.sources.values()) if (source.kind === 'room' && source.room === room) return;
    this.endRecording(room);
  }

  /** The worker tells the rest of what it has recorded; without one there is none. */
  private endRecording(room: StreamId): void {
    if (this.recorded.has(room) && this.commands === undefined) this.noteRecorded(room, new Uint8Array(), true);
  }

  private readonly noteRecorded = (room: StreamId, payload: Uint8Array, last: boolean): void => {
    if (last) this.recorded.delete(room);
    this.events.push({ type: 'recorded', room, payload, last });
  };

  playDigit(stream: StreamId, digit: string, durationMs: number): void {
    if (this.workers.get(stream) === undefined) this.near.playDigit(stream, digit, durationMs);
    else this.command(COMMAND.DIGIT, stream, durationMs, digit);
  }

  playSignal(stream: StreamId, steps: readonly SignalStep[]): void {
    this.near.playSignal(stream, steps);
  }

  update(stream: StreamId, session: RtpSession, nowMs: number): void {
    const found = this.workers.get(stream);
    if (found?.spec.kind !== 'rtp') this.near.update(stream, session);
    else if (session.srtp !== undefined) this.seal(found.spec, stream, session, nowMs);
    else {
      const kind = kindOf(found.spec);
      found.spec = withSession(found.spec, session);
      if (kindOf(found.spec).law !== kind.law) this.near.openFar(stream, kindOf(found.spec), this.far, nowMs);
      this.command(COMMAND.UPDATE, stream, 0, JSON.stringify(session));
    }
  }

  /** A call gets keys, which are for this thread alone: its voice moves here, as another source. [RFC3550 §8] */
  private seal(spec: RtpStreamSpec, stream: StreamId, session: RtpSession, nowMs: number): void {
    this.options.rtpPorts?.takeBack(spec.localPort);
    this.openNear(stream, { ...withSession(spec, session), ssrc: (spec.ssrc + 1) >>> 0 }, nowMs);
  }

  setFormat(stream: StreamId, format: number): void {
    const found = this.workers.get(stream);
    if (found === undefined) this.near.setFormat(stream, format);
    else {
      found.format = format;
      this.command(COMMAND.FORMAT, stream, format);
    }
  }

  noteSent(stream: StreamId, timestamp: number): void {
    if (this.workers.get(stream) === undefined) this.near.noteSent(stream, timestamp);
    else this.command(COMMAND.SENT, stream, timestamp);
  }

  noteReceived(stream: StreamId, timestamp: number): void {
    const found = this.workers.get(stream);
    if (found === undefined) this.near.noteReceived(stream, timestamp);
    else {
      found.received = timestamp;
      this.command(COMMAND.RECEIVED, stream, timestamp);
    }
  }

  quelch(stream: StreamId, on: boolean): void {
    const found = this.workers.get(stream);
    this.near.quelch(stream, on);
    if (found !== undefined) {
      found.quelched = on;
      this.command(COMMAND.QUELCH, stream, on ? 1 : 0);
    }
  }

  lastTimestamp(stream: StreamId): number {
    const found = this.workers.get(stream);
    if (found === undefined) return this.near.lastTimestamp(stream);
    return found.spec.kind === 'iax2' ? (this.readings?.last(found.slot) ?? 0) : 0;
  }

  /** Playout delay of what a line here hears of a stream there is counted here. */
  statistics(stream: StreamId): StreamStatistics | undefined {
    const near = this.near.statistics(stream);
    const slot = this.workers.slotOf(stream);
    const there = slot === undefined ? undefined : this.readings?.statistics(slot, stream);
    if (there === undefined || near === undefined) return there ?? near;
    return { ...there, late: Math.max(there.late, near.late), delayMs: Math.max(there.delayMs, near.delayMs) };
  }

  iax2Spec(stream: StreamId): Iax2StreamSpec | undefined {
    const spec = this.workers.get(stream)?.spec;
    return spec?.kind === 'iax2' ? spec : this.near.iax2Spec(stream);
  }

  rtpPorts(stream: StreamId): readonly number[] {
    const spec = this.workers.get(stream)?.spec;
    const ports = this.near.rtpPorts(stream);
    return spec?.kind === 'rtp' ? [spec.localPort, ...ports] : ports;
  }
}

/** A room takes what is said in blocks of lines as well as in packets. */
const PLACE: FarKind = { packetMs: PACKET_MS, law: 'ulaw', isRtp: false };

function isVoice(bytes: Uint8Array): boolean {
  return frameKind(bytes) === 'full' && readFrameType(bytes) === FRAME_TYPE.VOICE;
}

function kindOf(spec: StreamSpec): FarKind {
  switch (spec.kind) {
    case 'iax2':
      return { packetMs: PACKET_MS, law: lawOfFormat(spec.format) ?? 'ulaw', isRtp: false };
    case 'rtp':
      return { packetMs: undefined, law: spec.codec === 'alaw' ? 'alaw' : 'ulaw', isRtp: true };
    case 'line':
      return { packetMs: undefined, law: spec.law, isRtp: false };
  }
}
