import type { DateTime } from './element-value.ts';

/** The calendar of an epoch time that was moved to local time: DATETIME is local. [RFC5456 §8.6.28] */
export function dateTimeOf(localEpochMs: number): DateTime {
  const date = new Date(localEpochMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}
