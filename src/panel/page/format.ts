import type { LineStatus } from '../../status/schema.ts';

/** `0:07`, `12:34`, `1:02:03`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** `2 d 3 h`, `3 h 4 min`, `4 min`, `under a minute`. */
export function formatSpan(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'under a minute';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The words of states for people; a word that is not here is shown as it is. */
const WORDS: Readonly<Record<string, string>> = {
  idle: 'Ready',
  'dial-tone': 'Dial tone',
  dialling: 'Dialling',
  calling: 'Calling',
  ringing: 'Ringing',
  talking: 'Talking',
  held: 'On hold',
  busy: 'Busy tone',
  congestion: 'No way through',
  howler: 'Left off the hook',
  lockout: 'Left off the hook',
  'out-of-service': 'Out of service',
  registered: 'Registered',
  registering: 'Registering',
  unregistered: 'Not registered',
  rejected: 'Rejected',
  timeout: 'No answer',
  'no-auth': 'Wrong credentials',
  unreachable: 'Unreachable',
  ending: 'Ending',
};

export function wordOf(state: string): string {
  return WORDS[state] ?? state;
}

/** What MOS values mean to a listener. [P.800] */
export function qualityWord(mos: number): 'good' | 'fair' | 'poor' {
  return mos >= 4 ? 'good' : mos >= 3.1 ? 'fair' : 'poor';
}

/** What was ordered at a telephone for the calls that come to it; null for nothing. */
export function ordersOf({ doNotDisturb, forward }: Pick<LineStatus, 'doNotDisturb' | 'forward'>): string | null {
  const { always, busy, noAnswer } = forward;
  const said = [
    ...(doNotDisturb ? ['do not disturb'] : []),
    ...(always === null ? [] : [`forwarded to ${always}`]),
    ...(busy === null ? [] : [`when busy to ${busy}`]),
    ...(noAnswer === null ? [] : [`unanswered to ${noAnswer}`]),
  ].join(', ');
  return said === '' ? null : said;
}
