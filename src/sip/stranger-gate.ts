import { AddressLimits } from '../base/limits.ts';
import type { Hop } from './hop.ts';

/** A whole office behind one NAT that registers after a power cut gets through; a scanner or a flood does not. */
const PER_ADDRESS = { perSecond: 30, burst: 150 } as const;
/**
 * Of all strangers together. What one of them asks is remembered for 32 s at most, so that all of them together never fill
 * a quarter of the table of transactions.
 */
const TOGETHER = { perSecond: 100, burst: 400 } as const;
/** Addresses of which it is known when they were told of; beyond it the one that was told of first is forgotten. */
const MAX_TOLD = 4_096;
/** An address that goes on flooding is told of no more often than this. */
const TOLD_EVERY_MS = 600_000;

/** Why a message is not looked at: its address sends too much, or all strangers together do. */
export type Flood = 'flood' | 'flood-of-many';

/**
 * How much of what strangers send is looked at, before it is read. Phones that are registered and trunks never come by
 * here, so that a flood takes nothing from them.
 */
export class StrangerGate {
  private readonly limits = new AddressLimits(PER_ADDRESS, TOGETHER);
  private readonly toldMs = new Map<string, number>();

  /** Undefined: it may be read. */
  judge({ ip }: Hop, nowMs: number): Flood | undefined {
    const flood = this.limits.judge(ip, nowMs);
    return flood === undefined ? undefined : flood === 'one' ? 'flood' : 'flood-of-many';
  }

  /** Whether it is time to tell of an address again, or of all together. */
  isNews({ ip }: Hop, what: Flood | 'scanner', nowMs: number): boolean {
    const whom = what === 'flood-of-many' ? '' : ip;
    if (nowMs - (this.toldMs.get(whom) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return false;
    // Set anew, so that the map stays in the order of telling.
    this.toldMs.delete(whom);
    this.toldMs.set(whom, nowMs);
    if (this.toldMs.size > MAX_TOLD) this.toldMs.delete(this.toldMs.keys().next().value!);
    return true;
  }

  get size(): number {
    return this.limits.size;
  }
}
