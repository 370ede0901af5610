import { argumentRanges } from '../../dialplan/argument.ts';
import type { DialplanLine } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';

/**
 * Gives lines and telephones the extension that the dialplan rings them by: a `hint`, a `Dial` of them alone, or else the number that
 * they were to show. What they show besides is `callerId`.
 */
export function giveExtensions(lines: readonly DialplanLine[], draft: Draft): void {
  const numbers = numbersOf(lines);
  const { hat, sip } = draft.document;
  const taken = new Set(Object.keys(sip?.phones ?? {}).filter((user) => /^[0-9*#]{1,32}$/.test(user)));
  const give = (channel: string, put: (extension: string) => void) => {
    const shown = draft.callerNumbers.get(channel);
    const found = numbers.get(channel) ?? (shown !== undefined && /^\d{1,6}$/.test(shown) ? shown : undefined);
    if (found === undefined || taken.has(found)) return;
    taken.add(found);
    put(found);
  };
  for (const line of hat?.lines ?? [])
    if (line.kind === 'fxs')
      give(`LINE/${line.port}`, (extension) => {
        line.extension = extension;
      });
  for (const [user, phone] of Object.entries(sip?.phones ?? {})) {
    if (!/^[0-9*#]{1,32}$/.test(user))
      give(`SIP/${user}`, (extension) => {
        phone.extension = extension;
      });
    const shown = draft.callerNumbers.get(`SIP/${user}`);
    if (shown !== undefined && shown !== (phone.extension ?? user)) phone.callerId = shown;
  }
}

/** The numbers that ring a channel alone, a hint before all others. */
function numbersOf(lines: readonly DialplanLine[]): Map<string, string> {
  const found = new Map<string, string>();
  const steps = lines.flatMap(({ step }) => step ?? []).filter(({ extension }) => /^[0-9*#]{1,32}$/.test(extension));
  const hints = steps.filter(({ priority }) => priority.toLowerCase() === 'hint');
  const dials = steps.filter(({ application }) => /^dial$/i.test(application));
  for (const { extension, data } of [...hints, ...dials]) {
    const [first] = argumentRanges(data, ',');
    const channel = data
      .slice(0, first![1])
      .trim()
      .replace(/^PJSIP\//i, 'SIP/')
      .replace(/^LINE\/(\d+)r\d$/, 'LINE/$1');
    if (!found.has(channel)) found.set(channel, extension);
  }
  return found;
}
