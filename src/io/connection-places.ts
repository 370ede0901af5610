import { AddressLimits } from '../base/limits.ts';

/** A whole office behind one address comes back after a power cut; a flood of handshakes costs no more than some percent of the processor. */
const PER_ADDRESS = { perSecond: 10, burst: 100 } as const;
const TOGETHER = { perSecond: 40, burst: 300 } as const;

/** Why there is none. */
export type NoPlace = 'connection-flood' | 'connection-flood-of-many' | 'too-many-connections';

export interface Place {
  readonly ip: string;
  readonly close: () => void;
}

/**
 * The places for connections that others open to us. Whoever has proven who he is keeps his; when all are taken, the
 * stranger who has been there longest makes room, for a telephone proves itself within a second.
 */
export class ConnectionPlaces {
  /** By connection, the oldest first. */
  private readonly strangers = new Map<string, Place>();
  private readonly proven = new Map<string, Place>();
  private readonly perAddress = new Map<string, { all: number; proven: number }>();
  private readonly limits = new AddressLimits(PER_ADDRESS, TOGETHER);

  constructor(
    private readonly most: number,
    private readonly mostOfOne: number,
  ) {}

  /** Gives a connection its place; `displaced` says whether another was closed for it. */
  take(key: string, place: Place, nowMs: number): { readonly displaced: boolean } | NoPlace {
    const { ip } = place;
    const before = this.perAddress.get(ip);
    const isKnown = before !== undefined && before.proven > 0;
    const flood = isKnown ? undefined : this.limits.judge(ip, nowMs);
    if (flood !== undefined) return flood === 'one' ? 'connection-flood' : 'connection-flood-of-many';
    if (before !== undefined && before.all >= this.mostOfOne) return 'too-many-connections';
    const isFull = this.size >= this.most;
    const [oldest] = this.strangers;
    if (isFull && oldest === undefined) return 'too-many-connections';
    if (isFull && oldest !== undefined) {
      this.leave(...oldest);
      oldest[1].close();
    }
    this.strangers.set(key, place);
    // Who made room may have been the last one of this address.
    const counts = this.perAddress.get(ip) ?? { all: 0, proven: 0 };
    this.perAddress.set(ip, counts);
    counts.all++;
    return { displaced: isFull };
  }

  /** Whoever has it has proven who he is. */
  prove(key: string): void {
    const place = this.strangers.get(key);
    if (place === undefined) return;
    this.strangers.delete(key);
    this.proven.set(key, place);
    const counts = this.perAddress.get(place.ip);
    if (counts !== undefined) counts.proven++;
  }

  /** The connection has ended. */
  leave(key: string, place: Place): void {
    if (this.strangers.get(key) !== place && this.proven.get(key) !== place) return;
    this.strangers.delete(key);
    const wasProven = this.proven.delete(key);
    const counts = this.perAddress.get(place.ip);
    if (counts === undefined) return;
    counts.all--;
    if (wasProven) counts.proven--;
    if (counts.all === 0) this.perAddress.delete(place.ip);
  }

  get size(): number {
    return this.strangers.size + this.proven.size;
  }
}
