import { expect, it } from 'vitest';
import { Site } from '../support/branch-world.ts';
import { Network } from '../support/network.ts';

it('other opening hours count at once, without another start', () => {
  const network = new Network(1);
  const branch = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 1,
    peers: [],
    extensions: ['201'],
    dialplan: `[office]\nexten => 500,1,NoOp(\${NIGHT})\n`,
  });
  network.runFor(1_000);
  const night = () => branch.appliance.trace('office', '500', undefined)[0]?.args;
  expect(night()).toBe('0');
  // The clock of the simulation stands at nine in the evening.
  branch.reconfigure({ hours: ['mon-sun 08:00-18:00'] });
  expect(night()).toBe('1');
  branch.reconfigure({ hours: ['mon-sun 08:00-22:00'] });
  expect(night()).toBe('0');
  branch.reconfigure({});
  expect(night()).toBe('0');
});
