import type { StreamStatistics } from '../base/media-port.ts';
import { RecordRing } from '../base/record-ring.ts';

/**
 * The place of a stream of the main thread in a room, which are all the worker's: it hears what the stream says.
 */
export function roomPlaceOf(stream: number): number {
  return -stream;
}

/**
 * What goes between the two planes of an appliance, as records of a `RecordRing`. In brackets: the numbers of the record,
 * then its bytes, then its text. Voice besides is as `far-voice.ts` has it.
 */
export const COMMAND = {
  /** [stream, slot of its readings, RTP: descriptor of its port] spec as JSON. */
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
  /** RTP. [stream] session as JSON. */
  UPDATE: 13,
  /** What came to a port of RTP on the main thread. [local port, port, when] datagram, IP address. */
  RTP: 14,
  /** RTP: what those who hear it there add to its voice. [stream, packets too late, ms of delay] */
  HEARD: 15,
  /** [room] order as JSON. */
  ROOM: 16,
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
  /** [port, 1 = out, local port of RTP or 0] datagram, IP address. */
  TAP: 5,
  /** To be sent by the main thread. [local port, port] datagram, IP address. */
  RTP: 6,
  /** [stream] digit. */
  DIGIT_BEGIN: 7,
  /** [stream, ms] digit. */
  DIGIT_END: 8,
  /** [stream] */
  FLASH: 9,
  /** What was said in a room. [room, 1 = the last of it] codes. */
  RECORDED: 10,
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

/** What is absent until the far end has told it, in the order of its fields. */
const FAR_VIEW = ['rttMs', 'farLostPct', 'farJitterMs', 'farDiscardPct', 'farMos'] as const;

/** What can have the last number that it sent in memory that other threads see. */
export interface KeepsLast {
  keepLastIn(cells: Float64Array, cell: number): void;
}

/** As many streams can be read at a time, those closed of late among them. */
export const READING_SLOTS = 2048;
const READING_FIELDS = 15;

/**
 * What the streams of the worker count, for the main thread to read at any time. What was sent last is that, counts are up to
 * half a second old; they may be torn between two of them, which does no harm.
 */
export class StreamReadings {
  private readonly fields: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.fields = new Float64Array(memory);
  }

  /** The last timestamp of a stream's own voice, of RTP the sequence number, stands in its slot as long as the stream is open. */
  keepLast(slot: number, sender: KeepsLast): void {
    sender.keepLastIn(this.fields, slot * READING_FIELDS + 1);
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
    this.fields[at + 10] = counts.rttMs ?? Number.NaN;
    this.fields[at + 11] = counts.farLostPct ?? Number.NaN;
    this.fields[at + 12] = counts.farJitterMs ?? Number.NaN;
    this.fields[at + 13] = counts.farDiscardPct ?? Number.NaN;
    this.fields[at + 14] = counts.farMos ?? Number.NaN;
  }

  /** The slot is another stream's from now on, whose worker may die before it has told anything: `last` stands until then. */
  clear(slot: number, last: number): void {
    this.fields.fill(0, slot * READING_FIELDS, (slot + 1) * READING_FIELDS);
    this.fields[slot * READING_FIELDS + 1] = last;
  }

  /** What `keepLast` has kept. */
  last(slot: number): number {
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
      ...Object.fromEntries(
        FAR_VIEW.flatMap((name, i) => (Number.isNaN(field(10 + i)) ? [] : [[name, field(10 + i)]])),
      ),
    };
  }
}
