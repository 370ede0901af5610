import { parseDecimal } from './grammar.ts';
import type { HeaderFields } from './header-field.ts';

/** However long somebody says that he is away: we look again within the hour. */
const MAX_RETRY_AFTER_S = 3_600;

/** The seconds of Retry-After, its comment and parameters passed over; undefined where there is none. [RFC3261 §20.33] */
export function retryAfterS(headers: HeaderFields): number | undefined {
  const [digits = ''] = /^\s*\d+/.exec(headers.get('Retry-After') ?? '') ?? [];
  return parseDecimal(digits, MAX_RETRY_AFTER_S) ?? (digits === '' ? undefined : MAX_RETRY_AFTER_S);
}
