import type {
  MediaPort,
  RtpSession,
  Source,
  StreamId,
  StreamSpec,
  StreamStatistics,
  VideoSpec,
} from '../../src/base/media-port.ts';

/** A media plane that carries nothing and remembers what it was told. */
export class RecordingMedia implements MediaPort {
  readonly streams = new Map<StreamId, StreamSpec>();
  readonly videos = new Map<StreamId, VideoSpec>();
  readonly formats = new Map<StreamId, number>();
  readonly quelched = new Set<StreamId>();
  readonly received = new Map<StreamId, number[]>();
  readonly sent = new Map<StreamId, number[]>();
  readonly last = new Map<StreamId, number>();
  readonly counts = new Map<StreamId, StreamStatistics>();
  readonly updates: { readonly stream: StreamId; readonly session: RtpSession }[] = [];
  opened = 0;
  closed = 0;

  open(stream: StreamId, spec: StreamSpec): void {
    this.opened++;
    this.streams.set(stream, spec);
  }

  close(stream: StreamId): void {
    this.closed++;
    this.streams.delete(stream);
    this.videos.delete(stream);
  }

  hear(_stream: StreamId, _source: Source): void {}

  playSignal(): void {}

  playDigit(): void {}

  tellRoom(): void {}

  openVideo(stream: StreamId, spec: VideoSpec): void {
    this.videos.set(stream, spec);
  }

  requestPicture(): void {}
  closeVideo(stream: StreamId): void {
    this.videos.delete(stream);
  }

  update(stream: StreamId, session: RtpSession): void {
    this.updates.push({ stream, session });
  }

  setFormat(stream: StreamId, format: number): void {
    this.formats.set(stream, format);
  }

  noteSent(stream: StreamId, timestamp: number): void {
    this.sent.set(stream, [...(this.sent.get(stream) ?? []), timestamp]);
  }

  noteReceived(stream: StreamId, timestamp: number): void {
    this.received.set(stream, [...(this.received.get(stream) ?? []), timestamp]);
  }

  quelch(stream: StreamId, on: boolean): void {
    if (on) this.quelched.add(stream);
    else this.quelched.delete(stream);
  }

  lastTimestamp(stream: StreamId): number {
    return this.last.get(stream) ?? 0;
  }

  statistics(stream: StreamId): StreamStatistics | undefined {
    return this.counts.get(stream);
  }
}
