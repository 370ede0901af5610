import type { Draft } from './draft.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { lastOf } from './settings.ts';

/** A queue whose members are all written down. */
export interface Queue {
  readonly members: readonly Entry[];
}

/** Settings of a queue that ring all members at a time; the others ring one after the other. */
const ALL_AT_ONCE = /^(?:ringall)?$/i;

/** The queues by their names; `Queue(name)` becomes a `Dial` of all members. */
export function readQueues(sections: readonly Section[], draft: Draft): ReadonlyMap<string, Queue> {
  const queues = new Map<string, Queue>();
  for (const section of sections) {
    if (section.isTemplate || /^general$/i.test(section.name)) continue;
    const entries = entriesOf(section);
    const members = entries
      .filter(({ key }) => key.toLowerCase() === 'member')
      .map((entry) => ({ ...entry, value: entry.value.split(',')[0]!.trim() }));
    const strategy = lastOf(entries, 'strategy');
    if (members.length === 0)
      draft.remarks.lost(
        section,
        `queue ${section.name} has no members that are written here; name them in \`groups\``,
      );
    else if (strategy !== undefined && !ALL_AT_ONCE.test(strategy.value))
      draft.remarks.lost(strategy, `queue ${section.name}: all members ring at a time, whatever the strategy`);
    queues.set(section.name, { members });
  }
  return queues;
}
