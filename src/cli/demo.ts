import type { Command } from 'commander';
import type { ExitCode } from './terminal.ts';

/** Runs the demonstration until it is told to stop; the composition root implements it. */
export type Demo = () => Promise<ExitCode>;

export function addDemo(program: Command, demo: Demo, exitWith: (code: ExitCode) => void): void {
  program
    .command('demo')
    .description('a branch, a central switch, an MQTT broker and the panel on this machine, with no hardware')
    .addHelpText(
      'after',
      '\nPrints where to click and which numbers to dial. Everything is on loopback. Ctrl-C ends it.',
    )
    .action(async () => exitWith(await demo()));
}
