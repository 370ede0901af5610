import { Command, CommanderError } from 'commander';
import { addCall, addHangup } from './calls.ts';
import { addCapture } from './capture.ts';
import { addCdr } from './cdr.ts';
import { addCheck } from './check.ts';
import { addDemo, type Demo } from './demo.ts';
import { addFleet } from './fleet.ts';
import { addHashPassword } from './hash-password.ts';
import { addImportAsterisk } from './import-asterisk.ts';
import { addKeygen } from './keygen.ts';
import { processTerminal } from './process-terminal.ts';
import { addRoute } from './route.ts';
import { addRun, type Enrol, type Run } from './run.ts';
import { addSeal } from './seal.ts';
import { addStatus } from './status.ts';
import { CommandFailure, type ExitCode, type Terminal } from './terminal.ts';

/** The commands that run an appliance; the composition root hands them in. */
export interface Roots {
  readonly version: string;
  readonly run: Run;
  readonly enrol: Enrol;
  readonly demo: Demo;
}

export interface Program {
  /** Runs one command; `argv` without the interpreter and the script. Never rejects but for a bug. */
  execute(argv: readonly string[]): Promise<ExitCode>;
}

/** The command line: one file beside this one for each command. */
export function buildProgram(roots: Roots, terminal: Terminal = processTerminal()): Program {
  let exitCode: ExitCode = 0;
  const exitWith = (code: ExitCode) => {
    exitCode = code;
  };
  const program = new Command('branchline')
    .description('an embedded softswitch for a branch office')
    .version(roots.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .showHelpAfterError('(--help tells more)')
    .helpCommand(false);
  addDemo(program, roots.demo, exitWith);
  addRun(program, terminal, roots, exitWith);
  addCheck(program, terminal);
  addRoute(program, terminal);
  addImportAsterisk(program, terminal);
  addStatus(program, terminal);
  addCall(program, terminal);
  addHangup(program, terminal);
  addCdr(program, terminal);
  addFleet(program, terminal);
  addKeygen(program, terminal);
  addSeal(program, terminal);
  addHashPassword(program, terminal);
  addCapture(program, terminal);
  for (const command of program.commands) command.copyInheritedSettings(program);

  return {
    async execute(argv) {
      exitCode = 0;
      try {
        await program.parseAsync(upToUnknownCommand(program, argv), { from: 'user' });
        return exitCode;
      } catch (error) {
        if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
        if (!(error instanceof CommandFailure)) throw error;
        if (error.message !== '') terminal.err(`branchline: ${error.message}\n`);
        return error.exitCode;
      }
    },
  };
}

/** `bogus --help` would be answered with the help of `branchline`: without what follows it, it is the error that it is. */
function upToUnknownCommand(program: Command, argv: readonly string[]): string[] {
  let command = program;
  for (const [index, word] of argv.entries()) {
    if (word.startsWith('-') || command.commands.length === 0) break;
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) return argv.slice(0, index + 1);
    command = next;
  }
  return [...argv];
}
