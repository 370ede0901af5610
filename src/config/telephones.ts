import type { Configuration } from './load.ts';

/** What the configuration says of a telephone's flash and of a second call. */
export interface TelephoneFeatures {
  readonly flash: 'features' | 'pass';
  readonly callWaiting: boolean;
}

/** By dial string: `LINE/1`, `SIP/211`. */
export function telephoneFeatures({ hat, sip }: Configuration): ReadonlyMap<string, TelephoneFeatures> {
  const found = new Map<string, TelephoneFeatures>();
  for (const { kind, port, flash, callWaiting, fax } of hat?.lines ?? [])
    if (kind === 'fxs') found.set(`LINE/${port}`, { flash, callWaiting: callWaiting && !fax });
  // A SIP phone takes a second call by itself.
  for (const [user, { flash }] of Object.entries(sip?.phones ?? {}))
    found.set(`SIP/${user}`, { flash, callWaiting: false });
  return found;
}
