import { expect, it } from 'vitest';
import { systemClock } from '../../../src/io/clock.ts';
import { resolveHost } from '../../../src/io/dns.ts';

it.each(['192.0.2.1', '2001:db8::1'])('takes the address %s as its own', async (ip) => {
  expect(await resolveHost(ip, systemClock)).toEqual({ addresses: [ip] });
});

it('resolves what the hosts file has', async () => {
  expect(await resolveHost('localhost', systemClock)).toMatchObject({
    addresses: expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  });
});

it('gives one sentence for a name that cannot be resolved, within its time', async () => {
  const resolution = await resolveHost('branch.invalid', systemClock, 1_000);
  expect(resolution).toEqual({ failed: expect.stringContaining('branch.invalid') });
});
