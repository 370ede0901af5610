import type { StatusSnapshot } from './schema.ts';

/** The topics of one appliance are `branchline/<site>/` and one of these; the text behind the slash is an escaped name. */
export type Topic =
  | 'state'
  | 'health'
  | `lines/${string}`
  | `phones/${string}`
  | `trunks/${string}`
  | `calls/${string}`;

export function topicRoot(site: string): string {
  return `branchline/${site}/`;
}

/** A name as one level of a topic: `+ # / . %` and control characters become %XX. */
export function escapeLevel(name: string): string {
  return name.replace(/[+#/.%\u0000-\u001f\u007f]/g, (symbol) => {
    return `%${symbol.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** The retained state topics of a snapshot, without `at`. */
export function stateTopics(snapshot: StatusSnapshot): Map<Topic, object> {
  const topics = new Map<Topic, object>();
  for (const [port, line] of Object.entries(snapshot.lines)) topics.set(`lines/${escapeLevel(port)}`, line);
  for (const [user, phone] of Object.entries(snapshot.phones)) topics.set(`phones/${escapeLevel(user)}`, phone);
  for (const [name, trunk] of Object.entries(snapshot.trunks)) topics.set(`trunks/${escapeLevel(name)}`, trunk);
  return topics;
}

/** Values that move all the time: alone they are no reason to publish at once, unless there were none before. */
const MEASURED = new Set(['rttMs', 'lossPct']);

/** Whether two states of one topic differ: in what is told at once, or only in what they measure. */
export function difference(before: object, now: object): 'words' | 'measures' | undefined {
  const [old, fresh] = [before as Readonly<Record<string, unknown>>, now as Readonly<Record<string, unknown>>];
  let isMeasure = false;
  for (const key in fresh) {
    if (isSame(old[key], fresh[key])) continue;
    if (!MEASURED.has(key) || old[key] === null) return 'words';
    isMeasure = true;
  }
  for (const key in old) if (old[key] !== undefined && !(key in fresh)) return 'words';
  return isMeasure ? 'measures' : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === 'object' && JSON.stringify(one) === JSON.stringify(other));
}
