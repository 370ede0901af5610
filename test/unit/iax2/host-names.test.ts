import { describe, expect, it } from 'vitest';
import { HostNames } from '../../../src/iax2/host-names.ts';

const ADDRESS = { ip: '192.0.2.1', port: 4569 };
const OTHER = { ip: '192.0.2.2', port: 4569 };

function make() {
  const asked: string[] = [];
  const hosts = new HostNames((host, purpose) => asked.push(`${host} ${purpose}`));
  return { hosts, asked };
}

describe('names of hosts', () => {
  it('are asked for once while the answer is awaited, and again when it does not come', () => {
    const { hosts, asked } = make();
    hosts.refresh('hq', 'call', 0);
    hosts.refresh('hq', 'registration', 4_999, true);
    expect(asked).toEqual(['hq call']);
    hosts.refresh('hq', 'registration', 5_000, true);
    expect(asked).toEqual(['hq call', 'hq registration']);
  });

  it('are asked for again after a minute, after ten seconds if there was no address, or when it is insisted', () => {
    const { hosts, asked } = make();
    hosts.refresh('hq', 'call', 0);
    hosts.handleResolved('hq', [ADDRESS], 0);
    hosts.refresh('hq', 'call', 59_999);
    expect(asked).toHaveLength(1);
    hosts.refresh('hq', 'call', 59_999, true);
    hosts.handleResolved('hq', [ADDRESS], 60_000);
    hosts.refresh('hq', 'call', 120_000);
    expect(asked).toHaveLength(3);
    hosts.refresh('gone', 'call', 0);
    hosts.handleResolved('gone', [], 0);
    expect([hosts.isUnresolvable('gone', 9_999), hosts.isUnresolvable('gone', 10_000)]).toEqual([true, false]);
    hosts.refresh('gone', 'call', 10_000);
    expect(asked).toHaveLength(5);
  });

  it('keep the address in use as long as it is on the list, and the last known one while DNS fails', () => {
    const { hosts } = make();
    hosts.refresh('hq', 'call', 0);
    hosts.handleResolved('hq', [ADDRESS, OTHER], 0);
    hosts.handleResolved('hq', [OTHER, ADDRESS], 1);
    expect(hosts.addresses('hq')).toEqual([ADDRESS, OTHER]);
    hosts.handleResolved('hq', [], 2);
    expect(hosts.addresses('hq')[0]).toEqual(ADDRESS);
    hosts.handleResolved('hq', [OTHER], 3);
    expect(hosts.addresses('hq')).toEqual([OTHER]);
  });

  it('that nobody asked for are not remembered, and not more than 256', () => {
    const { hosts } = make();
    hosts.handleResolved('unasked', [ADDRESS], 0);
    expect(hosts.addresses('unasked')).toEqual([]);
    for (let i = 0; i < 300; i++) {
      hosts.refresh(`host-${i}`, 'call', i);
      hosts.handleResolved(`host-${i}`, [ADDRESS], i);
    }
    const known = Array.from({ length: 300 }, (_, i) => hosts.addresses(`host-${i}`).length);
    expect(known.reduce((sum, count) => sum + count, 0)).toBe(256);
  });
});
