import type { Law, StreamId } from '../base/media-port.ts';
import type { RecordRing } from '../base/record-ring.ts';
import type { FarPlane } from './far-stream.ts';
import { BLOCK_SAMPLES, type Listener } from './media-stream.ts';

/**
 * Voice between the two planes of an appliance, the same in both directions. In brackets: the numbers of the record, then its
 * bytes.
 */
const VOICE = {
  /** [listener, source, format, timestamp, ms] payload. */
  PACKET: 20,
  /** [listener, source, 1 = A-law] 80 codes. */
  BLOCK: 21,
  /** [listener, source, format, timestamp in samples, 2 × sequence number + mark, ms] payload. */
  RTP: 22,
  /** [listener, source, timestamp in samples, sequence number] payload. */
  COMFORT_NOISE: 23,
} as const;

/** Puts a record into the ring to the other plane, if there is room. */
export type Say = (
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  text?: string,
) => void;

/** What streams of the other plane hear goes there by `say`. */
export function farPlaneBy(say: Say): FarPlane {
  return {
    hearPacket: (listener, source, bytes, at, length, format, timestamp, durationMs) =>
      say(VOICE.PACKET, listener, source, format, timestamp, durationMs, 0, bytes, at, length),
    hearBlock: (listener, source, block, law) =>
      say(VOICE.BLOCK, listener, source, lawNumber(law), 0, 0, 0, block, 0, block.length),
    hearRtp: (listener, source, bytes, at, length, format, timestamp, sequence, marker, durationMs) => {
      const marked = 2 * sequence + (marker ? 1 : 0);
      say(VOICE.RTP, listener, source, format, timestamp, marked, durationMs, bytes, at, length);
    },
    hearComfortNoise: (listener, source, bytes, at, length, timestamp, sequence) =>
      say(VOICE.COMFORT_NOISE, listener, source, timestamp, sequence, 0, 0, bytes, at, length),
  };
}

/** Whoever of a plane hears a stream of the other one. */
export interface FarListeners {
  listenerTo(source: StreamId, listener: StreamId): Listener | undefined;
}

/** Gives voice that comes by the ring to those who hear it. */
export class FarVoiceReader {
  private readonly block = new Uint8Array(BLOCK_SAMPLES);

  constructor(private readonly plane: FarListeners) {}

  /** Takes the ring's record; false if it is no voice. */
  take(ring: RecordRing, nowMs: number): boolean {
    const { kind, numbers, bytes, at, length } = ring;
    if (kind < VOICE.PACKET || kind > VOICE.COMFORT_NOISE) return false;
    const listener = this.plane.listenerTo(numbers[1]!, numbers[0]!);
    if (listener === undefined) return true;
    const [c, d, e] = [numbers[2]!, numbers[3]!, numbers[4]!];
    switch (kind) {
      case VOICE.PACKET:
        listener.hearPacket(bytes, at, length, c, d, e, nowMs);
        break;
      case VOICE.BLOCK:
        for (let i = 0; i < BLOCK_SAMPLES; i++) this.block[i] = bytes[at + i]!;
        listener.hearBlock(this.block, lawOfNumber(c), nowMs);
        break;
      case VOICE.RTP:
        listener.rtp?.hearRtp(bytes, at, length, c, d, e >>> 1, (e & 1) === 1, numbers[5]!, nowMs);
        break;
      case VOICE.COMFORT_NOISE:
        listener.rtp?.hearComfortNoise(bytes, at, length, c, d, nowMs);
        break;
    }
    return true;
  }
}

const LAWS: readonly Law[] = ['ulaw', 'alaw'];

export function lawNumber(law: Law): number {
  return LAWS.indexOf(law);
}

export function lawOfNumber(number: number): Law {
  return LAWS[number] ?? 'ulaw';
}
