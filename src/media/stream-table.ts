import type { Address } from '../base/machine.ts';
import { NOTHING, type Source, type StreamId } from '../base/media-port.ts';
import { CallIndex } from './call-index.ts';
import { FarStream } from './far-stream.ts';
import { Iax2Stream } from './iax2-stream.ts';
import { LineStream } from './line-stream.ts';
import type { RoomMember, Rooms } from './room.ts';
import { RtpStream } from './rtp-stream.ts';

export type AnyStream = Iax2Stream | LineStream | RtpStream | FarStream;

/** Every open stream, found by its id, by who sends to it, or by its port; and what each one is to hear. */
export class StreamTable {
  private readonly streams = new Map<StreamId, AnyStream>();
  private readonly byCall = new CallIndex<Iax2Stream>();
  private readonly byPort = new Map<number, LineStream>();
  private readonly byRtpPort = new Map<number, RtpStream>();
  private bodies = 0;
  /** Also of streams that are not open yet. */
  private readonly sources = new Map<StreamId, Source>();
  /** Of those that are in a room. */
  private readonly members = new Map<StreamId, RoomMember>();

  constructor(private readonly rooms: Rooms) {}

  /** Streams whose body is here. */
  get size(): number {
    return this.bodies;
  }

  get(id: StreamId): AnyStream | undefined {
    return this.streams.get(id);
  }

  ofCall(remote: Address, remoteCall: number): Iax2Stream | undefined {
    return this.byCall.get(remote, remoteCall);
  }

  ofPort(port: number): LineStream | undefined {
    return this.byPort.get(port);
  }

  /** `port` is the even one. */
  ofRtpPort(port: number): RtpStream | undefined {
    return this.byRtpPort.get(port);
  }

  /** Puts a stream in; one with this id that is open already gives its place and its listeners to it. */
  add(stream: AnyStream): void {
    const former = this.streams.get(stream.id);
    if (former !== undefined) this.detach(former);
    this.streams.set(stream.id, stream);
    if (stream instanceof LineStream) this.byPort.set(stream.spec.port, stream);
    else if (stream instanceof RtpStream) this.byRtpPort.set(stream.spec.localPort, stream);
    else if (stream instanceof Iax2Stream) this.byCall.add(stream);
    this.count(stream, 1);
    for (const other of this.streams.values()) {
      if (other !== stream && this.heardBy(other.id) === stream.id) stream.listeners.push(other);
    }
    this.subscribe(stream);
  }

  /** Takes a stream out. Those that hear it hear nothing from now on. */
  remove(id: StreamId): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      this.detach(stream);
      for (const listener of [...stream.listeners]) this.hear(listener.id, NOTHING);
    }
    this.sources.delete(id);
  }

  hear(id: StreamId, source: Source): void {
    const stream = this.streams.get(id);
    const member = this.members.get(id);
    if (member !== undefined && source.kind === 'room' && source.room === member.source.room) {
      // Muted or louder: it stays where it is, and nothing that is under way is lost.
      this.sources.set(id, source);
      member.source = source;
      return;
    }
    if (stream !== undefined) this.unsubscribe(stream);
    if (source.kind === 'nothing') this.sources.delete(id);
    else this.sources.set(id, source);
    if (stream !== undefined) this.subscribe(stream);
  }

  /** Which stream this one is to hear. */
  heardBy(id: StreamId): StreamId | undefined {
    const source = this.sources.get(id);
    return source?.kind === 'stream' ? source.stream : undefined;
  }

  /** Its place in the room that it is in. */
  memberOf(id: StreamId): RoomMember | undefined {
    return this.members.get(id);
  }

  private subscribe(stream: AnyStream): void {
    const source = this.sources.get(stream.id) ?? NOTHING;
    stream.setSource(source);
    if (source.kind === 'room') this.enterRoom(stream, this.rooms.join(stream, source));
    const heard = this.heardBy(stream.id);
    if (heard !== undefined) this.streams.get(heard)?.listeners.push(stream);
  }

  private enterRoom(stream: AnyStream, member: RoomMember): void {
    this.members.set(stream.id, member);
    stream.listeners.push(member);
  }

  private leaveRoom(stream: AnyStream, member: RoomMember): void {
    this.members.delete(stream.id);
    this.rooms.leave(member);
    const at = stream.listeners.indexOf(member);
    if (at >= 0) stream.listeners.splice(at, 1);
  }

  private unsubscribe(stream: AnyStream): void {
    const member = this.members.get(stream.id);
    if (member !== undefined) this.leaveRoom(stream, member);
    const heard = this.heardBy(stream.id);
    const listeners = heard === undefined ? undefined : this.streams.get(heard)?.listeners;
    const at = listeners?.indexOf(stream) ?? -1;
    if (at >= 0) listeners!.splice(at, 1);
  }

  private detach(stream: AnyStream): void {
    this.unsubscribe(stream);
    this.streams.delete(stream.id);
    this.count(stream, -1);
    if (stream instanceof LineStream) {
      if (this.byPort.get(stream.spec.port) === stream) this.byPort.delete(stream.spec.port);
    } else if (stream instanceof RtpStream) {
      if (this.byRtpPort.get(stream.spec.localPort) === stream) this.byRtpPort.delete(stream.spec.localPort);
    } else if (stream instanceof Iax2Stream) this.byCall.remove(stream);
  }

  private count(stream: AnyStream, by: number): void {
    if (!(stream instanceof FarStream)) this.bodies += by;
  }
}
