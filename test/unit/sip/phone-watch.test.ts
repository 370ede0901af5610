import { expect, it } from 'vitest';
import { FAIR, Network } from '../../support/network.ts';
import { office, phone, SipSwitch } from '../../support/sip-world.ts';

const CENTRE = { ip: '192.0.2.10', port: 5060 };
const PHONE = { ip: '192.0.2.21', port: 5060 };

it('a phone that no longer answers OPTIONS is unreachable, and calls to it fail at once, until it answers again', () => {
  const network = new Network(1, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const centre = new SipSwitch(network, CENTRE, 1, {
    phones: [phone('211')],
    qualifyPhones: { everyMs: 30_000, timeoutMs: 3_000 },
  });
  const desk = new SipSwitch(network, PHONE, 2, { trunks: [office(CENTRE, '211')] });
  const states = () => centre.outputs.flatMap((output) => (output.type === 'phone-state' ? [output] : []));
  network.runFor(31_000);
  const [binding] = centre.endpoint.bindingsOf('211');
  expect(states()).toMatchObject([{ user: '211', contact: binding!.contact, reachable: true }]);
  expect(centre.endpoint.measuresOf('211')).toMatchObject({ rttMs: 10, lossPct: 0 });
  expect(centre.endpoint.measuresOf('nobody')).toMatchObject({ rttMs: null, lossPct: null });
  network.blackhole(CENTRE, PHONE);
  network.runFor(33_500);
  expect(states().at(-1)).toMatchObject({ reachable: false, reason: 'It did not answer OPTIONS.' });
  expect(centre.endpoint.isReachable(binding!)).toBe(false);
  expect(centre.endpoint.measuresOf('211')).toMatchObject({ rttMs: null, lossPct: expect.closeTo(50, -1) });
  expect(() => centre.dial('211', '211')).toThrow('211 does not answer.');
  network.blackhole(CENTRE, PHONE, false);
  network.runFor(31_000);
  expect(states().map(({ reachable }) => reachable)).toEqual([true, false, true]);
  expect(centre.dial('211', '211').state).toBe('calling');
  for (const one of [centre, desk]) one.command((endpoint, nowMs) => endpoint.stop(nowMs));
  network.runFor(100_000);
  expect(centre.endpoint.isIdle).toBe(true);
});
