import type { Command } from 'commander';
import { hashPassword } from '../io/password.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

const LEAST_LENGTH = 8;

export function addHashPassword(program: Command, terminal: Terminal): void {
  program
    .command('hash-password')
    .description('hashes the password of a user of the panel, for web.users')
    .option('--json', 'prints it as JSON')
    .addHelpText('after', '\nReads the password from standard input; a newline at its end is not part of it.')
    .action(async ({ json }: { readonly json?: true }) => {
      const password = (await terminal.read()).replace(/\r?\n$/, '');
      if (password.length < LEAST_LENGTH)
        throw new CommandFailure(`a password has at least ${LEAST_LENGTH} characters; standard input holds fewer`, 2);
      const passwordHash = await hashPassword(password);
      terminal.out(json ? `${JSON.stringify({ passwordHash })}\n` : `{ passwordHash: ${passwordHash} }\n`);
    });
}
