/** The time of day, handed in: pure code reads no clock and knows no time zone. */
export interface WallClock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  nowMs(): number;
  /** What local time is ahead of UTC at that instant, in minutes; the site's zone if none is named, undefined for an unknown one. */
  utcOffsetMinutes(epochMs: number, zone?: string): number | undefined;
}

/** A calendar date and time of day in some zone. */
export interface CivilTime {
  readonly year: number;
  /** 1…12 */
  readonly month: number;
  readonly day: number;
  /** 0 = Sunday */
  readonly weekday: number;
  /** 1…366 */
  readonly dayOfYear: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly offsetMinutes: number;
  readonly epochMs: number;
}

/** The civil time of an instant; an unknown zone is taken as UTC, as Asterisk does. */
export function civilTime(clock: WallClock, epochMs: number, zone?: string): CivilTime {
  const offsetMinutes = clock.utcOffsetMinutes(epochMs, zone) ?? 0;
  const local = new Date(epochMs + offsetMinutes * 60_000);
  const year = local.getUTCFullYear();
  return {
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    dayOfYear: Math.floor((local.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millisecond: local.getUTCMilliseconds(),
    offsetMinutes,
    epochMs,
  };
}

/** The instant of a civil time in a zone; where clocks jump, the one that the later offset gives. */
export function epochOf(
  clock: WallClock,
  civil: { year: number; month: number; day: number; hour: number; minute: number; second: number },
  zone?: string,
): number {
  const asUtc = Date.UTC(civil.year, civil.month - 1, civil.day, civil.hour, civil.minute, civil.second);
  const guess = asUtc - (clock.utcOffsetMinutes(asUtc, zone) ?? 0) * 60_000;
  return asUtc - (clock.utcOffsetMinutes(guess, zone) ?? 0) * 60_000;
}
