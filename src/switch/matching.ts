import type { StreamId, VoiceFormat } from '../base/media-port.ts';
import type { DialFailure, DialRequest, Leg, LegDialler } from './leg.ts';
import type { Patchbay } from './patchbay.ts';

/**
 * Sees to it that what can only be carried is carried to somebody: a leg may be in such a codec as long as it and one other
 * leg hear each other and that one is in the same. Whoever is to hear a tone, a conference, a line or anything else that is
 * made here goes on in G.711. Where two legs differ, one follows the other if it can; nobody else is asked to change.
 */
export class Matching {
  private readonly legs = new Map<StreamId, Leg>();
  /** The patches that were looked at last. */
  private seen = -1;

  constructor(private readonly patchbay: Patchbay) {}

  /** The same dialler; its legs are matched from now on. */
  around(dialler: LegDialler): LegDialler {
    return { dial: (request, nowMs) => this.dial(dialler, request, nowMs) };
  }

  add(leg: Leg): void {
    this.legs.set(leg.stream, leg);
  }

  remove(leg: Leg): void {
    this.legs.delete(leg.stream);
  }

  /** A leg is coded otherwise, or would not be: all are looked at again. */
  note(): void {
    this.seen = -1;
  }

  /** After whatever has happened. */
  settle(nowMs: number): void {
    if (this.seen === this.patchbay.changes) return;
    this.seen = this.patchbay.changes;
    for (const leg of this.legs.values()) if (leg.carried !== undefined) this.suit(leg, leg.carried, nowMs);
  }

  get size(): number {
    return this.legs.size;
  }

  private dial(dialler: LegDialler, request: DialRequest, nowMs: number): Leg | DialFailure {
    const made = dialler.dial(request, nowMs);
    if (!('failed' in made)) this.add(made);
    return made;
  }

  private suit(leg: Leg, format: VoiceFormat, nowMs: number): void {
    const source = this.patchbay.heardBy(leg.stream);
    // Who hears nothing is about to hear something, or is about to go; an echo is in whatever it comes in.
    if (source === undefined || source.kind === 'nothing') return;
    if (source.kind === 'stream' && source.stream === leg.stream) return;
    const other = source.kind === 'stream' ? this.legs.get(source.stream) : undefined;
    if (other === undefined || !this.mayHear(other, leg)) leg.carry?.(undefined, nowMs);
    else if (other.carried?.codec === format.codec) return;
    else if (canCarry(other, format)) other.carry?.(format, nowMs);
    else leg.carry?.(other.carried, nowMs);
  }

  /** What a leg hears is the other one, if it hears anything yet. */
  private mayHear(leg: Leg, other: Leg): boolean {
    const source = this.patchbay.heardBy(leg.stream) ?? { kind: 'nothing' };
    return source.kind === 'nothing' || (source.kind === 'stream' && source.stream === other.stream);
  }
}

function canCarry({ carry, codec, voices = [] }: Leg, format: VoiceFormat): boolean {
  return carry !== undefined && codec === undefined && voices.some((one) => one.codec === format.codec);
}
