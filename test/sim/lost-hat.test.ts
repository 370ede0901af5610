import { beforeEach, expect, it } from 'vitest';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { Network } from '../support/network.ts';

const DIALPLAN = `
[office]
exten => 202,1,Dial(LINE/2)
exten => 600,1,Answer
exten => 600,2,Echo
[from-west]
exten => 600,1,Answer
exten => 600,2,Echo
`;

let network: Network;
let site: Site;
let west: Site;

beforeEach(() => {
  network = new Network(1);
  const address = { ip: '192.0.2.10', port: 4569 };
  site = new Site(network, {
    address,
    seed: 1,
    peers: [peer({ name: 'west', host: '192.0.2.20', context: 'from-west' })],
    extensions: ['201', '202'],
    dialplan: DIALPLAN,
  });
  west = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 2,
    peers: [peer({ name: 'hq', host: address.ip, username: 'west', context: 'office' })],
    extensions: ['301'],
    dialplan: '[office]\nexten => 600,1,Dial(IAX2/hq/600)\n',
  });
  network.runFor(500);
});

/** What is told of the HAT while `act` happens; everything else goes its way with the next turn of the simulation. */
function toldOf(act: () => void): string[] {
  act();
  const told: string[] = [];
  for (let output = site.appliance.poll(); output !== undefined; output = site.appliance.poll())
    if (output.type === 'happened') told.push(`${output.severity} ${output.what}`);
  return told;
}

const states = () => [...site.appliance.lineViews().values()].map(({ status }) => status.state);

it('a HAT that is lost takes its lines with it, and a call over the network goes on', () => {
  west.dial(1, '600');
  network.runFor(4_000);
  expect(site.appliance.calls()).toMatchObject([{ state: 'talking' }]);
  expect(toldOf(() => site.appliance.handleHat({ type: 'lost', reason: 'silent' }, network.nowMs))).toEqual([
    'error hat-lost',
  ]);
  expect(states()).toEqual(['out-of-service', 'out-of-service']);
  network.runFor(10_000);
  expect(site.appliance.calls()).toMatchObject([{ state: 'talking' }]);
  expect(west.appliance.calls()).toMatchObject([{ state: 'talking' }]);
});

it('an alarm is told when its reset line does not help, and its return, once', () => {
  const ports = [1, 2].map((port) => ({ port, kind: 'fxs' as const }));
  const hello = { type: 'hello', bootId: 2, board: 'branchline-hat-4', ports } as const;
  expect(toldOf(() => site.appliance.handleHat({ type: 'lost', reason: 'hung' }, network.nowMs))).toEqual([
    'error hat-hung',
  ]);
  expect(toldOf(() => site.appliance.handleHat(hello, network.nowMs))).toEqual(['info hat-back']);
  expect(states()).toEqual(['idle', 'idle']);
  expect(toldOf(() => site.appliance.handleHat(hello, network.nowMs))).toEqual([]);
});
