import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { resolveIax2Host } from '../../../src/io/iax2-dns.ts';

const random = new SeededRandom(1);

describe('an IAX2 host', () => {
  test('that is an address is that address, and nobody is asked', async () => {
    const asked: string[] = [];
    const targetsOf = async (service: string) => {
      asked.push(service);
      return [];
    };
    const found = await resolveIax2Host('192.0.2.7', systemClock, random, targetsOf);
    expect([found, asked]).toEqual([{ addresses: [{ ip: '192.0.2.7' }] }, []]);
  });

  test('is first where its SRV records say, with their ports, then at its own addresses', async () => {
    const targetsOf = async (service: string) =>
      service === '_iax._udp.localhost' ? [{ host: '192.0.2.9', port: 4570 }] : [];
    const found = await resolveIax2Host('localhost', systemClock, random, targetsOf);
    if ('failed' in found) throw new Error(found.failed);
    expect(found.addresses[0]).toEqual({ ip: '192.0.2.9', port: 4570 });
    expect(found.addresses.slice(1)).toContainEqual({ ip: '127.0.0.1' });
  });

  test('is found in time although nobody answers for its SRV records', async () => {
    const found = await resolveIax2Host('localhost', systemClock, random, () => new Promise(() => {}));
    expect(found).toEqual({ addresses: expect.arrayContaining([{ ip: '127.0.0.1' }]) });
  });

  test('that has neither is said in one sentence', async () => {
    const found = await resolveIax2Host('branch.invalid', systemClock, random, async () => []);
    expect(found).toEqual({ failed: expect.stringContaining('branch.invalid') });
  });
});
