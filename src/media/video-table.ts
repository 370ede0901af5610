import type { Address } from '../base/machine.ts';
import type { MediaEvent, StreamId } from '../base/media-port.ts';
import { CallIndex } from './call-index.ts';
import { Iax2VideoStream } from './iax2-video-stream.ts';
import type { RtpVideoStream } from './rtp-video-stream.ts';

export type AnyVideoStream = Iax2VideoStream | RtpVideoStream;

/** Every picture of a plane, by the id of the stream whose it is: who hears a voice sees the picture that comes with it. */
export class VideoTable {
  private readonly streams = new Map<StreamId, AnyVideoStream>();
  private readonly sources = new Map<StreamId, StreamId>();
  private readonly byCall = new CallIndex<Iax2VideoStream>();
  private readonly byRtpPort = new Map<number, RtpVideoStream>();

  /** `heardBy`: whose voice that stream hears. */
  constructor(private readonly heardBy: (stream: StreamId) => StreamId | undefined) {}

  get size(): number {
    return this.streams.size;
  }

  get(id: StreamId): AnyVideoStream | undefined {
    return this.streams.get(id);
  }

  ofCall(remote: Address, remoteCall: number): Iax2VideoStream | undefined {
    return this.byCall.get(remote, remoteCall);
  }

  /** `port` is the even one. */
  ofRtpPort(port: number): RtpVideoStream | undefined {
    return this.byRtpPort.get(port);
  }

  tick(nowMs: number): void {
    for (const stream of this.byRtpPort.values()) stream.tick(nowMs);
  }

  /** Signalling was told of a full frame. */
  notePolled(event: Extract<MediaEvent, { type: 'video-full-due' }>): void {
    const stream = this.streams.get(event.stream);
    if (stream instanceof Iax2VideoStream) stream.notePolled(event);
  }

  /** One with this id gives its place to it. */
  add(stream: AnyVideoStream): void {
    const former = this.streams.get(stream.id);
    if (former instanceof Iax2VideoStream && stream instanceof Iax2VideoStream) stream.takeOver(former);
    this.detach(stream.id);
    this.streams.set(stream.id, stream);
    if (stream instanceof Iax2VideoStream) this.byCall.add(stream);
    else this.byRtpPort.set(stream.spec.localPort, stream);
    this.patch();
  }

  remove(id: StreamId): void {
    if (this.detach(id)) this.patch();
  }

  /** Somebody hears somebody else: commands are rare and pictures few, so that all are joined anew. */
  patch(): void {
    if (this.streams.size === 0) return;
    const listeners = new Map<StreamId, AnyVideoStream[]>();
    for (const stream of this.streams.values()) {
      const source = this.heardBy(stream.id);
      if (source !== this.sources.get(stream.id)) stream.restart();
      if (source === undefined) this.sources.delete(stream.id);
      else {
        this.sources.set(stream.id, source);
        listeners.set(source, [...(listeners.get(source) ?? []), stream]);
      }
    }
    for (const stream of this.streams.values()) stream.listeners = listeners.get(stream.id) ?? [];
  }

  private detach(id: StreamId): boolean {
    const stream = this.streams.get(id);
    if (stream === undefined) return false;
    this.streams.delete(id);
    this.sources.delete(id);
    if (stream instanceof Iax2VideoStream) this.byCall.remove(stream);
    else if (this.byRtpPort.get(stream.spec.localPort) === stream) this.byRtpPort.delete(stream.spec.localPort);
    return true;
  }
}
