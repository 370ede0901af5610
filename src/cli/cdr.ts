import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type JournalEntry, OUTBOX_FOLDER, readJournal } from '../io/journal.ts';
import { reasonOf } from '../io/secret-files.ts';
import { whyNotWritten } from '../io/write-failure.ts';
import { CSV_HEADER, formatCsv, parseCdr } from '../status/cdr.ts';
import { parseMessage } from '../status/outbox.ts';
import type { Cdr } from '../status/schema.ts';
import { CommandFailure, DEFAULT_DATA, type Terminal } from './terminal.ts';

interface Options {
  readonly data: string;
  readonly output?: string;
  readonly json?: true;
}

export function addCdr(program: Command, terminal: Terminal): void {
  const cdr = program.command('cdr').description('records of calls');
  cdr
    .command('export')
    .description('prints the records that no broker has taken yet, as CSV')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .option('-o, --output <file>', 'writes them to a file')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', '\nReads only: the records stay where they are, and still go to the broker.')
    .action(async (options: Options) => {
      const records = await recordsIn(options.data);
      const lines = options.json
        ? records.map((record) => JSON.stringify(record))
        : [CSV_HEADER, ...records.map(formatCsv)];
      const text = lines.map((line) => `${line}\n`).join('');
      if (options.output === undefined) terminal.out(text);
      else write(options.output, text);
    });
}

async function recordsIn(data: string): Promise<Cdr[]> {
  let entries: JournalEntry[];
  try {
    entries = await readJournal(join(data, OUTBOX_FOLDER));
  } catch (error) {
    throw new CommandFailure(`the outbox in ${data} ${reasonOf(error)}`);
  }
  return entries.flatMap(({ text }) => {
    const message = parseMessage(text);
    return message?.topic === 'cdr' ? (parseCdr(message.payload) ?? []) : [];
  });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandFailure(`cannot write ${file}: ${whyNotWritten(error)}`);
  }
}
