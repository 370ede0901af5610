import type { FleetSite } from '../status/fleet.ts';
import { table } from './status-table.ts';
import type { ScreenSize } from './terminal.ts';

/** The table as far as it fits, under a line that sums it up; where it does not fit, those in trouble come first. */
export function formatScreen(sites: readonly FleetSite[], isConnected: boolean, size: ScreenSize | undefined): string {
  const online = sites.filter(({ state }) => state === 'online').length;
  const troubled = sites.filter(isTroubled);
  const sum = `${sites.length} appliances, ${online} online, ${troubled.length} in trouble`;
  const head = isConnected ? sum : `${sum} – the broker is away; this is what it said last`;
  // Beside the rows of the table: this line, an empty one, the table's head, the rest, and where the cursor stands.
  const room = Math.max(1, (size?.rows ?? Number.POSITIVE_INFINITY) - 5);
  const isWhole = sites.length <= room;
  const shown = isWhole ? sites : [...troubled, ...sites.filter((site) => !isTroubled(site))].slice(0, room);
  const rest = isWhole ? [] : [`… and ${sites.length - shown.length} more`];
  const lines = [head, '', ...formatFleet(shown).split('\n'), ...rest];
  // A line that wraps would push the first ones out.
  return lines.map((line) => `${line.slice(0, size?.columns)}\n`).join('');
}

/** Whether somebody should look at it: it is away, misses a trunk, or did not keep what it was given. */
function isTroubled({ state, trunks, reported }: FleetSite): boolean {
  const isKept = reported?.by !== 'head-office' || reported.state === 'applied' || reported.state === 'pending-confirm';
  return state !== 'online' || trunks.reached < trunks.all || !isKept;
}

/** Every appliance with what is worth knowing of it at a glance. */
export function formatFleet(sites: readonly FleetSite[]): string {
  if (sites.length === 0) return 'No appliance has said anything at this broker.';
  const columns = ['state', 'since', 'version', 'trunks', 'lines in use', 'configuration'];
  const entries = sites.map((site): [string, FleetSite] => [site.site, site]);
  return table('SITE', columns, entries, ({ state, since, version, trunks, lines, reported }) => [
    state ?? '–',
    since?.slice(0, 19).replace('T', ' ') ?? '',
    version ?? '',
    `${trunks.reached}/${trunks.all}`,
    `${lines.inUse}/${lines.all}`,
    reported === undefined
      ? 'its own'
      : `${reported.by === 'panel' ? 'panel' : (reported.revision ?? '?')} ${reported.state}`,
  ]);
}
