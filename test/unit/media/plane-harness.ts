import { Counters } from '../../../src/base/counters.ts';
import type { Address } from '../../../src/base/machine.ts';
import type { Iax2StreamSpec, MediaEvent, MediaPort, RtpStreamSpec, StreamId } from '../../../src/base/media-port.ts';
import { decodeFrame, encodeFullFrame, encodeMiniFrame, type MiniFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import { MediaPlane, type MediaPlaneOptions } from '../../../src/media/plane.ts';

export const ULAW = 4;
export const ALAW = 8;

export interface SentRtp extends SentDatagram {
  readonly localPort: number;
}

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
  readonly sentRtp: SentRtp[] = [];
  readonly events: MediaEvent[] = [];
  readonly plane: MediaPlane;
  /** The plane as signalling sees it. */
  readonly media: MediaPort;
  nowMs = 0;

  constructor(options: Pick<MediaPlaneOptions, 'backlogMs'> = {}) {
    this.plane = new MediaPlane({
      ...options,
      counters: this.counters,
      crypto: nodeCrypto,
      send: (to, bytes, at, length) => this.sent.push({ to, bytes: bytes.slice(at, at + length), atMs: this.nowMs }),
      sendRtp: (localPort, to, bytes, at, length) =>
        this.sentRtp.push({ localPort, to, bytes: bytes.slice(at, at + length), atMs: this.nowMs }),
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

  /** A packet comes to an RTP port, from where the SDP says unless told otherwise. */
  rtp(spec: RtpStreamSpec, packet: RtpPacket, from: Address = spec.remote): void {
    this.plane.handleRtp(spec.localPort, encodeRtp(packet), from, this.nowMs);
    this.drain();
  }

  /** What was sent from an RTP port, decoded. */
  rtpFrom({ localPort }: RtpStreamSpec): (Required<RtpPacket> & { readonly to: Address; readonly atMs: number })[] {
    return this.sentRtp
      .filter((one) => one.localPort === localPort)
      .map((one) => ({ ...decodeRtp(one.bytes), ...one }));
  }

  rtcpFrom({ localPort }: RtpStreamSpec): SentRtp[] {
    return this.sentRtp.filter((one) => one.localPort === localPort + 1);
  }

  fullsDue(stream: StreamId): Extract<MediaEvent, { type: 'voice-full-due' }>[] {
    return this.events.filter((event) => event.type === 'voice-full-due').filter((event) => event.stream === stream);
  }
}

export interface RtpPacket {
  readonly payloadType?: number;
  readonly marker?: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payload: Uint8Array;
}

/** Written by hand, so that the decoder is not judged by itself. */
export function encodeRtp({ payloadType = 0, marker, sequence, timestamp, ssrc = 77, payload }: RtpPacket): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (marker === true ? 0x80 : 0) + payloadType);
  view.setUint16(2, sequence);
  view.setUint32(4, timestamp);
  view.setUint32(8, ssrc);
  bytes.set(payload, 12);
  return bytes;
}

export function decodeRtp(bytes: Uint8Array): Required<RtpPacket> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint8(0) !== 0x80) throw new Error('not a plain RTP header');
  return {
    payloadType: view.getUint8(1) & 0x7f,
    marker: view.getUint8(1) >= 0x80,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: bytes.slice(12),
  };
}

/** A far end of a SIP call, as the plane knows it. */
export function rtpFarEnd(n: number, changes: Partial<RtpStreamSpec> = {}): RtpStreamSpec {
  const ip = `198.51.100.${n}`;
  return {
    kind: 'rtp',
    localPort: 10_000 + 2 * n,
    ssrc: 1_000_000 + n,
    firstSequence: 65_530 + n,
    firstTimestamp: 4_294_960_000 + n,
    remote: { ip, port: 4000 + 2 * n },
    remoteRtcpPort: 4001 + 2 * n,
    sources: 'signalled',
    signallingIp: ip,
    codec: 'ulaw',
    payloadType: 0,
    telephoneEventType: 101,
    comfortNoiseType: 13,
    ptimeMs: 20,
    sends: true,
    receives: true,
    ...changes,
  };
}

/** A payload that no other number gives. */
export function payloadOf(n: number, length = 160): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (n * 31 + i * 7 + (n >> 3)) & 0xff);
}
