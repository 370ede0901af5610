import { estimateMos, estimateRating } from '../base/voice-quality.ts';
import { MAX_TARGET_MS } from './delay-target.ts';
import { GMIN } from './loss-bursts.ts';
import { readInt32, writeUint32 } from './rtp-packet.ts';
import type { RtpReception } from './rtp-reception.ts';

/** The block of an extended report that says how a call sounds. [RFC3611 §4.7] */
export const VOIP_METRICS = 7;
export const VOIP_METRICS_LENGTH = 36;

/** What is not known, or cannot be. [RFC3611 §4.7.5] */
const UNAVAILABLE = 127;
const HIGHEST_MOS = 50;
const LOWEST_MOS = 10;
/** Loss is concealed better than by silence, and the jitter buffer adapts. [RFC3611 §4.7.6] */
const ENHANCED_ADAPTIVE = 0b1011_0000;

/** What happens to the far end's voice here besides loss; one object serves all reports of a stream. */
export interface VoiceAfterArrival {
  /** How long each of its packets is. */
  packetMs: number;
  /** Packets that came too late to be heard. */
  discarded: number;
  /** What the playout buffer adds; 0 where the packets are relayed as they come. */
  delayMs: number;
}

/** What the far end says of how our voice sounds there. */
export interface FarVoice {
  /** Packets that came too late for its playout buffer. */
  readonly discardPct: number;
  /** Of conversation, 1…5; undefined where it does not know. */
  readonly mos: number | undefined;
}

/** What the scores are estimated of: written anew for each report, since a number that is handed on may be an object. */
const listening = { lossPct: 0, delayMs: 0 };
const conversation = { lossPct: 0, delayMs: 0 };

/** Writes what we know of a stream at `at`: `VOIP_METRICS_LENGTH` bytes. */
export function writeVoipMetrics(
  packet: Uint8Array,
  at: number,
  farSsrc: number,
  reception: RtpReception,
  { packetMs, discarded, delayMs }: VoiceAfterArrival,
  roundTripMs: number | undefined,
): void {
  const { received, lost, lossPattern } = reception;
  const expected = Math.max(1, received + lost);
  listening.lossPct = (100 * (lost + discarded)) / expected;
  conversation.lossPct = listening.lossPct;
  // Undefined round trips are short ones: nothing was said of them yet.
  conversation.delayMs = (roundTripMs ?? 0) / 2 + packetMs + delayMs;
  packet.fill(0, at, at + VOIP_METRICS_LENGTH);
  packet[at] = VOIP_METRICS;
  packet[at + 3] = VOIP_METRICS_LENGTH / 4 - 1;
  writeUint32(packet, at + 4, farSsrc);
  packet[at + 8] = fraction(lost / expected);
  packet[at + 9] = fraction(discarded / expected);
  packet[at + 10] = fraction(lossPattern.burstDensity);
  packet[at + 11] = fraction(lossPattern.gapDensity);
  writeUint16(packet, at + 12, lossPattern.burstPackets * packetMs);
  writeUint16(packet, at + 14, lossPattern.gapPackets * packetMs);
  writeUint16(packet, at + 16, roundTripMs ?? 0);
  writeUint16(packet, at + 18, packetMs + delayMs);
  // Signal, noise and echo are not measured.
  packet.fill(UNAVAILABLE, at + 20, at + 23);
  packet[at + 23] = GMIN;
  writeScores(packet, at + 24);
  if (delayMs === 0) return;
  packet[at + 28] = ENHANCED_ADAPTIVE;
  writeUint16(packet, at + 30, delayMs);
  writeUint16(packet, at + 32, delayMs);
  writeUint16(packet, at + 34, MAX_TARGET_MS);
}

/** Of what stands in `listening` and `conversation`. */
function writeScores(packet: Uint8Array, at: number): void {
  packet[at] = Math.round(estimateRating(conversation));
  packet[at + 1] = UNAVAILABLE;
  packet[at + 2] = Math.round(10 * estimateMos(listening));
  packet[at + 3] = Math.round(10 * estimateMos(conversation));
}

/** Reads the blocks of an extended report between two places: what it says of the voice of `ssrc`, whose 32 bits have a sign. `false`: its lengths do not add up. */
export function readExtendedReport(
  bytes: Uint8Array,
  from: number,
  end: number,
  ssrc: number,
): FarVoice | undefined | false {
  let voice: FarVoice | undefined;
  for (let at = from; at < end; ) {
    const length = at + 4 <= end ? 4 * (1 + ((bytes[at + 2]! << 8) | bytes[at + 3]!)) : Number.POSITIVE_INFINITY;
    if (at + length > end) return false;
    if (bytes[at] === VOIP_METRICS && length === VOIP_METRICS_LENGTH && readInt32(bytes, at + 4) === ssrc)
      voice = { discardPct: (100 * bytes[at + 9]!) / 256, mos: readMos(bytes[at + 27]!) };
    at += length;
  }
  return voice;
}

function readMos(value: number): number | undefined {
  return value < LOWEST_MOS || value > HIGHEST_MOS ? undefined : value / 10;
}

/** In 256ths, rounded down. */
function fraction(share: number): number {
  return Math.min(255, Math.floor(256 * share));
}

function writeUint16(packet: Uint8Array, at: number, value: number): void {
  const whole = Math.max(0, Math.min(0xffff, Math.round(value)));
  packet[at] = whole >>> 8;
  packet[at + 1] = whole & 0xff;
}
