import type { Command } from 'commander';
import { readSealingKey, seal } from '../io/sealing.ts';
import { type BrokerOptions, FleetBroker, withBroker } from './fleet-broker.ts';
import { CommandFailure, DEFAULT_DATA, type Terminal } from './terminal.ts';

interface SealOptions {
  readonly data: string;
  readonly to?: string;
  readonly json?: true;
}

const FROM_STDIN = '\nReads the secret from standard input; a newline at its end is not part of it.';

export function addSeal(program: Command, terminal: Terminal): void {
  program
    .command('seal')
    .description('seals a secret, so that one appliance alone can open it')
    .option('--to <key>', 'the sealing key of the appliance, as its health says; else that of --data')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .option('--json', 'prints it as JSON')
    .addHelpText('after', FROM_STDIN)
    .action(async ({ to, data, json }: SealOptions) => {
      const key = to ?? readSealingKey(data)?.publicKey;
      if (key === undefined)
        throw new CommandFailure(`${data} has no key yet: run the appliance once, or name one by --to`);
      await printSealed(terminal, key, json);
    });
}

/** For an appliance far away, whose key its retained health tells. */
export function addFleetSeal(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('seal'))
    .description('seals a secret, so that one appliance alone can open it')
    .argument('<site>', 'its site.id')
    .option('--json', 'prints it as JSON')
    .addHelpText('after', FROM_STDIN)
    .action(async (site: string, options: BrokerOptions & { readonly json?: true }) => {
      const key = await FleetBroker.use(options, terminal, async (broker) => {
        await broker.read(site);
        return broker.fleet.find(site)?.sealingKey;
      });
      if (key === undefined) throw new CommandFailure(`${site} has told no sealing key at this broker`);
      await printSealed(terminal, key, options.json);
    });
}

async function printSealed(terminal: Terminal, key: string, json: true | undefined): Promise<void> {
  const secret = (await terminal.read()).replace(/\r?\n$/, '');
  if (secret === '') throw new CommandFailure('standard input is empty; it must hold the secret', 2);
  const sealed = seal(key, secret);
  if (sealed === undefined) throw new CommandFailure('this is no sealing key: 32 bytes in base64', 2);
  terminal.out(json ? `${JSON.stringify({ sealed })}\n` : `{ sealed: ${sealed} }\n`);
}
