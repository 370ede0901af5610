import { Counters } from '../../../src/base/counters.ts';
import type { Address } from '../../../src/base/machine.ts';
import type { Iax2StreamSpec, MediaEvent, MediaPort, StreamId } from '../../../src/base/media-port.ts';
import { decodeFrame, encodeFullFrame, encodeMiniFrame, type MiniFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { MediaPlane } from '../../../src/media/plane.ts';

export const ULAW = 4;
export const ALAW = 8;

export interface SentDatagram {
  readonly to: Address;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** A far end of an IAX2 call, as the plane knows it. */
export function farEnd(n: number, format = ULAW): Iax2StreamSpec {
  return {
    kind: 'iax2',
    remote: { ip: `192.0.2.${n}`, port: 4569 },
    localCall: 100 + n,
    remoteCall: 5000 + n,
    format,
    epochMs: 0,
  };
}

/** A media plane on a virtual clock, with all that it sent and said. */
export class PlaneHarness {
  readonly counters = new Counters();
  readonly sent: SentDatagram[] = [];
  readonly events: MediaEvent[] = [];
  readonly plane: MediaPlane;
  /** The plane as signalling sees it. */
  readonly media: MediaPort;
  nowMs = 0;

  constructor() {
    this.plane = new MediaPlane({
      counters: this.counters,
      send: (to, bytes, at, length) => this.sent.push({ to, bytes: bytes.slice(at, at + length), atMs: this.nowMs }),
    });
    this.media = this.plane;
  }

  /** Lets the plane's own clock run to a time, slot by slot. */
  runTo(nowMs: number): void {
    for (let due = this.plane.nextDeadline(); due !== undefined && due <= nowMs; due = this.plane.nextDeadline()) {
      this.nowMs = Math.max(this.nowMs, due);
      this.plane.handleTimeout(this.nowMs);
      this.drain();
    }
    this.nowMs = nowMs;
  }

  drain(): void {
    for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll()) this.events.push(event);
  }

  openIax2(stream: StreamId, spec: Iax2StreamSpec): void {
    this.media.open(stream, spec, this.nowMs);
  }

  /** A full voice frame of the far end arrives. */
  full(spec: Iax2StreamSpec, timestamp: number, payload: Uint8Array, format = spec.format): string {
    const bytes = encodeFullFrame({
      sourceCall: spec.remoteCall,
      destinationCall: spec.localCall,
      timestamp,
      frameType: FRAME_TYPE.VOICE,
      subclass: format,
      body: payload,
    });
    const use = this.plane.handleDatagram(bytes, spec.remote, this.nowMs);
    this.drain();
    return use;
  }

  /** A mini frame of the far end arrives. */
  mini(spec: Iax2StreamSpec, timestamp: number, payload: Uint8Array): string {
    const bytes = encodeMiniFrame(spec.remoteCall, timestamp, payload);
    const use = this.plane.handleDatagram(bytes, spec.remote, this.nowMs);
    this.drain();
    return use;
  }

  /** What was sent to a far end, decoded; each must be a mini frame of its call. */
  minisTo(spec: Iax2StreamSpec): (MiniFrame & { atMs: number })[] {
    return this.sent
      .filter(({ to }) => to === spec.remote)
      .map(({ bytes, atMs }) => {
        const frame = decodeFrame(bytes);
        if (frame.type !== 'mini' || frame.sourceCall !== spec.localCall)
          throw new Error('not a mini frame of the call');
        return { ...frame, atMs };
      });
  }

  fullsDue(stream: StreamId): Extract<MediaEvent, { type: 'voice-full-due' }>[] {
    return this.events.filter((event) => event.type === 'voice-full-due').filter((event) => event.stream === stream);
  }
}

/** A payload that no other number gives. */
export function payloadOf(n: number, length = 160): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (n * 31 + i * 7 + (n >> 3)) & 0xff);
}
