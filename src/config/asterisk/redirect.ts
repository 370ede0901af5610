import { findApplication } from '../../dialplan/applications.ts';
import { parseBranches, parseJump } from '../../dialplan/jump.ts';
import type { DialplanLine, Step } from './dialplan-lines.ts';

/** Where the branches of GotoIf lead that led nowhere: the call ends there, as by Asterisk. */
const NOWHERE = 'import-nowhere';
const CONDITIONAL = /^(?:GotoIf|GotoIfTime|GosubIf)$/;

/**
 * Turns the branch of a GotoIf that leads nowhere, as `message` says, to a place where the call ends; the other branch
 * stays. Undefined where it is no GotoIf, or the message is about something else.
 */
export function redirectBranch(step: Step, message: string): string | undefined {
  const branches = CONDITIONAL.test(findApplication(step.application)?.name ?? '')
    ? parseBranches(step.data)
    : undefined;
  if (branches === undefined) return undefined;
  const quoted = [...message.matchAll(/'([^']*)'/g)].map((match) => match[1]!);
  // "… of context 'c' has no priority 'p'": the priority is what is missing, else what is named first.
  const missing = message.includes('has no priority') ? quoted[2] : quoted[0];
  const isLost = (text: string) => {
    const target = parseJump(text);
    return (
      target !== undefined && missing !== undefined && [target.context, target.exten, target.priority].includes(missing)
    );
  };
  const [yes, no] = [branches.yes, branches.no].map((text) => (isLost(text) ? `${NOWHERE},s,1` : text));
  if (yes === branches.yes && no === branches.no) return undefined;
  return `${branches.condition}?${yes}${no === '' ? '' : `:${no}`}`;
}

/** The place where the call ends, once something leads there. */
export function addNowhere(lines: DialplanLine[]): void {
  const heading = `[${NOWHERE}]`;
  if (lines.some(({ text }) => text === heading)) return;
  const place = { file: 'extensions.conf', line: 0, comment: undefined };
  lines.push(
    { ...place, kind: 'comment', text: '' },
    { ...place, kind: 'comment', text: '; Where jumps lead that led nowhere: the call ends.' },
    { ...place, kind: 'heading', text: heading },
    { ...place, kind: 'other', text: 'exten => s,1,Hangup()' },
  );
}
