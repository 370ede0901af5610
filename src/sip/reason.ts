import { type Cause, causeOfQ850, causeOfSipStatus, causeText, q850Of } from '../base/causes.ts';
import { parseDecimal, quote } from './grammar.ts';
import type { HeaderFields } from './header-field.ts';
import type { Response } from './message.ts';

/** Q.850 in SIP, so that a cause survives a way over other switches. [RFC3326] */
export function formatReason(cause: Cause): string {
  // Phones know it by this alone: such a call was not missed. [RFC3326 §3.1]
  if (cause === 'answered-elsewhere') return 'SIP;cause=200;text="Call completed elsewhere"';
  return `Q.850;cause=${q850Of(cause)};text=${quote(causeText(cause))}`;
}

/** The cause that a message names; undefined where it names none. */
export function reasonOf(headers: HeaderFields): Cause | undefined {
  const values = headers.list('Reason');
  for (const value of values) {
    const [, digits] = /^Q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d+)/i.exec(value) ?? [];
    const q850 = parseDecimal(digits ?? '', 127);
    if (q850 !== undefined) return causeOfQ850(q850);
  }
  const isElsewhere = values.some((value) => /^SIP\s*;(?:.*;)?\s*cause\s*=\s*200\b/i.test(value));
  return isElsewhere ? 'answered-elsewhere' : undefined;
}

/** Why a call was refused: what the far end's network says, else what its status means. */
export function causeOfResponse({ headers, status }: Pick<Response, 'headers' | 'status'>): Cause {
  return reasonOf(headers) ?? causeOfSipStatus(status);
}
