import { describe, expect, it } from 'vitest';
import { formatScreen } from '../../../src/cli/fleet-table.ts';
import type { FleetSite } from '../../../src/status/fleet.ts';

const site = (name: string, more: Partial<FleetSite> = {}): FleetSite => ({
  site: name,
  state: 'online',
  since: '2026-01-01T00:00:00.000Z',
  version: '1.0.0',
  sealingKey: undefined,
  trunks: { reached: 1, all: 1 },
  lines: { inUse: 0, all: 4 },
  reported: undefined,
  update: undefined,
  desired: undefined,
  ...more,
});
const many = Array.from({ length: 1_000 }, (_, i) => site(`office-${String(i).padStart(4, '0')}`));
const namesIn = (screen: string) => [...screen.matchAll(/^office-\d+/gm)].map(([name]) => name);

describe('the live table of the fleet', () => {
  it('shows every appliance under a line that sums them up, where there is room', () => {
    const screen = formatScreen(many, true, undefined);
    expect(screen).toMatch(/^1000 appliances, 1000 online, 0 in trouble\n/);
    expect(namesIn(screen)).toEqual(many.map((it) => it.site));
  });

  it.each([24, 10, 3])('never scrolls a terminal of %i lines, and says how many it does not show', (rows) => {
    const screen = formatScreen(many, true, { rows, columns: 60 });
    expect(screen.split('\n').length).toBeLessThanOrEqual(Math.max(rows, 6));
    expect(screen.split('\n').every((line) => line.length <= 60)).toBe(true);
    expect(screen).toContain(`… and ${1_000 - namesIn(screen).length} more`);
  });

  it('shows first those that are away, miss a trunk or did not keep what they were given, where it does not fit', () => {
    const outcome = { revision: 7, by: 'head-office', user: null, state: 'rolled-back', running: 6 } as const;
    const troubled = [
      site('office-2000', { state: 'offline' }),
      site('office-2001', { trunks: { reached: 0, all: 1 } }),
      site('office-2002', { reported: { ...outcome, changes: [], errors: [], at: '' } }),
    ];
    const screen = formatScreen([...many, ...troubled], true, { rows: 10, columns: 120 });
    expect(screen).toMatch(/^1003 appliances, 1002 online, 3 in trouble\n/);
    expect(namesIn(screen).slice(0, 4)).toEqual(['office-2000', 'office-2001', 'office-2002', 'office-0000']);
  });

  it('says so when the broker is away', () => {
    expect(formatScreen(many, false, undefined)).toContain('the broker is away; this is what it said last');
    expect(formatScreen([], false, undefined)).toContain('the broker is away');
  });
});
