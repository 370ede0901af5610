import type { ExchangeHabits } from '../firmware-bridge/emulator/town-exchange.ts';
import type { Configuration } from './config/load.ts';
import type { TownLineSettings } from './legs/line-fxo.ts';
import type { LineSettings } from './legs/line-leg.ts';
import { type CountryProfile, countryProfile } from './lines/country-profile.ts';

/** The configured telephones on copper. */
export function lineSettings({ hat }: Configuration): LineSettings[] {
  return (hat?.lines ?? [])
    .filter((line) => line.kind === 'fxs')
    .map(({ port, extension = '', name = '', context = 'default', callerId, hotline, mailbox, mwi, fax }) => ({
      port,
      extension,
      name,
      context,
      ...(fax ? { fax } : {}),
      ...(callerId === undefined ? {} : { callerId }),
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(mwi === undefined ? {} : { lamp: mwi }),
      ...(hotline === undefined ? {} : { automatic: { number: hotline.number, afterMs: hotline.after } }),
    }));
}

/** The configured town lines. */
export function townLineSettings({ hat }: Configuration): TownLineSettings[] {
  return (hat?.lines ?? [])
    .filter((line) => line.kind === 'fxo')
    .map(({ port, name = '', context = 'default' }) => ({ port, name, context }));
}

/** What an emulated exchange of that country does; caller ID comes in FSK whatever the country has, so that all is heard. */
export function exchangeHabits({ tones, ringCadence, callerId }: CountryProfile): ExchangeHabits {
  return { tones, cadence: ringCadence, callerId: callerId === 'bellcore' ? 'bell202' : 'v23' };
}

/** What lines of the configured country are like. */
export function profileOf({ site }: Configuration): CountryProfile {
  const profile = countryProfile(site.country);
  // The schema has the same list of countries.
  if (profile === undefined) throw new Error(`no profile of ${site.country}`);
  return profile;
}
