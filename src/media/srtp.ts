import type { Crypto } from '../base/crypto.ts';
import type { SrtpSuite } from '../base/srtp.ts';
import { readUint32, writeUint32 } from './rtp-packet.ts';

export type SrtpCrypto = Pick<Crypto, 'aes128Ctr' | 'hmacSha1'>;

/** Why a packet is not taken, or not sent: `replayed` also for one that is older than the window. */
export type SrtpFailure = 'malformed' | 'forged' | 'replayed' | 'too-many-sources';

const KEY_LENGTH = 16;
const SALT_LENGTH = 14;
const AUTH_KEY_LENGTH = 20;
const RTP_HEADER_LENGTH = 12;
const RTCP_HEADER_LENGTH = 8;
/** Both suites: reports are few, and lie worse. [RFC4568 §6.2.2] */
const RTCP_TAG_LENGTH = 10;
const INDEX_LENGTH = 4;
const ENCRYPTED = 0x8000_0000;
/** [RFC3711 §3.3.2] */
const WINDOW = 64;
/** A forgotten source could be replayed, so none is forgotten under a key; nobody who means well has as many. */
const MOST_SOURCES = 16;

/** Labels of the keys that are derived. [RFC3711 §4.3.2] */
const LABELS = { rtp: 0, rtcp: 3 } as const;

interface SessionKeys {
  readonly key: Uint8Array;
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

/** What has passed of one source: the highest index, and which of those shortly before it. [RFC3711 §3.3.2] */
class ReplayWindow {
  highest = -1;
  private readonly passed = new Float64Array(WINDOW).fill(-1);

  isFresh(index: number): boolean {
    return index >= 0 && index > this.highest - WINDOW && this.passed[index % WINDOW] !== index;
  }

  note(index: number): void {
    this.passed[index % WINDOW] = index;
    if (index > this.highest) this.highest = index;
  }

  /** The index that is meant by 16 bits: the one nearest to the highest so far. Below 0: of a time before the first. */
  guess(sequence: number): number {
    if (this.highest < 0) return sequence;
    const near = this.highest - (this.highest % 0x1_0000) + sequence;
    if (near - this.highest > 0x8000) return near - 0x1_0000;
    return this.highest - near > 0x8000 ? near + 0x1_0000 : near;
  }
}

/**
 * SRTP and SRTCP of one direction of a call, under one master key. No index is used twice, in either direction: that of
 * what we send would give away both texts. Key derivation rate 0, no MKI. [RFC3711]
 */
export class SrtpContext {
  private readonly rtp: SessionKeys;
  private readonly rtcp: SessionKeys;
  private readonly tagLength: number;
  private readonly windows = new Map<number, ReplayWindow>();
  private readonly reportWindows = new Map<number, ReplayWindow>();
  private readonly iv = new Uint8Array(KEY_LENGTH);
  private nextReport = 0;

  constructor(
    private readonly crypto: SrtpCrypto,
    suite: SrtpSuite,
    masterKey: Uint8Array,
  ) {
    this.tagLength = suite === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4;
    this.rtp = deriveKeys(crypto, masterKey, LABELS.rtp);
    this.rtcp = deriveKeys(crypto, masterKey, LABELS.rtcp);
  }

  /** An RTP packet as it goes on the wire. */
  sealRtp(packet: Uint8Array): Uint8Array | SrtpFailure {
    const headerLength = rtpHeaderLength(packet, packet.length);
    if (headerLength === undefined) return 'malformed';
    const ssrc = readUint32(packet, 8);
    const window = this.windows.get(ssrc) ?? new ReplayWindow();
    const index = window.guess((packet[2]! << 8) | packet[3]!);
    if (!window.isFresh(index)) return 'replayed';
    this.windows.set(ssrc, window);
    window.note(index);
    const sealed = new Uint8Array(packet.length + this.tagLength);
    sealed.set(packet);
    sealed.set(this.crypt(this.rtp, ssrc, index, 2, packet.subarray(headerLength)), headerLength);
    sealed.set(this.rtpTag(sealed, packet.length, index), packet.length);
    return sealed;
  }

  /** The RTP packet that is in one of the wire. Nothing of a packet counts before its tag was verified. */
  openRtp(sealed: Uint8Array): Uint8Array | SrtpFailure {
    const length = sealed.length - this.tagLength;
    const headerLength = rtpHeaderLength(sealed, length);
    if (headerLength === undefined) return 'malformed';
    const ssrc = readUint32(sealed, 8);
    const window = this.windowOf(this.windows, ssrc);
    if (window === undefined) return 'too-many-sources';
    const index = window.guess((sealed[2]! << 8) | sealed[3]!);
    if (!window.isFresh(index)) return 'replayed';
    if (!isSame(this.rtpTag(sealed, length, index), sealed, length)) return 'forged';
    this.windows.set(ssrc, window);
    window.note(index);
    const packet = sealed.slice(0, length);
    packet.set(this.crypt(this.rtp, ssrc, index, 2, packet.subarray(headerLength)), headerLength);
    return packet;
  }

  sealRtcp(packet: Uint8Array): Uint8Array | SrtpFailure {
    if (packet.length < RTCP_HEADER_LENGTH) return 'malformed';
    const index = this.nextReport;
    if (index >= ENCRYPTED) return 'replayed';
    this.nextReport++;
    const { length } = packet;
    const sealed = new Uint8Array(length + INDEX_LENGTH + RTCP_TAG_LENGTH);
    sealed.set(packet);
    const body = this.crypt(this.rtcp, readUint32(packet, 4), index, 0, packet.subarray(RTCP_HEADER_LENGTH));
    sealed.set(body, RTCP_HEADER_LENGTH);
    writeUint32(sealed, length, (ENCRYPTED | index) >>> 0);
    sealed.set(this.rtcpTag(sealed, length + INDEX_LENGTH), length + INDEX_LENGTH);
    return sealed;
  }

  openRtcp(sealed: Uint8Array): Uint8Array | SrtpFailure {
    const tagAt = sealed.length - RTCP_TAG_LENGTH;
    const length = tagAt - INDEX_LENGTH;
    if (length < RTCP_HEADER_LENGTH) return 'malformed';
    const ssrc = readUint32(sealed, 4);
    const window = this.windowOf(this.reportWindows, ssrc);
    if (window === undefined) return 'too-many-sources';
    const word = readUint32(sealed, length);
    const index = word % ENCRYPTED;
    if (!window.isFresh(index)) return 'replayed';
    if (!isSame(this.rtcpTag(sealed, tagAt), sealed, tagAt)) return 'forged';
    this.reportWindows.set(ssrc, window);
    window.note(index);
    const packet = sealed.slice(0, length);
    if (word >= ENCRYPTED)
      packet.set(this.crypt(this.rtcp, ssrc, index, 0, packet.subarray(RTCP_HEADER_LENGTH)), RTCP_HEADER_LENGTH);
    return packet;
  }

  private windowOf(windows: ReadonlyMap<number, ReplayWindow>, ssrc: number): ReplayWindow | undefined {
    return windows.get(ssrc) ?? (windows.size < MOST_SOURCES ? new ReplayWindow() : undefined);
  }

  /** AES in counter mode; `shift`: how many bytes the index stands before the end of the salt. [RFC3711 §4.1.1] */
  private crypt({ key, salt }: SessionKeys, ssrc: number, index: number, shift: 0 | 2, text: Uint8Array): Uint8Array {
    const { iv } = this;
    iv.fill(0);
    iv.set(salt);
    const xor = (at: number, word: number) => writeUint32(iv, at, (readUint32(iv, at) ^ word) >>> 0);
    xor(4, ssrc);
    if (shift === 2) {
      xor(8, Math.floor(index / 0x1_0000));
      iv[12]! ^= (index >>> 8) & 0xff;
      iv[13]! ^= index & 0xff;
    } else xor(10, index);
    return this.crypto.aes128Ctr(key, iv, text);
  }

  /** Over the packet and the part of its index that is not in it. [RFC3711 §4.2] */
  private rtpTag(bytes: Uint8Array, length: number, index: number): Uint8Array {
    const text = new Uint8Array(length + 4);
    text.set(bytes.subarray(0, length));
    writeUint32(text, length, Math.floor(index / 0x1_0000) >>> 0);
    return this.crypto.hmacSha1(this.rtp.authKey, text).subarray(0, this.tagLength);
  }

  private rtcpTag(bytes: Uint8Array, length: number): Uint8Array {
    return this.crypto.hmacSha1(this.rtcp.authKey, bytes.subarray(0, length)).subarray(0, RTCP_TAG_LENGTH);
  }
}

/** [RFC3711 §4.3.1] */
export function deriveKeys(crypto: SrtpCrypto, masterKey: Uint8Array, label: number): SessionKeys {
  const derive = (which: number, length: number) => {
    const iv = new Uint8Array(KEY_LENGTH);
    iv.set(masterKey.subarray(KEY_LENGTH, KEY_LENGTH + SALT_LENGTH));
    iv[7]! ^= which;
    return crypto.aes128Ctr(masterKey.subarray(0, KEY_LENGTH), iv, new Uint8Array(length));
  };
  return {
    key: derive(label, KEY_LENGTH),
    authKey: derive(label + 1, AUTH_KEY_LENGTH),
    salt: derive(label + 2, SALT_LENGTH),
  };
}

/** Fixed header, sources and extension; undefined if they do not fit into `length`. [RFC3550 §5.1] */
function rtpHeaderLength(bytes: Uint8Array, length: number): number | undefined {
  if (length < RTP_HEADER_LENGTH || bytes[0]! >>> 6 !== 2) return undefined;
  let at = RTP_HEADER_LENGTH + 4 * (bytes[0]! & 0x0f);
  if ((bytes[0]! & 0x10) !== 0) {
    if (at + 4 > length) return undefined;
    at += 4 + 4 * ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return at > length ? undefined : at;
}

/** Takes the same time wherever the two differ. */
function isSame(tag: Uint8Array, bytes: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < tag.length; i++) difference |= tag[i]! ^ bytes[at + i]!;
  return difference === 0;
}
