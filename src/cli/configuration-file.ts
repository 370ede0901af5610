import { readFileSync } from 'node:fs';
import { type LoadedConfiguration, loadConfiguration } from '../config/load.ts';
import { reasonOf, secretStore } from '../io/secret-files.ts';
import { CommandFailure } from './terminal.ts';

/** Reads and judges a configuration file. A file that cannot be read is wrong usage. */
export function loadConfigurationFile(file: string, environment: NodeJS.ProcessEnv): LoadedConfiguration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${file} ${reasonOf(error)}; name a configuration file`, 2);
  }
  return loadConfiguration(text, secretStore(file, environment));
}
