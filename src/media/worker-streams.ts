import { type Address, sameAddress } from '../base/machine.ts';
import type { Iax2StreamSpec, StreamId } from '../base/media-port.ts';
import { READING_SLOTS } from './plane-link.ts';

/** Of how many closed streams the last readings are kept. */
const KEPT_READINGS = 256;

/** A stream whose body is in the worker, with all that a new worker would have to be told. */
export interface WorkerStream {
  readonly id: StreamId;
  readonly spec: Iax2StreamSpec;
  /** Where its readings stand. */
  readonly slot: number;
  format: number;
  /** The last timestamp of a full frame that was accepted. */
  received: number;
  quelched: boolean;
}

/** The streams that the worker has, and the place of the readings of each. */
export class WorkerStreams {
  private readonly streams = new Map<StreamId, WorkerStream>();
  /** Slots of streams that were closed of late, the oldest first. */
  private readonly closed = new Map<StreamId, number>();
  private readonly free = Array.from({ length: READING_SLOTS }, (_, i) => READING_SLOTS - 1 - i);

  /** Undefined if there are too many. A stream that is open already keeps its place. */
  open(id: StreamId, spec: Iax2StreamSpec): WorkerStream | undefined {
    const slot = this.streams.get(id)?.slot ?? this.free.pop();
    if (slot === undefined) return undefined;
    const stream: WorkerStream = { id, spec, slot, format: spec.format, received: 0, quelched: false };
    this.streams.set(id, stream);
    return stream;
  }

  close(id: StreamId): void {
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.streams.delete(id);
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
      if (spec.remoteCall === remoteCall && sameAddress(spec.remote, remote)) return true;
    return false;
  }

  values(): IterableIterator<WorkerStream> {
    return this.streams.values();
  }
}
