import type { Draft } from './draft.ts';
import { wizardObjects } from './pjsip-wizard.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import type { Place } from './remarks.ts';
import { lastOf } from './settings.ts';

/** One object of pjsip.conf: sections of one name may be several, by their type. */
export class PjsipObject {
  constructor(
    readonly type: string,
    readonly name: string,
    readonly place: Place,
    readonly entries: readonly Entry[],
  ) {}

  value(key: string): string | undefined {
    return lastOf(this.entries, key)?.value;
  }

  entriesOf(key: string): Entry[] {
    return this.entries.filter((entry) => entry.key.toLowerCase() === key);
  }

  values(key: string): Entry[] {
    return this.entriesOf(key).flatMap((entry) =>
      entry.value.split(',').map((value) => ({ ...entry, value: value.trim() })),
    );
  }
}

/** All objects, those that pjsip_wizard.conf stands for too. */
export function pjsipObjects(sections: readonly Section[], wizards: readonly Section[], draft: Draft): PjsipObject[] {
  const objects: PjsipObject[] = [];
  for (const section of sections) {
    if (section.isTemplate) continue;
    const entries = entriesOf(section);
    const type = lastOf(entries, 'type')?.value.toLowerCase();
    if (type !== undefined) objects.push(new PjsipObject(type, section.name, section, entries));
    else if (entries.length > 0)
      draft.remarks.lost(section, `[${section.name}] has no type; Asterisk passes over it, too`);
  }
  for (const section of wizards) if (!section.isTemplate) objects.push(...wizardObjects(section, draft));
  return objects;
}
