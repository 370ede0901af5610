import type { Request } from './message.ts';

/**
 * Programs that look for exchanges to break into and say so themselves. What gets no answer is left alone soon, and is not sold on
 * as an address that speaks SIP.
 */
const SCANNERS =
  /friendly-(?:scanner|request)|sipvicious|sip-?scan|sipcli|sundayddr|pplsip|iWar|siparmyknife|smap\b|VaxIPUserAgent/i;

export function isScanner({ headers }: Request): boolean {
  return SCANNERS.test(headers.get('User-Agent') ?? '');
}
