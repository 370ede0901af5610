import { describe, expect, it } from 'vitest';
import { allowOnly } from '../../src/iax2/acl.ts';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { Network } from '../support/network.ts';

const EAST = { ip: '192.0.2.1', port: 4569 };
const HUB = { ip: '192.0.2.2', port: 4569 };
const WEST = { ip: '192.0.2.3', port: 4569 };

const OFFICE = `
[office]
exten => _6XX,1,Dial(IAX2/hub/\${EXTEN},30)
[from-hub]
exten => 601,1,Answer
exten => 601,2,Milliwatt
`;
const MIDDLE = `
[office]
exten => _6XX,1,Dial(IAX2/west/\${EXTEN},30)
`;

function world(mode: 'full' | 'media') {
  const network = new Network(1);
  const transfer = { mode, targets: allowOnly(['192.0.2.0/24'])! };
  const toHub = { name: 'hub', host: HUB.ip, context: 'from-hub', transfer };
  const site = (address: typeof EAST, seed: number, username: string) =>
    new Site(network, {
      address,
      seed,
      peers: [peer({ ...toHub, username })],
      extensions: ['201'],
      dialplan: OFFICE,
    });
  const east = site(EAST, 1, 'east');
  const west = site(WEST, 2, 'west');
  const hub = new Site(network, {
    address: HUB,
    seed: 3,
    peers: [
      peer({ name: 'east', host: EAST.ip, username: 'hub', context: 'office', transfer }),
      peer({ name: 'west', host: WEST.ip, username: 'hub', context: 'office', transfer }),
    ],
    extensions: [],
    dialplan: MIDDLE,
  });
  let throughHub = 0;
  network.tap = (_from, to) => {
    if (to.ip === HUB.ip) throughHub++;
  };
  east.dial(1, '601');
  network.runFor(6_000);
  throughHub = 0;
  network.runFor(10_000);
  return { network, east, west, hub, throughHub: () => throughHub };
}

describe('two branches that talk through a centre which lets them do so directly [RFC5456 §6.5]', () => {
  it.each(['media', 'full'] as const)('hear each other, and the centre carries no voice (%s)', (mode) => {
    const { network, east, west, hub, throughHub } = world(mode);
    expect(east.lineState(1)).toBe('talking');
    expect(east.hears(1)).toBe(1004);
    // Ten seconds of voice are 500 packets each way; what is left is who is still there.
    expect(throughHub()).toBeLessThan(20);
    expect(hub.appliance.calls()).toHaveLength(mode === 'media' ? 1 : 0);
    east.hangUp(1);
    network.runFor(5_000);
    for (const site of [east, west, hub]) {
      expect(site.appliance.calls()).toEqual([]);
      expect(site.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    }
  });
});
