import { TokenBucket } from '../base/limits.ts';
import type { Hop } from './hop.ts';

/** A whole office behind one NAT that registers after a power cut gets through; a scanner or a flood does not. */
const PER_ADDRESS = { perSecond: 30, burst: 150 } as const;
/**
 * Of all strangers together. What one of them asks is remembered for 32 s at most, so that all of them together never fill
 * a quarter of the table of transactions.
 */
const TOGETHER = { perSecond: 100, burst: 400 } as const;
/** Addresses that are watched at one time; beyond it the one that was seen first is forgotten. */
const MAX_WATCHED = 4_096;
/** An address that goes on flooding is told of no more often than this. */
const TOLD_EVERY_MS = 600_000;

interface Watched {
  readonly bucket: TokenBucket;
  toldMs: number;
}

/** Why a message is not looked at: its address sends too much, or all strangers together do. */
export type Flood = 'flood' | 'flood-of-many';

/**
 * How much of what strangers send is looked at, before it is read. Phones that are registered and trunks never come by
 * here, so that a flood takes nothing from them.
 */
export class StrangerGate {
  private readonly watched = new Map<string, Watched>();
  private readonly together = new TokenBucket(TOGETHER.perSecond, TOGETHER.burst);
  private readonly ofMany = { toldMs: Number.NEGATIVE_INFINITY };

  /** Undefined: it may be read. */
  judge({ ip }: Hop, nowMs: number): Flood | undefined {
    if (!this.watch(ip).bucket.take(nowMs)) return 'flood';
    return this.together.take(nowMs) ? undefined : 'flood-of-many';
  }

  /** Whether it is time to tell of an address again, or of all together. */
  isNews({ ip }: Hop, what: Flood | 'scanner', nowMs: number): boolean {
    const told = what === 'flood-of-many' ? this.ofMany : this.watch(ip);
    if (nowMs - told.toldMs < TOLD_EVERY_MS) return false;
    told.toldMs = nowMs;
    return true;
  }

  get size(): number {
    return this.watched.size;
  }

  private watch(ip: string): Watched {
    const known = this.watched.get(ip);
    if (known !== undefined) return known;
    const watched = {
      bucket: new TokenBucket(PER_ADDRESS.perSecond, PER_ADDRESS.burst),
      toldMs: Number.NEGATIVE_INFINITY,
    };
    this.watched.set(ip, watched);
    if (this.watched.size > MAX_WATCHED) this.watched.delete(this.watched.keys().next().value!);
    return watched;
  }
}
