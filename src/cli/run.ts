import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { LoadedConfiguration } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { SecretStore } from '../config/secret.ts';
import { consumeEnrolmentFile, enrolledConfiguration } from '../io/enrolment-files.ts';
import { secretStore } from '../io/secret-files.ts';
import { loadConfigurationFile } from './configuration-file.ts';
import { CommandFailure, DEFAULT_CONFIGURATION, DEFAULT_DATA, type ExitCode, type Terminal } from './terminal.ts';

/** A configuration that may run, and what is needed to run it. */
export interface RunRequest {
  readonly configurationFile: string;
  readonly dataDirectory: string;
  readonly loaded: RunnableConfiguration;
  /** Secrets as the configuration names them, from the environment and beside its file. */
  readonly secrets: SecretStore;
  /** Reads the file again; the problems are already logged, undefined if it may not run. */
  reload(): RunnableConfiguration | undefined;
}

/** Free of errors, and of keys that would be unsafe to ignore. */
export interface RunnableConfiguration extends Required<LoadedConfiguration> {
  /** As the file has it. */
  readonly text: string;
}

/** Runs until it is told to stop; the composition root implements it. */
export type Run = (request: RunRequest) => Promise<ExitCode>;

export interface EnrolRequest {
  /** What the box is told about head office; it need not be there. */
  readonly file: string;
  readonly dataDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Gets a box without a configuration its first one; the composition root implements it. */
export type Enrol = (request: EnrolRequest) => Promise<'enrolled' | 'stopped' | 'failed'>;

interface RunOptions {
  readonly config: string;
  readonly data: string;
  readonly enrol?: string;
}

export function addRun(
  program: Command,
  terminal: Terminal,
  { run, enrol }: { readonly run: Run; readonly enrol: Enrol },
  exitWith: (code: ExitCode) => void,
): void {
  program
    .command('run')
    .description('runs the appliance; SIGTERM drains, SIGHUP reloads')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIGURATION)
    .option('--data <dir>', 'where the appliance keeps its state', DEFAULT_DATA)
    .option(
      '--enrol <file>',
      'without a configuration, asks head office for one, as the file, the panel or the keypad say',
    )
    .addHelpText('after', '\nPrints `ready` on stdout once it serves, and one line of JSON per log entry on stderr.')
    .action(async (options: RunOptions) => {
      const file = await configurationFile(options, terminal, enrol);
      if (typeof file !== 'string') {
        exitWith(file.code);
        return;
      }
      const secrets = secretStore(file, terminal.environment, options.data);
      const read = () => judge(file, loadConfigurationFile(file, secrets), terminal);
      const loaded = read();
      if (loaded === undefined) throw new CommandFailure('', 2);
      const reload = () => {
        try {
          return read();
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error;
          const { log, flush } = terminal.openLog();
          log('error', 'config', error.message);
          flush();
          return undefined;
        }
      };
      exitWith(await run({ configurationFile: file, dataDirectory: options.data, loaded, secrets, reload }));
    });
}

/** The file that is named; where there is none, that of the enrolment, which may have to be made first. */
async function configurationFile(
  { config, data, enrol: file }: RunOptions,
  { environment, openLog }: Terminal,
  enrol: Enrol,
): Promise<string | { readonly code: ExitCode }> {
  if (existsSync(config)) return config;
  const enrolled = enrolledConfiguration(data);
  if (existsSync(enrolled)) {
    // The power may have gone before the code was taken out of it.
    const failure = file === undefined ? undefined : consumeEnrolmentFile(file, true);
    if (failure !== undefined) {
      const { log, flush } = openLog();
      log('error', 'enrol', failure);
      flush();
    }
    return enrolled;
  }
  if (file === undefined) return config;
  const end = await enrol({ file, dataDirectory: data, environment });
  return end === 'enrolled' ? enrolled : { code: end === 'stopped' ? 0 : 1 };
}

/** Logs every problem, and gives the configuration if it may run. */
function judge(
  file: string,
  loaded: LoadedConfiguration & { readonly text: string },
  terminal: Terminal,
): RunnableConfiguration | undefined {
  const stops = (problem: Problem) => problem.severity === 'error' || problem.stopsRun === true;
  const { log, flush } = terminal.openLog();
  for (const problem of loaded.problems) {
    if (stops(problem)) log('error', 'config', formatProblem(file, { ...problem, severity: 'error' }));
    else log('warn', 'config', formatProblem(file, problem));
  }
  flush();
  const { configuration, dialplan, problems, text } = loaded;
  if (configuration === undefined || dialplan === undefined || problems.some(stops)) return undefined;
  return { configuration, dialplan, problems, text };
}
