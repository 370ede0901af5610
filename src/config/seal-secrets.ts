import { parseDocument } from 'yaml';
import { readDocument } from './document.ts';
import { formatPath } from './problem.ts';
import { configurationSchema } from './schema/configuration.ts';
import type { SecretStore } from './secret.ts';
import { secretPlaces } from './secret-places.ts';
import { resolveSecrets } from './secrets.ts';

/**
 * A configuration whose secrets, wherever it says that they are, stand in it sealed for one appliance; or why that cannot
 * be done, sentence by sentence. What is sealed already stays as it is. The text must be a valid configuration.
 */
export function sealSecrets(
  text: string,
  store: SecretStore,
  seal: (secret: string) => string,
): { readonly text: string } | { readonly failures: readonly string[] } {
  const { value } = readDocument(text);
  const parsed = configurationSchema.safeParse(value);
  if (!parsed.success) return { failures: ['it is not a configuration'] };
  const document = parseDocument(text, { logLevel: 'error' });
  const failures: string[] = [];
  for (const [place, reference] of secretPlaces(parsed.data, value)) {
    const { kind } = reference.source;
    if (kind === 'sealed') continue;
    if (kind === 'key') {
      failures.push(`${formatPath(place)} names a file, and a box that is enrolled has none; use a secret`);
      continue;
    }
    const found = resolveSecrets(reference, store);
    failures.push(...found.failures.map(({ message }) => `${formatPath(place)}: ${message}`));
    if (found.failures.length === 0) document.setIn(place, { sealed: seal(found.value.reveal()) });
  }
  return failures.length > 0 ? { failures } : { text: document.toString({ lineWidth: 0 }) };
}
