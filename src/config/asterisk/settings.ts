import { closest } from '../../base/closest.ts';
import type { Entry } from './reader.ts';
import type { Remarks } from './remarks.ts';

/** What becomes of the settings of a section, by their names in lower case. */
export interface SettingRules<T> {
  /** Carried over, one after the other, as Asterisk does: order counts for `allow` and `permit`. */
  readonly carried: Readonly<Record<string, (target: T, entry: Entry) => void>>;
  /** Not carried over: why, and what to do instead. */
  readonly lost: Readonly<Record<string, string>>;
  /** Nothing needs doing: it is always so here, or says nothing to us. Names, by blanks. */
  readonly needless: string;
}

/** Takes the settings of a section over into `target`; what has no place is told. */
export function applySettings<T>(
  target: T,
  entries: readonly Entry[],
  { carried, lost, needless }: SettingRules<T>,
  remarks: Remarks,
): void {
  const ignored = new Set(needless.split(' '));
  for (const entry of entries) {
    const key = entry.key.toLowerCase();
    const carry = Object.hasOwn(carried, key) ? carried[key] : undefined;
    if (carry !== undefined) carry(target, entry);
    else if (Object.hasOwn(lost, key)) remarks.lost(entry, `${entry.key}: ${lost[key]}`);
    else if (!ignored.has(key)) {
      const meant = closest(key, [...Object.keys(carried), ...Object.keys(lost), ...ignored]);
      const hint = meant === undefined ? '' : `; if ${meant} is meant, Asterisk passes over it, too`;
      remarks.lost(entry, `${entry.key} has no place here${hint}`);
    }
  }
}

/** The last entry of a name, which is the one that counts. */
export function lastOf(entries: readonly Entry[], name: string): Entry | undefined {
  return entries.findLast(({ key }) => key.toLowerCase() === name);
}
