import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Imported, importAsterisk } from '../config/asterisk/import.ts';
import { formatRemark } from '../config/asterisk/remarks.ts';
import { asteriskFiles, findAsteriskKey } from '../io/asterisk-files.ts';
import { writeWholeFile } from '../io/whole-file.ts';
import { whyNotWritten } from '../io/write-failure.ts';
import { counted } from './counted.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

interface ImportOptions {
  readonly output?: string;
  readonly force?: true;
  readonly site?: string;
  readonly secretsDir?: string;
  readonly json?: true;
}

const HELP = `
Reads iax.conf, sip.conf, pjsip.conf, extensions.conf, chan_dahdi.conf and what they include, and what has a place here of
dundi.conf, features.conf, confbridge.conf, meetme.conf, queues.conf, voicemail.conf, rtp.conf and indications.conf.
The configuration goes to stdout, or to the file of -o, which only its owner may read: it has the secrets of the original.
What could not be carried over is told on stderr: file:line: what, why, what to do instead.
Exit code 0 if a configuration was made, however much is told; 1 if it could not be written; 2 for a wrong DIR.`;

export function addImportAsterisk(program: Command, terminal: Terminal): void {
  program
    .command('import-asterisk')
    .description('makes a configuration of that of an Asterisk')
    .argument('<dir>', 'the configuration folder of an Asterisk, such as /etc/asterisk, or a copy of it')
    .option('-o, --output <file>', 'writes the configuration to this file, which must not be there yet')
    .option('--force', 'replaces files that are there')
    .option('--site <id>', 'the site.id; else the systemname of asterisk.conf, else office')
    .option(
      '--secrets-dir <dir>',
      'writes each secret and key to a file of its own there, and its name into the configuration',
    )
    .option('--json', 'prints one JSON object: what was not carried over and, without -o, the configuration')
    .addHelpText('after', HELP)
    .action((directory: string, options: ImportOptions) => run(directory, options, terminal));
}

function run(directory: string, options: ImportOptions, terminal: Terminal): void {
  const { output } = options;
  if (!isFolder(directory))
    throw new CommandFailure(`${directory} is no folder; name the configuration of an Asterisk`, 2);
  if (output !== undefined && !options.force && existsSync(output)) throw new CommandFailure(alreadyThere(output), 2);
  const secrets = new Map<string, string>();
  const folder = options.secretsDir;
  // The configuration counts paths from its own folder.
  const shown =
    folder === undefined || output === undefined
      ? resolve(folder ?? '')
      : relative(dirname(resolve(output)), resolve(folder));
  const imported = importAsterisk(asteriskFiles(directory), {
    site: options.site,
    heading: `Made by branchline import-asterisk of ${directory}. Read what it told before you use it.`,
    findKey: (name) => {
      const path = findAsteriskKey(directory, name);
      if (path === undefined || folder === undefined) return path;
      return join(shown, keep(secrets, name, readFileSync(path, 'utf8')));
    },
    secretForm: (name, secret) =>
      folder === undefined ? secret : { file: join(shown, keep(secrets, name, `${secret}\n`)) },
  });
  if (imported === undefined)
    throw new CommandFailure(
      `${directory} has none of extensions.conf, iax.conf, sip.conf, pjsip.conf and chan_dahdi.conf`,
      2,
    );
  if (folder !== undefined) {
    makeFolder(folder);
    for (const [name, secret] of secrets) write(join(folder, name), secret, options);
  }
  if (output !== undefined) write(output, imported.text, options);
  tell(imported, options, terminal);
  if (!imported.isValid)
    throw new CommandFailure('the configuration has errors that could not be mended; `branchline check` tells them');
}

/** Gives the name of the file that a secret goes into: another one than asked for if another secret has that. */
function keep(secrets: Map<string, string>, name: string, text: string): string {
  let free = name;
  for (let i = 2; secrets.has(free) && secrets.get(free) !== text; i++) free = `${name}.${i}`;
  secrets.set(free, text);
  return free;
}

function tell(imported: Imported, { output, json }: ImportOptions, terminal: Terminal): void {
  const { text, remarks, counts, warnings } = imported;
  if (json) {
    const configuration = output === undefined ? { configuration: text } : { file: output };
    terminal.out(`${JSON.stringify({ ...configuration, counts, remarks, warnings }, null, 2)}\n`);
    return;
  }
  if (output === undefined) terminal.out(text);
  for (const remark of remarks) terminal.err(`${formatRemark(remark)}\n`);
  const carried = [
    counted(counts.lines, 'line'),
    counted(counts.peers, 'IAX2 peer'),
    counted(counts.phones, 'SIP phone'),
    counted(counts.trunks, 'SIP trunk'),
    counted(counts.contexts, 'context'),
  ].join(', ');
  const lost = remarks.filter(({ kind }) => kind === 'lost').length;
  const told = remarks.length === 0 ? '' : `; not carried over: ${lost}, changed: ${remarks.length - lost}`;
  terminal.err(`${output === undefined ? '' : `${output}: `}${carried}${told}\n`);
  if (warnings > 0) terminal.err(`branchline check has ${counted(warnings, 'warning')} for it; read them, too\n`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CommandFailure(`cannot make ${folder}: ${whyNotWritten(error)}`);
  }
}

function write(file: string, text: string, { force }: ImportOptions): void {
  try {
    writeWholeFile(file, text, { replace: force === true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CommandFailure(alreadyThere(file), 2);
    throw new CommandFailure(`cannot write ${file}: ${whyNotWritten(error)}`);
  }
}

function alreadyThere(file: string): string {
  return `${file} is there already; it stays as it is unless --force replaces it`;
}
