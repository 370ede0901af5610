import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { localAddressTowards } from '../../../src/io/local-address.ts';

describe('the address that a datagram leaves from', () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);

  test('is loopback towards loopback', () => {
    expect(localAddressTowards('127.0.0.1')).toBe('127.0.0.1');
    expect(localAddressTowards('127.5.6.7')).toBe('127.0.0.1');
  });

  test('is one of ours towards anywhere else, and on the same network the one of that network', () => {
    const ours = own.map(({ address }) => address);
    expect(ours).toContain(localAddressTowards('198.51.100.7'));
    expect(ours).toContain(localAddressTowards(undefined));
    for (const { address, family, internal } of own)
      if (family === 'IPv4' && !internal) expect(localAddressTowards(address)).toBe(address);
  });
});
