import { earliest } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Handset, type HandsetParts, Place, type TelephoneSettings } from './handset.ts';
import {
  type DialFailure,
  type DialRequest,
  type Leg,
  type LegDialler,
  type LegEvent,
  type LegId,
  type Technology,
  telephoneAt,
} from './leg.ts';

/** The settings of a telephone by its dial string; undefined for what is none. */
export type TelephoneSettingsOf = (telephone: string) => TelephoneSettings | undefined;

/** Every telephone of the office that is in use, between its leg and the calls that it is in. */
export class Handsets {
  private readonly inUse = new Map<LegId, Handset>();
  private readonly outputs = new Queue<{ readonly place: Place; readonly event: LegEvent }>();
  private readonly parts: HandsetParts;
  private readonly diallers = new Map<Technology, LegDialler>();

  constructor(
    parts: Omit<HandsetParts, 'say' | 'ringAgain'>,
    private readonly settingsOf: TelephoneSettingsOf,
  ) {
    this.parts = {
      ...parts,
      say: (place, event) => this.say(place, event),
      ringAgain: (place, request, nowMs) => this.ringAgain(place, request, nowMs),
    };
  }

  /** The same dialler, with what a telephone can do. */
  around(technology: Technology, dialler: LegDialler): LegDialler {
    this.diallers.set(technology, dialler);
    return { dial: (request, nowMs) => this.dial(dialler, request, nowMs) };
  }

  /** The leg as calls are to know it: a telephone that can have several calls, or the leg itself. */
  wrap(leg: Leg): Leg {
    const settings = this.settingsFor(leg);
    if (settings === undefined) return leg;
    const handset = new Handset(leg, settings, this.parts);
    const place = new Place(leg.id, leg.stream, handset, 'own');
    handset.begin(place);
    this.inUse.set(leg.id, handset);
    return place;
  }

  /** False for a leg that is no such telephone's. */
  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): boolean {
    const handset = leg instanceof Place ? undefined : this.inUse.get(leg.id);
    if (handset === undefined) return false;
    if (event.type === 'hangup') this.inUse.delete(leg.id);
    handset.handleLegEvent(event, nowMs);
    return true;
  }

  poll(): { readonly place: Place; readonly event: LegEvent } | undefined {
    return this.outputs.shift();
  }

  handleTimeout(nowMs: number): void {
    for (const handset of this.inUse.values()) handset.handleTimeout(nowMs);
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const handset of this.inUse.values()) next = earliest(next, handset.nextDeadline());
    return next;
  }

  get size(): number {
    return this.inUse.size;
  }

  private dial(dialler: LegDialler, request: DialRequest, nowMs: number): Leg | DialFailure {
    const made = dialler.dial(request, nowMs);
    if (!('failed' in made)) return this.wrap(made);
    if (made.failed !== 'user-busy') return made;
    const telephone = telephoneAt(request);
    const handset = [...this.inUse.values()].find(({ leg }) => leg.telephone === telephone);
    return handset?.offer(request, nowMs) ?? made;
  }

  private ringAgain(place: Place, request: DialRequest, nowMs: number): Handset | undefined {
    const made = this.diallers.get(request.technology)?.dial(request, nowMs);
    if (made === undefined || 'failed' in made) return undefined;
    const settings = this.settingsFor(made);
    if (settings === undefined) return undefined;
    const handset = new Handset(made, settings, this.parts);
    place.handset = handset;
    place.kind = 'own';
    handset.begin(place);
    this.inUse.set(made.id, handset);
    this.parts.moved(place);
    return handset;
  }

  private settingsFor({ technology, telephone }: Leg): TelephoneSettings | undefined {
    const isOne = telephone !== undefined && (technology === 'line' || technology === 'sip');
    return isOne ? this.settingsOf(telephone) : undefined;
  }

  private say(place: Place, event: LegEvent): void {
    if (event.type !== 'hangup' || place.finish()) this.outputs.push({ place, event });
  }
}
