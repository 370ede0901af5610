import { describe, expect, it } from 'vitest';
import { type AddressChange, NetworkWatch, outwardAddresses } from '../../../src/io/network-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('NetworkWatch', () => {
  it('tells once what came and what went', () => {
    const clock = new VirtualClock();
    const changes: AddressChange[] = [];
    let addresses = new Set(['eth0 192.0.2.1']);
    const watch = new NetworkWatch(
      clock,
      (change) => changes.push(change),
      1_000,
      () => addresses,
    );
    clock.advance(3_000);
    expect(changes).toEqual([]);
    addresses = new Set(['wwan0 198.51.100.7']);
    clock.advance(3_000);
    expect(changes).toEqual([{ added: ['wwan0 198.51.100.7'], removed: ['eth0 192.0.2.1'] }]);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it('passes over addresses that nobody outside can see', () => {
    const entry = (address: string) => ({ address }) as never;
    const found = outwardAddresses({
      lo: [entry('127.0.0.1'), entry('::1'), entry('127.8.0.1')],
      eth0: [entry('10.0.0.5'), entry('fe80::1'), entry('2001:db8::5')],
    });
    expect([...found]).toEqual(['eth0 10.0.0.5', 'eth0 2001:db8::5']);
  });
});
