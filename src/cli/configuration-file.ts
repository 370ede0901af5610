import { readFileSync } from 'node:fs';
import { type LoadedConfiguration, loadConfiguration } from '../config/load.ts';
import { MASK, type SecretStore } from '../config/secret.ts';
import { reasonOf } from '../io/secret-files.ts';
import { CommandFailure } from './terminal.ts';

/** Stands in for every secret where none is needed: who asks for a route may not be allowed to read them. */
export const WITHOUT_SECRETS: SecretStore = {
  env: () => MASK,
  file: () => ({ text: MASK }),
  key: () => ({ text: MASK }),
  open: () => ({ text: MASK }),
};

/** Reads and judges a configuration file. A file that cannot be read is wrong usage. */
export function loadConfigurationFile(
  file: string,
  secrets: SecretStore,
): LoadedConfiguration & { readonly text: string } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${file} ${reasonOf(error)}; name a configuration file`, 2);
  }
  return { ...loadConfiguration(text, secrets), text };
}
