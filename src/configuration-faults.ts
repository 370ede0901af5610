import type { Problem } from './config/problem.ts';
import type { Fault } from './status/signed.ts';

/** Why a configuration that came from afar may not run, each with its place in it. */
export function configurationFaults(problems: readonly Problem[]): Fault[] {
  return problems
    .filter(({ severity, stopsRun }) => severity === 'error' || stopsRun === true)
    .map(({ line, column, message }) => ({ path: `config:${line}:${column}`, message }));
}
