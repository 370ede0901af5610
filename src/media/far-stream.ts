import type { Law, Source, StreamId, StreamStatistics } from '../base/media-port.ts';
import { type Listener, latestOf, longestDelayOf, type MediaStream, type RtpListener } from './media-stream.ts';

/** Where what a stream of another plane hears goes: that plane, on whatever thread it is. */
export interface FarPlane {
  hearPacket(
    listener: StreamId,
    source: StreamId,
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
  ): void;
  hearBlock(listener: StreamId, source: StreamId, block: Uint8Array, law: Law): void;
  hearRtp(
    listener: StreamId,
    source: StreamId,
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    sequence: number,
    marker: boolean,
    durationMs: number,
  ): void;
  hearComfortNoise(
    listener: StreamId,
    source: StreamId,
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    sequence: number,
  ): void;
}

/** What streams here must know of one there: how long the packets are that it wants, its law, and whether it speaks RTP. */
export interface FarKind {
  readonly isRtp: boolean;
  readonly packetMs: number | undefined;
  readonly law: Law;
}

/** The place that a stream of another plane has in this one: streams here can hear it and be heard by it. */
export class FarStream implements MediaStream, RtpListener {
  readonly listeners: Listener[] = [];
  readonly late = 0;
  readonly delayMs = 0;
  readonly packetMs: number | undefined;
  readonly law: Law;
  readonly rtp: RtpListener | undefined;
  /** The stream or room that it hears. */
  private heard: StreamId = 0;

  constructor(
    readonly id: StreamId,
    { packetMs, law, isRtp }: FarKind,
    private readonly far: FarPlane,
  ) {
    this.packetMs = packetMs;
    this.law = law;
    this.rtp = isRtp ? this : undefined;
  }

  setSource(source: Source): void {
    this.heard = source.kind === 'stream' ? source.stream : source.kind === 'room' ? source.room : 0;
  }

  hearPacket(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
  ): void {
    this.far.hearPacket(this.id, this.heard, bytes, at, length, format, timestamp, durationMs);
  }

  hearBlock(block: Uint8Array, law: Law): void {
    this.far.hearBlock(this.id, this.heard, block, law);
  }

  hearRtp(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    sequence: number,
    marker: boolean,
    durationMs: number,
  ): void {
    const { id, heard, far } = this;
    far.hearRtp(id, heard, bytes, at, length, format, timestamp, sequence, marker, durationMs);
  }

  hearComfortNoise(bytes: Uint8Array, at: number, length: number, timestamp: number, sequence: number): void {
    this.far.hearComfortNoise(this.id, this.heard, bytes, at, length, timestamp, sequence);
  }

  playDigit(): void {}

  close(): void {}

  /** Only what those that hear it here add to it: the rest is counted where it is. */
  statistics(): StreamStatistics {
    const late = latestOf(this.listeners);
    const delayMs = longestDelayOf(this.listeners);
    return { received: 0, sent: 0, lost: 0, late, outOfOrder: 0, dropped: 0, jitterMs: 0, delayMs };
  }
}
