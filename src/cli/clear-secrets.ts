import type { Configuration } from '../config/load.ts';
import { formatPath, type Path } from '../config/problem.ts';
import { MASK, Secret } from '../config/secret.ts';
import { maskSecrets } from '../dialplan/secret.ts';

/** Certificates and hashes are kept like secrets, and are none that a broker may not see. */
const PUBLIC = /^(?:ca|clientCa|cert|passwordHash)$/;

/**
 * The keys of a configuration whose secrets stand in it in clear. It must have been read with a store that gives `***` for
 * whatever is elsewhere or sealed.
 */
export function clearSecrets(configuration: Configuration): string[] {
  const found = [...secretsIn(configuration, [])].map((path) => formatPath(path));
  return maskSecrets(configuration.dialplan) === configuration.dialplan ? found : [...found, 'dialplan'];
}

function* secretsIn(value: unknown, path: Path): Generator<Path> {
  if (value instanceof Secret) {
    if (value.reveal() !== MASK && !PUBLIC.test(String(path.at(-1)))) yield path;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value))
    yield* secretsIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
}
