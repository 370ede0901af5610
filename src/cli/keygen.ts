import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { generateRsaKeys, generateSigningKeys } from '../io/signing.ts';
import { whyNotWritten } from '../io/write-failure.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

export function addKeygen(program: Command, terminal: Terminal): void {
  program
    .command('keygen')
    .description('makes a pair of keys: NAME.key, to be kept secret, and NAME.pub')
    .argument('<name>', 'a path without its ending, such as ops')
    .option('--rsa', 'for `auth: rsa` of IAX2; else for signing configurations and commands')
    .option('--json', 'prints the names of the files as JSON')
    .action((name: string, options: { rsa?: true; json?: true }) => {
      if (/(?:^|\/)$/.test(name)) {
        const message = `"${name}" names no file; a name is a path without its ending, such as ops`;
        throw new CommandFailure(message, 2);
      }
      const keys = options.rsa ? generateRsaKeys() : generateSigningKeys();
      const files = { privateKey: `${name}.key`, publicKey: `${name}.pub` };
      // A private key whose other half is another's would sign what nobody takes.
      for (const file of Object.values(files)) if (existsSync(file)) throw isThereAlready(file);
      writeNew(files.privateKey, keys.privateKey, 0o600);
      writeNew(files.publicKey, keys.publicKey, 0o644);
      if (options.json) terminal.out(`${JSON.stringify(files, null, 2)}\n`);
      else terminal.out(`${files.privateKey}: keep it secret\n${files.publicKey}: goes to the other side\n`);
    });
}

/** A key that is there already is worth more than a new one. */
function writeNew(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw isThere ? isThereAlready(file) : new CommandFailure(`cannot write ${file}: ${whyNotWritten(error)}`);
  }
}

function isThereAlready(file: string): CommandFailure {
  return new CommandFailure(`${file} is there already; it stays as it is`);
}
