import { isCarriedCodec, isVideoCodec } from '../base/media-port.ts';
import type { ConfigurationDocument } from './document.ts';
import { formatPath, type Path, type Problem } from './problem.ts';

/**
 * Which keys this version does something with. `warn`: accepted and ignored, with a warning. `refuse`: as `warn`, but
 * `run` does not start, because going on without it would be unsafe. A key without a row is as its parent.
 */
export const AVAILABILITY: readonly Availability[] = [
  { path: 'site', status: 'built' },
  { path: 'hat', status: 'built' },
  { path: 'iax2', status: 'built' },
  { path: 'sip', status: 'built' },
  {
    path: 'sip.phones.*.codecs.*',
    status: 'warn',
    when: isNotCarried,
    what: 'opus as a codec of SIP',
  },
  {
    path: 'sip.trunks.*.codecs.*',
    status: 'warn',
    when: isNotCarried,
    what: 'opus as a codec of SIP',
  },
  { path: 'dialplan', status: 'built' },
  { path: 'emergency', status: 'built' },
  { path: 'conferences', status: 'built' },
  { path: 'groups', status: 'built' },
  { path: 'features', status: 'built' },
  { path: 'hours', status: 'built' },
  { path: 'net', status: 'built' },
  { path: 'mqtt', status: 'built' },
  { path: 'web', status: 'built' },
];

export interface Availability {
  /** `*` stands for any key or index. */
  readonly path: string;
  readonly status: 'built' | 'warn' | 'refuse';
  /** Restricts the row to some values, as they stand in the document. */
  readonly when?: (value: unknown) => boolean;
  /** Names what is not available, where the path does not. */
  readonly what?: string;
}

export const NOT_AVAILABLE = 'not available in this version';

/** A warning for each key of the document that this version ignores; the keys under it go without one. */
export function unavailableKeys(document: ConfigurationDocument): Problem[] {
  const problems: Problem[] = [];
  const covered = new Set<string>();
  for (const row of AVAILABILITY) {
    if (row.status === 'built') continue;
    for (const [path, value] of matches(document.value, row.path.split('.'), [])) {
      if (path.some((_, index) => covered.has(formatPath(path.slice(0, index)))) || row.when?.(value) === false)
        continue;
      if (row.when === undefined) covered.add(formatPath(path));
      const what = row.what === undefined ? formatPath(path) : `${row.what} (${formatPath(path)})`;
      const refused = row.status === 'refuse' ? '; run refuses it' : '';
      problems.push({
        ...document.positionOfKey(path),
        severity: 'warning',
        message: `${what}: ${NOT_AVAILABLE}${refused}`,
        ...(row.status === 'refuse' ? { stopsRun: true } : {}),
      });
    }
  }
  return problems;
}

function* matches(value: unknown, pattern: readonly string[], path: Path): Generator<[Path, unknown]> {
  const [key, ...rest] = pattern;
  if (key === undefined) {
    yield [path, value];
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [name, child] of entries) {
    if (key === '*' || key === name) yield* matches(child, rest, [...path, name]);
  }
}

function isNotCarried(value: unknown): boolean {
  const name = String(value);
  return name !== 'ulaw' && name !== 'alaw' && !isCarriedCodec(name) && !isVideoCodec(name);
}
