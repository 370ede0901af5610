import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { whyNotWritten } from '../io/write-failure.ts';
import { formatCsvLine } from '../status/csv.ts';
import type { FleetSite } from '../status/fleet.ts';
import { type BrokerOptions, FleetBroker, withBroker } from './fleet-broker.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

interface ExportOptions extends BrokerOptions {
  readonly configurations?: string;
  readonly json?: true;
}

const COLUMNS = {
  site: ({ site }: FleetSite) => site,
  state: ({ state }: FleetSite) => state,
  since: ({ since }: FleetSite) => since,
  version: ({ version }: FleetSite) => version,
  trunksReached: ({ trunks }: FleetSite) => trunks.reached,
  trunks: ({ trunks }: FleetSite) => trunks.all,
  linesInUse: ({ lines }: FleetSite) => lines.inUse,
  lines: ({ lines }: FleetSite) => lines.all,
  running: ({ reported }: FleetSite) => reported?.running,
  reported: ({ reported }: FleetSite) => reported?.state,
  reportedRevision: ({ reported }: FleetSite) => reported?.revision,
  desiredRevision: ({ desired }: FleetSite) => desired?.revision,
} as const;

export function addFleetExport(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('export'))
    .description('the list of all appliances as CSV, and the configurations that were pushed to them')
    .option('--configurations <dir>', 'writes the configuration of each site to DIR/<site>.yaml')
    .option('--json', 'prints one JSON object per site')
    .action((options: ExportOptions) =>
      FleetBroker.use(options, terminal, async (broker) => {
        await broker.read();
        const sites = broker.fleet.list();
        const lines = options.json
          ? sites.map((site) => JSON.stringify(rowOf(site)))
          : [Object.keys(COLUMNS), ...sites.map((site) => Object.values(rowOf(site)))].map(formatCsvLine);
        terminal.out(lines.map((line) => `${line}\n`).join(''));
        if (options.configurations !== undefined) writeConfigurations(options.configurations, sites);
      }),
    );
}

function rowOf(site: FleetSite): Record<string, string | number | null> {
  return Object.fromEntries(Object.entries(COLUMNS).map(([name, cell]) => [name, cell(site) ?? null]));
}

/** For its owner alone: an old configuration may have secrets in it. */
function writeConfigurations(folder: string, sites: readonly FleetSite[]): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const { site, desired } of sites)
      if (desired !== undefined) writeFileSync(join(folder, `${site}.yaml`), desired.config, { mode: 0o600 });
  } catch (error) {
    throw new CommandFailure(`cannot write to ${folder}: ${whyNotWritten(error)}`);
  }
}
