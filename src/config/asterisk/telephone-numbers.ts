import { argumentRanges } from '../../dialplan/argument.ts';
import type { DialplanLine } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';

/**
 * Gives lines and telephones the extension that the dialplan rings them by: the number that they were to show if
 * that rings them, a `hint`, or a `Dial` of them alone. What they show besides is `callerId`.
 */
export function giveExtensions(lines: readonly DialplanLine[], draft: Draft): void {
  const numbers = numbersOf(lines);
  const { hat, sip } = draft.document;
  const taken = new Set(Object.keys(sip?.phones ?? {}).filter((user) => /^[0-9*#]{1,32}$/.test(user)));
  const give = (channel: string, put: (extension: string) => void) => {
    const shown = draft.callerNumbers.get(channel);
    const all = numbers.get(channel) ?? [];
    const found =
      shown !== undefined && (all.includes(shown) || (all.length === 0 && /^\d{1,6}$/.test(shown))) ? shown : all[0];
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

/** The numbers that ring a channel alone, hints before all others. */
function numbersOf(lines: readonly DialplanLine[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
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
    found.set(channel, [...(found.get(channel) ?? []), extension]);
  }
  return found;
}
