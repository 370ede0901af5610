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
  private readonly perAddress = new Map<string, number>();
  private readonly limits = new AddressLimits(PER_ADDRESS, TOGETHER);

  constructor(
    private readonly most: number,
    private readonly mostOfOne: number,
  ) {}

  /** Gives a connection its place; `displaced` says whether another was closed for it. */
  take(key: string, place: Place, nowMs: number): { readonly displaced: boolean } | NoPlace {
    const { ip } = place;
    const flood = this.isKnown(ip) ? undefined : this.limits.judge(ip, nowMs);
    if (flood !== undefined) return flood === 'one' ? 'connection-flood' : 'connection-flood-of-many';
    if ((this.perAddress.get(ip) ?? 0) >= this.mostOfOne) return 'too-many-connections';
    const isFull = this.size >= this.most;
    const [oldest] = this.strangers;
    if (isFull && oldest === undefined) return 'too-many-connections';
    if (isFull && oldest !== undefined) {
      this.leave(...oldest);
      oldest[1].close();
    }
    this.strangers.set(key, place);
    this.perAddress.set(ip, (this.perAddress.get(ip) ?? 0) + 1);
    return { displaced: isFull };
  }

  /** Whoever has it has proven who he is. */
  prove(key: string): void {
    const place = this.strangers.get(key);
    if (place === undefined) return;
    this.strangers.delete(key);
    this.proven.set(key, place);
  }

  /** The connection has ended. */
  leave(key: string, place: Place): void {
    if (this.strangers.get(key) !== place && this.proven.get(key) !== place) return;
    this.strangers.delete(key);
    this.proven.delete(key);
    const left = (this.perAddress.get(place.ip) ?? 1) - 1;
    if (left === 0) this.perAddress.delete(place.ip);
    else this.perAddress.set(place.ip, left);
  }

  get size(): number {
    return this.strangers.size + this.proven.size;
  }

  private isKnown(ip: string): boolean {
    for (const place of this.proven.values()) if (place.ip === ip) return true;
    return false;
  }
}
