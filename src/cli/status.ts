import type { Command } from 'commander';
import { ControlClient } from '../io/control-client.ts';
import type { StatusSnapshot } from '../status/schema.ts';
import { answerOf } from './answer.ts';
import { formatStatus } from './status-table.ts';
import { CommandFailure, DEFAULT_DATA, type Terminal } from './terminal.ts';

const REDRAW_MS = 1000;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';

interface Options {
  readonly data: string;
  readonly json?: true;
  readonly watch?: true;
}

export function addStatus(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description('lines, phones, trunks and calls of the appliance that runs here')
    .option('--json', 'prints the whole status as JSON')
    .option('--watch', 'prints it again every second until Ctrl-C')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .action(async (options: Options) => {
      const client = new ControlClient(options.data);
      if (!options.watch) {
        terminal.out(print(answerOf(await client.get('/api/status')), options));
        return;
      }
      while (!terminal.stop.aborted) {
        terminal.out((terminal.interactive ? HOME_AND_CLEAR : '') + (await snapshotOrReason(client, options)));
        await terminal.pause(REDRAW_MS);
      }
    });
}

/** A restart of the appliance does not end the watching. */
async function snapshotOrReason(client: ControlClient, options: Options): Promise<string> {
  try {
    return print(answerOf(await client.get('/api/status')), options);
  } catch (error) {
    if (error instanceof CommandFailure)
      return options.json ? `${JSON.stringify({ error: error.message })}\n` : `${error.message}\n`;
    throw error;
  }
}

/** With `--watch`, JSON comes as one line per snapshot. */
function print(body: unknown, options: Options): string {
  if (options.json) return `${JSON.stringify(body, null, options.watch ? undefined : 2)}\n`;
  return formatStatus(body as StatusSnapshot);
}
