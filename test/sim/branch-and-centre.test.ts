import { describe, expect, it } from 'vitest';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network, ROUGH, type Weather } from '../support/network.ts';

const BRANCH = { ip: '192.0.2.20', port: 4569 };
const CENTRE = { ip: '192.0.2.10', port: 4569 };
const SEEDS = 100;

const BRANCH_DIALPLAN = `
[office]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1},30,r)
exten => _7XXX,2,Congestion
[from-hq]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
`;
const CENTRE_DIALPLAN = `
[office]
exten => _20X,1,Dial(IAX2/branch/\${EXTEN},30)
[from-branch]
exten => 301,1,Dial(\${DEVICE(301)},20)
exten => 600,1,Answer
exten => 600,2,Echo
exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => 602,1,Busy
`;

function world(seed: number, weather: Weather = FAIR) {
  const network = new Network(seed, weather);
  const centre = new Site(network, {
    address: CENTRE,
    seed: 2 * seed,
    peers: [peer({ name: 'branch', host: 'dynamic', context: 'from-branch' })],
    extensions: ['301'],
    dialplan: CENTRE_DIALPLAN,
  });
  const branch = new Site(network, {
    address: BRANCH,
    seed: 2 * seed + 1,
    peers: [peer({ name: 'hq', host: CENTRE.ip, username: 'branch', context: 'from-hq', register: { refreshS: 60 } })],
    extensions: ['201', '202'],
    dialplan: BRANCH_DIALPLAN,
  });
  const runUntil = (what: string, condition: () => boolean, boundMs: number) => {
    const endMs = network.nowMs + boundMs;
    while (!condition() && network.nowMs < endMs) network.runFor(10);
    expect(condition(), `seed ${seed}: ${what} within ${boundMs} ms`).toBe(true);
  };
  const registered = () => branch.appliance.endpoint.peerStatus('hq')?.registration?.state === 'registered';
  runUntil('registered', registered, 60_000);
  /** Everybody hangs up, and nothing of any call is left anywhere. */
  const expectEmpty = () => {
    for (const port of [1, 2]) branch.hangUp(port);
    centre.hangUp(1);
    runUntil(
      'everything is over',
      () => [branch, centre].every((site) => site.appliance.endpoint.load.calls === 0),
      60_000,
    );
    runUntil(
      'the lines rest',
      () => [1, 2].every((port) => branch.lineState(port) === 'idle') && centre.lineState(1) === 'idle',
      5_000,
    );
    expect([branch.appliance.calls(), centre.appliance.calls()]).toEqual([[], []]);
    expect(branch.appliance.plane.nextDeadline()).toBeUndefined();
    expect(centre.appliance.plane.nextDeadline()).toBeUndefined();
  };
  return { network, branch, centre, runUntil, expectEmpty };
}

describe('a branch and its centre, simulated whole', () => {
  it('a call that a telephone sends on to the centre says there for whom it was, by RDNIS [RFC5456 §8.6.27]', () => {
    const { branch, centre, runUntil, expectEmpty } = world(8);
    branch.appliance.orders.change('LINE/1', { forward: { always: '7301', busy: null, noAnswer: null } });
    branch.dial(2, '201');
    runUntil('the centre rings', () => centre.lineState(1) === 'ringing', 10_000);
    branch.hangUp(2);
    runUntil('it is over', () => centre.records.length === 1, 10_000);
    expect(centre.records).toMatchObject([{ from: '202', to: '301', forwardedBy: '201' }]);
    expectEmpty();
  });

  it('a line of the branch hears the test tone of the centre, sample clock against sample clock', () => {
    const { network, branch, runUntil, expectEmpty } = world(1);
    branch.dial(1, '7601');
    runUntil('talking', () => branch.lineState(1) === 'talking', 5_000);
    network.runFor(1_000);
    expect(branch.hears(1)).toBe(1004);
    expectEmpty();
    expect(branch.ended).toEqual(['7601 normal-clearing']);
  });

  it('a line of the branch rings the telephone of the centre, both talk, either hangs up', () => {
    for (const who of ['branch', 'centre'] as const) {
      const { network, branch, centre, runUntil, expectEmpty } = world(2);
      branch.dial(1, '7301');
      runUntil('ringing', () => centre.lineState(1) === 'ringing', 8_000);
      expect(centre.phones.line(1)).toMatchObject({ value: { ringing: true, cadence: [1500, 3500], callerId: '201' } });
      network.runFor(700);
      expect(branch.hears(1)).toBe(440);
      centre.lift(1);
      runUntil('talking', () => branch.lineState(1) === 'talking' && centre.lineState(1) === 'talking', 3_000);
      centre.phones.apply(1, { dial: '5' });
      network.runFor(470);
      expect(branch.hearsOneOf(1, [770, 1336])).toBe(true);
      if (who === 'branch') branch.hangUp(1);
      else centre.hangUp(1);
      runUntil('released', () => branch.lineState(1) !== 'talking' && centre.lineState(1) !== 'talking', 5_000);
      expectEmpty();
    }
  });

  it('an echo at the centre gives back what is said, after two trips and the playout buffer', () => {
    const { network, branch, runUntil, expectEmpty } = world(3);
    branch.dial(1, '7600');
    runUntil('talking', () => branch.lineState(1) === 'talking', 5_000);
    network.runFor(300);
    branch.phones.apply(1, { dial: '8' });
    network.runFor(60);
    expect(branch.hears(1)).toBe(0);
    network.runFor(120);
    expect(branch.hearsOneOf(1, [852, 1336])).toBe(true);
    expectEmpty();
  });

  it('a busy number gives busy tone, an unknown one congestion', () => {
    const { network, branch, runUntil, expectEmpty } = world(4);
    branch.dial(1, '7602');
    runUntil('congestion by the second priority', () => branch.lineState(1) === 'congestion', 8_000);
    network.runFor(1_000);
    branch.hangUp(1);
    network.runFor(2_000);
    branch.dial(1, '7999');
    runUntil('congestion', () => branch.lineState(1) === 'congestion', 8_000);
    expectEmpty();
    expect(branch.ended).toEqual(['7602 normal-clearing', '7999 normal-clearing']);
  });

  it('a centre that is cut off while they talk ends the call, and the branch goes on calling itself', () => {
    const { network, branch, centre, runUntil, expectEmpty } = world(5);
    branch.dial(1, '7301');
    runUntil('ringing', () => centre.lineState(1) === 'ringing', 8_000);
    centre.lift(1);
    runUntil('talking', () => branch.lineState(1) === 'talking', 3_000);
    network.blackhole(BRANCH, CENTRE);
    network.blackhole(CENTRE, BRANCH);
    runUntil('the cut is noticed', () => branch.lineState(1) === 'congestion', 60_000);
    runUntil('at both ends', () => centre.lineState(1) === 'congestion', 60_000);
    branch.hangUp(1);
    network.runFor(2_000);
    branch.dial(1, '202');
    runUntil('ringing inside', () => branch.lineState(2) === 'ringing', 3_000);
    branch.lift(2);
    runUntil('talking inside', () => branch.lineState(2) === 'talking', 3_000);
    network.blackhole(BRANCH, CENTRE, false);
    network.blackhole(CENTRE, BRANCH, false);
    expectEmpty();
  });

  it(`${SEEDS} calls each way over a network that reorders and duplicates all get through and leave nothing`, () => {
    for (let seed = 100; seed < 100 + SEEDS; seed++) {
      const { network, branch, centre, runUntil, expectEmpty } = world(seed, ROUGH);
      const [from, to, number] = seed % 2 === 0 ? [branch, centre, '7301'] : [centre, branch, '201'];
      from.dial(1, number);
      runUntil('ringing', () => to.lineState(1) === 'ringing', 10_000);
      network.runFor(network.random.next() * 3_000);
      to.lift(1);
      runUntil('talking', () => from.lineState(1) === 'talking' && to.lineState(1) === 'talking', 5_000);
      network.runFor(network.random.next() * 2_000);
      (network.random.next() < 0.5 ? from : to).hangUp(1);
      expectEmpty();
    }
  });

  it(`${SEEDS} calls over a network that loses every tenth datagram end the same at both ends`, () => {
    let talked = 0;
    for (let seed = 200; seed < 200 + SEEDS; seed++) {
      const { network, branch, centre, expectEmpty } = world(seed, { ...ROUGH, loss: 0.1 });
      branch.dial(1, '7301');
      const endMs = network.nowMs + 40_000;
      while (centre.lineState(1) !== 'ringing' && network.nowMs < endMs) network.runFor(50);
      if (centre.lineState(1) === 'ringing') {
        centre.lift(1);
        network.runFor(5_000);
        if (branch.lineState(1) === 'talking' && centre.lineState(1) === 'talking') talked++;
      }
      expectEmpty();
    }
    expect(talked).toBeGreaterThanOrEqual(SEEDS * 0.9);
  });
});
