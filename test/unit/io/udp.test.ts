import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Address } from '../../../src/base/machine.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { UdpPort } from '../../../src/io/udp.ts';

const open: UdpPort[] = [];

afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});

function listen(ip: string, port = 0) {
  const counters = new Counters();
  let arrived: (datagram: { bytes: Uint8Array; from: Address }) => void;
  const datagram = new Promise<{ bytes: Uint8Array; from: Address }>((resolve) => {
    arrived = resolve;
  });
  const udp = new UdpPort({
    part: 'iax2',
    bind: { ip, port },
    onDatagram: (bytes, from) => arrived({ bytes, from }),
    clock: systemClock,
    log: silentLog,
    counters,
  });
  open.push(udp);
  return { udp, datagram, counters };
}

describe('UdpPort', () => {
  it('carries a datagram with the address it came from', async () => {
    const a = listen('127.0.0.1');
    const b = listen('127.0.0.1');
    expect(await a.udp.open()).toBeUndefined();
    expect(await b.udp.open()).toBeUndefined();
    a.udp.send(Uint8Array.of(1, 2, 3), b.udp.local!);
    const { bytes, from } = await b.datagram;
    expect([...bytes]).toEqual([1, 2, 3]);
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(from).toEqual(a.udp.local);
  });

  it('gives IPv4 addresses as such on an IPv6 socket, and reaches them', async () => {
    const six = listen('::');
    const four = listen('127.0.0.1');
    await six.udp.open();
    await four.udp.open();
    four.udp.send(Uint8Array.of(9), { ip: '127.0.0.1', port: six.udp.local!.port });
    expect((await six.datagram).from).toEqual(four.udp.local);
    six.udp.send(Uint8Array.of(8), four.udp.local!);
    expect([...(await four.datagram).bytes]).toEqual([8]);
  });

  it('says in one sentence that the port is in use', async () => {
    const first = listen('127.0.0.1');
    await first.udp.open();
    const { port } = first.udp.local!;
    expect(await listen('127.0.0.1', port).udp.open()).toEqual({
      failed: 'port-in-use',
      reason: `UDP 127.0.0.1:${port} is in use by another program`,
    });
  });

  it('says that an address is not of this machine', async () => {
    expect(await listen('192.0.2.1').udp.open()).toMatchObject({ failed: 'address-not-available' });
  });

  it('opens again on the same port, and sends nothing while closed', async () => {
    const { udp, counters } = listen('127.0.0.1');
    await udp.open();
    const first = udp.local!;
    await udp.close();
    expect(udp.local).toBeUndefined();
    udp.send(Uint8Array.of(1), first);
    const again = listen('127.0.0.1', first.port);
    expect(await again.udp.open()).toBeUndefined();
    expect(await again.udp.open()).toBeUndefined();
    expect(again.udp.local).toEqual(first);
    expect(counters.snapshot()).toEqual({});
  });

  it('counts what cannot be sent instead of throwing', async () => {
    const { udp, counters } = listen('127.0.0.1');
    await udp.open();
    udp.send(Uint8Array.of(1), { ip: '2001:db8::1', port: 1 });
    expect(counters.get('iax2.send-failed')).toBe(1);
  });
});
