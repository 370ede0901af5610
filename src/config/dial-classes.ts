import { type DialClass, NumberingPlan } from '../dialplan/numbering-plan.ts';
import type { Configuration } from './load.ts';

/** Who may not dial everything, by channel. */
export function dialClasses({ hat, sip, iax2 }: Configuration): ReadonlyMap<string, DialClass> {
  const owners = [
    ...(hat?.lines ?? []).map(({ port, class: held }) => [`LINE/${port}`, held] as const),
    ...Object.entries({ ...sip?.phones, ...sip?.trunks }).map(([name, one]) => [`SIP/${name}`, one.class] as const),
    ...Object.entries(iax2?.peers ?? {}).map(([name, one]) => [`IAX2/${name}`, one.class] as const),
  ];
  return new Map(owners.flatMap(([channel, held]) => (held === undefined ? [] : [[channel, held] as const])));
}

/** How numbers are dialled where this appliance is. */
export function numberingPlan({ site }: Pick<Configuration, 'site'>): NumberingPlan {
  return new NumberingPlan(site.country, site.localNumbers);
}
