import type { StreamStatistics } from '../base/media-port.ts';
import { RecordRing } from '../base/record-ring.ts';
import type { VoiceClock } from '../iax2/voice.ts';

/**
 * The place of a stream of the worker in a room of the main thread, which hears what the stream says.
 */
export function roomPlaceOf(stream: number): number {
  return -stream;
}

/**
 * What goes between the two planes of an appliance, as records of a `RecordRing`. In brackets: the numbers of the record,
 * then its bytes, then its text. Voice besides is as `far-voice.ts` has it.
 */
export const COMMAND = {
  /** [stream, slot of its readings] spec as JSON. */
  OPEN: 1,
  /** A stream of the main thread. [stream, ms of the packets that it wants or 0, 1 = A-law, 1 = RTP] */
  OPEN_FAR: 2,
  /** [stream] */
  CLOSE: 3,
  /** [stream] source as JSON. */
  HEAR: 4,
  /** [stream, ms] digit. */
  DIGIT: 5,
  /** [stream, format] */
  FORMAT: 6,
  /** [stream, timestamp] */
  SENT: 7,
  /** [stream, timestamp] */
  RECEIVED: 8,
  /** [stream, 1 = on] */
  QUELCH: 9,
  /** A voice frame whose stream was not open when it came. [port] datagram, IP address. */
  DATAGRAM: 10,
  /** Mini frames of unknown calls are the main thread's, which has the keys of encrypted ones. [1 = yes] */
  PASS_UNKNOWN: 11,
  /** Every datagram is told. [1 = yes] */
  TAP: 12,
} as const;

export const REPORT = {
  /** For signalling. [port, 1 = its audio is taken] datagram, IP address. */
  DATAGRAM: 1,
  /** [stream, timestamp, format] payload. */
  VOICE_FULL_DUE: 2,
  /** [stream] */
  NO_FORMAT: 3,
  /** [by] reason. */
  COUNT: 4,
  /** [port, 1 = out] datagram, IP address. */
  TAP: 5,
} as const;

/** Room in a ring that voice leaves to commands and events. */
export const RESERVE_BYTES = 1 << 16;

/** Room in the ring of reports that datagrams, which anybody may send, leave to all the rest. */
export const DATAGRAM_RESERVE_BYTES = 1 << 19;

/** The shared memory between the planes. */
export interface PlaneLinkMemory {
  readonly commands: SharedArrayBuffer;
  readonly reports: SharedArrayBuffer;
  readonly readings: SharedArrayBuffer;
}

export function planeLinkMemory(): PlaneLinkMemory {
  return {
    commands: RecordRing.memory(1 << 19),
    reports: RecordRing.memory(1 << 20),
    readings: new SharedArrayBuffer(READING_SLOTS * READING_FIELDS * Float64Array.BYTES_PER_ELEMENT),
  };
}

/** As many streams can be read at a time, those closed of late among them. */
export const READING_SLOTS = 2048;
const READING_FIELDS = 10;

/**
 * What the streams of the worker count, for the main thread to read at any time. A timestamp is the last one, counts are up to
 * half a second old; they may be torn between two of them, which does no harm.
 */
export class StreamReadings {
  private readonly fields: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.fields = new Float64Array(memory);
  }

  /** The last timestamp of a stream's own voice stands in its slot as long as the stream is open. */
  keepTimestamp(slot: number, clock: VoiceClock): void {
    clock.keepLastIn(this.fields, slot * READING_FIELDS + 1);
  }

  write(slot: number, stream: number, counts: StreamStatistics): void {
    const at = slot * READING_FIELDS;
    this.fields[at] = stream;
    this.fields[at + 2] = counts.received;
    this.fields[at + 3] = counts.sent;
    this.fields[at + 4] = counts.lost;
    this.fields[at + 5] = counts.late;
    this.fields[at + 6] = counts.outOfOrder;
    this.fields[at + 7] = counts.dropped;
    this.fields[at + 8] = counts.jitterMs;
    this.fields[at + 9] = counts.delayMs;
  }

  /** The slot is another stream's from now on. */
  clear(slot: number): void {
    this.fields.fill(0, slot * READING_FIELDS, (slot + 1) * READING_FIELDS);
  }

  timestamp(slot: number): number {
    return this.fields[slot * READING_FIELDS + 1]!;
  }

  /** Undefined until the stream has told anything. */
  statistics(slot: number, stream: number): StreamStatistics | undefined {
    const at = slot * READING_FIELDS;
    const field = (n: number) => this.fields[at + n]!;
    if (field(0) !== stream) return undefined;
    return {
      received: field(2),
      sent: field(3),
      lost: field(4),
      late: field(5),
      outOfOrder: field(6),
      dropped: field(7),
      jitterMs: field(8),
      delayMs: field(9),
    };
  }
}
