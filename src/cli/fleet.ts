import type { Command } from 'commander';
import { printable } from '../base/printable.ts';
import { type BrokerOptions, FleetBroker, signerOf, wholeNumber, withBroker } from './fleet-broker.ts';
import { addFleetEnrol } from './fleet-enrol.ts';
import { addFleetExport } from './fleet-export.ts';
import { addFleetDiff, addFleetPush } from './fleet-push.ts';
import { formatFleet, formatScreen } from './fleet-table.ts';
import { addFleetUpdate } from './fleet-update.ts';
import { addFleetSeal } from './seal.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

const REDRAW_MS = 1_000;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
/** What is worth a line to whoever watches. */
const WATCHED = ['state', 'events', 'cdr', 'calls/+', 'trunks/+', 'config/reported', 'update/reported'];

interface ListOptions extends BrokerOptions {
  readonly json?: true;
  readonly watch?: true;
}

interface CommandOptions extends BrokerOptions {
  readonly key?: string;
  readonly revision?: string;
  readonly json?: true;
}

export function addFleet(program: Command, terminal: Terminal): void {
  const fleet = program.command('fleet').description('many appliances, through their broker');
  addList(fleet, terminal);
  addSiteStatus(fleet, terminal);
  addFleetEnrol(fleet, terminal);
  addFleetPush(fleet, terminal);
  addFleetDiff(fleet, terminal);
  addSiteCommand(fleet, terminal, 'confirm', 'confirms the configuration that is on trial');
  addSiteCommand(fleet, terminal, 'rollback', 'ends the trial of a configuration: the one before runs again');
  addFleetUpdate(fleet, terminal);
  addFleetSeal(fleet, terminal);
  addFleetExport(fleet, terminal);
  addWatch(fleet, terminal);
}

function addList(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('list'))
    .description('every appliance: whether it is there, its trunks, lines and configuration')
    .option('--watch', 'prints it again every second until Ctrl-C')
    .option('--json', 'prints it as JSON')
    .action((options: ListOptions) =>
      FleetBroker.use(options, terminal, async (broker) => {
        await broker.read();
        const print = () => {
          const sites = broker.fleet.list();
          if (options.json) return `${JSON.stringify(sites, null, options.watch ? undefined : 2)}\n`;
          return options.watch ? formatScreen(sites, broker.isConnected, terminal.size()) : `${formatFleet(sites)}\n`;
        };
        if (!options.watch) terminal.out(print());
        while (options.watch && !terminal.stop.aborted) {
          terminal.out((terminal.interactive ? HOME_AND_CLEAR : '') + print());
          await terminal.pause(REDRAW_MS);
        }
      }),
    );
}

function addSiteStatus(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('status'))
    .description('everything that one appliance says')
    .argument('<site>', 'its site.id')
    .option('--json', 'prints it as JSON')
    .action((site: string, options: ListOptions) =>
      FleetBroker.use(options, terminal, async (broker) => {
        await broker.read(site);
        const found = broker.fleet.find(site);
        if (found === undefined) throw new CommandFailure(`nothing is known of ${site} at this broker`);
        const topics = broker.fleet.topicsOf(site);
        if (options.json) terminal.out(`${JSON.stringify(topics, null, 2)}\n`);
        else {
          const lines = Object.entries(topics).map(([topic, body]) => `${topic}  ${printable(JSON.stringify(body))}`);
          terminal.out(
            `${formatFleet([found])}\n\n${lines.filter((it) => !it.startsWith('config/desired')).join('\n')}\n`,
          );
        }
      }),
    );
}

function addSiteCommand(fleet: Command, terminal: Terminal, verb: 'confirm' | 'rollback', description: string): void {
  const command = withBroker(fleet.command(verb))
    .description(description)
    .argument('<sites...>', 'site ids')
    .option('--key <file>', 'the private key, where commands must be signed')
    .option('--json', 'prints the answers as JSON');
  if (verb === 'confirm') command.option('--revision <number>', 'only if it is this one');
  command.action((sites: string[], options: CommandOptions) =>
    FleetBroker.use(options, terminal, async (broker) => {
      const signer = options.key === undefined ? undefined : signerOf(options.key);
      const args = options.revision === undefined ? {} : { revision: wholeNumber('--revision', options.revision) };
      const answers = await Promise.all(sites.map((site) => broker.command(site, verb, args, signer)));
      const rows = sites.map((site, index) => {
        const answer = answers[index]!;
        return 'failure' in answer
          ? { site, ok: false, error: answer.failure }
          : { site, ok: answer.ok, error: answer.error ?? null };
      });
      if (options.json) terminal.out(`${JSON.stringify(rows, null, 2)}\n`);
      else
        for (const { site, ok, error } of rows)
          terminal.out(`${site}  ${ok ? 'done' : printable(error ?? 'failed')}\n`);
      const failed = rows.filter(({ ok }) => !ok).length;
      if (failed > 0) throw new CommandFailure(`${failed} of ${sites.length} did not do it`);
    }),
  );
}

function addWatch(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('watch'))
    .description('prints what happens at every appliance, or at some, until Ctrl-C')
    .argument('[sites...]', 'site ids; all if none')
    .option('--json', 'one JSON object per line')
    .action((sites: string[], options: ListOptions) =>
      FleetBroker.use(options, terminal, async (broker) => {
        broker.listen(({ topic, payload, retained }) => {
          if (retained || payload === '') return;
          const [, site = '', ...name] = topic.split('/');
          const line = options.json
            ? `{"site":${JSON.stringify(site)},"topic":${JSON.stringify(name.join('/'))},"body":${payload}}`
            : `${site}  ${name.join('/')}  ${printable(payload)}`;
          terminal.out(`${line}\n`);
        });
        const watched = sites.length === 0 ? ['+'] : sites;
        await broker.subscribe(watched.flatMap((site) => WATCHED.map((topic) => `branchline/${site}/${topic}`)));
        let wasConnected = true;
        while (!terminal.stop.aborted) {
          await terminal.pause(REDRAW_MS);
          if (broker.isConnected !== wasConnected)
            terminal.err(wasConnected ? 'The broker is away; it is sought again.\n' : 'The broker is back.\n');
          wasConnected = broker.isConnected;
        }
      }),
    );
}
