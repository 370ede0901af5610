import { utf8Decode } from './base/bytes.ts';
import type { Address } from './base/machine.ts';
import { Iax2DatagramFilter, type Iax2Numbers } from './iax2-datagram-filter.ts';

/** By what the legs of one call are known on the wire. */
export interface CallMarks {
  readonly iax2: readonly Iax2Numbers[];
  /** Even ports of ours: RTP; RTCP has the next. */
  readonly rtpPorts: readonly number[];
  readonly sipCallIds: readonly string[];
}

const CALL_ID = /^(?:call-id|i)[ \t]*:[ \t]*(\S+)/gim;

/**
 * Tells what passes for one call from all else. Its marks are asked for each time, since legs come and go; what was once
 * one of them stays so, that its end is there, too.
 */
export class CallDatagramFilter {
  private readonly iax2: Iax2DatagramFilter;
  private readonly rtpPorts = new Set<number>();
  private readonly callIds = new Set<string>();
  /** By direction and connection, whether the message that is under way there is of the call. */
  private readonly streams = new Map<string, boolean>();
  private now: CallMarks = { iax2: [], rtpPorts: [], sipCallIds: [] };

  constructor(
    private readonly iax2Port: () => number,
    private readonly marks: () => CallMarks,
  ) {
    this.iax2 = new Iax2DatagramFilter(() => this.now.iax2);
  }

  passes(direction: 'in' | 'out', bytes: Uint8Array, remote: Address, local: Address, connection?: number): boolean {
    this.now = this.marks();
    for (const port of this.now.rtpPorts) this.rtpPorts.add(port);
    for (const callId of this.now.sipCallIds) this.callIds.add(callId);
    if (connection !== undefined) return this.passesStream(`${direction} ${connection}`, bytes);
    if (this.rtpPorts.has(local.port & ~1)) return true;
    if (local.port === this.iax2Port()) return this.iax2.passes(direction, bytes, remote);
    return this.isOurs(bytes) === true;
  }

  /** What has no Call-ID is more of the message before it. */
  private passesStream(key: string, bytes: Uint8Array): boolean {
    const passes = this.isOurs(bytes) ?? this.streams.get(key) ?? false;
    this.streams.set(key, passes);
    return passes;
  }

  /** Undefined where no Call-ID is. */
  private isOurs(bytes: Uint8Array): boolean | undefined {
    const callIds = [...utf8Decode(bytes).matchAll(CALL_ID)].map(([, callId]) => callId!);
    return callIds.length === 0 ? undefined : callIds.some((callId) => this.callIds.has(callId));
  }
}
