import type { Configuration } from './config/load.ts';
import type { TrunkStatus } from './status/schema.ts';

/** Trunks of which it can be seen whether they are reached: others neither register nor are asked. */
export function observableTrunks({ iax2, sip }: Configuration): string[] {
  const peers = Object.entries(iax2?.peers ?? {}).flatMap(([name, { host, register, qualify }]) =>
    host === 'dynamic' || register !== undefined || qualify !== undefined ? [name] : [],
  );
  const trunks = Object.entries(sip?.trunks ?? {}).flatMap(([name, { secret, register, qualify }]) =>
    (secret !== undefined && register !== false) || qualify !== undefined ? [name] : [],
  );
  return [...peers, ...trunks];
}

/** Whether calls can go over a trunk. Who answers and does not let us register has another secret than we have. */
export function isReached({ reachable, registration }: Pick<TrunkStatus, 'reachable' | 'registration'>): boolean {
  if (registration !== null && registration.state !== 'registered') return false;
  return reachable ?? registration !== null;
}
