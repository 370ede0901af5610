import { parseDecimal } from './grammar.ts';
import type { HeaderFields } from './header-field.ts';

/** How long a call may go without a sign of life from the far end. [RFC4028] */
export interface SessionInterval {
  readonly seconds: number;
  readonly refresher: 'us' | 'them';
}

export const DEFAULT_SESSION_S = 1_800;
/** No interval may be shorter. [RFC4028 §5] */
export const SHORTEST_SESSION_S = 90;

const MAX_S = 2 ** 32 - 1;

interface Written {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

export function parseSessionExpires(headers: HeaderFields): Written | undefined {
  const [digits = '', ...parameters] = (headers.get('Session-Expires') ?? '').split(';');
  const seconds = parseDecimal(digits, MAX_S);
  if (seconds === undefined) return undefined;
  const [, refresher] =
    /^\s*refresher\s*=\s*(ua[cs])\s*$/i.exec(parameters.find((one) => /refresher/i.test(one)) ?? '') ?? [];
  return { seconds, refresher: refresher?.toLowerCase() as 'uac' | 'uas' | undefined };
}

/** What our request asks for. */
export function sessionRequest(seconds: number): readonly (readonly [string, string])[] {
  return [
    ['Session-Expires', String(seconds)],
    ['Min-SE', String(SHORTEST_SESSION_S)],
  ];
}

/** What came of our request. A far end that knows no session timers still answers refreshes: then it is us. [RFC4028 §7.2] */
export function sessionOfResponse(headers: HeaderFields): SessionInterval {
  const written = parseSessionExpires(headers);
  if (written === undefined) return { seconds: DEFAULT_SESSION_S, refresher: 'us' };
  const seconds = Math.max(written.seconds, SHORTEST_SESSION_S);
  return { seconds, refresher: written.refresher === 'uas' ? 'them' : 'us' };
}

export interface SessionAnswer {
  readonly interval: SessionInterval;
  readonly headers: readonly (readonly [string, string])[];
}

/** What we make of their request; `too-brief`: 422. [RFC4028 §9] */
export function answerSession(headers: HeaderFields): SessionAnswer | 'too-brief' {
  const written = parseSessionExpires(headers);
  const isSupported = headers.words('Supported').some((tag) => tag.toLowerCase() === 'timer');
  if (written !== undefined && isSupported && written.seconds < SHORTEST_SESSION_S) return 'too-brief';
  const minimum = Math.max(parseDecimal(headers.get('Min-SE') ?? '', MAX_S) ?? 0, SHORTEST_SESSION_S);
  const seconds = Math.max(Math.min(written?.seconds ?? DEFAULT_SESSION_S, DEFAULT_SESSION_S), minimum);
  // Without support at the other end nobody but us can refresh.
  const refresher = isSupported && written?.refresher !== 'uas' && written !== undefined ? 'them' : 'us';
  const said = ['Session-Expires', `${seconds};refresher=${refresher === 'us' ? 'uas' : 'uac'}`] as const;
  const require = refresher === 'them' ? [['Require', 'timer'] as const] : [];
  return { interval: { seconds, refresher }, headers: isSupported ? [said, ...require] : [] };
}

/** When to act, ms after the last refresh: halfway to refresh, a while before the end to hang up. [RFC4028 §10] */
export function sessionDeadlineMs({ seconds, refresher }: SessionInterval): {
  refreshMs: number | undefined;
  endMs: number;
} {
  const endMs = (seconds - Math.min(32, Math.floor(seconds / 3))) * 1000;
  return { refreshMs: refresher === 'us' ? seconds * 500 : undefined, endMs };
}
