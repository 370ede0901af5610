import { groupContext } from './dial-strings.ts';
import type { DialplanLine } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';

/** For each group of several lines that the dialplan dials: a context that tries them one after the other. */
export function writeGroups(lines: readonly DialplanLine[], draft: Draft): DialplanLine[] {
  const made: DialplanLine[] = [];
  const origin = draft.originOf(['hat']) ?? { file: 'chan_dahdi.conf', line: 0 };
  for (const [group, ports] of draft.channels.groups) {
    const name = groupContext(group);
    if (!lines.some(({ step }) => step?.data.includes(`@${name}`))) continue;
    const line = (kind: DialplanLine['kind'], text: string) => made.push({ ...origin, kind, text, comment: undefined });
    line('comment', '');
    line('comment', `; The lines of group ${group}: the first that is free.`);
    line('heading', `[${name}]`);
    for (const [extension, number] of [
      ['_[0-9*#]!', `/\${EXTEN}`],
      ['s', ''],
    ] as const)
      for (const [i, port] of ports.entries())
        line('other', `${i === 0 ? `exten => ${extension},1` : ' same => n'},Dial(LINE/${port}${number})`);
  }
  return made;
}
