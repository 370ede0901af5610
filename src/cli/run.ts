import type { Command } from 'commander';
import type { LoadedConfiguration } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { openLog } from '../io/log.ts';
import { loadConfigurationFile } from './configuration-file.ts';
import { CommandFailure, DEFAULT_CONFIGURATION, DEFAULT_DATA, type ExitCode, type Terminal } from './terminal.ts';

/** A configuration that may run, and what is needed to run it. */
export interface RunRequest {
  readonly configurationFile: string;
  readonly dataDirectory: string;
  readonly loaded: RunnableConfiguration;
  /** Reads the file again; the problems are already logged, undefined if it may not run. */
  reload(): RunnableConfiguration | undefined;
}

/** Free of errors, and of keys that would be unsafe to ignore. */
export type RunnableConfiguration = Required<LoadedConfiguration>;

/** Runs until it is told to stop; the composition root implements it. */
export type Run = (request: RunRequest) => Promise<ExitCode>;

export function addRun(program: Command, terminal: Terminal, run: Run, exitWith: (code: ExitCode) => void): void {
  program
    .command('run')
    .description('runs the appliance; SIGTERM drains, SIGHUP reloads')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIGURATION)
    .option('--data <dir>', 'where the appliance keeps its state', DEFAULT_DATA)
    .addHelpText('after', '\nPrints `ready` on stdout once it serves, and one line of JSON per log entry on stderr.')
    .action(async (options: { config: string; data: string }) => {
      const read = () => judge(options.config, loadConfigurationFile(options.config, terminal.environment));
      const loaded = read();
      if (loaded === undefined) throw new CommandFailure('', 2);
      const reload = () => {
        try {
          return read();
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error;
          logProblems([error.message]);
          return undefined;
        }
      };
      exitWith(await run({ configurationFile: options.config, dataDirectory: options.data, loaded, reload }));
    });
}

/** Logs every problem, and gives the configuration if it may run. */
function judge(file: string, loaded: LoadedConfiguration): RunnableConfiguration | undefined {
  const stops = (problem: Problem) => problem.severity === 'error' || problem.stopsRun === true;
  logProblems(
    loaded.problems.filter(stops).map((problem) => formatProblem(file, problem)),
    loaded.problems.filter((problem) => !stops(problem)).map((problem) => formatProblem(file, problem)),
  );
  const { configuration, dialplan, problems } = loaded;
  if (configuration === undefined || dialplan === undefined || problems.some(stops)) return undefined;
  return { configuration, dialplan, problems };
}

function logProblems(errors: readonly string[], warnings: readonly string[] = []): void {
  const { log, flush } = openLog({ level: 'info' });
  for (const message of errors) log('error', 'config', message);
  for (const message of warnings) log('warn', 'config', message);
  flush();
}
