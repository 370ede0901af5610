import { describe, expect, it } from 'vitest';
import { SOCKADDR_BYTES, SocketAddresses } from '../../../src/io/socket-addresses.ts';

function written(ipv6: boolean, ip: string, port: number): number[] {
  const addresses = new SocketAddresses(ipv6);
  const bytes = new Uint8Array(SOCKADDR_BYTES).fill(0xee);
  expect(addresses.write({ ip, port }, bytes, 0)).toBe(true);
  return [...bytes.subarray(0, addresses.bytes)];
}

describe('socket addresses', () => {
  it('are struct sockaddr_in on an IPv4 socket', () => {
    expect(written(false, '192.0.2.7', 4569)).toEqual([2, 0, 0x11, 0xd9, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('are struct sockaddr_in6 on an IPv6 socket, IPv4 mapped into it', () => {
    const six = written(true, '2001:db8::1', 4569);
    expect(six).toHaveLength(28);
    expect(six.slice(0, 12)).toEqual([10, 0, 0x11, 0xd9, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8]);
    expect(written(true, '192.0.2.7', 1).slice(8, 24)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7]);
  });

  it.each([
    [false, '192.0.2.7', 65_535],
    [true, '192.0.2.7', 1],
    [true, '2001:db8::1', 4569],
    [true, '::1', 4569],
  ])('come back as they were written: IPv6 socket %s, %s port %i', (ipv6, ip, port) => {
    const addresses = new SocketAddresses(ipv6);
    const bytes = new Uint8Array(SOCKADDR_BYTES);
    addresses.write({ ip, port }, bytes, 0);
    expect(addresses.read(bytes, 0)).toEqual({ ip, port });
    expect(addresses.read(bytes, 0)).toBe(addresses.read(bytes, 0));
  });

  it('are told apart though thousands share the table', () => {
    const addresses = new SocketAddresses(false);
    const bytes = new Uint8Array(SOCKADDR_BYTES);
    for (let i = 0; i < 5000; i++) {
      const address = { ip: `10.0.${i >> 8}.${i & 255}`, port: 1 + (i % 7) };
      addresses.write(address, bytes, 0);
      expect(addresses.read(bytes, 0)).toEqual(address);
    }
  });

  it('cannot be written where the socket does not reach them, or where they are none', () => {
    const bytes = new Uint8Array(SOCKADDR_BYTES);
    expect(new SocketAddresses(false).write({ ip: '2001:db8::1', port: 1 }, bytes, 0)).toBe(false);
    expect(new SocketAddresses(true).write({ ip: 'example.net', port: 1 }, bytes, 0)).toBe(false);
  });
});
