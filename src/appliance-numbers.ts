import { STATUS_NUMBER, withStatusNumber } from './appliance-announcer.ts';
import { withEmergency } from './appliance-emergency.ts';
import type { LiveSettings } from './appliance-options.ts';
import type { NumberLookup } from './base/digit-collection.ts';
import type { Dialplan } from './dialplan/dialplan.ts';
import type { Environment } from './dialplan/environment.ts';
import { outsidePrefixes } from './dialplan/outside-line.ts';
import { type Assumptions, type TraceLine, traceRoute } from './dialplan/trace.ts';
import type { WallClock } from './dialplan/wall-clock.ts';
import type { EmergencyLookup } from './emergency/plan.ts';
import { traceEmergency } from './emergency/trace.ts';

type NumberSettings = Pick<LiveSettings, 'dialplan' | 'emergency'>;

/** What dialled digits mean at this branch: by its dialplan, by the law of its country, and by what the box says of itself. */
export class ApplianceNumbers {
  constructor(
    private settings: NumberSettings,
    private readonly clock: WallClock,
  ) {}

  configure({ dialplan, emergency }: NumberSettings): void {
    this.settings = { dialplan, emergency };
  }

  get dialplan(): Dialplan {
    return this.settings.dialplan;
  }

  hasContext(context: string): boolean {
    return this.dialplan.contexts.has(context);
  }

  /** Digits that our dialplan does not know may be a number of a switch that it names: they are collected, too. */
  readonly lookUp = (context: string, digits: string): NumberLookup => {
    const { clock, dialplan } = this;
    const found = dialplan.lookup(context, digits, { clock });
    const isElsewhere = !found.canExist && dialplan.switches(context, { clock }).length > 0;
    const known = isElsewhere ? { ...found, exists: true, canExist: true, matchMore: true } : found;
    return withEmergency(withStatusNumber(known, digits), this.emergencyLookUp(context, digits));
  };

  /** An emergency number: no call of it is refused for want of room. */
  readonly mustGoThrough = (context: string, number: string): boolean =>
    this.emergencyLookUp(context, number).match !== undefined;

  /** The box says how it is, unless the dialplan has something else at that number. */
  asksForStatus({ context, number }: { readonly context: string; readonly number: string }): boolean {
    return number === STATUS_NUMBER && !this.dialplan.lookup(context, number).exists;
  }

  /** What a number would do, without calling anyone; `caller` is the telephone that it comes from, if from one. */
  trace(
    context: string,
    number: string,
    environment: Environment,
    caller: Pick<Assumptions, 'caller' | 'channel' | 'service'> | undefined,
  ): readonly TraceLine[] {
    const { emergency, dialplan } = this.settings;
    const prefixes = outsidePrefixes(dialplan, context);
    const called = caller === undefined ? undefined : traceEmergency(emergency, number, prefixes);
    return called ?? traceRoute(dialplan, context, number, environment, { ...caller });
  }

  private emergencyLookUp(context: string, digits: string): EmergencyLookup {
    const { emergency, dialplan } = this.settings;
    return emergency.lookUp(digits, outsidePrefixes(dialplan, context));
  }
}
