import { readInt32, readUint32, writeUint32 } from './rtp-packet.ts';
import type { RtpReception } from './rtp-reception.ts';
import {
  type FarVoice,
  readExtendedReport,
  VOIP_METRICS_LENGTH,
  type VoiceAfterArrival,
  writeVoipMetrics,
} from './voip-metrics.ts';

/** Packet types. [RFC3550 §12.1] */
const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
/** Extended reports. [RFC3611 §2] */
const XR = 207;
/** Feedback about a payload: of video that a whole picture is wanted. [RFC4585 §6.3] [RFC5104 §4.3.1] */
const PSFB = 206;
const PLI = 1;
const FIR = 4;
const FEEDBACK_LENGTH = 12;
const FIR_ENTRY_LENGTH = 8;
/** The same before there was feedback, for H.261. [RFC2032 §5.2.1] */
const OLD_FIR = 192;
const CNAME = 1;

const HEADER_LENGTH = 8;
const SENDER_INFO_LENGTH = 20;
const BLOCK_LENGTH = 24;
const CNAME_LENGTH = 8;

/** Reports go out every 5 s on average, each interval 0.5 to 1.5 of that, so that many do not fall together. [RFC3550 §6.2] */
const INTERVAL_MS = 5_000;

/** What the far end's reports say of what we send; one object serves all of a stream. */
interface FarReport {
  lostPct: number;
  /** In units of our RTP clock. */
  jitter: number;
  /** Absent until it has heard a report of ours. */
  rttMs?: number;
}

/** What a report tells of what we send. */
export interface SentCounts {
  /** Our RTP timestamp now, its 32 bits with a sign. */
  timestamp: number;
  packets: number;
  octets: number;
}

/**
 * The RTCP of one stream: sender and receiver reports with a name, and what those of the far end say. Its clock is the
 * plane's, which the far end only sends back to us. [RFC3550 §6]
 */
export class Rtcp {
  far: FarReport | undefined;
  /** How our voice sounds there, where the far end says so. */
  farVoice: FarVoice | undefined;
  /** What happens to the far end's voice here; set where it wants to know how it sounds. [RFC3611 §5.1] */
  voice: VoiceAfterArrival | undefined;
  /** When the next report is due. */
  dueMs: number;
  private readonly packet = new Uint8Array(160);
  /** When the far end's last sender report came, and the middle of its NTP timestamp. */
  private lastSenderReport = 0;
  private lastSenderReportMs = 0;
  private random: number;
  /** FIRs so far. */
  private requests = 0;

  /** With a sign, as all 32 bits here that are handed on: a small integer, and no object on its way. */
  private readonly ssrc: number;

  constructor(
    ssrc: number,
    private readonly send: (bytes: Uint8Array, length: number) => void,
    nowMs: number,
    /** The far end wants a whole picture. */
    private readonly onPictureWanted: () => void = () => {},
  ) {
    this.ssrc = ssrc | 0;
    this.random = this.ssrc;
    this.dueMs = nowMs + (this.interval() >> 1);
  }

  /** Takes a compound packet. False if it is none. */
  handle(bytes: Uint8Array, nowMs: number): boolean {
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 * (1 + ((bytes[at + 2]! << 8) | bytes[at + 3]!));
      if (bytes[at]! >>> 6 !== 2 || end > bytes.length) return false;
      if (!this.handlePacket(bytes, at, end, nowMs)) return false;
      at = end;
    }
    return at > 0 && at === bytes.length;
  }

  /** False if its parts are longer than it is. */
  private handlePacket(bytes: Uint8Array, at: number, end: number, nowMs: number): boolean {
    const type = bytes[at + 1]!;
    if (type !== XR) {
      this.handleReport(type, bytes, at, end, nowMs);
      return true;
    }
    const voice = at + HEADER_LENGTH > end ? false : readExtendedReport(bytes, at + HEADER_LENGTH, end, this.ssrc);
    if (voice === false) return false;
    this.farVoice = voice ?? this.farVoice;
    return true;
  }

  private handleReport(type: number, bytes: Uint8Array, at: number, end: number, nowMs: number): void {
    const format = bytes[at]! & 0x1f;
    if (type === OLD_FIR || (type === PSFB && (format === PLI || format === FIR))) this.onPictureWanted();
    if (type !== SR && type !== RR) return;
    if (type === SR) {
      if (at + HEADER_LENGTH + SENDER_INFO_LENGTH > end) return;
      this.lastSenderReport = readInt32(bytes, at + HEADER_LENGTH + 2);
      this.lastSenderReportMs = nowMs;
    }
    const blocks = at + HEADER_LENGTH + (type === SR ? SENDER_INFO_LENGTH : 0);
    const count = bytes[at]! & 0x1f;
    for (let i = 0; i < count; i++) {
      const block = blocks + i * BLOCK_LENGTH;
      if (block + BLOCK_LENGTH > end) return;
      if (readInt32(bytes, block) === this.ssrc) this.handleBlock(bytes, block, nowMs);
    }
  }

  private handleBlock(bytes: Uint8Array, at: number, nowMs: number): void {
    const echoed = readUint32(bytes, at + 16);
    const heldFor = readUint32(bytes, at + 20);
    const roundTrip = (middleOfNtp(nowMs) - echoed - heldFor) | 0;
    this.far ??= { lostPct: 0, jitter: 0 };
    this.far.lostPct = (100 * bytes[at + 4]!) / 256;
    this.far.jitter = readUint32(bytes, at + 12);
    if (echoed !== 0 && roundTrip >= 0) this.far.rttMs = (roundTrip * 1000) / 65_536;
  }

  /** Sends what is due: a sender report if something was sent, else a receiver report. `farSsrc`: 0 = nothing heard. */
  tick(sent: SentCounts, reception: RtpReception, samplesPerMs: number, farSsrc: number, nowMs: number): void {
    if (nowMs < this.dueMs) return;
    this.dueMs = nowMs + this.interval();
    this.send(this.packet, this.writeCompound(sent, reception, samplesPerMs, farSsrc, nowMs));
  }

  /** The last report, with a farewell. */
  bye(sent: SentCounts, reception: RtpReception, samplesPerMs: number, farSsrc: number, nowMs: number): void {
    let length = this.writeCompound(sent, reception, samplesPerMs, farSsrc, nowMs);
    this.writeHeader(length, 1, BYE, HEADER_LENGTH);
    length += HEADER_LENGTH;
    this.send(this.packet, length);
  }

  /** Asks the far end for a whole picture, behind a report as the rules of compound packets want it. [RFC4585 §3.1] */
  requestPicture(
    by: 'pli' | 'fir',
    sent: SentCounts,
    reception: RtpReception,
    samplesPerMs: number,
    farSsrc: number,
    nowMs: number,
  ): void {
    const at = this.writeCompound(sent, reception, samplesPerMs, farSsrc, nowMs);
    const { packet } = this;
    const length = by === 'pli' ? FEEDBACK_LENGTH : FEEDBACK_LENGTH + FIR_ENTRY_LENGTH;
    this.writeHeader(at, by === 'pli' ? PLI : FIR, PSFB, length);
    // Of FIR the source stands in its entry, with a number that tells one request from the last.
    writeUint32(packet, at + 8, by === 'pli' ? farSsrc : 0);
    if (by === 'fir') {
      writeUint32(packet, at + FEEDBACK_LENGTH, farSsrc);
      this.requests = (this.requests + 1) & 0xff;
      writeUint32(packet, at + FEEDBACK_LENGTH + 4, (this.requests << 24) >>> 0);
    }
    this.send(packet, at + length);
  }

  /** A report and a name, and how the far end sounds if it asked. [RFC3550 §6.1] */
  private writeCompound(
    sent: SentCounts,
    reception: RtpReception,
    samplesPerMs: number,
    farSsrc: number,
    nowMs: number,
  ): number {
    const at = this.writeName(this.writeReport(sent, reception, samplesPerMs, farSsrc, nowMs));
    if (this.voice === undefined || farSsrc === 0) return at;
    const length = HEADER_LENGTH + VOIP_METRICS_LENGTH;
    this.writeHeader(at, 0, XR, length);
    writeVoipMetrics(this.packet, at + HEADER_LENGTH, farSsrc, reception, this.voice, this.far?.rttMs);
    return at + length;
  }

  private writeReport(
    sent: SentCounts,
    reception: RtpReception,
    samplesPerMs: number,
    farSsrc: number,
    nowMs: number,
  ): number {
    const { packet } = this;
    const isSender = sent.packets > 0;
    const blockAt = HEADER_LENGTH + (isSender ? SENDER_INFO_LENGTH : 0);
    const length = blockAt + (farSsrc === 0 ? 0 : BLOCK_LENGTH);
    this.writeHeader(0, farSsrc === 0 ? 0 : 1, isSender ? SR : RR, length);
    if (isSender) {
      writeUint32(packet, 8, (nowMs / 1000) | 0);
      writeUint32(packet, 12, (((nowMs % 1000) * 0x1_0000_0000) / 1000) | 0);
      writeUint32(packet, 16, sent.timestamp);
      writeUint32(packet, 20, sent.packets | 0);
      writeUint32(packet, 24, sent.octets | 0);
    }
    if (farSsrc === 0) return length;
    writeUint32(packet, blockAt, farSsrc);
    writeUint32(packet, blockAt + 4, (reception.takeFractionLost() << 24) | reception.cumulativeLost);
    writeUint32(packet, blockAt + 8, reception.highest | 0);
    writeUint32(packet, blockAt + 12, Math.round(reception.jitterMs * samplesPerMs) | 0);
    writeUint32(packet, blockAt + 16, this.lastSenderReport);
    const heldMs = this.lastSenderReport === 0 ? 0 : nowMs - this.lastSenderReportMs;
    writeUint32(packet, blockAt + 20, Math.round((heldMs * 65_536) / 1000) | 0);
    return length;
  }

  /** A name that tells nothing of us but that it is this stream. [RFC7022 §4.2] */
  private writeName(at: number): number {
    const { packet } = this;
    const length = HEADER_LENGTH + 12;
    this.writeHeader(at, 1, SDES, length);
    packet[at + 8] = CNAME;
    packet[at + 9] = CNAME_LENGTH;
    for (let i = 0; i < CNAME_LENGTH; i++)
      packet[at + 10 + i] = 'abcdefghijklmnop'.charCodeAt((this.ssrc >>> (4 * i)) & 15);
    packet[at + 18] = 0;
    packet[at + 19] = 0;
    return at + length;
  }

  private writeHeader(at: number, count: number, type: number, length: number): void {
    this.packet[at] = 0x80 | count;
    this.packet[at + 1] = type;
    this.packet[at + 2] = 0;
    this.packet[at + 3] = length / 4 - 1;
    writeUint32(this.packet, at + 4, this.ssrc);
  }

  /** In whole ms. */
  private interval(): number {
    // Enough of a spread for reports; what must not be guessed is random from the start.
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(INTERVAL_MS * (1 + this.random / 0x1_0000_0000));
  }
}

/** The middle 32 bits of an NTP timestamp, 1/65536 s. [RFC3550 §4] */
function middleOfNtp(nowMs: number): number {
  return Math.floor((nowMs * 65_536) / 1000) >>> 0;
}
