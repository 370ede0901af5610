import { type Address, sameAddress } from '../base/machine.ts';
import type { Iax2StreamSpec, RtpSession, RtpStreamSpec, StreamId } from '../base/media-port.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';
import { READING_SLOTS } from './plane-link.ts';

/** Of how many closed streams the last readings are kept. */
const KEPT_READINGS = 256;

/** A stream whose body is in the worker, with all that a new worker would have to be told. */
export interface WorkerStream {
  readonly id: StreamId;
  spec: Iax2StreamSpec | RtpStreamSpec;
  /** Where its readings stand. */
  readonly slot: number;
  /** RTP: of the socket of its port. */
  readonly descriptor: number;
  /** When `spec` said how its voice begins. */
  openedMs: number;
  /** IAX2. */
  format: number;
  /** The last timestamp of a full frame that was accepted. */
  received: number;
  quelched: boolean;
}

/** The streams that the worker has, and the place of the readings of each. */
export class WorkerStreams {
  private readonly streams = new Map<StreamId, WorkerStream>();
  private readonly byRtpPort = new Map<number, WorkerStream>();
  /** Slots of streams that were closed of late, the oldest first. */
  private readonly closed = new Map<StreamId, number>();
  private readonly free = Array.from({ length: READING_SLOTS }, (_, i) => READING_SLOTS - 1 - i);

  /** Undefined if there are too many. A stream that is open already keeps its place. */
  open(id: StreamId, spec: Iax2StreamSpec | RtpStreamSpec, nowMs: number, descriptor = -1): WorkerStream | undefined {
    const slot = this.streams.get(id)?.slot ?? this.free.pop();
    if (slot === undefined) return undefined;
    const format = spec.kind === 'iax2' ? spec.format : 0;
    const stream: WorkerStream = {
      ...{ id, spec, slot, descriptor, openedMs: nowMs },
      ...{ format, received: 0, quelched: false },
    };
    this.streams.set(id, stream);
    if (spec.kind === 'rtp') this.byRtpPort.set(spec.localPort, stream);
    return stream;
  }

  close(id: StreamId): void {
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.streams.delete(id);
    if (stream.spec.kind === 'rtp') this.byRtpPort.delete(stream.spec.localPort);
    this.closed.set(id, stream.slot);
    if (this.closed.size <= KEPT_READINGS) return;
    const [oldest] = this.closed;
    if (oldest === undefined) return;
    this.closed.delete(oldest[0]);
    this.free.push(oldest[1]);
  }

  get(id: StreamId): WorkerStream | undefined {
    return this.streams.get(id);
  }

  /** Of a stream that is open, or was of late. */
  slotOf(id: StreamId): number | undefined {
    return this.streams.get(id)?.slot ?? this.closed.get(id);
  }

  hasCall(remote: Address, remoteCall: number): boolean {
    for (const { spec } of this.streams.values())
      if (spec.kind === 'iax2' && spec.remoteCall === remoteCall && sameAddress(spec.remote, remote)) return true;
    return false;
  }

  /** `port` is the even one. */
  ofRtpPort(port: number): WorkerStream | undefined {
    return this.byRtpPort.get(port);
  }

  values(): IterableIterator<WorkerStream> {
    return this.streams.values();
  }
}

/** The same stream with what was agreed anew. */
export function withSession(spec: RtpStreamSpec, session: RtpSession): RtpStreamSpec {
  const { kind, localPort, ssrc, firstSequence, firstTimestamp } = spec;
  return { ...session, kind, localPort, ssrc, firstSequence, firstTimestamp };
}

/** A stream of RTP goes on behind this sequence number, so long after its spec said how it begins. */
export function continued(spec: RtpStreamSpec, lastSequence: number, forMs: number): RtpStreamSpec {
  const firstTimestamp = (spec.firstTimestamp + Math.round(forMs * SAMPLES_PER_MS)) >>> 0;
  return { ...spec, firstSequence: (lastSequence + 1) & 0xffff, firstTimestamp };
}
