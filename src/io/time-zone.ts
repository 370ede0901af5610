const MINUTE_MS = 60_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** The minute that was asked for last, and the answer: clocks are changed at whole minutes. */
  minute: number;
  offsetMinutes: number;
}

const zones = new Map<string, Zone>();

/** What local time of an IANA zone is ahead of UTC at an instant, in minutes; undefined for a zone nobody knows. */
export function utcOffsetMinutes(zone: string, epochMs: number): number | undefined {
  const known = zones.get(zone) ?? open(zone);
  if (known === undefined) return undefined;
  const minute = Math.floor(epochMs / MINUTE_MS);
  if (minute !== known.minute) {
    known.offsetMinutes = readOffset(known.format, epochMs);
    known.minute = minute;
  }
  return known.offsetMinutes;
}

function open(zone: string): Zone | undefined {
  try {
    const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    const opened = { format, minute: Number.NaN, offsetMinutes: 0 };
    zones.set(zone, opened);
    return opened;
  } catch {
    return undefined;
  }
}

function readOffset(format: Intl.DateTimeFormat, epochMs: number): number {
  const name = format.formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0'] = /^GMT(?:([+-])(\d{2}):?(\d{2})?)?/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
