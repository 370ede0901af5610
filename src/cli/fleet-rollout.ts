import type { Command } from 'commander';
import { printable } from '../base/printable.ts';
import { rollout } from '../status/fleet.ts';
import { type FleetBroker, wholeNumber } from './fleet-broker.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

export interface RolloutOptions {
  readonly site?: string[];
  readonly all?: true;
  readonly canary: string;
  readonly batch: string;
  readonly keepGoing?: true;
  readonly json?: true;
}

/** How something that many get went at one of them. */
export interface SiteResult {
  readonly site: string;
  readonly outcome: string;
  readonly why: string;
}

/** What every command asks for that reaches many, a few first. */
export function withRollout(command: Command): Command {
  return command
    .option('--site <ids...>', 'to these')
    .option('--all', 'to all that are online')
    .option('--canary <count>', 'how many get it first', '1')
    .option('--batch <count>', 'how many get it at a time after those', '10')
    .option('--keep-going', 'goes on after failures')
    .option('--json', 'prints one JSON object per site');
}

/** The sites that are named, or all that are online. */
export function sitesOf({ site, all }: RolloutOptions, broker: FleetBroker): string[] {
  if (site !== undefined) return [...new Set(site)];
  if (all === undefined) throw new CommandFailure('name sites with --site, or all of them with --all', 2);
  const online = broker.fleet.list().filter(({ state }) => state === 'online');
  if (online.length === 0) throw new CommandFailure('no appliance is online at this broker');
  return online.map((found) => found.site);
}

/** What many get: what it is called, what marks each line of JSON, and what is a success. */
export interface Rollout {
  readonly name: string;
  readonly mark: object;
  readonly good: readonly string[];
  readonly giveTo: (site: string) => Promise<SiteResult>;
}

/** Gives it to some sites after the others, tells how each went, and fails where one did not keep it. */
export async function rollOut(
  sites: readonly string[],
  { name, mark, good, giveTo }: Rollout,
  options: RolloutOptions,
  terminal: Terminal,
): Promise<void> {
  const canary = wholeNumber('--canary', options.canary);
  const batch = Math.max(1, wholeNumber('--batch', options.batch));
  const isFailure = ({ outcome }: SiteResult) => !good.includes(outcome);
  const done: SiteResult[] = [];
  for (const group of rollout(sites, canary, batch)) {
    const results = await Promise.all(group.map(giveTo));
    for (const result of results)
      terminal.out(options.json ? `${JSON.stringify({ ...result, ...mark })}\n` : line(result));
    done.push(...results);
    if (terminal.stop.aborted || (results.some(isFailure) && !options.keepGoing)) break;
  }
  const failed = done.filter(isFailure).length;
  const skipped = sites.length - done.length;
  if (failed + skipped === 0) return;
  const kept = failed === 0 ? 'all kept it' : `${failed} of ${done.length} did not keep it`;
  const rest = skipped === 0 ? '' : `; ${skipped} did not get it`;
  throw new CommandFailure(`${name}${terminal.stop.aborted ? ', interrupted' : ''}: ${kept}${rest}`);
}

function line({ site, outcome, why }: SiteResult): string {
  return `${site}  ${outcome}${why === '' ? '' : `: ${printable(why)}`}\n`;
}
