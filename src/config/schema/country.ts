/** ISO codes of the countries whose tones, ringing and caller ID the appliance has; `gb` is the United Kingdom. */
export const COUNTRIES = [
  'at',
  'au',
  'be',
  'br',
  'ch',
  'cn',
  'de',
  'dk',
  'es',
  'fi',
  'fr',
  'gb',
  'il',
  'in',
  'it',
  'jp',
  'mx',
  'nl',
  'no',
  'nz',
  'pl',
  'pt',
  'ru',
  'se',
  'us',
  'za',
] as const;

export type Country = (typeof COUNTRIES)[number];

/** An IANA name that this machine's time zone data has, or UTC. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  if (!/^[A-Za-z]+\//.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}
