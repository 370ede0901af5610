import type { Command } from 'commander';
import { formatProblem, type Problem } from '../config/problem.ts';
import { secretStore } from '../io/secret-files.ts';
import { loadConfigurationFile } from './configuration-file.ts';
import { counted } from './counted.ts';
import { CommandFailure, DEFAULT_DATA, type Terminal } from './terminal.ts';

export function addCheck(program: Command, terminal: Terminal): void {
  program
    .command('check')
    .description('validates a configuration')
    .argument('<file>', 'the configuration')
    .option('--data <dir>', 'where the appliance keeps its state: its key opens sealed secrets', DEFAULT_DATA)
    .option('--json', 'prints the problems as JSON')
    .addHelpText(
      'after',
      '\nPrints `file:line:column: what is wrong, what is allowed` for each problem; warnings say so.\nExit code 0 if the configuration is valid, 2 if not.',
    )
    .action((file: string, options: { data: string; json?: true }) => {
      const { problems } = loadConfigurationFile(file, secretStore(file, terminal.environment, options.data));
      const errors = problems.filter((problem) => problem.severity === 'error').length;
      if (options.json) terminal.out(`${JSON.stringify(report(file, problems), null, 2)}\n`);
      else {
        for (const problem of problems) terminal.out(`${formatProblem(file, problem)}\n`);
        if (errors === 0) terminal.out(`${file}: valid${behind(problems.length, 'warning')}\n`);
      }
      if (errors > 0) throw new CommandFailure(`${file}: invalid${behind(errors, 'error')}`, 2);
    });
}

function report(file: string, problems: readonly Problem[]) {
  return { file, valid: !problems.some((problem) => problem.severity === 'error'), problems };
}

function behind(count: number, noun: string): string {
  return count === 0 ? '' : `, ${counted(count, noun)}`;
}
