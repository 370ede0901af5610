import type { LineTiming, RingCadence } from '../base/line-port.ts';
import type { Law } from '../base/media-port.ts';
import { parseTonePattern, type TonePattern } from '../base/tone-pattern.ts';
import {
  type CallerIdKind,
  COMMON_DIGITS,
  COUNTRY_TABLE,
  type CountryRow,
  type DigitFrame,
  type PulseCount,
} from './country-table.ts';

/** ISO 3166 code, lower case. */
export type Country = keyof typeof COUNTRY_TABLE;

/** What an analog line of a country sounds and behaves like. Levels are of each frequency. */
export interface CountryProfile {
  readonly country: Country;
  /** The companding law of the country's network. [G.711] */
  readonly law: Law;
  readonly tones: CountryTones;
  readonly ringCadence: RingCadence;
  readonly timing: LineTiming;
  readonly pulse: PulseCount;
  /** Of the digits that we send. */
  readonly dtmf: { readonly onMs: number; readonly offMs: number };
  /** Loop interruption that tells the far end's hang-up. */
  readonly cpcMs: number;
  /** Undefined where no source at hand names it. */
  readonly callerId: CallerIdKind | undefined;
  /** Of caller ID by DTMF. */
  readonly callerIdDigits: DigitFrame;
}

export interface CountryTones {
  readonly dial: TonePattern;
  /** Dial tone while messages wait. */
  readonly stutterDial: TonePattern;
  readonly ringback: TonePattern;
  readonly busy: TonePattern;
  readonly congestion: TonePattern;
  /** Undefined where the country has none. */
  readonly callWaiting: TonePattern | undefined;
  /** Special information tone, before an announcement. [E.180] */
  readonly information: TonePattern;
  /** For a handset that was left off the hook; as loud as G.711 carries four frequencies without clipping. */
  readonly howler: TonePattern;
}

/** Distinctive rings, by number: what kind of call it is can be heard from the next room. [GR-506-CORE §14] */
export const DISTINCTIVE_RINGS: Readonly<Record<string, RingCadence>> = {
  1: [2000, 4000],
  2: [800, 400, 800, 4000],
  3: [400, 200, 400, 200, 800, 4000],
  4: [300, 200, 1000, 200, 300, 4000],
};

/** Each of the howler's four frequencies: their peaks together reach full scale of +3.17 dBm0. */
export const HOWLER_DBM0 = -9;

const INFORMATION = tone('950/330,1400/330,1800/330,0/1000');

const HOWLER: TonePattern = {
  steps: [
    { hz: [1400, 2060, 2450, 2600], ms: 100 },
    { hz: [], ms: 100 },
  ],
};

const PROFILES = new Map<string, CountryProfile>(
  (Object.keys(COUNTRY_TABLE) as Country[]).map((country) => [country, profileOf(country)]),
);

export const COUNTRIES: readonly Country[] = [...PROFILES.values()].map((profile) => profile.country);

/** The profile of a country, undefined for a code that the table does not have. */
export function countryProfile(country: string): CountryProfile | undefined {
  return PROFILES.get(country);
}

/** Which digit a rotary dial means by so many breaks; undefined for a count that no dial makes. */
export function digitOfPulses(breaks: number, count: PulseCount): string | undefined {
  if (!Number.isInteger(breaks) || breaks < 1 || breaks > 10) return undefined;
  if (count === 'from-ten') return String(10 - breaks);
  if (count === 'one-more') return String(breaks - 1);
  return String(breaks % 10);
}

function profileOf(country: Country): CountryProfile {
  const row: CountryRow = COUNTRY_TABLE[country];
  return {
    country,
    law: row.law ?? 'alaw',
    tones: {
      dial: tone(row.dial),
      stutterDial: tone(row.stutter),
      ringback: tone(row.ringback),
      busy: tone(row.busy),
      congestion: tone(row.congestion),
      callWaiting: row.callWaiting === undefined ? undefined : tone(row.callWaiting),
      information: INFORMATION,
      howler: HOWLER,
    },
    ringCadence: row.ring,
    timing: timingOf(row.flash[0], row.flash[1]),
    pulse: row.pulse ?? 'plain',
    dtmf: { onMs: 100, offMs: 100 },
    cpcMs: row.cpcMs ?? 500,
    callerId: row.callerId,
    callerIdDigits: row.digits ?? COMMON_DIGITS,
  };
}

function timingOf(flashMinMs: number, flashMaxMs: number): LineTiming {
  return {
    debounceMs: 20,
    ringTripMs: 100,
    flashMinMs,
    flashMaxMs,
    hangupMs: flashMaxMs + 150,
    pulseBreakMinMs: 30,
    // A slow dial breaks for 84 ms (8 per second, 67 %); where a short flash begins sooner, the flash must keep its room.
    pulseBreakMaxMs: flashMinMs > 100 ? 100 : 80,
    pulseDigitEndMs: 200,
  };
}

function tone(text: string): TonePattern {
  const pattern = parseTonePattern(text);
  if (pattern === undefined) throw new Error(`not a tone: ${text}`);
  return pattern;
}
