import { type Address, sameAddress } from '../base/machine.ts';
import type { RtpPath } from '../base/media-port.ts';
import { sequenceDistance } from './rtp-packet.ts';

/** Packets in sequence from one address that make it the far end's. */
const LEARN_PACKETS = 4;

/** A far end that is silent for so long may have moved. */
const SILENT_MS = 500;

/** What is thought of a packet by where it comes from. */
export type Believed = 'yes' | 'foreign' | 'other-source';

/**
 * Where the far end really is. RTP goes to the address in the SDP until packets come from elsewhere, as they do through a
 * NAT; then it goes where they come from. Nobody else may take the call over by throwing packets at the port: they count
 * only from the addresses that the signalling has told, only if several are in sequence, and not while the far end that is
 * known goes on speaking.
 */
export class RtpLatch {
  private session: RtpPath;
  private locked: Address | undefined;
  private rtcp: Address;
  private lastHeardMs = Number.NEGATIVE_INFINITY;
  private candidate: Address | undefined;
  private candidateSsrc = 0;
  private candidateSequence = 0;
  private candidateCount = 0;
  private candidateMs = Number.NEGATIVE_INFINITY;

  constructor(session: RtpPath) {
    this.session = session;
    this.rtcp = { ip: session.remote.ip, port: session.remoteRtcpPort };
  }

  /** Where RTP goes to. */
  get remote(): Address {
    return this.locked ?? this.session.remote;
  }

  /** RTP and RTCP go by one port. [RFC5761] */
  get isMuxed(): boolean {
    return this.session.remoteRtcpPort === this.session.remote.port;
  }

  /** Where RTCP goes to: the same object as long as it is the same address. */
  get remoteRtcp(): Address {
    const { ip } = this.remote;
    const port = this.remoteRtcpPort;
    if (this.rtcp.port !== port || this.rtcp.ip !== ip) this.rtcp = { ip, port };
    return this.rtcp;
  }

  /** Behind a NAT the port after the one that was observed is the best guess. */
  private get remoteRtcpPort(): number {
    const { remote, remoteRtcpPort } = this.session;
    if (this.isMuxed) return this.remote.port;
    return this.locked === undefined || sameAddress(this.locked, remote) ? remoteRtcpPort : this.locked.port + 1;
  }

  /** The far end described itself anew: another address means that it is to be learned again. */
  update(session: RtpPath): void {
    const moved = !sameAddress(session.remote, this.session.remote) || session.sources !== this.session.sources;
    this.session = session;
    if (!moved) return;
    this.locked = undefined;
    this.candidate = undefined;
  }

  /** Judges a packet of a payload type that was agreed on. */
  judge(from: Address, ssrc: number, sequence: number, nowMs: number): Believed {
    if (this.locked !== undefined && sameAddress(from, this.locked)) {
      this.lastHeardMs = nowMs;
      this.candidate = undefined;
      return 'yes';
    }
    if (!this.mayBe(from.ip)) return 'foreign';
    if (this.locked !== undefined && nowMs - this.lastHeardMs < SILENT_MS) return 'other-source';
    if (this.locked === undefined && sameAddress(from, this.session.remote)) {
      this.lock(from, nowMs);
      return 'yes';
    }
    return this.learn(from, ssrc, sequence, nowMs);
  }

  /** Whether RTCP from there is believed. */
  mayBe(ip: string): boolean {
    const { sources, remote, signallingIp } = this.session;
    return sources === 'any' || ip === remote.ip || ip === signallingIp;
  }

  private learn(from: Address, ssrc: number, sequence: number, nowMs: number): Believed {
    const isSame = this.candidate !== undefined && sameAddress(from, this.candidate) && ssrc === this.candidateSsrc;
    const isBusy = this.candidate !== undefined && nowMs - this.candidateMs < SILENT_MS;
    if (!isSame && isBusy) return 'other-source';
    const follows = isSame && sequenceDistance(sequence, this.candidateSequence) === 1;
    if (!isSame) {
      this.candidate = { ip: from.ip, port: from.port };
      this.candidateSsrc = ssrc;
    }
    this.candidateCount = follows ? this.candidateCount + 1 : 1;
    this.candidateSequence = sequence;
    this.candidateMs = nowMs;
    if (this.candidateCount >= LEARN_PACKETS) {
      this.lock(from, nowMs);
      return 'yes';
    }
    // Of one whose address was told, the first words are not lost; they go nowhere else meanwhile.
    return this.locked === undefined && this.session.sources === 'signalled' ? 'yes' : 'other-source';
  }

  private lock({ ip, port }: Address, nowMs: number): void {
    this.locked = { ip, port };
    this.candidate = undefined;
    this.lastHeardMs = nowMs;
  }
}
