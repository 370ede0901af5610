import { Counters } from '../base/counters.ts';
import type { Address } from '../base/machine.ts';
import type { RoomOrder, RtpSession, Source, StreamId, StreamSpec } from '../base/media-port.ts';
import { RecordRing } from '../base/record-ring.ts';
import { frameKind, readSourceCall } from '../iax2/frame-header.ts';
import { FarVoiceReader, farPlaneBy, lawOfNumber } from './far-voice.ts';
import { MediaPlane } from './plane.ts';
import {
  COMMAND,
  DATAGRAM_RESERVE_BYTES,
  type PlaneLinkMemory,
  REPORT,
  RESERVE_BYTES,
  StreamReadings,
} from './plane-link.ts';

/** A socket whose datagrams are taken and sent many at a time. */
export interface DatagramBatches {
  /** The most that `receive` gives. */
  readonly capacity: number;
  /** Takes some of those that wait; how many. They lie in `bytes`, which may be written over, until the next call. */
  receive(): number;
  readonly bytes: Uint8Array;
  /** Where one begins in `bytes`, how long it is, and who sent it. */
  startOf(index: number): number;
  lengthOf(index: number): number;
  senderOf(index: number): Address;
  /** The same address in the shape that sending needs the least time for. */
  destination(to: Address): Address;
  /** Adds one to those that `flush` sends; a part of `bytes` is sent as it is at that time. */
  send(to: Address, bytes: Uint8Array, at: number, length: number): void;
  flush(): void;
}

/** The sockets of RTP streams, one for each. */
export interface RtpSockets {
  /** The most that `receive` gives while nothing `waits`. */
  readonly capacity: number;
  /** Looks which of them have something; how many. */
  ready(nowMs: number): number;
  /** The port of one that has. */
  portOf(index: number): number;
  /** Takes some of what came to it; how many. They stand until the next call. */
  receive(index: number, nowMs: number): number;
  /** More of what came to the last one is to be taken at once. */
  readonly waits: boolean;
  bytes(i: number): Uint8Array;
  senderOf(i: number): Address;
  /** A port is of a stream until it is closed; what still comes then is given as before. */
  open(localPort: number, descriptor: number): void;
  close(localPort: number): void;
  isOpen(localPort: number): boolean;
  /** Sends at once from a port that is open. */
  send(localPort: number, to: Address, bytes: Uint8Array, at: number, length: number): void;
}

/** What the plane of the worker receives and sends by. */
export interface PlaneSockets {
  /** The IAX2 port; undefined where there is none. */
  readonly iax2?: DatagramBatches | undefined;
  /** Undefined where there is no RTP. */
  readonly rtp?: RtpSockets | undefined;
}

/** So many times `receive` is asked in a tick: a flood waits in the kernel, and is lost there, while calls go on. */
const RECEIVES_PER_TICK = 16;

/** The same after a sleep, and for each port of RTP then: all that the kernel keeps. */
const BACKLOG_RECEIVES = 128;

const COUNTS_MS = 200;
/** Each stream's counts are written down once in so many ticks. */
const STATISTICS_TICKS = 100;

interface ReadStream {
  readonly id: StreamId;
  readonly slot: number;
}

/**
 * The plane of the media worker between its socket and the main thread: each tick takes the main thread's commands and what
 * the socket has, lets the plane answer, and sends it all. No clock, no system call: `tick` is its body.
 */
export class WorkerPlane {
  private readonly plane: MediaPlane;
  private readonly socket: DatagramBatches | undefined;
  private readonly rtp: RtpSockets | undefined;
  private readonly counts = new PendingCounts();
  private readonly commands: RecordRing;
  private readonly reports: RecordRing;
  private readonly readings: StreamReadings;
  private readonly open: ReadStream[] = [];
  private readonly voice: FarVoiceReader;
  private passesUnknown = false;
  private tapped = false;
  private ticks = 0;
  private nextCountsMs = 0;
  /** Something was reported in this tick. */
  private reported = false;

  constructor(memory: PlaneLinkMemory, { iax2, rtp }: PlaneSockets) {
    this.socket = iax2;
    this.rtp = rtp;
    this.commands = new RecordRing(memory.commands);
    this.reports = new RecordRing(memory.reports);
    this.readings = new StreamReadings(memory.readings);
    this.plane = new MediaPlane({
      send: (to, bytes, at, length) => this.send(to, bytes, at, length),
      sendRtp: (localPort, to, bytes, at, length) => this.sendRtp(localPort, to, bytes, at, length),
      counters: this.counts,
      backlogMs: 0,
    });
    this.voice = new FarVoiceReader(this.plane);
  }

  /** While no stream is open and nobody is in a room only datagrams and commands need a tick. */
  get isIdle(): boolean {
    return this.plane.nextDeadline() === undefined;
  }

  get hasCommands(): boolean {
    return !this.commands.isEmpty;
  }

  /** Something that the socket does beside this class is counted. */
  count(reason: string): void {
    this.counts.increment(reason);
  }

  /** Whether the main thread has something new to read. */
  tick(nowMs: number): boolean {
    this.reported = false;
    this.takeCommands(nowMs);
    // What came during a sleep is thrown away in one tick: what stayed of it would leave as a burst in the next ones.
    const slept = this.plane.isBacklog(nowMs);
    this.takeDatagrams(slept ? BACKLOG_RECEIVES : RECEIVES_PER_TICK, nowMs);
    this.takeRtp(slept ? BACKLOG_RECEIVES : 1, nowMs);
    this.plane.tick(nowMs);
    this.tellEvents();
    this.socket?.flush();
    this.writeReadings();
    if (nowMs >= this.nextCountsMs) {
      this.nextCountsMs = nowMs + COUNTS_MS;
      this.counts.drain(this.tellCount);
    }
    return this.reported;
  }

  // ---- datagrams

  private takeDatagrams(rounds: number, nowMs: number): void {
    const { socket } = this;
    if (socket === undefined) return;
    for (let round = 0; round < rounds; round++) {
      const count = socket.receive();
      for (let i = 0; i < count; i++) this.take(socket, i, nowMs);
      if (count < socket.capacity) return;
    }
  }

  private take(socket: DatagramBatches, index: number, nowMs: number): void {
    const { bytes } = socket;
    const at = socket.startOf(index);
    const length = socket.lengthOf(index);
    const from = socket.senderOf(index);
    if (this.tapped) this.tap(0, bytes, at, length, from);
    const kind = frameKind(bytes, at, length);
    if (this.passesUnknown && kind === 'mini' && !this.plane.hasCall(from, readSourceCall(bytes, at))) {
      this.pass(bytes, at, length, from, false);
      return;
    }
    // Pictures are the main thread's.
    if (kind === 'video-mini' && !this.plane.isBacklog(nowMs)) {
      this.pass(bytes, at, length, from, false);
      return;
    }
    const use = this.plane.handleDatagramAt(kind, bytes, at, length, from, nowMs);
    if (use !== 'media') this.pass(bytes, at, length, from, use === 'both');
  }

  private takeRtp(rounds: number, nowMs: number): void {
    const { rtp } = this;
    if (rtp === undefined) return;
    const ready = rtp.ready(nowMs);
    for (let index = 0; index < ready; index++) {
      let left = rounds;
      let count: number;
      do {
        count = this.takeFromPort(rtp, index, nowMs);
        left--;
      } while (rtp.waits || (left > 0 && count === rtp.capacity));
    }
  }

  private takeFromPort(rtp: RtpSockets, index: number, nowMs: number): number {
    const count = rtp.receive(index, nowMs);
    const port = rtp.portOf(index);
    for (let i = 0; i < count; i++) {
      const bytes = rtp.bytes(i);
      const from = rtp.senderOf(i);
      if (this.tapped) this.tap(0, bytes, 0, bytes.length, from, port);
      if (rtp.isOpen(port)) this.plane.handleRtp(port, bytes, from, nowMs);
      else this.counts.increment('rtp.call-over');
    }
    return count;
  }

  private pass(bytes: Uint8Array, at: number, length: number, from: Address, taken: boolean): void {
    this.report(REPORT.DATAGRAM, from.port, taken ? 1 : 0, 0, 0, 0, bytes, at, length, from.ip, DATAGRAM_RESERVE_BYTES);
  }

  private send(to: Address, bytes: Uint8Array, at: number, length: number): void {
    if (this.tapped) this.tap(1, bytes, at, length, to);
    this.socket?.send(to, bytes, at, length);
  }

  /** What goes by a port of the main thread, as reports do, is sent there. */
  private sendRtp(localPort: number, to: Address, bytes: Uint8Array, at: number, length: number): void {
    const { rtp } = this;
    if (rtp?.isOpen(localPort) === true) {
      if (this.tapped) this.tap(1, bytes, at, length, to, localPort);
      rtp.send(localPort, to, bytes, at, length);
    } else this.report(REPORT.RTP, localPort, to.port, 0, 0, 0, bytes, at, length, to.ip, RESERVE_BYTES);
  }

  private tap(out: number, bytes: Uint8Array, at: number, length: number, remote: Address, localPort = 0): void {
    this.report(REPORT.TAP, remote.port, out, localPort, 0, 0, bytes, at, length, remote.ip, DATAGRAM_RESERVE_BYTES);
  }

  // ---- to the main thread

  private report(
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    bytes?: Uint8Array,
    at?: number,
    length?: number,
    text?: string,
    reserve?: number,
  ): void {
    this.reported = true;
    if (!this.reports.push(kind, a, b, c, d, e, 0, bytes, at, length, text, reserve))
      this.counts.increment('media.reports-full');
  }

  private tellEvents(): void {
    for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll()) {
      if (event.type === 'voice-full-due') {
        const { stream, timestamp, format, payload } = event;
        this.report(REPORT.VOICE_FULL_DUE, stream, timestamp, format, 0, 0, payload, 0, payload.length);
      } else if (event.type === 'no-format') this.report(REPORT.NO_FORMAT, event.stream, 0, 0, 0, 0);
      else if (event.type === 'digit-begin') this.tellDigit(REPORT.DIGIT_BEGIN, event.stream, event.digit);
      else if (event.type === 'digit-end')
        this.tellDigit(REPORT.DIGIT_END, event.stream, event.digit, event.durationMs);
      else if (event.type === 'flash') this.report(REPORT.FLASH, event.stream, 0, 0, 0, 0);
      else if (event.type === 'recorded') {
        const { room, payload, last } = event;
        this.report(REPORT.RECORDED, room, last ? 1 : 0, 0, 0, 0, payload, 0, payload.length);
      }
    }
  }

  private tellDigit(kind: number, stream: StreamId, digit: string, durationMs = 0): void {
    this.report(kind, stream, durationMs, 0, 0, 0, undefined, 0, 0, digit);
  }

  private readonly tellCount = (reason: string, by: number): void => {
    this.report(REPORT.COUNT, by, 0, 0, 0, 0, undefined, 0, 0, reason);
  };

  private readonly far = farPlaneBy((kind, a, b, c, d, e, f, bytes, at, length) => {
    this.reported = true;
    if (!this.reports.push(kind, a, b, c, d, e, f, bytes, at, length, undefined, RESERVE_BYTES))
      this.counts.increment('media.reports-full');
  });

  /** Some of the streams in each tick, all of them in turn. */
  private writeReadings(): void {
    const { open } = this;
    for (let i = this.ticks++ % STATISTICS_TICKS; i < open.length; i += STATISTICS_TICKS)
      this.writeStatistics(open[i]!.id, open[i]!.slot);
  }

  private writeStatistics(id: StreamId, slot: number): void {
    const counts = this.plane.liveStatistics(id);
    if (counts !== undefined) this.readings.write(slot, id, counts);
  }

  // ---- from the main thread

  private takeCommands(nowMs: number): void {
    const { commands } = this;
    while (commands.next()) {
      const { kind, numbers } = commands;
      if (!this.voice.take(commands, nowMs)) this.obey(kind, numbers[0]!, numbers[1]!, numbers[2]!, numbers[3]!, nowMs);
    }
  }

  private obey(kind: number, a: number, b: number, c: number, d: number, nowMs: number): void {
    const { commands, plane } = this;
    switch (kind) {
      case COMMAND.SENT:
        plane.noteSent(a, b);
        break;
      case COMMAND.RECEIVED:
        plane.noteReceived(a, b);
        break;
      case COMMAND.OPEN:
        this.openStream(a, b, c, JSON.parse(commands.text()) as StreamSpec, nowMs);
        break;
      case COMMAND.UPDATE:
        plane.update(a, JSON.parse(commands.text()) as RtpSession);
        break;
      case COMMAND.OPEN_FAR:
        this.openFar(a, b, c, d, nowMs);
        break;
      case COMMAND.CLOSE:
        this.closeStream(a, nowMs);
        break;
      case COMMAND.HEAR:
        plane.hear(a, JSON.parse(commands.text()) as Source, nowMs);
        break;
      case COMMAND.DIGIT:
        plane.playDigit(a, commands.text(), b);
        break;
      case COMMAND.FORMAT:
        plane.setFormat(a, b);
        break;
      case COMMAND.QUELCH:
        plane.quelch(a, b === 1);
        break;
      case COMMAND.DATAGRAM:
        plane.handleDatagram(commands.copy(), { ip: commands.text(), port: a }, nowMs);
        break;
      case COMMAND.RTP:
        plane.handleRtp(a, commands.copy(), { ip: commands.text(), port: b }, c);
        break;
      case COMMAND.HEARD:
        plane.noteHeard(a, b, c);
        break;
      case COMMAND.ROOM:
        plane.tellRoom(a, JSON.parse(commands.text()) as RoomOrder);
        break;
      case COMMAND.PASS_UNKNOWN:
        this.passesUnknown = a === 1;
        break;
      case COMMAND.TAP:
        this.tapped = a === 1;
        break;
    }
  }

  private openStream(id: StreamId, slot: number, descriptor: number, spec: StreamSpec, nowMs: number): void {
    this.forget(id);
    this.plane.open(id, this.withDestination(spec), nowMs);
    if (spec.kind === 'rtp') this.rtp?.open(spec.localPort, descriptor);
    const numbering = this.plane.numberingOf(id);
    if (numbering !== undefined) this.readings.keepLast(slot, numbering);
    this.open.push({ id, slot });
  }

  private openFar(id: StreamId, packetMs: number, law: number, isRtp: number, nowMs: number): void {
    this.forget(id);
    const ports = this.plane.rtpPorts(id);
    const kind = { packetMs: packetMs === 0 ? undefined : packetMs, law: lawOfNumber(law), isRtp: isRtp === 1 };
    this.plane.openFar(id, kind, this.far, nowMs);
    for (const port of ports) this.rtp?.close(port);
  }

  /** The last report of RTP leaves by its port. */
  private closeStream(id: StreamId, nowMs: number): void {
    this.forget(id);
    const ports = this.plane.rtpPorts(id);
    this.plane.close(id, nowMs);
    for (const port of ports) this.rtp?.close(port);
  }

  private withDestination(spec: StreamSpec): StreamSpec {
    const { socket } = this;
    return spec.kind === 'iax2' && socket !== undefined ? { ...spec, remote: socket.destination(spec.remote) } : spec;
  }

  /** The last counts of a stream that is about to be closed are written down. */
  private forget(id: StreamId): void {
    const at = this.open.findIndex((stream) => stream.id === id);
    const found = this.open[at];
    if (found === undefined) return;
    this.writeStatistics(id, found.slot);
    this.open.splice(at, 1);
  }
}

/** Counts on their way to those of the main thread. */
class PendingCounts extends Counters {
  private readonly pending = new Map<string, number>();

  override increment(reason: string, by = 1): void {
    this.pending.set(reason, (this.pending.get(reason) ?? 0) + by);
  }

  drain(tell: (reason: string, by: number) => void): void {
    if (this.pending.size === 0) return;
    for (const [reason, by] of this.pending) tell(reason, by);
    this.pending.clear();
  }
}
