import type { RingCadence } from '../base/line-port.ts';
import type { Law } from '../base/media-port.ts';

/** How caller ID is sent to a phone; `sdmf` is `bellcore` for displays that know the number only, `ntt` is Number Display. */
export type CallerIdKind = 'bellcore' | 'sdmf' | 'bt' | 'etsi' | 'dtmf' | 'ntt';

/** How caller ID by DTMF is told from a number that is dialled, and what stands for no number. */
export interface DigitFrame {
  readonly begin: string;
  readonly end: string;
  readonly absent: string;
  readonly withheld: string;
}

const DANISH: DigitFrame = { begin: 'A', end: '#', absent: 'D2#', withheld: 'D1#' };
const DUTCH: DigitFrame = { begin: 'D', end: 'C', absent: 'B00C', withheld: 'B10C' };
export const COMMON_DIGITS: DigitFrame = { begin: 'A', end: 'C', absent: 'B00C', withheld: 'B10C' };

/** How a rotary dial counts: n breaks are n, or 10 − n, or n − 1; ten breaks are 0 on a plain one. */
export type PulseCount = 'plain' | 'from-ten' | 'one-more';

/** One country as data. Tones in the text form of `parseTonePattern`; what is left out has the usual value. */
export interface CountryRow {
  readonly ring: RingCadence;
  readonly dial: string;
  readonly stutter: string;
  readonly ringback: string;
  readonly busy: string;
  readonly congestion: string;
  readonly callWaiting?: string;
  /** Shortest and longest hook flash, ms. */
  readonly flash: readonly [number, number];
  readonly law?: Law;
  readonly callerId?: CallerIdKind;
  readonly digits?: DigitFrame;
  readonly cpcMs?: number;
  readonly pulse?: PulseCount;
}

/** A hook switch tapped by hand. Also for countries of which no window is at hand: it recognises the usual 600 ms. */
const TAP = [300, 1000] as const;
/** The R key of European phones: one break of 100 ms. [TBR 21] */
const TIMED_BREAK = [50, 130] as const;

const DOUBLE_RING = [400, 200, 400, 2000] as const;

function burst(hz: string, times: number): string {
  return `!${hz}/100,!0/100,`.repeat(times);
}

/** Tones and cadences as E.180's national lists and Asterisk's indications have them. */
export const COUNTRY_TABLE = {
  us: {
    ring: [2000, 4000],
    dial: '350+440',
    stutter: `${burst('350+440', 6)}350+440`,
    ringback: '440+480/2000,0/4000',
    busy: '480+620/500,0/500',
    congestion: '480+620/250,0/250',
    callWaiting: '440/300,0/10000',
    flash: TAP,
    law: 'ulaw',
    callerId: 'bellcore',
    cpcMs: 550,
  },
  gb: {
    ring: DOUBLE_RING,
    dial: '350+440',
    stutter: '350+440/750,440/750',
    ringback: '400+450/400,0/200,400+450/400,0/2000',
    busy: '400/375,0/375',
    congestion: '400/400,0/350,400/225,0/525',
    callWaiting: '400/100,0/4000',
    flash: TIMED_BREAK,
    callerId: 'bt',
  },
  de: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '425+400',
    ringback: '425/1000,0/4000',
    busy: '425/480,0/480',
    congestion: '425/240,0/240',
    callWaiting: `${'!425/200,!0/200,!425/200,!0/5000,'.repeat(4)}!425/200,!0/200,!425/200,0`,
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  fr: {
    ring: [1500, 3500],
    dial: '440',
    stutter: `${burst('440', 6)}440`,
    ringback: '440/1500,0/3500',
    busy: '440/500,0/500',
    congestion: '440/250,0/250',
    flash: [200, 320],
    callerId: 'etsi',
  },
  it: {
    ring: [1000, 4000],
    dial: '425/200,0/200,425/600,0/1000',
    stutter: '470/400,425/400',
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/200,0/200',
    callWaiting: '425/400,0/100,425/250,0/100,425/150,0/14000',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  es: {
    ring: [1500, 3000],
    dial: '425',
    stutter: `${burst('425', 6)}425`,
    ringback: '425/1500,0/3000',
    busy: '425/200,0/200',
    congestion: '425/200,0/200,425/200,0/200,425/200,0/600',
    callWaiting: '425/175,0/175,425/175,0/3500',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  nl: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '425/500,0/50',
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/250,0/250',
    callWaiting: '425/500,0/9500',
    flash: TIMED_BREAK,
    callerId: 'dtmf',
    digits: DUTCH,
  },
  be: {
    ring: [1000, 3000],
    dial: '425',
    stutter: '425/1000,0/250',
    ringback: '425/1000,0/3000',
    busy: '425/500,0/500',
    congestion: '425/167,0/167',
    callWaiting: '1400/175,0/175,1400/175,0/3500',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  ch: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '425+340/1100,0/1100',
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/200,0/200',
    callWaiting: '425/200,0/200,425/200,0/4000',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  at: {
    ring: [1000, 5000],
    dial: '420',
    stutter: '380+420',
    ringback: '420/1000,0/5000',
    busy: '420/400,0/400',
    congestion: '420/200,0/200',
    callWaiting: '420/40,0/1960',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  se: {
    ring: [1000, 5000],
    dial: '425',
    stutter: `${burst('425', 6)}425`,
    ringback: '425/1000,0/5000',
    busy: '425/250,0/250',
    congestion: '425/250,0/750',
    callWaiting: '425/200,0/500,425/200,0/9100',
    flash: TIMED_BREAK,
    callerId: 'dtmf',
    pulse: 'one-more',
  },
  no: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '470/400,425/400',
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/200,0/200',
    callWaiting: '425/200,0/600,425/200,0/10000',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  dk: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '425/450,0/50',
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/200,0/200',
    callWaiting: '!425/200,!0/600,!425/200,!0/3000,!425/200,!0/200,!425/200,0',
    flash: TIMED_BREAK,
    callerId: 'dtmf',
    digits: DANISH,
  },
  fi: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '425/650,0/25',
    ringback: '425/1000,0/4000',
    busy: '425/300,0/300',
    congestion: '425/200,0/200',
    callWaiting: '425/150,0/150,425/150,0/8000',
    flash: TIMED_BREAK,
    callerId: 'dtmf',
  },
  pl: {
    ring: [1000, 4000],
    dial: '425',
    stutter: `${burst('425', 6)}425`,
    ringback: '425/1000,0/4000',
    busy: '425/500,0/500',
    congestion: '425/500,0/500',
    callWaiting: '425/150,0/150,425/150,0/4000',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  pt: {
    ring: [1000, 5000],
    dial: '425',
    stutter: `${burst('425', 6)}425`,
    ringback: '425/1000,0/5000',
    busy: '425/500,0/500',
    congestion: '425/200,0/200',
    callWaiting: '440/300,0/10000',
    flash: TIMED_BREAK,
    callerId: 'etsi',
  },
  ru: {
    ring: [1000, 4000],
    dial: '425',
    stutter: `${burst('425', 6)}425`,
    ringback: '425/1000,0/4000',
    busy: '425/350,0/350',
    congestion: '425/175,0/175',
    callWaiting: '425/200,0/5000',
    flash: TAP,
  },
  au: {
    ring: DOUBLE_RING,
    dial: '413+438',
    stutter: '413+438/100,0/40',
    ringback: '413+438/400,0/200,413+438/400,0/2000',
    busy: '425/375,0/375',
    congestion: '425/375,0/375,420/375,0/375',
    callWaiting: '425/200,0/200,425/200,0/4400',
    flash: [80, 120],
    callerId: 'bellcore',
  },
  nz: {
    ring: DOUBLE_RING,
    dial: '400',
    stutter: `${burst('400', 6)}400`,
    ringback: '400+450/400,0/200,400+450/400,0/2000',
    busy: '400/500,0/500',
    congestion: '400/250,0/250',
    callWaiting: `${'!400/200,!0/3000,'.repeat(3)}!400/200,0`,
    flash: [80, 120],
    callerId: 'bellcore',
    pulse: 'from-ten',
  },
  jp: {
    ring: [1000, 2000],
    dial: '400',
    stutter: `${burst('400', 6)}400`,
    ringback: '400*16/1000,0/2000',
    busy: '400/500,0/500',
    congestion: '400/500,0/500',
    callWaiting: '400*16/500,0/8000',
    flash: TAP,
    // NTT sends Number Display to lines that ordered it only: a telephone without it rings oddly for six seconds first.
    law: 'ulaw',
  },
  cn: {
    ring: [1000, 4000],
    dial: '450',
    stutter: '450+425',
    ringback: '450/1000,0/4000',
    busy: '450/350,0/350',
    congestion: '450/700,0/700',
    callWaiting: '450/400,0/4000',
    flash: TAP,
    callerId: 'bellcore',
  },
  in: {
    ring: DOUBLE_RING,
    dial: '400*25',
    stutter: `${burst('350+440', 6)}400*25`,
    ringback: '400*25/400,0/200,400*25/400,0/2000',
    busy: '400/750,0/750',
    congestion: '400/250,0/250',
    callWaiting: '400/200,0/100,400/200,0/7500',
    flash: TAP,
    callerId: 'dtmf',
  },
  br: {
    ring: [1000, 4000],
    dial: '425',
    stutter: '350+440',
    ringback: '425/1000,0/4000',
    busy: '425/250,0/250',
    congestion: '425/250,0/250,425/750,0/250',
    callWaiting: '425/50,0/1000',
    flash: TAP,
    callerId: 'dtmf',
  },
  mx: {
    ring: [2000, 4000],
    dial: '425',
    stutter: `${burst('350+440', 6)}425`,
    ringback: '425/1000,0/4000',
    busy: '425/250,0/250',
    congestion: '425/250,0/250',
    callWaiting: '425/200,0/600,425/200,0/10000',
    flash: TAP,
  },
  za: {
    ring: DOUBLE_RING,
    dial: '400*33',
    stutter: `${burst('400*33', 6)}400*33`,
    ringback: '400*33/400,0/200,400*33/400,0/2000',
    busy: '400/500,0/500',
    congestion: '400/250,0/250',
    callWaiting: '400*33/250,0/250,400*33/250,0/250,400*33/250,0/250,400*33/250,0/250',
    flash: TIMED_BREAK,
  },
  il: {
    ring: [1000, 3000],
    dial: '414',
    stutter: `${'!414/160,!0/160,'.repeat(10)}414`,
    ringback: '414/1000,0/3000',
    busy: '414/500,0/500',
    congestion: '414/250,0/250',
    callWaiting: '414/100,0/100,414/100,0/100,414/600,0/3000',
    flash: TAP,
  },
} as const satisfies Record<string, CountryRow>;
