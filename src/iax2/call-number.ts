import type { Random } from '../base/random.ts';

/** 0 means none and 1 answers statelessly; both are never allotted. [RFC5456 §8.1.1] */
const FIRST = 2;
const LAST = 0x7fff;

/** A number is not used again for so long, so that late frames of an ended call meet no new one. */
export const QUARANTINE_MS = 60_000;

/** What is kept of an ended call, to answer the far end if it did not hear our last ACK. */
export interface EndedCall {
  readonly remoteKey: string;
  readonly remoteCall: number;
  /** Sequence number that the far end's next frame would have had, and ours. */
  readonly iseqno: number;
  readonly oseqno: number;
}

interface Quarantined {
  readonly untilMs: number;
  readonly addressKey: string;
  readonly ended: EndedCall | undefined;
}

export interface CallNumberLimits {
  /** Numbers in use at one time. */
  readonly total: number;
  /** Numbers held by one IP address, those in quarantine included. */
  readonly perAddress: number;
}

/**
 * Allots local call numbers: unguessable starting point, never one in use or within its quarantine, and no more than the
 * limits allow to one address.
 */
export class CallNumbers {
  private readonly used = new Map<number, string>();
  /** In order of expiry, because the quarantine is the same for all. */
  private readonly quarantine = new Map<number, Quarantined>();
  private readonly perAddress = new Map<string, number>();

  constructor(
    private readonly random: Random,
    private readonly limits: CallNumberLimits,
  ) {}

  /** `ip` is whom the number is counted against. Undefined when a limit is reached. */
  allot(ip: string, nowMs: number): number | undefined {
    this.release(nowMs);
    if (this.used.size >= this.limits.total || this.heldBy(ip) >= this.limits.perAddress) return undefined;
    const span = LAST - FIRST + 1;
    const start = this.random.integer(span);
    for (let i = 0; i < span; i++) {
      const number = FIRST + ((start + i) % span);
      if (this.used.has(number) || this.quarantine.has(number)) continue;
      this.used.set(number, ip);
      this.perAddress.set(ip, this.heldBy(ip) + 1);
      return number;
    }
    return undefined;
  }

  /** Gives a number back. */
  end(number: number, ended: EndedCall | undefined, nowMs: number): void {
    const addressKey = this.used.get(number);
    if (addressKey === undefined) return;
    this.used.delete(number);
    this.quarantine.set(number, { untilMs: nowMs + QUARANTINE_MS, addressKey, ended });
  }

  /** The call that had this number until a short while ago. */
  endedCall(number: number, nowMs: number): EndedCall | undefined {
    this.release(nowMs);
    return this.quarantine.get(number)?.ended;
  }

  /** The same, if it was with this far end; one that ended before the far end gave its number may be with any. */
  endedWith(number: number, remoteKey: string, remoteCall: number, nowMs: number): EndedCall | undefined {
    const ended = this.endedCall(number, nowMs);
    if (ended === undefined || ended.remoteKey !== remoteKey) return undefined;
    return ended.remoteCall === remoteCall || ended.remoteCall === 0 ? ended : undefined;
  }

  heldBy(ip: string): number {
    return this.perAddress.get(ip) ?? 0;
  }

  get inUse(): number {
    return this.used.size;
  }

  quarantined(nowMs: number): number {
    this.release(nowMs);
    return this.quarantine.size;
  }

  private release(nowMs: number): void {
    for (const [number, { untilMs, addressKey }] of this.quarantine) {
      if (untilMs > nowMs) return;
      this.quarantine.delete(number);
      const held = this.heldBy(addressKey) - 1;
      if (held > 0) this.perAddress.set(addressKey, held);
      else this.perAddress.delete(addressKey);
    }
  }
}
