import type { Law, Source, StreamId, StreamStatistics } from '../base/media-port.ts';

/** Who hears a stream: another stream, itself, or its place in a conference. */
export interface Listener {
  readonly id: StreamId;
  /** Packets that came too late for what is heard, and how long those in time wait, ms. */
  readonly late: number;
  readonly delayMs: number;
  /** How long the G.711 packets are that it passes on as they are; undefined if any length will do. */
  readonly packetMs?: number | undefined;
  /** Set where its far end speaks RTP. */
  readonly rtp?: RtpListener | undefined;
  /**
   * A packet of `length` bytes from `at` on, in an IAX2 format, with the sender's timestamp. So many bytes before it may be
   * written over as `headroom` says, so that a header can be put there.
   */
  hearPacket(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    durationMs: number,
    nowMs: number,
    headroom?: number,
  ): void;
  /** A block of 10 ms on the clock of a line. */
  hearBlock(block: Uint8Array, law: Law, nowMs: number): void;
}

/** A listener that takes what an RTP source says as it is: its order, gaps and marks, on a timeline of samples. */
export interface RtpListener {
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
  ): void;
  /** The sender is silent; how that sounds. [RFC3389] */
  hearComfortNoise(
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    sequence: number,
    nowMs: number,
  ): void;
}

/**
 * What the plane asks of every kind of stream. A stream *says* what comes from its far end, to each of its listeners, and
 * *hears* what goes to its far end. Audio travels by these calls, synchronously, on the caller's buffers: who wants to
 * keep a byte copies it.
 */
export interface MediaStream extends Listener {
  /** What hears this one; itself is among them for echo. */
  readonly listeners: Listener[];
  /** What it is best told in. */
  readonly law: Law;
  /** What is heard from now on. That a stream is the source also shows in its `listeners`, which the plane keeps. */
  setSource(source: Source): void;
  playDigit(digit: string, durationMs: number): void;
  /** The stream is no more. */
  close(nowMs: number): void;
  /** Of this moment; the object may be written again the next time. */
  statistics(): StreamStatistics;
}

/** The most that came too late for one of those who hear a stream. */
export function latestOf(listeners: readonly Listener[]): number {
  let late = 0;
  for (let i = 0; i < listeners.length; i++) late = Math.max(late, listeners[i]!.late);
  return late;
}

/** The longest that what is in time waits at one of those who hear a stream, ms. */
export function longestDelayOf(listeners: readonly Listener[]): number {
  let delayMs = 0;
  for (let i = 0; i < listeners.length; i++) delayMs = Math.max(delayMs, listeners[i]!.delayMs);
  return delayMs;
}

/** What a stream counts, to be written again each time that somebody asks. */
export function newCounts(): { -readonly [Key in keyof StreamStatistics]: StreamStatistics[Key] } {
  return { received: 0, sent: 0, lost: 0, late: 0, outOfOrder: 0, dropped: 0, jitterMs: 0, delayMs: 0 };
}

/** What has something due on the plane's own clock; a line has the HAT's, and a relayed packet that of its sender. */
export interface Ticked {
  tick(nowMs: number): void;
}

/** A source may run so far ahead of the clock of who hears it; what it gives beyond that is a backlog and would only add delay. */
export const MAX_AHEAD_MS = 60;

/** A line from which nothing has come for so long does not give the beat any more. */
export const LINE_SILENT_MS = 40;

/** The media worker's beat: it takes what came, and sends what is due. */
export const TICK_MS = 5;

/** Codes in the block that lines exchange: 10 ms. */
export const BLOCK_SAMPLES = 80;
