import type { Change } from './diff.ts';
import type { Configuration } from './load.ts';

/** What of an office changes concern, by the names that the status has. */
export interface Touched {
  readonly lines: string[];
  readonly phones: string[];
  readonly trunks: string[];
  /** The same as the dialplan calls them: `LINE/1`, `SIP/211`, `IAX2/hq`. */
  readonly channels: readonly string[];
}

/** Which lines, phones and trunks are configured otherwise, come or go. A dialplan concerns none of them by name. */
export function touched(changes: readonly Change[], before: Configuration, after: Configuration): Touched {
  const below = (section: readonly string[], names: (it: Configuration) => readonly string[]) =>
    inOrder(changes.flatMap((change) => concerned(change, section, names(before), names(after))));
  const lines = below(['hat', 'lines'], ({ hat }) => (hat?.lines ?? []).map(({ port }) => String(port)));
  const phones = below(['sip', 'phones'], ({ sip }) => Object.keys(sip?.phones ?? {}));
  const peers = below(['iax2', 'peers'], ({ iax2 }) => Object.keys(iax2?.peers ?? {}));
  const trunks = below(['sip', 'trunks'], ({ sip }) => Object.keys(sip?.trunks ?? {}));
  const channels = [
    ...lines.map((port) => `LINE/${port}`),
    ...[...phones, ...trunks].map((name) => `SIP/${name}`),
    ...peers.map((name) => `IAX2/${name}`),
  ];
  return { lines, phones, trunks: inOrder([...peers, ...trunks]), channels };
}

/** The names below `section` that a change concerns: one of them, or all where the whole section comes or goes. */
function concerned(
  { path }: Change,
  section: readonly string[],
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  if (!section.every((key, depth) => path[depth] === undefined || path[depth] === key)) return [];
  const name = path[section.length];
  if (name === undefined) return [...before, ...after];
  return typeof name === 'number' ? [before[name], after[name]].filter((each) => each !== undefined) : [name];
}

function inOrder(names: readonly string[]): string[] {
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}
