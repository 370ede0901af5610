import { describe, expect, test } from 'vitest';
import type { Log } from '../../../src/base/log.ts';
import type { Clock } from '../../../src/io/clock.ts';
import type { Resolution } from '../../../src/io/dns.ts';
import { ExternalAddress, type ExternalAddressOptions } from '../../../src/io/external-address.ts';

/** What was to be done later, and what was logged. */
function make(options: Pick<ExternalAddressOptions, 'external'> & Partial<ExternalAddressOptions>) {
  const later: (() => void)[] = [];
  const said: string[] = [];
  const clock = {
    after: (_ms: number, task: () => void) => {
      later.push(task);
      return () => later.splice(0);
    },
  } as unknown as Clock;
  const log: Log = (level, _part, message) => said.push(`${level} ${message}`);
  return { later, said, address: new ExternalAddress({ localNets: undefined, clock, log, ...options }) };
}

describe('net.external', () => {
  test('is told to whoever is outside, and our own address to whoever is on our side', () => {
    const { address } = make({ external: '203.0.113.7' });
    expect(address.towards('198.51.100.1')).toBe('203.0.113.7');
    for (const near of ['10.1.2.3', '192.168.1.20', '172.20.0.1', '127.0.0.1', '169.254.3.4', '100.64.0.9', 'fd00::1'])
      expect(address.towards(near), near).toBeUndefined();
  });

  test('is told to private addresses, too, that net.localNets does not name, and to none that it names', () => {
    const { address } = make({ external: '203.0.113.7', localNets: ['192.168.1.0/24', '198.51.100.1'] });
    expect(address.towards('192.168.2.1')).toBe('203.0.113.7');
    expect(address.towards('192.168.1.1')).toBeUndefined();
    expect(address.towards('198.51.100.1')).toBeUndefined();
    expect(address.towards('198.51.100.2')).toBe('203.0.113.7');
  });

  test('is told only to those of its own family, and to nobody whose address is not known', () => {
    const { address } = make({ external: '203.0.113.7' });
    expect([address.towards('2001:db8::1'), address.towards(undefined)]).toEqual([undefined, undefined]);
  });

  test('unless there is one is nothing', () => {
    expect(make({ external: undefined }).address.towards('198.51.100.1')).toBeUndefined();
  });

  test('as a name is looked up again each minute, and the last answer stands while DNS fails', async () => {
    const answers: Resolution[] = [
      { addresses: ['203.0.113.7', '2001:db8::7'] },
      { failed: 'no DNS server answers for office.example' },
      { failed: 'no DNS server answers for office.example' },
      { addresses: ['203.0.113.8'] },
    ];
    const { address, later, said } = make({ external: 'office.example', lookup: async () => answers.shift()! });
    await address.start();
    expect([address.towards('198.51.100.1'), address.towards('2001:db9::1')]).toEqual(['203.0.113.7', '2001:db8::7']);
    for (const expected of ['203.0.113.7', '203.0.113.7', '203.0.113.8']) {
      later.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
      expect(address.towards('198.51.100.1')).toBe(expected);
    }
    expect(said).toEqual([
      'info Those outside are told this address of ours.',
      'warn net.external: no DNS server answers for office.example',
      'info Those outside are told this address of ours.',
    ]);
    address.stop();
    expect(later).toEqual([]);
  });

  test('is looked up no more once it was stopped, also in the middle of a look-up', async () => {
    let answer = (_: Resolution) => {};
    const lookup = () =>
      new Promise<Resolution>((resolve) => {
        answer = resolve;
      });
    const { address, later } = make({ external: 'office.example', lookup });
    const started = address.start();
    address.stop();
    answer({ addresses: ['203.0.113.7'] });
    await started;
    expect(later).toEqual([]);
  });
});
