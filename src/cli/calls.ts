import type { Command } from 'commander';
import { ControlClient } from '../io/control-client.ts';
import { answerOf } from './answer.ts';
import { DEFAULT_DATA, type Terminal } from './terminal.ts';

interface Options {
  readonly data: string;
  readonly json?: true;
}

export function addCall(program: Command, terminal: Terminal): void {
  program
    .command('call')
    .description('rings FROM, and once it answers calls TO for it')
    .argument('<from>', 'an extension, or a dial string such as LINE/1')
    .argument('<to>', 'the number to dial')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .option('--json', 'prints the call as JSON')
    .action(async (from: string, to: string, options: Options) => {
      const body = answerOf(await new ControlClient(options.data).post('/api/calls', { from, to }));
      if (options.json) terminal.out(`${JSON.stringify(body, null, 2)}\n`);
      else terminal.out(`${(body as { id?: string } | null)?.id ?? 'started'}\n`);
    });
}

export function addHangup(program: Command, terminal: Terminal): void {
  program
    .command('hangup')
    .description('ends a call')
    .argument('<id>', 'the id that `status` and `call` show')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .option('--json', 'prints the answer as JSON')
    .action(async (id: string, options: Options) => {
      const body = answerOf(await new ControlClient(options.data).delete(`/api/calls/${encodeURIComponent(id)}`));
      if (options.json) terminal.out(`${JSON.stringify(body ?? { id }, null, 2)}\n`);
    });
}
